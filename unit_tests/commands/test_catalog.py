import json
from pathlib import Path

import pytest

from source_auth0.commands.catalog import print_catalog
from source_auth0.input_files.catalog_file import read_catalog
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files


@pytest.fixture
def selected(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """The streams of the catalog that is printed, as `read` reads them, by name."""

    def selected(*words: str):
        print_catalog(list(words))
        path = tmp_path / "catalog.json"
        path.write_text(capsys.readouterr().out)
        return {configured.stream.name: configured for configured in read_catalog(str(path)).streams}

    return selected


def test_the_named_streams_are_selected(selected):
    assert {"users", "logs"} == set(selected("--streams", "users, logs"))


def test_a_family_is_selected_with_all_its_streams(selected):
    expected = {name for name, path in stream_files().items() if path.parent.name in {"roles", "logs"}}
    assert expected == set(selected("--family", "roles,logs"))


def test_all_streams_are_selected(selected):
    assert list(stream_files()) == list(selected("--all"))


@pytest.mark.parametrize("full_refresh", [False, True])
def test_streams_are_incremental_where_they_offer_it_unless_told_otherwise(selected, full_refresh: bool):
    for name, configured in selected("--all", *["--full-refresh"] * full_refresh).items():
        offers = "cursor_field" in load_stream(name)
        mode, destination = (
            ("incremental", "append_dedup") if offers and not full_refresh else ("full_refresh", "overwrite")
        )
        assert (mode, destination) == (configured.sync_mode.value, configured.destination_sync_mode.value)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--streams", "userz"], "there is no stream `userz`. Did you mean `users`? docs/streams.md lists"),
        (["--streams", " ,"], "no stream is named; write one such as `"),
        (["--family", "orgnizations"], "there is no family `orgnizations`. Did you mean `organizations`?"),
        ([], "one of the arguments --streams --family --all is required"),
        (["--all", "--streams", "users"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_selected_is_named(capsys: pytest.CaptureFixture[str], words: list[str], expected: str):
    with pytest.raises(SystemExit) as ended:
        print_catalog(words)
    assert 2 == ended.value.code
    printed = capsys.readouterr()
    assert "" == printed.out
    assert expected in printed.err


def test_what_is_printed_is_json_for_people(capsys: pytest.CaptureFixture[str]):
    print_catalog(["--streams", "users"])
    printed = capsys.readouterr().out
    assert ["streams"] == list(json.loads(printed))
    assert printed.startswith('{\n  "streams"')
