"""The locked requirements: pinned, hashed, without a host's name, and of one framework."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements.txt", "requirements-dev.txt", "requirements-demo.txt"]
#: Packages of locks that stand alone.
ALONE = ["requirements-dbt.txt", "requirements-release.txt", "requirements-site.txt"]


def locked(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LOCKS + ALONE)
def test_everything_is_pinned_and_hashed_and_no_host_is_named(name: str):
    requirements = re.split(r"\n(?=\S)", locked(name).strip())
    assert requirements
    assert [] == [line for line in requirements if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:", line, re.DOTALL)]
    assert "://" not in locked(name)


def test_the_demo_runs_on_the_framework_that_is_tested():
    versions = {re.findall(r"^airbyte-cdk==(\S+)", locked(name), re.MULTILINE)[0] for name in LOCKS}
    assert 1 == len(versions)
