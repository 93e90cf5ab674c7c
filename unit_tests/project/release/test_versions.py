"""The changelog, the metadata, the image and the pages are of one version, with one date."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools.changelog import CHANGELOG, notes, sections, unreleased, version

ROOT = Path(__file__).parents[3]
METADATA = yaml.safe_load((ROOT / "metadata.yaml").read_text(encoding="utf-8"))["data"]
LOG = CHANGELOG.read_text(encoding="utf-8")
EXAMPLE = (
    "# Changelog\n\n## [Unreleased]\n\n- later\n\n"
    "## [1.1.0] - 2027-01-02\n\n- now\n\n## [1.0.0] - 2026-12-01\n\n- then\n"
)


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_newest_release_of_the_changelog_is_the_version() -> None:
    released = [name for name in sections(LOG) if name != "Unreleased"]
    assert version() == released[0] == METADATA["dockerImageTag"]
    assert notes(LOG, version()).startswith(("A ", "###"))


def test_every_release_has_a_date_and_airbytes_page_has_the_same() -> None:
    dates = {name: date for name, (date, _) in sections(LOG).items() if name != "Unreleased"}
    rows = dict(re.findall(r"^\| (\d+\.\d+\.\d+) \| (\d{4}-\d\d-\d\d) \|", page("docs/auth0.md"), re.MULTILINE))
    assert dates == rows


@pytest.mark.parametrize("name", ["README.md", "docs/airbyte.md", "docs/run.md", "docs/approve.md", "docs/upgrade.md"])
def test_versions_and_tags_in_a_page_are_those_of_the_release(name: str) -> None:
    if not (ROOT / name).is_file():
        pytest.skip(f"no {name}")
    tags = set(re.findall(r"source-auth0:(\d[\w.]*)|(?:TAG|Tag|tag|docker_image_tag)\W+(\d+\.\d+\.\d+)", page(name)))
    assert {version()} >= {tag for pair in tags for tag in pair if tag}


def test_the_policy_says_what_the_package_supports() -> None:
    policy = page("SUPPORT.md")
    low, high = re.findall(r"^\s+\"Programming Language :: Python :: (3\.\d+)\"", page("pyproject.toml"), re.MULTILINE)[
        ::4
    ]
    assert f"{low} to {high}" in policy


def test_a_section_ends_where_the_next_begins() -> None:
    assert {"Unreleased": (None, "- later"), "1.1.0": ("2027-01-02", "- now"), "1.0.0": ("2026-12-01", "- then")} == (
        sections(EXAMPLE)
    )
    assert ("- later", "- then") == (unreleased(EXAMPLE), notes(EXAMPLE, "1.0.0"))


def test_a_tag_that_is_not_the_version_releases_nothing() -> None:
    command = [sys.executable, "-m", "tools.changelog", "--tag"]
    wrong = subprocess.run([*command, "v0.0.1"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (1, "") == (wrong.returncode, wrong.stdout)
    assert f"whose tag is 'v{version()}'" in wrong.stderr
    right = subprocess.run([*command, f"v{version()}"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert notes(LOG, version()) == right.stdout.strip()
