"""Pages that are written by a program, and examples, are what the stream files say."""

import importlib.util
import json
from pathlib import Path

from source_auth0.manifest import load_stream

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_streams_is_what_its_generator_writes() -> None:
    """Otherwise: `make docs`."""
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert (DOCS / "streams.md").read_text(encoding="utf-8") == generate.page()


def test_the_example_catalog_selects_streams_in_modes_they_have() -> None:
    catalog = json.loads((DOCS / "example/catalog.json").read_text())
    for configured in catalog["streams"]:
        stream = load_stream(configured["stream"]["name"])
        assert configured["sync_mode"] == "full_refresh" or "incremental_sync" in stream
