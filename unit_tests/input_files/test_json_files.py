import json
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.input_files.catalog_file import read_catalog
from source_auth0.input_files.config_file import read_config
from source_auth0.input_files.state_file import read_state
from testing.fakes.management_api import SECRET

READERS: dict[str, Any] = {"config": read_config, "catalog": read_catalog, "state": read_state}
#: A valid content of each kind of file, and what it is read as.
VALID = {"config": {"base_url": "ä"}, "catalog": {"streams": []}, "state": {"users": {"updated_at": "ä"}}}
MALFORMED = {
    '{\n  "base_url": "a",\n}': ("line 3, column 1|line 2, column 18", "comma too many"),
    '{\n  "base_url": "a"\n  "x": 1}': ("line 3, column 3", "a comma or a closing bracket is expected"),
    '{"base_url" "a"}': ("line 1, column 13", "a colon is expected behind the name"),
    '{"base_url": }': ("line 1, column 14", "a value is expected"),
    "{'base_url': 1}": ("line 1, column 2", "a name in double quotation marks is expected"),
    '{"base_url": "a': ("line 1, column 14", "a text begins that has no closing quotation mark"),
    '{"private_key": "a\nb"}': ("line 1, column 19", "a text has a line break or a tab"),
    '{"path": "C:\\dir"}': ("line 1, column 13", "a text has a backslash, which is written twice there"),
    '{"base_url": "a"}\n}': ("line 2, column 1", "something follows behind the end"),
}


def message_of(kind: str, path: Path | str) -> str:
    with pytest.raises(AirbyteTracedException) as caught:
        READERS[kind](str(path))
    assert FailureType.config_error == caught.value.failure_type
    return str(caught.value.message)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "input.json"


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_the_file(file: Path, kind: str, encoding: str):
    file.write_text(json.dumps(VALID[kind], ensure_ascii=False), encoding=encoding)
    assert READERS[kind](str(file)) is not None
    if kind == "config":
        assert VALID[kind] == read_config(str(file))


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_is_named_with_how_to_save_it(file: Path, kind: str, encoding: str):
    file.write_text(json.dumps(VALID[kind]), encoding=encoding)
    message = message_of(kind, file)
    assert f"The file {file} (`--{kind}`) is encoded in UTF-{'32' if encoding == 'utf-32' else '16'}" in message
    assert "Save it as UTF-8" in message


@pytest.mark.parametrize("kind", READERS)
def test_bytes_that_are_no_text_are_placed_in_a_line(file: Path, kind: str):
    file.write_bytes(b'{\n"a": "\xe4"}')
    assert "is no text in UTF-8: see line 2. Save it as UTF-8." in message_of(kind, file)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_file_is_told_what_it_should_hold(file: Path, kind: str, text: str):
    file.write_text(text)
    assert f"(`--{kind}`) is empty. A " in message_of(kind, file)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("text", MALFORMED)
def test_malformed_json_is_placed_and_explained(file: Path, kind: str, text: str):
    file.write_text(text)
    places, meaning = MALFORMED[text]
    message = message_of(kind, file)
    assert any(f"(`--{kind}`) is no JSON: see {place}, where " in message for place in places.split("|")), message
    assert meaning in message


@pytest.mark.parametrize("kind", READERS)
def test_a_file_that_is_nested_too_deeply_is_refused(file: Path, kind: str):
    file.write_text('{"users": ' + "[" * 400 + "]" * 400 + "}")
    assert "deeper than any" in message_of(kind, file)


@pytest.mark.parametrize("kind", READERS)
def test_no_message_quotes_what_the_file_holds(file: Path, kind: str):
    file.write_text(f'{{"client_secret": "{SECRET}", ')
    assert SECRET not in message_of(kind, file)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("missing.json", "cannot be read: No such file or directory. Check the path behind `--{}`; it is relative to"),
        (".", "cannot be read: Is a directory. Name the {}'s file behind `--{}`."),
    ],
)
def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, kind: str, name: str, expected: str):
    message = message_of(kind, tmp_path / name)
    assert f"The file {tmp_path / name} {expected.format(kind, kind)}" in message


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("text", [json.dumps({"client_secret": SECRET}), f'{{\n"client_secret": "{SECRET}"}}', "a\0b"])
def test_a_file_name_that_is_the_content_is_not_quoted(kind: str, text: str):
    message = message_of(kind, text)
    assert SECRET not in message
    assert "cannot be read" in message


def test_a_file_that_may_not_be_read_is_told_so(file: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "cannot be read: Permission denied. Allow this user to read it" in message_of("config", file)


@pytest.mark.parametrize("content", [[], 7, "text", None])
def test_a_config_is_an_object(file: Path, content: Any):
    file.write_text(json.dumps(content))
    assert "(`--config`) does not hold a config. A config is an object such as" in message_of("config", file)
