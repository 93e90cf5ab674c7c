"""Runs the connector's command in this process, as a shell would, and parses what it prints."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from unittest.mock import patch

from source_auth0 import run as run_module
from testing.command import CommandResult


class _LogLines(logging.Handler):
    """Log lines as messages; the framework's own handler holds on to the standard output that it was made with."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        log = {"level": record.levelname, "message": record.getMessage()}
        self.lines.append(json.dumps({"type": "LOG", "log": log}))


class _Stdout(io.TextIOWrapper):
    """Standard output that is kept."""

    def __init__(self) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding="utf-8", write_through=True)


@contextmanager
def _logged(handler: logging.Handler) -> Iterator[None]:
    logger = logging.getLogger("airbyte")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


def run_in_process(*words: str) -> CommandResult:
    """What `source-auth0` prints for these arguments; its log lines come last, and may be printed twice."""
    output, errors, logs, code = _Stdout(), io.StringIO(), _LogLines(), 0
    with (
        patch.object(sys, "argv", ["source-auth0", *words]),
        patch.object(sys, "stdout", output),
        # These do not last beyond the process of a command.
        patch.object(run_module, "_collect_garbage_rarely"),
        _logged(logs),
        patch.object(logging, "raiseExceptions", logging.raiseExceptions),
        redirect_stderr(errors),
    ):
        try:
            run_module.run()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    printed = output.bytes.getvalue().decode()
    lines = [line for line in printed.splitlines() if line.startswith("{")]
    more = [line for line in logs.lines if line not in set(lines)]
    kept = "\n".join([*lines, *more]) if lines or more else printed
    return CommandResult(code, kept, errors.getvalue())
