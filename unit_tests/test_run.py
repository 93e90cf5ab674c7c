import ctypes
import errno
import gc
import io
import json
import logging
import os
import runpy
import signal
import tempfile
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER
from requests_mock import Mocker

from source_auth0 import SourceAuth0
from source_auth0 import run as run_module
from source_auth0.engine.page_records import RecordLines
from source_auth0.errors import config_error
from source_auth0.manifest.files import stream_files
from testing.fakes.management_api import API, BASE, SECRET, unsigned_jwt
from testing.fakes.user_search import UserDirectory, ids, users_at


@pytest.fixture
def restored_interpreter() -> Iterator[None]:
    """Restores the garbage collector's settings and the thread exception hook after a test."""
    before, hook = gc.get_threshold(), threading.excepthook
    yield
    threading.excepthook = hook
    logging.raiseExceptions = True
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    requests_mock: Mocker,
    restored_interpreter: None,
) -> Callable[..., tuple[int, list[dict[str, Any]], str]]:
    """Runs the connector's command in this process, without network; returns exit code, messages and stderr."""

    def command(*arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        monkeypatch.setattr("sys.argv", ["source-auth0", *arguments])
        code = 0
        try:
            run_module.run()
        except SystemExit as ended:
            code = int(ended.code or 0)
        printed = capsys.readouterr()
        lines = [line for line in printed.out.splitlines() if line.startswith("{")]
        return code, [json.loads(line) for line in lines], printed.err

    return command


def errors(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message["trace"]["error"] for message in messages if message["type"] == "TRACE"]


@pytest.fixture
def files(tmp_path: Path, config: dict[str, Any]) -> Path:
    """A folder with a valid config, a valid catalog, and files that are neither."""
    stream = {"name": "roles", "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
    configured = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
    for name, content in {
        "config": json.dumps(config),
        "catalog": json.dumps({"streams": [configured]}),
        "broken": '{"base_url": ',
        "list": "[1]",
        "empty": "",
        "stranger": json.dumps({"streams": [{"stream": 7}]}),
        "old_state": json.dumps({"users": 7}),
    }.items():
        (tmp_path / f"{name}.json").write_text(content)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    return tmp_path


def test_spec_is_printed(command):
    code, messages, _ = command("spec")
    (spec,) = [message["spec"] for message in messages if message["type"] == "SPEC"]
    assert 0 == code
    assert ["base_url", "credentials"] == spec["connectionSpecification"]["required"]


def test_discover_prints_every_stream(command, files: Path):
    code, messages, _ = command("discover", "--config", str(files / "config.json"))
    (catalog,) = [message["catalog"] for message in messages if message["type"] == "CATALOG"]
    assert (0, list(stream_files())) == (code, [stream["name"] for stream in catalog["streams"]])


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("config", name) for name in ("broken", "list", "empty", "binary")),
        *(("catalog", name) for name in ("config", "broken", "stranger", "empty")),
        *(("state", name) for name in ("broken", "list", "old_state")),
    ],
)
def test_an_error_names_the_file_that_is_not_what_its_option_takes(command, files: Path, kind: str, name: str):
    paths = {"config": "config.json", "catalog": "catalog.json"} | {kind: f"{name}.json"}
    arguments = [word for option, path in paths.items() for word in (f"--{option}", str(files / path))]
    code, messages, _ = command("read", *arguments)
    (error,) = errors(messages)
    assert (1, "config_error") == (code, error["failure_type"])
    assert error["message"].startswith(f"The file {files / f'{name}.json'} (`--{kind}`) ")


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_an_error_names_a_file_that_cannot_be_read(command, files: Path, name: str):
    path = str(files / name)
    code, messages, _ = command("check", "--config", path)
    (error,) = errors(messages)
    assert (1, "config_error") == (code, error["failure_type"])
    assert f"The file {path} cannot be read: " in error["message"]


def test_the_error_for_a_malformed_config_quotes_none_of_it(command, files: Path):
    (files / "broken.json").write_text(f'{{"client_secret": "{SECRET}", ')
    _, messages, shown = command("check", "--config", str(files / "broken.json"))
    assert SECRET not in f"{messages} {shown}"


def test_an_invalid_config_fails_the_check_with_exit_code_zero(command, files: Path, config: dict[str, Any]):
    (files / "config.json").write_text(json.dumps({**config, "base_url": "http://acme.us.auth0.com"}))
    code, messages, shown = command("check", "--config", str(files / "config.json"))
    (status,) = [message["connectionStatus"] for message in messages if message["type"] == "CONNECTION_STATUS"]
    assert (0, "FAILED") == (code, status["status"])
    assert "does not use https" in status["message"]
    assert "Traceback" not in f"{messages} {shown}"


def test_an_invalid_config_fails_the_read_with_a_message(command, files: Path, config: dict[str, Any]):
    (files / "config.json").write_text(json.dumps({**config, "start_date": "yesterday"}))
    code, messages, _ = command(
        "read", "--config", str(files / "config.json"), "--catalog", str(files / "catalog.json")
    )
    assert 1 == code
    expected = "Start Date (`start_date`) is `yesterday`, which is no UTC date and time."
    assert {expected} == {error["message"].partition(" Enter")[0] for error in errors(messages)}
    assert SECRET not in str(messages)


@pytest.mark.parametrize("arguments", [["frobnicate"], ["check"], ["read", "--config", "c.json"], ["--frobnicate"]])
def test_a_wrong_command_line_prints_the_usage(command, arguments: list[str]):
    code, messages, shown = command(*arguments)
    assert (2, []) == (code, messages)
    assert "usage:" in shown


def test_without_a_command_exits_with_zero(command, capsys: pytest.CaptureFixture[str]):
    assert (0, [], "") == command()


@pytest.fixture
def sync(command, files: Path, requests_mock: Mocker) -> Callable[[], tuple[int, list[dict[str, Any]], str]]:
    """Reads 250 users incrementally; the last page is short."""
    token = {"access_token": unsigned_jwt(scope="read:users"), "expires_in": 3600}
    requests_mock.post(f"{BASE}/oauth/token", json=token)
    directory = UserDirectory(users_at(*range(250)))

    def search(request: Any, _: Any) -> dict[str, Any]:
        query = {key: values[0] for key, values in parse_qs(urlsplit(request.url).query).items()}
        return directory.get(None, {**query, "page": int(query["page"]), "per_page": int(query["per_page"])})

    requests_mock.get(f"{API}/users", json=search)
    stream = {"name": "users", "json_schema": {}, "supported_sync_modes": ["full_refresh", "incremental"]}
    configured = {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append"}
    (files / "catalog.json").write_text(json.dumps({"streams": [configured]}))
    return lambda: command("read", "--config", str(files / "config.json"), "--catalog", str(files / "catalog.json"))


def test_writes_each_row_on_its_own_line(sync):
    code, messages, _ = sync()
    users = [message["record"]["data"]["user_id"] for message in messages if message["type"] == "RECORD"]
    assert (0, ids(users_at(*range(250)))) == (code, sorted(users))


def test_counts_rows_rather_than_pages(sync, caplog: pytest.LogCaptureFixture):
    """In the state's `recordCount`, which the platform verifies, and in the log."""
    _, messages, _ = sync()
    states = [message["state"] for message in messages if message["type"] == "STATE"]
    assert 250.0 == sum(state["sourceStats"]["recordCount"] for state in states)
    assert "Read 250 records from users stream" in caplog.messages


def test_the_status_running_comes_before_the_first_row(sync):
    _, messages, _ = sync()
    kinds = [
        message["trace"]["stream_status"]["status"] if message["type"] == "TRACE" else message["type"]
        for message in messages
        if message["type"] in {"RECORD", "STATE"} or message.get("trace", {}).get("type") == "STREAM_STATUS"
    ]
    assert ["STARTED", "RUNNING", "RECORD"] == kinds[:3]
    assert {"STATE", "COMPLETE"} == set(kinds[-2:])


def test_each_file_is_read_once(command, files: Path, monkeypatch: pytest.MonkeyPatch):
    """A pipe, as a shell makes one of `--config <(…)`, ends when it was read."""
    arguments: list[str] = []
    for name in ("config", "catalog", "state"):
        os.mkfifo(files / f"{name}.pipe")
        text = "{}" if name == "state" else (files / f"{name}.json").read_text().replace("acme.us", "acme.invalid")
        arguments += [f"--{name}", str(files / f"{name}.pipe")]
        threading.Thread(target=(files / f"{name}.pipe").write_text, args=(text,), daemon=True).start()
    monkeypatch.setattr(SourceAuth0, "read", lambda *_: iter(()))
    assert 0 == command("read", *arguments)[0]


@pytest.mark.parametrize("name", ["ENOSPC", "EIO"])
def test_an_output_that_takes_nothing_more_is_said_on_standard_error(
    command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
):
    ended: list[int] = []

    class Full:
        def write(self, _: Any) -> int:
            raise OSError(getattr(errno, name), os.strerror(getattr(errno, name)))

    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr("sys.argv", ["source-auth0", "spec"])
    monkeypatch.setattr("sys.stdout", types.SimpleNamespace(buffer=Full()))
    run_module.run()
    assert [74] == ended
    reason = os.strerror(getattr(errno, name))
    assert f"cannot be written to standard output: {reason}. Make room" in capsys.readouterr().err


def test_a_machine_without_a_temporary_folder_is_told_what_to_set(command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nowhere"])
    code, messages, _ = command("spec")
    assert 1 == code
    assert "Set TMPDIR to a folder that this user may write" in errors(messages)[0]["message"]


def test_memory_from_a_megabyte_on_goes_back_to_the_system(command, monkeypatch: pytest.MonkeyPatch):
    asked: list[tuple[int, int]] = []
    glibc = types.SimpleNamespace(mallopt=lambda *asked_for: asked.append(asked_for))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: glibc if name is None else None)
    code, _, _ = command("spec")
    # The first is M_MMAP_THRESHOLD of glibc's malloc.h.
    assert (0, [(-3, 1_048_576)]) == (code, asked)


@pytest.mark.parametrize("error", [OSError, TypeError, AttributeError])
def test_another_c_library_is_left_as_it_is(command, monkeypatch: pytest.MonkeyPatch, error: type[Exception]):
    def library(_: None) -> types.SimpleNamespace:
        if error is AttributeError:
            return types.SimpleNamespace()
        raise error

    monkeypatch.setattr(ctypes, "CDLL", library)
    code, messages, _ = command("spec")
    assert 0 == code
    assert "SPEC" in [message["type"] for message in messages]


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_the_help_names_the_commands_for_people_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
):
    monkeypatch.setattr("sys.argv", ["source-auth0", option])
    with pytest.raises(SystemExit):
        run_module.run()
    assert {"read", "catalog", "--version"} <= set(capsys.readouterr().out.split())


@pytest.mark.parametrize("words", [["--version"], ["catalog", "--streams", "users"]])
def test_a_command_for_people_prints_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
):
    monkeypatch.setattr("sys.argv", ["source-auth0", *words])
    run_module.run()
    assert capsys.readouterr().out


def test_an_older_python_is_named_with_those_that_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.version_info", (3, 9, 18))
    with pytest.raises(SystemExit, match=r"needs Python 3\.10 to 3\.14, and .* is Python 3\.9\. Run it with another"):
        runpy.run_path(str(Path(run_module.__file__).parent / "__init__.py"))


def test_memory_is_checked_every_fifty_pages(monkeypatch: pytest.MonkeyPatch):
    """The framework counts messages, of which a page is one here, so its interval has to be shorter."""
    checks: list[int] = []
    entrypoint = run_module.PageEntrypoint(SourceAuth0(), run_module.StdoutWriter(), run_module.validate_config)
    monitor = entrypoint._memory_monitor
    monkeypatch.setattr(monitor, "_probe_cgroup", lambda: setattr(monitor, "_cgroup_version", 2))
    monkeypatch.setattr(monitor, "_read_memory", lambda: checks.append(1))
    for _ in range(100):
        monitor.check_memory_usage()
    assert 2 == len(checks)


def test_rows_are_written_in_blocks_and_flushed_by_states_and_errors(
    command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A state is written at once, and buffered rows are written when a sync fails."""
    page = RecordLines(b'{"type":"RECORD","n":"' + b"x" * 10_000 + b'"}\n', 1)
    written: list[int] = []
    flush = run_module.StdoutWriter.flush
    monkeypatch.setattr(
        run_module.StdoutWriter, "flush", lambda self: written.append(len(self._waiting)) or flush(self)
    )

    def messages(self: run_module.PageEntrypoint, _: Any) -> Any:
        for _ in range(10):
            self._output.write_rows(page)
        yield '{"type":"STATE"}'
        self._output.write_rows(page)
        raise config_error("It fails.")

    monkeypatch.setattr(AirbyteEntrypoint, "run", messages)
    _, printed, _ = command("spec")
    assert ["RECORD"] * 10 + ["STATE", "RECORD", "TRACE"] == [message["type"] for message in printed]
    assert [7, 4, 1, 1] == written


def test_a_partial_write_is_continued(monkeypatch: pytest.MonkeyPatch):
    """With PYTHONUNBUFFERED set, a write that a signal interrupts returns fewer bytes than it was given."""

    class Interrupted(io.RawIOBase):
        written = b""

        def write(self, data: Any) -> int:
            written = bytes(data[:7])
            self.written += written
            return len(written)

    raw = Interrupted()
    monkeypatch.setattr("sys.stdout", types.SimpleNamespace(buffer=raw))
    run_module.StdoutWriter().write_message("a line of more than seven bytes")
    assert b"a line of more than seven bytes\n" == raw.written


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_process_1_with_128_plus_its_number(
    command, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, code: int
):
    ended, is_over = list[int](), threading.Event()

    def end(code: int) -> None:
        ended.append(code)
        PRINT_BUFFER.lock.release()
        is_over.set()

    def signalled(*_: Any) -> Any:
        (thread,) = (thread for thread in threading.enumerate() if thread.name == "shutdown")
        signal.pthread_kill(thread.ident, number)
        is_over.wait(30)
        return []

    monkeypatch.setattr(AirbyteEntrypoint, "run", signalled)
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    command("spec")
    assert [code] == ended


def test_a_broken_pipe_exits_the_process(command, monkeypatch: pytest.MonkeyPatch):
    """Otherwise workers that wait for room in the queue would block for ever."""
    ended: list[int] = []

    def raise_broken_pipe(*_: Any) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(AirbyteEntrypoint, "run", raise_broken_pipe)
    monkeypatch.setattr(os, "_exit", ended.append)
    command("spec")
    assert [1] == ended


def test_the_package_runs_as_a_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], restored_interpreter: None
):
    monkeypatch.setattr("sys.argv", ["source_auth0", "spec"])
    runpy.run_module("source_auth0", run_name="__main__")
    assert '"type":"SPEC"' in capsys.readouterr().out


def test_garbage_collection_is_rare_but_enabled(command):
    """A collection for each page takes a fifth of a sync's time; without any, reference cycles pile up."""
    before = gc.get_threshold()[0]
    command("spec")
    assert gc.isenabled()
    assert run_module.GC_THRESHOLD == gc.get_threshold()[0] > before
    assert gc.get_freeze_count() > 10_000
