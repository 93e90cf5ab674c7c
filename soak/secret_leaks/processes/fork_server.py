"""A process that has imported the connector, and forks one to run the command of each order: twenty times as quick.

An order is a line of JSON: `arguments`, `environment`, `folder`, `output`, `errors`, `opened` (where the names of files
that are written go), and `failure` (the arguments of `inject_failure`). The answers are the process's number, and its
status.
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
    """Serve orders until there are no more."""
    assemble([])
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _serve(order)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _serve(order: dict[str, Any]) -> None:
    """The command, as `source-auth0` runs it, and the end of this process."""
    for number, name in ((1, "output"), (2, "errors")):
        os.dup2(os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    tempfile.tempdir = None
    sys.argv = ["source-auth0", *order["arguments"]]
    _watch(Path(order["opened"]))
    code = 0
    try:
        inject_failure(**order["failure"])
        run.run()
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:  # noqa: BLE001 - as the interpreter does with whatever nobody caught
        sys.excepthook(*sys.exc_info())
        code = CRASHED
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _watch(opened: Path) -> None:
    """Note which files and databases are opened for writing, however briefly they exist."""
    note = os.open(opened, os.O_WRONLY | os.O_CREAT, 0o600)

    def hook(event: str, details: tuple[Any, ...]) -> None:
        if event == "sqlite3.connect" or (event == "open" and isinstance(details[2], int) and details[2] & WRITING):
            os.write(note, f"{details[0]}\n".encode())

    sys.addaudithook(hook)


if __name__ == "__main__":
    main()
