"""Finds and loads the manifest's YAML files."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

MANIFEST = Path(__file__).parent
PACKAGE = MANIFEST.parent
#: The safe loader in C is nine times faster, and missing where PyYAML was built without libyaml.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def stream_files() -> dict[str, Path]:
    """Stream name to file, sorted by family and name."""
    return {path.stem: path for path in sorted(PACKAGE.glob("streams/*/*.yaml"))}


def load_yaml(path: Path) -> Any:
    """The content of a YAML file of the package."""
    with path.open("rb") as file:
        return yaml.load(file, Loader=YAML_LOADER)  # noqa: S506 - one of the safe loaders
