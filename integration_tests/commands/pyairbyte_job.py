"""Runs a test's job with PyAirbyte, in its own environment: JSON on standard input, query results in a file.

A job has the paths `file`, `executable` and `answers`, and any of `states` (stream to state, as if saved by an earlier
sync), `syncs` (each a config and its streams) and `questions` (name to SQL).
"""

import json
import sys
from pathlib import Path
from typing import Any

from airbyte_protocol.models import AirbyteStateMessage

from demo.warehouse import Warehouse


def main() -> None:
    """Run the job."""
    job = json.load(sys.stdin)
    warehouse = Warehouse(Path(job["file"]), executable=Path(job["executable"]))
    for stream, state in job.get("states", {}).items():
        save_state(warehouse, stream, state)
    for sync in job.get("syncs", []):
        warehouse.sync(sync["config"], sync["streams"])
    results = {name: warehouse.ask(sql) for name, sql in job.get("questions", {}).items()}
    Path(job["answers"]).write_text(json.dumps(results, default=str))


def save_state(warehouse: Warehouse, stream: str, state: dict[str, Any]) -> None:
    """Save a state where PyAirbyte keeps the states of its syncs."""
    message = {"type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": state}}
    warehouse._cache.get_state_writer(source_name="source-auth0").write_state(
        AirbyteStateMessage.model_validate(message)
    )


if __name__ == "__main__":
    main()
