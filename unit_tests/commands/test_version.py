import platform
import re

import pytest

from source_auth0.commands import version
from source_auth0.commands.version import print_version


def test_connector_framework_and_python_are_named(capsys: pytest.CaptureFixture[str]):
    print_version([])
    printed = capsys.readouterr().out
    assert re.fullmatch(r"source-auth0 \d+\.\d+\.\d+ \(airbyte-cdk 7\.\d+\.\d+, Python .+\)\n", printed)
    assert platform.python_version() in printed


def test_a_checkout_that_is_not_installed_has_no_version(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def missing(package: str) -> str:
        raise version.PackageNotFoundError(package)

    monkeypatch.setattr(version, "version", missing)
    print_version([])
    assert "source-auth0 of a checkout that is not installed" in capsys.readouterr().out
