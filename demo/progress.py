"""What people see while they wait: a bar on a terminal, and a sentence when a step is done, wherever it goes."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

#: The standard output of now: what PyAirbyte prints is put elsewhere later.
console = Console(file=sys.stdout)


def say(text: str, style: str | None = None) -> None:
    """Print a sentence as it is: one line, brackets included."""
    console.print(text, style=style, soft_wrap=True, highlight=False, markup=False)


class Bar:
    """One step with parts that get done; nothing is shown where nobody watches."""

    def __init__(self, progress: Progress, text: str, total: int) -> None:
        self._progress, self._text = progress, text
        self._task = progress.add_task(text, total=total)

    def done(self, parts: int, total: int | None = None, *, note: str = "") -> None:
        """Say how many parts are done, of how many if that was not known, and what is going on."""
        text = f"{self._text} {note}" if note else self._text
        self._progress.update(self._task, completed=parts, total=total, description=text)


@contextmanager
def bar(text: str, total: int) -> Iterator[Bar]:
    """A bar that is there while the block runs."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield Bar(progress, text, total)


def seconds_since(began: float) -> str:
    """How long it is since a moment of `time.monotonic`, in words."""
    seconds = round(time.monotonic() - began)
    return f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s"  # noqa: PLR2004 - a minute
