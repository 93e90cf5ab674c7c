"""Malformed state files, each in its own process: standard output must hold protocol messages only."""

import json
from collections.abc import Mapping
from typing import Any

from soak.protocol_output import protocol_violation
from soak.tally import Tally
from testing.command import configured_catalog, discovered_streams, run

A_DAY = "2026-11-22T12:00:00.000Z"


def _stream(name: str = "users", **more: Any) -> dict[str, Any]:
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, **more}}


#: Description to the content of a state file.
FILES: dict[str, str] = {
    "nothing": "",
    "half of a list": '[{"type":',
    "no JSON": "state",
    "null": "null",
    "a number": "7",
    "a text": '"users"',
    "an empty list": "[]",
    "an empty object": "{}",
    "a list of nothing": "[null]",
    "a list of numbers": "[7]",
    "a message without its stream": '[{"type": "STREAM"}]',
    "a message without a state": json.dumps([_stream()]),
    "a state that is null": json.dumps([_stream(stream_state=None)]),
    "a state that is a list": json.dumps([_stream(stream_state=[])]),
    "a state that is a number": json.dumps([_stream(stream_state=7)]),
    "a state of an unknown stream": json.dumps([_stream("nobody", stream_state={"updated_at": A_DAY})]),
    "a message of an unknown type": '[{"type": "STREAMS", "stream": {}}]',
    "a global state": '[{"type": "GLOBAL", "global": {"shared_state": {"x": 1}, "stream_states": []}}]',
    "a global state without anything shared": '[{"type": "GLOBAL", "global": {"stream_states": []}}]',
    "a legacy state": '[{"type": "LEGACY", "data": {"users": {}}}]',
    "one object by stream that holds no state": '{"users": 7}',
    "one object by stream that is null": '{"users": null}',
    "one object by stream that is malformed": '{"users": {"updated_at": "soon"}}',
    "one message without its list": json.dumps(_stream(stream_state={"updated_at": "soon"})),
    "a malformed state": json.dumps([_stream(stream_state={"updated_at": "soon\n\ud800\0"})]),
    "a hundred thousand levels": "[" * 100_000 + "]" * 100_000,
    "nine hundred levels": json.dumps([_stream(stream_state={"updated_at": "?"})]).replace(
        '"?"', "[" * 900 + "]" * 900
    ),
    "ten megabytes": json.dumps([_stream(stream_state={"updated_at": "x" * 10_000_000})]),
    "a number beyond all bounds": json.dumps([_stream(stream_state={"updated_at": 7})]).replace("7", "9" * 5000),
}


def state_files(config: Mapping[str, Any], users: int, names: list[str] | None = None) -> Tally:
    """A tally for some of the files, or all."""
    tally = Tally("states as files: no JSON, no state, other forms of the protocol, giant")
    streams = [stream for stream in discovered_streams(config) if stream["name"] == "users"]
    for name in names or FILES:
        done = run("read", config=config, catalog=configured_catalog(streams), state=FILES[name])
        tally.runs += 1
        if complaint := protocol_violation(done):
            tally.complaints.append(f"{name}: {complaint}")
        if done.code == 0:
            rows = len(done.records.get("users", []))
            tally.records += users
            tally.losses += max(users - rows, 0)
            if rows < users:
                tally.complaints.append(f"{name}: {rows} of {users} users came")
    return tally
