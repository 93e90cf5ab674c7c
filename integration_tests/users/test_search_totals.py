"""What the totals of the search are used for: users whom it withholds though it counts them, and advice."""

import json
import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from auth0_simulator import Simulator
from source_auth0.api.http.retry_policy import RetryPolicy
from source_auth0.retrievers.user_search import export_advice
from testing.fast_clock import fast_clock
from testing.in_process import sync
from testing.servers.intercepting_proxy import InterceptingProxy, UpstreamResponse
from testing.tenants import config_of

SPEED = 60.0
#: Answers of the search that lack users, before it is mended: more than a walk over them takes.
HEALED_AFTER = 16


@pytest.fixture(autouse=True)
def _fast_connector() -> Iterator[None]:
    with fast_clock(SPEED, RetryPolicy()):
        yield


@pytest.mark.parametrize("outcome", ["stays short", "heals", "accepted"])
@pytest.mark.parametrize("place", ["first", "middle", "last", "anywhere"])
def test_a_search_that_withholds_users_whom_it_counts(place: str, outcome: str) -> None:
    """As a damaged shard: its users are in every total and on no page. Nothing but the totals tells."""
    with Simulator(users=730, organizations=0, log_events=0) as sim, InterceptingProxy(sim.base_url) as proxy:
        by_date = sorted(sim.tenant.users, key=lambda id_: sim.tenant.users.get(id_)["created_at"])
        hidden = set({"first": by_date[:7], "middle": by_date[333:340], "last": by_date[-7:]}.get(place, by_date[::91]))
        answers = 0

        def withhold(response: UpstreamResponse) -> bytes:
            nonlocal answers
            if urlsplit(response.target).path != "/api/v2/users" or (outcome == "heals" and answers > HEALED_AFTER):
                return response.raw()
            answers += 1
            body = json.loads(response.body)
            rows = body if isinstance(body, list) else body["users"]
            rows[:] = [row for row in rows if row["user_id"] not in hidden]
            return response.raw(json.dumps(body).encode())

        proxy.rewrite = withhold
        config = {**config_of(sim), "base_url": proxy.base_url, "users_verify_total": outcome != "accepted"}
        done = sync(config, "users", full_refresh=True)
    received = {row["user_id"] for row in done.records["users"]}
    if place == "last" and (errors := done.error_messages):
        # The last page contradicts its own total, which no setting accepts.
        assert "Nobody was left out silently" in errors[0], errors
        assert "(`users_initial_load`) to `export`" in errors[0], errors
    elif outcome == "stays short":
        (message,) = done.error_messages
        assert "`users` is short: Auth0 counts 730 users" in message, message
        assert f"so {len(hidden)} are missing" in message
        assert "(`users_verify_total`)" in message
    else:
        assert [] == done.error_messages
        assert (set() if outcome == "heals" else hidden) == set(by_date) - received


@pytest.mark.parametrize("first_load", ["search", "export"])
@pytest.mark.parametrize("streams", [("users",), ("user_roles",), ("users", "user_roles")])
@pytest.mark.parametrize("full_refresh", [True, False])
def test_a_first_load_of_many_users_is_told_of_the_export(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    streams: tuple[str, ...],
    first_load: str,
    *,
    full_refresh: bool,
) -> None:
    """Once, and of `users` alone; the sync after it is told nothing unless it reads everybody again."""
    monkeypatch.setattr(export_advice, "LARGE_LOAD_USERS", 149)
    caplog.set_level(logging.INFO, "airbyte.source_auth0")

    def advice() -> list[str]:
        return [message for message in caplog.messages if "recommends a bulk export" in message]

    with Simulator(users=150, organizations=0, log_events=0) as sim:
        config = {**config_of(sim), "users_initial_load": first_load}
        done = sync(config, *streams, full_refresh=full_refresh)
        assert [] == done.error_messages
        expected = ["users"] if first_load == "search" and "users" in streams else []
        assert expected == ["users" for message in advice() if "`users`: 150 users are read by search." in message]
        assert len(expected) == len(advice())
        caplog.clear()
        sync(config, *streams, state=done.state, full_refresh=full_refresh)
        assert (len(expected) if full_refresh else 0) == len(advice())


def test_a_tenant_without_users_is_read_at_once() -> None:
    """Whom its log names is gone: each is asked for once, not again and again as if the answer were an outage."""
    with Simulator(users=0) as sim:
        synced = sync(config_of(sim), "users")
        asked = [entry.path for entry in sim.journal if entry.template == "/users/{id}"]
    assert (None, []) == (synced.error, synced.records.get("users", []))
    assert asked
    assert len(asked) == len(set(asked))
