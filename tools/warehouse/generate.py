"""`python -m tools.warehouse.generate`: write the generated files of `dbt/`, and the picture; tests tell of a lapse."""

import sys
from pathlib import Path

from tools.warehouse.models import generated, streams_read
from tools.warehouse.picture import picture

PACKAGE = Path(__file__).parents[2] / "dbt"
PICTURE = PACKAGE.parent / "docs" / "entities.svg"
STAGING = PACKAGE / "models" / "staging"


def expected() -> dict[Path, str]:
    """The text of each generated file by its path below `STAGING`."""
    return generated(streams_read(PACKAGE / "models"))


def written() -> dict[Path, str]:
    """The files that are there, by the same paths."""
    files = (file for file in STAGING.rglob("*") if file.is_file())
    return {file.relative_to(STAGING): file.read_text(encoding="utf-8") for file in files}


def main() -> int:
    """Write what differs, and remove what no stream file asks for."""
    now, wanted = written(), expected()
    for path in now.keys() - wanted.keys():
        (STAGING / path).unlink()
    for path, text in wanted.items():
        if now.get(path) != text:
            (STAGING / path).parent.mkdir(parents=True, exist_ok=True)
            (STAGING / path).write_text(text, encoding="utf-8")
    PICTURE.write_text(picture(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
