"""When things happen in the story: the rhythm of a day and a week, growth, and three incidents."""

from __future__ import annotations

from random import Random

from auth0_simulator.state.clock import DAY_MILLISECONDS

DAYS = 90
HOUR_MILLISECONDS = DAY_MILLISECONDS // 24
#: How busy each hour of a day is, in UTC.
HOURS = (1, 1, 1, 1, 2, 4, 9, 18, 26, 28, 26, 24, 20, 24, 27, 26, 23, 18, 14, 12, 11, 9, 5, 2)
#: How busy each day of a week is, from Monday on.
WEEKDAYS = (1.0, 1.05, 1.0, 0.95, 0.85, 0.35, 0.3)
#: Days before the tenant was made, and hours of that day, in which nobody could sign in.
OUTAGE_DAY, OUTAGE_HOURS = 52, range(10, 14)
#: The day before the tenant was made on which an app update sent everybody's old password.
SPIKE_DAY = 33
#: An attack goes on from Saturday to Sunday, at least so many days before the tenant was made.
ATTACK_EARLIEST = 13
#: 1 January 1970 was a Thursday.
FIRST_WEEKDAY = 3


def growth(day: int) -> float:
    """How much busier a day of the story is than the middle one."""
    return 0.7 + 0.6 * day / DAYS


def weekday(day: int) -> int:
    """The weekday of a day since 1970, Monday being 0."""
    return (day + FIRST_WEEKDAY) % 7


def is_weekend(day: int) -> bool:
    """Whether a day since 1970 is a Saturday or a Sunday."""
    return weekday(day) >= 5  # noqa: PLR2004 - Saturday


def is_outage(moment: int, made_at: int) -> bool:
    """Whether nobody could sign in at a time in milliseconds."""
    day, rest = divmod(moment, DAY_MILLISECONDS)
    return day == made_at // DAY_MILLISECONDS - OUTAGE_DAY and rest // HOUR_MILLISECONDS in OUTAGE_HOURS


def attack_saturday(made_at: int) -> int:
    """The day since 1970 on which the attack begins."""
    day = made_at // DAY_MILLISECONDS - ATTACK_EARLIEST
    return day - (weekday(day) - 5) % 7


def moment_of(day: int, random: Random) -> int:
    """A time on a day since 1970, in milliseconds, in the rhythm of a day."""
    hour = random.choices(range(24), HOURS)[0]
    return day * DAY_MILLISECONDS + hour * HOUR_MILLISECONDS + random.randrange(HOUR_MILLISECONDS)
