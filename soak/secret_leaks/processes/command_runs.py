"""The connector's command in a place of its own, and all that came of it: what it printed, wrote and was called."""

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

#: Seconds after which a run counts as hung, and between two looks at a running process.
HANG_SECONDS, POLL_SECONDS = 300.0, 0.05
#: Bytes of output after which a run is amid its rows.
BYTES_BEFORE_SIGNAL = 100_000
#: Variables that a run takes from this process.
INHERITED = ("PATH", "LANG", "VIRTUAL_ENV", "COVERAGE_PROCESS_CONFIG")
#: The folders that a process may write to, fresh for each run.
FOLDERS = ("home", "tmp", "work")


@dataclass
class ConnectorCommand:
    """One command: its config and streams as values, the machine's settings, and what happens to it.

    signal: sent amid the rows. is_quick: may be run by a fork, into which failures can be injected.
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
    """What came of it. evidence: where something was found (a stream, a file, a title) to what it held."""

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
    """Runs orders, by a fork or by the real command."""

    def __init__(self, folder: Path, fork_server: "subprocess.Popen[str]") -> None:
        self._folder = folder
        self._fork_server = fork_server
        self._number = 0

    def run(self, order: ConnectorCommand) -> CommandOutcome:
        """Run one order in fresh folders."""
        self._number += 1
        place = self._folder / str(self._number)
        for name in FOLDERS:
            (place / name).mkdir(parents=True)
        if order.netrc:
            (place / "home" / ".netrc").write_text(order.netrc)
        before = {path.name for path in _files(place)}
        files = {"config": order.config, "catalog": order.streams}
        arguments = [order.command, *order.options]
        for name, value in files.items():
            if value is not None:
                (place / f"{name}.json").write_text(value if isinstance(value, str) else json.dumps(value))
                arguments += [f"--{name}", str(place / f"{name}.json")]
        ran = CommandOutcome()
        start = self._forked if order.is_quick and not order.signal else self._commanded
        ran.code = start(order, place, arguments, ran)
        ran.evidence["standard output"] = (place / "out").read_bytes()
        ran.evidence["standard error"] = (place / "err").read_bytes()
        with suppress(FileNotFoundError):
            ran.opened = [name for name in (place / "opened").read_text().split("\n") if name]
        ran.left = [str(path.relative_to(place)) for path in _files(place) if path.name not in before]
        _look(None, place, ran)
        shutil.rmtree(place)
        return ran

    def _forked(self, order: ConnectorCommand, place: Path, arguments: list[str], ran: CommandOutcome) -> int | None:
        asked = {
            "arguments": arguments,
            "environment": _environment(order, place),
            "folder": str(place / "work"),
            "failure": {"is_fast": True, **order.failure},
            **{key: str(place / name) for key, name in {"output": "out", "errors": "err", "opened": "opened"}.items()},
        }
        number = int(self._answer(json.dumps(asked)))
        ended = threading.Event()
        watch = threading.Thread(target=_watch, args=(number, place, ran, ended.wait), daemon=True)
        watch.start()
        code = int(self._answer())
        ended.set()
        watch.join()
        return None if code == -KILLED else code

    def _answer(self, order: str = "") -> str:
        if self._fork_server.stdin is None or self._fork_server.stdout is None:
            raise ValueError("a process to fork has to be spoken with")
        if order:
            print(order, file=self._fork_server.stdin, flush=True)
        return self._fork_server.stdout.readline()

    def _commanded(self, order: ConnectorCommand, place: Path, arguments: list[str], ran: CommandOutcome) -> int | None:
        with (place / "out").open("wb") as out, (place / "err").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "source_auth0", *arguments],
                env=_environment(order, place),
                cwd=place / "work",
                stdout=out,
                stderr=err,
                preexec_fn=_allow_cores,  # noqa: PLW1509 - nothing else runs between fork and exec
            )

        def wait(seconds: float) -> bool:
            if order.signal and (place / "out").stat().st_size > BYTES_BEFORE_SIGNAL:
                process.send_signal(order.signal)
                order.signal = 0
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            return process.returncode is not None

        _watch(process.pid, place, ran, wait)
        process.wait()
        return None if process.returncode == -KILLED else process.returncode


#: SIGKILL, which only this module sends, to what has hung.
KILLED = 9


@contextmanager
def command_runner(folder: Path) -> Iterator[CommandRunner]:
    """A place to run in, with a process to fork."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-m", "soak.secret_leaks.processes.fork_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as fork_server:
        yield CommandRunner(folder, fork_server)
        fork_server.communicate()


def _watch(number: int, place: Path, ran: CommandOutcome, wait: Callable[[float], object]) -> None:
    """Look at a process and its folders until it ends; end it when it hangs."""
    looks = 0
    while not wait(POLL_SECONDS):
        looks += 1
        _look(number, place, ran)
        if looks * POLL_SECONDS > HANG_SECONDS:
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(number, KILLED)


def _look(number: int | None, place: Path, ran: CommandOutcome) -> None:
    """Take down what a process is called, and what its folders hold by now."""
    with suppress(OSError):
        if number is not None:
            for name in (f"/proc/{number}/cmdline", f"/proc/{number}/comm", *_threads(number)):
                ran.evidence[name] = Path(name).read_bytes()
    for path in _files(place):
        with suppress(OSError):
            if path.name != ".netrc":
                ran.evidence[str(path)] = path.read_bytes()


def _threads(number: int) -> list[str]:
    return [f"{thread}/comm" for thread in Path(f"/proc/{number}/task").iterdir()]


def _files(place: Path) -> list[Path]:
    found: list[Path] = []
    for name in FOLDERS:
        with suppress(FileNotFoundError):  # of a folder that goes while it is looked at
            found += (path for path in (place / name).rglob("*") if path.is_file())
    return found


def _environment(order: ConnectorCommand, place: Path) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    root = str(Path(__file__).parents[3])
    own = {"HOME": str(place / "home"), "TMPDIR": str(place / "tmp"), "PYTHONPATH": root}
    return {**inherited, **own, "PYTHONDONTWRITEBYTECODE": "1", **order.environment}


def _allow_cores() -> None:
    """As on a machine that keeps what is left of a crash; a shell may have had signals ignored by what it starts."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
