"""YAML parsed once in a process that makes many sources: four fifths of the time of a short sync went into it."""

import pickle
from functools import cache
from pathlib import Path
from typing import Any

from airbyte_cdk.sources.declarative import concurrent_declarative_source as framework

from source_auth0.manifest import assembly


@cache
def parse_once() -> None:
    """From here on, each file of the package and the framework's schema of components are parsed a single time.

    Whoever asks gets a copy of a file's content, as without this; nobody changes the framework's schema.
    """
    parse = assembly.load_yaml

    @cache
    def parsed(path: Path) -> bytes:
        return pickle.dumps(parse(path))

    def load_yaml(path: Path) -> Any:
        return pickle.loads(parsed(path))  # noqa: S301 - made above

    assembly.load_yaml = load_yaml
    framework.get_declarative_component_schema = cache(framework.get_declarative_component_schema)
