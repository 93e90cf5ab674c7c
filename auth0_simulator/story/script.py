"""The events of the story in their order: who signs in when, what goes wrong, and what administrators write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from auth0_simulator.state.clock import DAY_MILLISECONDS
from auth0_simulator.story import calendar
from auth0_simulator.story.people import SECOND_FACTORS, People

SECOND, HOUR = 1000, calendar.HOUR_MILLISECONDS
#: Of a hundred sign-ins: with a wrong password before, with a logout after; and the most renewals that follow one.
MISTYPED, LOGGED_OUT, RENEWALS = 9, 15, 3
#: How many requests of each kind the attack makes in its two days, for each hundred users.
ATTACK = (
    ("fu", 60),
    ("fp", 25),
    ("limit_wc", 4),
    ("limit_mu", 5),
    ("limit_sul", 2),
    ("pwd_leak", 5),
    ("signup_pwd_leak", 2),
)
#: Tokens that machines get in a day; deletions in 90 days.
MACHINE_TOKENS, DELETIONS = 20, 14
#: What administrators write on a working day, by how often.
WRITES = ("role", "role", "member", "patch_client", "unblock", "permission", "patch_connection")
#: What is written once: its kind, and how many days before the tenant was made.
ONCE = (
    ("policy_off", 40),
    ("policy_on", 38),
    ("admin_role", 80),
    *(("rotate", day) for day in (85, 61, 47, 30, 12, 4)),
)


@dataclass(frozen=True, order=True)
class Scene:
    """One event to be: when, of what kind, of which user by index (-1 for none), and a number of its own."""

    at: int
    kind: str
    user: int
    number: int


class Script:
    """All scenes of a story; the same seed writes the same."""

    def __init__(self, people: People) -> None:
        self._people, self._random = people, Random(f"{people.seed}:script")
        self._first = people.made_at // DAY_MILLISECONDS - calendar.DAYS
        self.scenes = sorted(
            scene for scene in self._all() if self._first * DAY_MILLISECONDS <= scene.at < people.made_at
        )

    def _all(self) -> Iterator[Scene]:
        for user in range(self._people.count):
            yield from self._of_user(user)
        yield from self._attack()
        yield from self._machines()
        yield from self._administrators()

    def _scene(self, at: int, kind: str, user: int = -1) -> Scene:
        return Scene(at, kind, user, self._random.randrange(1 << 32))

    def _of_user(self, user: int) -> Iterator[Scene]:
        """Sign-ins up to the last one that the profile tells, none after it."""
        people, random = self._people, self._random
        created, last = people.created(user), people.updated(user)
        yield self._scene(created, "ss", user)
        if last == created:
            return
        daily = people.logins_a_week(user) / 7
        for day in range(max(self._first, created // DAY_MILLISECONDS), last // DAY_MILLISECONDS + 1):
            times = daily * calendar.WEEKDAYS[calendar.weekday(day)] * calendar.growth(day - self._first)
            for _ in range(int(times + random.random())):
                moment = calendar.moment_of(day, random)
                if created < moment < last - HOUR:
                    yield from self._sign_in(moment, user)
        yield from self._sign_in(last, user)
        spike = people.made_at // DAY_MILLISECONDS - calendar.SPIKE_DAY
        if created < spike * DAY_MILLISECONDS and random.random() < daily:
            for _ in range(random.randint(2, 6)):
                yield self._scene(calendar.moment_of(spike, random), "fp", user)

    def _sign_in(self, moment: int, user: int) -> Iterator[Scene]:
        random, people = self._random, self._people
        if calendar.is_outage(moment, people.made_at):
            yield self._scene(moment, "f", user)
            return
        if random.randrange(100) < MISTYPED:
            yield self._scene(moment - 20 * SECOND, "fp", user)
        if people.factor(user) in SECOND_FACTORS:
            yield self._scene(moment - 8 * SECOND, "gd_start_auth", user)
            if random.randrange(25) == 0:
                yield self._scene(moment - 6 * SECOND, "gd_auth_failed", user)
            yield self._scene(moment - 2 * SECOND, "gd_auth_succeed", user)
        yield self._scene(moment, "s", user)
        yield self._scene(moment + SECOND // 3, "seacft", user)
        for _ in range(random.randint(0, RENEWALS)):
            yield self._scene(moment + random.randrange(HOUR, 20 * HOUR), "sertft", user)
        if random.randrange(100) < LOGGED_OUT:
            yield self._scene(moment + random.randrange(HOUR), "slo", user)

    def _attack(self) -> Iterator[Scene]:
        begins = calendar.attack_saturday(self._people.made_at) * DAY_MILLISECONDS
        for kind, share in ATTACK:
            for _ in range(share * self._people.count // 100):
                user = self._random.randrange(self._people.count)
                yield self._scene(begins + self._random.randrange(2 * DAY_MILLISECONDS), kind, user)

    def _machines(self) -> Iterator[Scene]:
        for day in range(self._first, self._first + calendar.DAYS):
            for _ in range(MACHINE_TOKENS):
                yield self._scene(day * DAY_MILLISECONDS + self._random.randrange(DAY_MILLISECONDS), "seccft")
            if self._random.randrange(3) == 0:
                yield self._scene(calendar.moment_of(day, self._random), "depnote")

    def _administrators(self) -> Iterator[Scene]:
        for day in range(self._first, self._first + calendar.DAYS):
            busy = calendar.WEEKDAYS[calendar.weekday(day)]
            for _ in range(self._random.randint(1, 5) if busy > 0.5 else 0):  # noqa: PLR2004 - a working day
                user = self._random.randrange(max(self._people.count, 1))
                yield self._scene(calendar.moment_of(day, self._random), self._random.choice(WRITES), user)
        for kind, days_ago in ONCE:
            yield self._scene(calendar.moment_of(self._first + calendar.DAYS - days_ago, self._random), kind)
        for _ in range(DELETIONS):
            moment = calendar.moment_of(self._first + self._random.randrange(calendar.DAYS), self._random)
            deleted = self._scene(moment, "sdu")
            yield deleted
            yield Scene(moment + 5, "delete_user", -1, deleted.number)


def logins_by_day(script: Script, kinds: Callable[[Scene], bool]) -> dict[int, int]:
    """How many scenes of some kinds each day since 1970 has."""
    counts: dict[int, int] = {}
    for scene in filter(kinds, script.scenes):
        day = scene.at // DAY_MILLISECONDS
        counts[day] = counts.get(day, 0) + 1
    return counts
