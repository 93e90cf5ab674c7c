"""Runs stock.yaml as the framework does: `python benchmarks/comparison/stock.py read --config … --catalog …`."""

import sys
from pathlib import Path

import yaml
from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource


def main() -> None:
    """Run the command of this process."""
    arguments = sys.argv[1:]
    config, catalog = AirbyteEntrypoint.extract_config(arguments), AirbyteEntrypoint.extract_catalog(arguments)
    source: ConcurrentDeclarativeSource = ConcurrentDeclarativeSource(
        catalog=ConcurrentDeclarativeSource.read_catalog(catalog) if catalog else None,
        config=ConcurrentDeclarativeSource.read_config(config) if config else None,
        state=[],
        source_config=yaml.safe_load(Path(__file__).with_name("stock.yaml").read_text()),
    )
    launch(source, arguments)


if __name__ == "__main__":
    main()
