import re
from typing import Any

from source_auth0.api.tenant import Tenant
from source_auth0.commands.estimate.users import UserCounter
from source_auth0.commands.probe.client import Answer
from source_auth0.costs.spans import Span
from source_auth0.timestamps import to_iso, to_milliseconds
from testing.fakes.management_api import BASE
from testing.probe_client import FakeProbeClient

DAY = 86_400_000


def client_of(count: int, cap: int | None, days: float = 100, **config: Any) -> FakeProbeClient:
    """A tenant of so many users, created evenly over the last days, whose totals end at a cap."""

    def search(query: Any) -> Answer:
        ranges = re.findall(r"created_at:\[(\S+) TO ([^\]}]+)", query.get("q", ""))
        low, high = ranges[0] if ranges else ("*", "*")
        dates = [
            at
            for at in users
            if (low == "*" or at >= to_milliseconds(low)) and (high == "*" or at < to_milliseconds(high))
        ]
        ordered = dates[::-1] if query.get("sort") == "created_at:-1" else dates
        rows = [{"user_id": f"auth0|{at}", "created_at": to_iso(at)} for at in ordered[: int(query["per_page"])]]
        return Answer(200, {"users": rows, "total": len(dates) if cap is None else min(len(dates), cap)})

    client = FakeProbeClient({"users": search})
    client.tenant = Tenant({"base_url": BASE, **config})
    users = [client.started_ms - int(days * DAY * (count - n) / count) for n in range(count)]
    return client


def test_a_true_total_is_believed_but_for_those_who_come_and_go():
    assert Span(4950, 5050) == UserCounter(client_of(5000, None)).count()
    assert Span(3, 3) == UserCounter(client_of(3, None)).count()


def test_a_capped_total_is_counted_in_parts_that_are_not():
    span = UserCounter(client_of(6000, 1000)).count()
    assert 6000 in span
    assert not span.at_least
    assert span.high < 1.1 * span.low


def test_capped_totals_of_too_many_parts_are_at_least_so_many():
    client = client_of(80_000, 1000)
    span = UserCounter(client).count()
    assert span.at_least
    assert 1000 <= span.low <= 80_000
    assert len(client.asked) < 40


def test_users_of_a_sample_come_from_all_dates_and_none_comes_twice():
    counter = UserCounter(client_of(5000, None))
    counter.count()
    rows = counter.sample(20)
    ids = {row["user_id"] for row in rows}
    assert 20 == len(ids)
    assert len({to_milliseconds(row["created_at"]) // (20 * DAY) for row in rows}) >= 3


def test_what_the_config_leaves_out_is_not_counted():
    client = client_of(10, None, users_connections=["Main"], start_date="2026-01-01T00:00:00Z")
    UserCounter(client).count()
    assert all(
        'identities.connection:"Main"' in query["q"] and "updated_at:[2026" in query["q"] for _, query in client.asked
    )
