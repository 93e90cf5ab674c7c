import json
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.input_files.catalog_file import read_catalog, unknown_stream_error, unknown_streams_error
from source_auth0.manifest.files import stream_files

STREAM = {"name": "users", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
CONFIGURED: dict[str, Any] = {"stream": STREAM, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
MODES = "it has to be `full_refresh` or `incremental`"
MESSAGE = {"type": "CATALOG", "catalog": {"streams": [STREAM]}}


def message_of(file: Path, content: Any) -> str:
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(AirbyteTracedException) as caught:
        read_catalog(str(file))
    return str(caught.value.message)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "catalog.json"


@pytest.mark.parametrize(
    "streams", [[], [CONFIGURED], [CONFIGURED, {**CONFIGURED, "cursor_field": ["a"], "generation_id": 1}]]
)
def test_a_configured_catalog_is_read(file: Path, streams: list[Any]):
    file.write_text(json.dumps({"streams": streams}))
    assert ["users"] * len(streams) == [configured.stream.name for configured in read_catalog(str(file)).streams]


@pytest.mark.parametrize(
    "content",
    [
        MESSAGE,
        {"streams": [STREAM]},
        {"catalog": {"streams": [STREAM]}},
        json.dumps({"type": "LOG", "log": {}}) + "\n" + json.dumps(MESSAGE),
        json.dumps({"streams": [STREAM]}, indent=2),
    ],
)
def test_the_output_of_discover_is_told_what_to_do(file: Path, content: Any):
    message = message_of(file, content)
    assert "is the output of `discover`, which lists what there is and selects nothing." in message
    assert "`source-auth0 catalog --streams users,logs > catalog.json`" in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([], "is no configured catalog: it has no list `streams`. A configured catalog is what"),
        ({"streams": 7}, "it has no list `streams`"),
        ({"streams": [CONFIGURED, {"stream": 7}]}, "its stream number 2 has no `stream.name`"),
        ({"streams": [7]}, "its stream number 1 has no `stream.name`"),
        (
            {"streams": [{**CONFIGURED, "sync_mode": "incremetal"}]},
            f"is wrong in its stream `users`: `sync_mode` is `incremetal`; {MODES}. Did you mean `incremental`?",
        ),
        (
            {"streams": [{key: value for key, value in CONFIGURED.items() if key != "sync_mode"} | {"syncmode": "x"}]},
            f"in its stream `users`: `sync_mode` is missing; {MODES}. It has `syncmode` instead.",
        ),
        ({"streams": [{**CONFIGURED, "destination_sync_mode": None}]}, "`destination_sync_mode` is `null`"),
        (
            {"streams": [{**CONFIGURED, "stream": {"name": "users", "json_schema": 7}}]},
            "does not hold a configured catalog (",
        ),
    ],
)
def test_a_mistake_is_named_with_its_stream_and_its_field(file: Path, content: Any, expected: str):
    assert expected in message_of(file, content)


@pytest.mark.parametrize(("name", "question"), [("userz", " Did you mean `users`?"), ("xyzzy", "")])
def test_one_unknown_stream_among_others_has_a_sentence_of_its_own(name: str, question: str):
    message = str(unknown_stream_error(name).message)
    assert message.startswith(f"The catalog selects the stream `{name}`, which does not exist.{question} Correct its")


@pytest.mark.parametrize(
    ("unknown", "selected", "expected", "missing"),
    [
        (["userz"], 1, "Did you mean `users` by `userz`?", "another one"),
        (["userz", "logz"], 3, "Did you mean `users` by `userz`? Did you mean `logs` by `logz`?", "another one"),
        (["invoices", "xyzzy"], 2, "it may be the catalog of another one. Write one", "Did you mean"),
        (["xyzzy"], 2, "docs/streams.md lists all streams", "another one"),
        ([f"xyzzy{n}" for n in range(7)], 9, "`xyzzy4` and 2 more.", "`xyzzy5`"),
    ],
)
def test_unknown_streams_are_named_and_not_all_that_are_known(
    unknown: list[str], selected: int, expected: str, missing: str
):
    message = str(unknown_streams_error(unknown, selected).message)
    assert message.startswith("The catalog selects streams that do not exist: ")
    assert expected in message
    assert missing not in message
    assert sum(f"`{name}`" in message for name in stream_files()) < 4
