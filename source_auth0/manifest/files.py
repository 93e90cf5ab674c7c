"""The manifest's YAML files, and how they are loaded."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

MANIFEST = Path(__file__).parent
PACKAGE = MANIFEST.parent
#: The safe loader in C is nine times as fast, and missing where PyYAML was built without libyaml.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def stream_files() -> dict[str, Path]:
    """Stream name to file, in the order of family and name."""
    return {path.stem: path for path in sorted(PACKAGE.glob("streams/*/*.yaml"))}


def load_yaml(path: Path) -> Any:
    """A file of the package."""
    with path.open("rb") as file:
        return yaml.load(file, Loader=YAML_LOADER)  # noqa: S506 - one of the safe loaders
