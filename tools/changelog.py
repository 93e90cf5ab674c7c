"""The notes of a release: `python -m tools.changelog --tag v1.0.0` prints what CHANGELOG.md says of the version.

Exits with a sentence if the tag is not the project's version, or if CHANGELOG.md has changes that no version has.
"""

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CHANGELOG = ROOT / "CHANGELOG.md"
HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\d{4}-\d\d-\d\d))?$", re.MULTILINE)


def main() -> None:
    """Check the tag and print the notes."""
    parser = argparse.ArgumentParser(prog="python -m tools.changelog", description=__doc__)
    parser.add_argument("--tag", required=True, help="the tag that is released, `v` and the version")
    tag = parser.parse_args().tag
    if tag != f"v{version()}":
        sys.exit(f"The tag {tag!r} is not the version of pyproject.toml, whose tag is 'v{version()}'.")
    text = CHANGELOG.read_text(encoding="utf-8")
    if unreleased(text):
        sys.exit("CHANGELOG.md has changes below [Unreleased]. Move them below the version that is released.")
    print(notes(text, version()))


def version() -> str:
    """The version of pyproject.toml, which is the one place that it is changed in."""
    (found,) = re.findall(r'^version = "(.+?)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return str(found)


def sections(text: str) -> dict[str, tuple[str | None, str]]:
    """What the changelog says, newest first: the version to its date and its text."""
    starts = list(HEADING.finditer(text))
    ends = [match.start() for match in starts[1:]] + [len(text)]
    return {
        match["version"]: (match["date"], text[match.end() : end].strip())
        for match, end in zip(starts, ends, strict=True)
    }


def unreleased(text: str) -> str:
    """The changes that no version has yet."""
    return sections(text).get("Unreleased", (None, ""))[1]


def notes(text: str, of: str) -> str:
    """The text of one version; raises KeyError if the changelog does not have it."""
    return sections(text)[of][1]


if __name__ == "__main__":
    main()
