"""A process that has imported the connector and forks a child for each command: twenty times as fast.

A job is a line of JSON: `arguments`, `environment`, `folder`, `output`, `errors`, `opened` (the file that lists files
opened for writing), and `failure` (the arguments of `inject_failure`). The server prints the child's pid, then its exit
code.
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from soak.secret_leaks.processes.failure_injection import inject_failure
from source_auth0 import run
from source_auth0.manifest.assembly import assemble

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
CRASHED = 1


def main() -> None:
    """Serve jobs until standard input ends."""
    assemble([])
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            _serve(job)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _serve(job: dict[str, Any]) -> None:
    """Run the command as `source-auth0` does, and exit."""
    for number, name in ((1, "output"), (2, "errors")):
        os.dup2(os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    tempfile.tempdir = None
    sys.argv = ["source-auth0", *job["arguments"]]
    _watch(Path(job["opened"]))
    code = 0
    try:
        inject_failure(**job["failure"])
        run.run()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - as the interpreter does with unhandled exceptions
        sys.excepthook(*sys.exc_info())
        code = CRASHED
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _watch(opened: Path) -> None:
    """Log the files and databases that are opened for writing, however briefly they exist."""
    log = os.open(opened, os.O_WRONLY | os.O_CREAT, 0o600)

    def hook(event: str, details: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect" or (event == "open" and isinstance(details[2], int) and details[2] & WRITING):
            os.write(log, f"{details[0]}\n".encode())

    sys.addaudithook(hook)


if __name__ == "__main__":
    main()
