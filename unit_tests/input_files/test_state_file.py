import json
import logging
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteStateType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.input_files.state_file import read_state

A, B = {"updated_at": "2024-01-01T00:00:00.000Z"}, {"updated_at": "2024-02-01T00:00:00.000Z"}


def stream(name: str, saved: Any, **descriptor: Any) -> dict[str, Any]:
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": name, **descriptor}, "stream_state": saved}}


def line(state: dict[str, Any]) -> dict[str, Any]:
    return {"type": "STATE", "state": state}


LOG = {"type": "LOG", "log": {"level": "INFO", "message": 'Not the "STATE" of a stream'}}
ROW = {"type": "RECORD", "record": {"stream": "users", "data": {"name": "a\u2028b", "x": {"type": "STATE"}}}}
OUTPUT = [LOG, line(stream("users", A)), ROW, line(stream("logs", A)), line(stream("users", B)), LOG]


@pytest.fixture
def read(tmp_path: Path):
    def read(content: Any) -> dict[str, Any]:
        path = tmp_path / "state.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        states = read_state(str(path))
        assert all(state.type is AirbyteStateType.STREAM for state in states)
        assert all(state.stream.stream_descriptor.namespace is None for state in states)
        return {state.stream.stream_descriptor.name: vars(state.stream.stream_state) for state in states}

    return read


@pytest.mark.parametrize("path", [None, ""])
def test_without_a_file_there_is_no_state(path: str | None):
    assert [] == read_state(path)


@pytest.mark.parametrize("content", [[], {}, None])
def test_a_file_may_hold_no_state(read, content: Any):
    assert {} == read(content)


@pytest.mark.parametrize(
    "content",
    [
        [stream("users", A)],
        [stream("users", A, namespace=None)],
        [stream("users", A, namespace="")],
        [{"stream": {"stream_descriptor": {"name": "users"}, "stream_state": A}}],
        [{"type": "LEGACY", "data": {"users": A}}],
        [{"data": {"users": A}}],
        {"users": A},
        stream("users", A),
        line(stream("users", A)),
        [line(stream("users", A))],
        [stream("users", B), stream("users", A)],
    ],
)
def test_every_form_of_a_state_is_read(read, content: Any):
    assert {"users": A} == read(content)


@pytest.mark.parametrize("saved", [None, {}, {"updated_at": None}])
def test_a_state_of_nulls_is_one_of_nothing(read, saved: Any):
    assert {"users": {}} == read([stream("users", saved)]) == read({"users": saved})


def test_a_null_among_values_is_kept(read):
    assert {"users": {**A, "open": None}} == read([stream("users", {**A, "open": None})])


@pytest.mark.parametrize("form", ["{}", "{}\n", "\n{}", "Starting …\n{}", '{}\n{{"type": "STATE", "st', "\ufeff{}"])
def test_the_output_of_a_sync_has_the_last_state_of_each_stream(read, form: str):
    """Whatever else is among its lines, and although the last may be cut off."""
    text = "\n".join(json.dumps(message, ensure_ascii=False) for message in OUTPUT)
    assert {"users": B, "logs": A} == read(form.format(text))


def test_an_output_without_a_state_is_named(read):
    with pytest.raises(AirbyteTracedException, match=r"is the output of a command that saved no state"):
        read("\n".join(map(json.dumps, [LOG, ROW])))


@pytest.mark.parametrize(
    "content",
    [
        7,
        "7",
        '"users"',
        [7],
        {"users": 7},
        {"users": "2024"},
        [{"type": "STREAM"}],
        [stream("", A)],
        [stream("users", 7)],
        [{"type": "GLOBAL", "global": {"shared_state": {"x": 1}, "stream_states": []}}],
        [{"type": "XYZZY"}],
    ],
)
def test_anything_else_is_refused_with_what_a_state_is(read, content: Any):
    with pytest.raises(AirbyteTracedException, match=r"does not hold a state in Airbyte's form. A state is the output"):
        read(content)


def test_a_stream_that_does_not_exist_is_warned_of(read, caplog: pytest.LogCaptureFixture):
    assert {"userz": A, "users": A} == read({"userz": A, "users": A})
    (warning,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert "has a stream `userz`, which this connector does not have, so that it has no effect." in warning
    assert warning.endswith("Did you mean `users`?")
