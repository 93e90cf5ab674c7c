"""Load a tenant with dlt: `python load_with_dlt.py config.json`, where dlt and this connector are installed.

The destination is DuckDB, or what the second argument names, such as `postgres`; dlt reads its credentials from
`.dlt/secrets.toml` or from DESTINATION__POSTGRES__CREDENTIALS.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt

#: What is read incrementally is merged by its key; other tables are replaced, so that deleted rows do not stay.
MERGED = {"users", "logs"}
REPLACED = {"clients", "organization_members", "organization_member_roles"}
TYPES = {"string": "text", "boolean": "bool", "integer": "bigint", "number": "double"}


def messages(command: str, **files: Any) -> Iterator[dict[str, Any]]:
    """What the connector prints, message by message; raises if it fails, so that dlt loads nothing of this sync."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["source-auth0", command]
        for option, content in files.items():
            (Path(folder) / option).write_text(json.dumps(content), encoding="utf-8")
            arguments += [f"--{option}", str(Path(folder) / option)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
            for line in process.stdout or ():
                yield json.loads(line)
        if process.returncode:
            raise RuntimeError(f"source-auth0 {command} failed: its errors are above")


def hints(stream: dict[str, Any]) -> dict[str, Any]:
    """The table of a stream: its whole key, and a type for each column, so that text of digits stays text."""
    columns = {}
    for name, declared in stream["json_schema"]["properties"].items():
        kinds = [kind for kind in [declared["type"]] if isinstance(kind, str)] or [*declared["type"]]
        only = [kind for kind in kinds if kind != "null"]
        plain = "timestamp" if declared.get("format") == "date-time" else TYPES.get(only[0], "json")
        columns[name] = {"name": name, "data_type": plain if len(only) == 1 else "json"}
    return {
        "table_name": stream["name"],
        "primary_key": [column for (column,) in stream["source_defined_primary_key"]],
        "write_disposition": "merge" if stream["name"] in MERGED else "replace",
        "columns": columns,
    }


@dlt.source(max_table_nesting=0)
def auth0(config: dict[str, Any]) -> Any:
    """The selected streams of a tenant, read by one sync."""

    @dlt.resource(name="auth0")
    def sync() -> Iterator[Any]:
        states = dlt.current.resource_state().setdefault("states", {})
        (catalog,) = (m["catalog"] for m in messages("discover", config=config) if m["type"] == "CATALOG")
        streams = {s["name"]: s for s in catalog["streams"] if s["name"] in MERGED | REPLACED}
        tables = {name: hints(stream) for name, stream in streams.items()}
        configured = [
            {
                "stream": stream,
                "sync_mode": "incremental" if name in MERGED else "full_refresh",
                "destination_sync_mode": "append_dedup" if name in MERGED else "overwrite",
            }
            for name, stream in streams.items()
        ]
        files = {"config": config, "catalog": {"streams": configured}}
        if states:
            files["state"] = [json.loads(state) for state in states.values()]
        for message in messages("read", **files):
            if message["type"] == "RECORD":
                record = message["record"]
                table = tables.pop(record["stream"], None)  # the hints go with the first row of a table
                found = dlt.mark.make_hints(**table) if table else None
                yield (
                    dlt.mark.with_hints(record["data"], found, create_table_variant=True)
                    if found
                    else dlt.mark.with_table_name(record["data"], record["stream"])
                )
            elif message["type"] == "STATE":
                # As text: dlt would take the times in it for its own.
                states[message["state"]["stream"]["stream_descriptor"]["name"]] = json.dumps(message["state"])

    return sync


if __name__ == "__main__":
    file, destination = [*sys.argv[1:], "duckdb"][:2]
    settings = json.loads(Path(file).read_text(encoding="utf-8"))
    pipeline = dlt.pipeline("auth0", destination=destination, dataset_name="auth0_dlt")
    print(pipeline.run(auth0({**settings, "users_deletion_tombstones": True})))
