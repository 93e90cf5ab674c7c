from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.cursors.full_readings import FullReadings, validate_full_reading
from source_auth0.timestamps import to_milliseconds

BEGUN, NOW = "2026-10-01T08:00:00.000Z", datetime(2026, 11, 1, 9, tzinfo=timezone.utc)


def tenant_at(now: datetime, **options: Any) -> Tenant:
    """A tenant whose clock stands there, by a response of its own."""
    tenant = Tenant({"base_url": "https://example.us.auth0.com", **options})
    tenant.observe_date(format_datetime(now, usegmt=True))
    return tenant


def full_readings(now: datetime = NOW, saved: dict[str, str] | None = None, **options: Any) -> FullReadings:
    """Those of a sync of `users` that resumed from this state."""
    found = FullReadings.of(tenant_at(now, **options))
    found.state_of("users", lambda: saved or {})
    return found


def test_a_sync_that_reads_everything_begins_to_count():
    tenant = tenant_at(NOW)
    begun = FullReadings.of(tenant).state_of("users", dict)["full_at"]
    assert 0 <= to_milliseconds(begun) - NOW.timestamp() * 1000 < 60_000
    assert {"full_at": begun} == FullReadings.of(tenant).state_of("users", dict)
    assert "" == FullReadings.of(tenant).reminder()


def test_a_later_sync_keeps_the_time():
    assert {"full_at": BEGUN} == full_readings(saved={"full_at": BEGUN}).state_of("users", dict)


def test_a_state_of_an_earlier_version_counts_from_the_first_sync_that_sees_it():
    saved = {"updated_at": BEGUN}
    found = full_readings(saved=saved)
    assert "" == found.reminder()
    assert found.state_of("users", lambda: saved)["full_at"].startswith("2026-11-01T09:00")


def test_a_time_ahead_of_the_clock_is_not_believed():
    found = full_readings(saved={"full_at": "2027-01-01T00:00:00.000Z"})
    assert found.state_of("users", dict)["full_at"].startswith("2026-11-01T09:00")


@pytest.mark.parametrize(
    ("days", "reminds"),
    [({}, True), ({"full_reading_reminder_days": 31}, True), ({"full_reading_reminder_days": 32}, False)],
)
def test_the_reminder_comes_once_so_many_days_have_passed(days: dict[str, int], reminds: bool):
    assert reminds == bool(full_readings(saved={"full_at": BEGUN}, **days).reminder())


def test_a_day_less_is_not_long_ago():
    assert "" == full_readings(NOW - timedelta(days=2), {"full_at": BEGUN}).reminder()


def test_zero_days_turn_it_off():
    assert "" == full_readings(saved={"full_at": BEGUN}, full_reading_reminder_days=0).reminder()


def test_the_reminder_names_each_stream_the_oldest_first():
    found = full_readings(saved={"full_at": BEGUN})
    found.state_of("user_roles", lambda: {"full_at": "2026-09-01T08:00:00.000Z"})
    found.state_of("user_groups", dict)
    assert (
        "Not read in full for more than 30 days: `user_roles` since 2026-09-01 (61 days), `users` since 2026-10-01 "
        "(31 days). Some changes arrive only when everything is read again, such as users of a deleted connection. "
        '"Everything again" in docs/run.md says how to do that without losing a table. Set '
        "`full_reading_reminder_days` to be reminded after another time, or to 0 for never."
    ) == found.reminder()


def test_a_dozen_streams_are_not_all_named():
    found = full_readings(saved={"full_at": BEGUN})
    for number in range(12):
        found.state_of(f"user_{number}", lambda: {"full_at": BEGUN})
    assert "and 8 more." in found.reminder()


@pytest.mark.parametrize("value", ["yesterday", "2026-10-01", 5, None, True])
def test_a_time_that_is_none_is_refused(value: Any):
    with pytest.raises((TypeError, ValueError)):
        validate_full_reading({"full_at": value})


def test_a_time_and_none_at_all_are_valid():
    validate_full_reading({"full_at": BEGUN})
    validate_full_reading({})
