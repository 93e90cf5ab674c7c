"""`source-auth0 --version`: what a report of a fault has to name."""

import platform
from importlib.metadata import PackageNotFoundError, version


def print_version(_words: list[str]) -> None:
    """Print the versions of the connector, of the framework and of Python."""
    print(version_line())  # noqa: T201 - what the command is for


def version_line() -> str:
    """The versions of the connector, of the framework and of Python, in one line."""
    python = platform.python_version()
    return f"source-auth0 {_version('airbyte-source-auth0')} (airbyte-cdk {_version('airbyte-cdk')}, Python {python})"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "of a checkout that is not installed"
