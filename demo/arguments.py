"""What `python -m demo` is told: a config, and which streams."""

import argparse
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.streams import named


@dataclass(frozen=True)
class Arguments:
    """The config of a real tenant, or none for the simulated one, and the streams that somebody wants."""

    config: dict[str, Any] | None
    streams: list[str]
    chosen: bool

    @property
    def tenant(self) -> str:
        """The tenant's host, as the report is headed."""
        return self.config["base_url"].lower().rpartition("//")[2].strip("/ ") if self.config else "Simulated tenant"

    @property
    def file_name(self) -> str:
        """The tenant as the name of a file, without dots: DuckDB and dbt call the database what is before the first."""
        return re.sub(r"[^a-z0-9]+", "_", self.tenant) if self.config else "simulated"


def parse_arguments(description: str) -> Arguments:
    """What was typed; ends with exit code 2 and a sentence where that is wrong."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=description)
    parser.add_argument("--config", type=_config, help="of a real tenant, like docs/example/config.json")
    parser.add_argument("--streams", default="", metavar="NAME,NAME", help="only these; or families")
    parser.add_argument("--family", default="", metavar="NAME,NAME", help="only the streams of these families")
    typed = parser.parse_args()
    try:
        streams = named(typed.streams, typed.family)
    except ValueError as problem:
        parser.error(str(problem))
    return Arguments(typed.config, streams, bool(typed.streams or typed.family))


def _config(name: str) -> dict[str, Any]:
    """What a config file holds; the connector itself says what is wrong within."""
    try:
        config = json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as problem:
        raise argparse.ArgumentTypeError(f"{name} cannot be read: {problem.strerror}") from None
    except ValueError:
        raise argparse.ArgumentTypeError(f"{name} is no JSON") from None
    if not isinstance(config, dict) or not isinstance(config.get("base_url"), str):
        raise argparse.ArgumentTypeError(f"{name} has no `base_url`: docs/example/config.json shows a config")
    return config
