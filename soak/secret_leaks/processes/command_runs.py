"""Runs the connector's command in fresh folders, and records its output, files and command line."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Seconds after which a run counts as hung, and between two inspections of a running process.
HANG_SECONDS, POLL_SECONDS = 300.0, 0.05
#: Bytes of output after which a run is certainly emitting rows.
BYTES_BEFORE_SIGNAL = 100_000
#: Environment variables that a run inherits.
INHERITED = ("PATH", "LANG", "VIRTUAL_ENV", "COVERAGE_PROCESS_CONFIG")
#: The folders that a process may write to, fresh for each run.
FOLDERS = ("home", "tmp", "work")


@dataclass
class ConnectorCommand:
    """One command: its config and catalog, the machine's settings, and what is done to it.

    signal: sent while it emits rows. is_quick: whether it may run in a fork, into which failures can be injected.
    """

    command: str
    config: Any
    streams: Any = None
    environment: Mapping[str, str] = field(default_factory=dict)
    netrc: str = ""
    options: tuple[str, ...] = ()
    failure: Mapping[str, Any] = field(default_factory=dict)
    signal: int = 0
    is_quick: bool = True


@dataclass
class CommandOutcome:
    """The outcome of a command. evidence: source (an output stream, a file, a /proc entry) to its content."""

    code: int | None = None
    evidence: dict[str, bytes] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages on standard output."""
        lines = self.evidence["standard output"].decode(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


class CommandRunner:
    """Runs commands, in a fork or as the real command."""

    def __init__(self, folder: Path, fork_server: "subprocess.Popen[str]") -> None:
        self._folder = folder
        self._fork_server = fork_server
        self._number = 0

    def run(self, connector_command: ConnectorCommand) -> CommandOutcome:
        """Run one command in fresh folders."""
        self._number += 1
        folder = self._folder / str(self._number)
        for name in FOLDERS:
            (folder / name).mkdir(parents=True)
        if connector_command.netrc:
            (folder / "home" / ".netrc").write_text(connector_command.netrc)
        before = {path.name for path in _files(folder)}
        files = {"config": connector_command.config, "catalog": connector_command.streams}
        arguments = [connector_command.command, *connector_command.options]
        for name, value in files.items():
            if value is not None:
                (folder / f"{name}.json").write_text(value if isinstance(value, str) else json.dumps(value))
                arguments += [f"--{name}", str(folder / f"{name}.json")]
        outcome = CommandOutcome()
        start = self._run_forked if connector_command.is_quick and not connector_command.signal else self._run_command
        outcome.code = start(connector_command, folder, arguments, outcome)
        outcome.evidence["standard output"] = (folder / "out").read_bytes()
        outcome.evidence["standard error"] = (folder / "err").read_bytes()
        with suppress(FileNotFoundError):
            outcome.opened = [name for name in (folder / "opened").read_text().split("\n") if name]
        outcome.left = [str(path.relative_to(folder)) for path in _files(folder) if path.name not in before]
        _inspect(None, folder, outcome)
        shutil.rmtree(folder)
        return outcome

    def _run_forked(
        self, connector_command: ConnectorCommand, folder: Path, arguments: list[str], outcome: CommandOutcome
    ) -> int | None:
        job = {
            "arguments": arguments,
            "environment": _environment(connector_command, folder),
            "folder": str(folder / "work"),
            "failure": {"is_fast": True, **connector_command.failure},
            **{key: str(folder / name) for key, name in {"output": "out", "errors": "err", "opened": "opened"}.items()},
        }
        number = int(self._exchange(json.dumps(job)))
        ended = threading.Event()
        watch = threading.Thread(target=_watch, args=(number, folder, outcome, ended.wait), daemon=True)
        watch.start()
        code = int(self._exchange())
        ended.set()
        watch.join()
        return None if code == -KILLED else code

    def _exchange(self, job: str = "") -> str:
        if self._fork_server.stdin is None or self._fork_server.stdout is None:
            raise ValueError("a process to fork has to be spoken with")
        if job:
            print(job, file=self._fork_server.stdin, flush=True)
        return self._fork_server.stdout.readline()

    def _run_command(
        self, connector_command: ConnectorCommand, folder: Path, arguments: list[str], outcome: CommandOutcome
    ) -> int | None:
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "source_auth0", *arguments],
                env=_environment(connector_command, folder),
                cwd=folder / "work",
                stdout=out,
                stderr=err,
                preexec_fn=_allow_cores,  # noqa: PLW1509 - nothing else runs between fork and exec
            )

        def wait(seconds: float) -> bool:
            if connector_command.signal and (folder / "out").stat().st_size > BYTES_BEFORE_SIGNAL:
                process.send_signal(connector_command.signal)
                connector_command.signal = 0
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            return process.returncode is not None

        _watch(process.pid, folder, outcome, wait)
        process.wait()
        return None if process.returncode == -KILLED else process.returncode


#: SIGKILL, which only this module sends, to processes that hang.
KILLED = 9


@contextmanager
def command_runner(folder: Path) -> Iterator[CommandRunner]:
    """A runner with its fork server."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "soak.secret_leaks.processes.fork_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as fork_server:
        yield CommandRunner(folder, fork_server)
        fork_server.communicate()


def _watch(number: int, folder: Path, outcome: CommandOutcome, wait: Callable[[float], object]) -> None:
    """Inspect a process and its folders until it ends; kill it if it hangs."""
    inspections = 0
    while not wait(POLL_SECONDS):
        inspections += 1
        _inspect(number, folder, outcome)
        if inspections * POLL_SECONDS > HANG_SECONDS:
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(number, KILLED)


def _inspect(number: int | None, folder: Path, outcome: CommandOutcome) -> None:
    """Record a process's command line and thread names, and the files in its folders."""
    with suppress(OSError):
        if number is not None:
            for name in (f"/proc/{number}/cmdline", f"/proc/{number}/comm", *_threads(number)):
                outcome.evidence[name] = Path(name).read_bytes()
    for path in _files(folder):
        with suppress(OSError):
            if path.name != ".netrc":
                outcome.evidence[str(path)] = path.read_bytes()


def _threads(number: int) -> list[str]:
    return [f"{thread}/comm" for thread in Path(f"/proc/{number}/task").iterdir()]


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for name in FOLDERS:
        with suppress(FileNotFoundError):  # a folder may be removed during the search
            found += (path for path in (folder / name).rglob("*") if path.is_file())
    return found


def _environment(connector_command: ConnectorCommand, folder: Path) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    root = str(Path(__file__).parents[3])
    overrides = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "PYTHONPATH": root}
    return {**inherited, **overrides, "PYTHONDONTWRITEBYTECODE": "1", **connector_command.environment}


def _allow_cores() -> None:
    """Enable core dumps; and reset signals, which a shell ignores for background jobs."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
