"""The lines that tell people how far a stream is."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from source_auth0.errors import first_of
from source_auth0.progress.expectation import AT_LEAST, ROWS, Expectation, Figures

#: Units of time in seconds, each with the seconds up to which it is used.
UNITS_OF_TIME = ((1, 100, "seconds"), (60, 6_000, "minutes"), (3_600, 360_000, "hours"), (86_400, float("inf"), "days"))
#: Streams that have not begun, of which a line has the names.
MAX_NAMED = 5


def in_words(seconds: float) -> str:
    """A length of time, in the unit that leaves one or two digits."""
    size, _, unit = next(each for each in UNITS_OF_TIME if seconds < each[1])
    number = round(seconds / size)
    return f"{number:,} {unit if number != 1 else unit[:-1]}"


def start_line(stream: str, figures: Figures, expected: Expectation, flow: float, seconds: float) -> str:
    """The estimate before a long read; flow: the requests a second that the rate limit allows now."""
    each = "at least a request each" if expected.per_request == 1 else f"at most {expected.per_request} with a request"
    return _joined(
        f"`{stream}` has {figures.certainty}{figures.left or 0:,} {figures.unit} to read, {each}:",
        f"{in_words(seconds)} or more at {flow:,.1f} requests a second, Auth0's present limit for all that share it.",
        expected.advice,
    )


@dataclass(frozen=True)
class Spent:
    """What a stream has emitted, sent and taken so far."""

    rows: int
    requests: int
    seconds: float


def minute_line(stream: str, figures: Figures, spent: Spent, pace: float, waits: Sequence[str]) -> str:
    """How far a stream is; pace: what it does a second of its unit, 0 if that cannot be said yet."""
    rows = "" if figures.unit == ROWS else f" read, {spent.rows:,} rows"
    return _joined(
        f"`{stream}`: {figures}{rows}, {spent.requests:,} requests in {in_words(spent.seconds)}.",
        _time_left(figures, pace),
        f"In the last minute it waited for {', and for '.join(waits)}." if waits else "",
    )


def _time_left(figures: Figures, pace: float) -> str:
    if pace <= 0 or not figures.left:
        return ""
    seconds = figures.left / pace
    if figures.certainty != AT_LEAST:
        return f"About {in_words(seconds)} left at this pace."
    return f"At least {in_words(seconds)} left at this pace." if seconds >= 60 else ""  # noqa: PLR2004 - a minute


def not_begun_line(streams: Collection[str], awaited: Collection[str]) -> str:
    """Streams that wait for their turn, and those that are read before them."""
    names, others = [f"`{name}`" for name in streams], [f"`{name}`" for name in awaited]
    until = f"waiting for {first_of(others, MAX_NAMED)}" if others else "until others end"
    return f"Not begun yet, {until}: {first_of(names, MAX_NAMED)}."


def _joined(*parts: str) -> str:
    return " ".join(part.strip() for part in parts if part)
