from typing import Any

import pytest

from source_auth0.retrievers.log_events.sign_ins import MAX_USERS, MIN_AGE_MS, RecentSignIns
from source_auth0.timestamps import to_iso
from testing.fakes.event_log import FixedClockTenant


def sign_in(user: Any, seconds_ago: float, kind: str = "s") -> dict[str, Any]:
    tenant = FixedClockTenant({})
    return {"type": kind, "user_id": user, "date": to_iso(tenant.now_ms - int(seconds_ago * 1000))}


def times(*events: dict[str, Any]) -> dict[str, int]:
    """User id to the seconds before now of the sign-in that is remembered."""
    tenant = FixedClockTenant({})
    RecentSignIns.of(tenant).add(events)
    return {user: (tenant.now_ms - at) // 1000 for user, at in RecentSignIns.of(tenant).times.items()}


@pytest.mark.parametrize(("kind", "is_one"), [("s", True), ("ss", True), ("f", False), ("sapi", False)])
def test_sign_ins_and_sign_ups_are_remembered(kind: str, is_one: bool):
    assert is_one == bool(times(sign_in("auth0|1", 4000, kind)))


def test_a_sign_in_within_the_last_hour_is_not():
    hour = MIN_AGE_MS / 1000
    assert {"auth0|1": hour} == times(sign_in("auth0|1", hour), sign_in("auth0|2", hour - 1))


def test_the_newest_of_each_user_counts():
    assert {"auth0|1": 4000} == times(
        sign_in("auth0|1", 9000), sign_in("auth0|1", 4000, "ss"), sign_in("auth0|1", 8000), sign_in("auth0|1", 60)
    )


def test_a_few_users_are_enough():
    assert {f"auth0|{n}" for n in range(MAX_USERS)} == set(
        times(*[sign_in(f"auth0|{n}", 4000 + n) for n in range(MAX_USERS + 5)])
    )


@pytest.mark.parametrize("event", [{}, {"type": "s"}, {"type": "s", "user_id": "auth0|1", "date": {"odd": 1}}])
def test_an_event_without_a_user_or_a_date_is_passed_over(event: dict[str, Any]):
    assert {} == times(event)


def test_a_numeric_user_id_is_text():
    assert {"7": 4000} == times(sign_in(7, 4000))


@pytest.mark.parametrize("odd", [None, 7, ["s"], {"s": 1}])
def test_a_type_that_is_no_text_costs_no_other_event(odd: Any):
    event = {**sign_in("auth0|1", 5000), "type": odd}
    assert {"auth0|2": 4000} == times(event, sign_in("auth0|2", 4000))
