"""Who the users of the story are: when they came, when they were last there, how often, and their second factors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from auth0_simulator.state.clock import DAY_MILLISECONDS, EPOCH
from auth0_simulator.state.identifiers import scramble
from auth0_simulator.state.profiles import ProfileGenerator
from auth0_simulator.story import calendar
from auth0_simulator.wire.rows import Row

#: How many days the oldest user is there, and by what power ages are spread: the more there are, the more come.
OLDEST_DAYS, GROWTH = 720, 1.4
#: Shares of users in percent: never signed in, and last signed in more than 90 or 30 days ago.
NEVER, DORMANT, OCCASIONAL = 9, 20, 18
#: Factors by the share of users who have them, in percent; None is of those who have none.
FACTORS: tuple[tuple[int, str | None], ...] = (
    (24, "totp"),
    (10, "push"),
    (13, "phone"),
    (3, "email"),
    (5, "webauthn-roaming"),
    (5, "passkey"),
    (4, "pending"),
    (36, None),
)
#: The share of users whose `multifactor` says something else than their factors, on purpose.
DISAGREEING_PERCENT = 2
#: How likely a last sign-in is moved from a weekend to the day before.
WEEKDAYS_ONLY = 0.6
SECOND_FACTORS = frozenset({"totp", "push", "phone", "email", "webauthn-roaming"})


@dataclass(frozen=True)
class People:
    """The users of a story, each computed from (seed, index) alone; times are in milliseconds.

    made_at: midnight before the tenant was made.
    """

    seed: int
    count: int
    made_at: int

    def created(self, index: int) -> int:
        """When the user came."""
        age = OLDEST_DAYS * (1 - (index + 1) / (self.count + 1)) ** GROWTH
        return self._on(int(age) + 1, index, "created")

    def updated(self, index: int) -> int:
        """When the user last signed in, or else came."""
        created = self.created(index)
        days_there = (self.made_at - created) // DAY_MILLISECONDS
        kind, random = scramble(self.seed + 11, index) % 100, self._random(index, "updated")
        if kind < NEVER or days_there < 1:
            return created
        longest, shortest = 30, 1
        if kind < NEVER + DORMANT:
            longest, shortest = days_there, 92
        elif kind < NEVER + DORMANT + OCCASIONAL:
            longest, shortest = 89, 31
        if days_there <= shortest:
            longest, shortest = 30, 1
        longest = min(longest, days_there)
        # Those who are there most were there lately.
        days_ago = shortest + int((longest - shortest) * random.random() ** 3)
        while calendar.is_weekend(self.made_at // DAY_MILLISECONDS - days_ago) and random.random() < WEEKDAYS_ONLY:
            days_ago += 1
        moment = self._on(days_ago, index, "last")
        while calendar.is_outage(moment, self.made_at):
            moment += len(calendar.OUTAGE_HOURS) * calendar.HOUR_MILLISECONDS
        return max(moment, created + 60_000)

    def logins_a_week(self, index: int) -> float:
        """How often the user signs in: few do daily, most seldom."""
        return min(0.35 / (0.03 + self._random(index, "rate").random()), 9.0)

    def factor(self, index: int) -> str | None:
        """The user's factor; `pending` was begun and never confirmed."""
        shares = [share for share, _ in FACTORS]
        return self._random(index, "factor").choices([factor for _, factor in FACTORS], shares)[0]

    def has_flag(self, index: int) -> bool:
        """Whether `multifactor` says that there is a second factor."""
        disagrees = self._random(index, "flag").random() * 100 < DISAGREEING_PERCENT
        return (self.factor(index) in SECOND_FACTORS) is not disagrees

    def created_at(self, index: int) -> datetime:
        """When the user came, for the options of a tenant."""
        return EPOCH + timedelta(milliseconds=self.created(index))

    def updated_at(self, index: int) -> datetime:
        """When the user was last there, for the options of a tenant."""
        return EPOCH + timedelta(milliseconds=self.updated(index))

    def _on(self, days_ago: int, index: int, what: str) -> int:
        return calendar.moment_of(self.made_at // DAY_MILLISECONDS - days_ago, self._random(index, what))

    def _random(self, index: int, what: str) -> Random:
        return Random(f"{self.seed}:{what}:{index}")


class StoryProfiles(ProfileGenerator):
    """Profiles whose flags and accounts belong to the story."""

    def __init__(self, people: People) -> None:
        super().__init__(people.seed)
        self._people = people

    def row(self, index: int, created: int, updated: int) -> Row:
        """The user's row; one in 40 has a linked account."""
        row = super().row(index, created, updated)
        row.pop("multifactor", None)
        row.pop("multifactor_last_modified", None)
        if self._people.has_flag(index):
            row["multifactor"] = ["guardian"]
        if row["identities"][0]["provider"] == "auth0" and index % 40 == 1:
            profile = {"email": row.get("email", ""), "email_verified": True, "name": row["name"]}
            account = {"connection": "google-oauth2", "provider": "google-oauth2", "isSocial": True}
            row["identities"].append({**account, "user_id": f"1{index:020}", "profileData": profile})
        if "logins_count" in row:
            weeks = max((updated - created) / (7 * DAY_MILLISECONDS), 0.2)
            row["logins_count"] = 1 + int(self._people.logins_a_week(index) * weeks)
        return row
