import logging

import pytest

from source_auth0.errors import transient_error
from source_auth0.retrievers.log_events.sign_ins import RecentSignIns
from source_auth0.retrievers.user_search.index_delay import warn_if_index_is_behind
from source_auth0.retrievers.user_search.queries import UserSearch
from source_auth0.timestamps import to_iso
from testing.fakes.user_requester import FakeUserRequester, user_requester
from testing.fakes.user_search import users_at

HOUR_MS = 3_600_000


def search_of(requester: FakeUserRequester) -> UserSearch:
    requester.name, requester.resource, requester.required_scopes = "users", "users", ["read:users"]
    requester.query_withholding = requester.may_be_missing = None
    return UserSearch(requester.directory, lambda body: body["users"], {})  # type: ignore[arg-type]


def tenant_with(hours_since_login: list[float | None], hours_since_event: float, **config: object) -> UserSearch:
    """Users whose indexed `last_login` is so old, and who signed in at another time by the log."""
    requester = user_requester(users_at(*range(len(hours_since_login))), **config)
    requester.directory.tenant = requester.tenant
    now = requester.tenant.now_ms
    for user, hours in zip(requester.directory.users, hours_since_login, strict=True):
        if hours is not None:
            user["last_login"] = to_iso(now - int(hours * HOUR_MS))
        event = {"type": "s", "user_id": user["user_id"], "date": to_iso(now - int(hours_since_event * HOUR_MS))}
        RecentSignIns.of(requester.tenant).add([event])
    return search_of(requester)


def warnings_of(search: UserSearch, caplog: pytest.LogCaptureFixture) -> list[str]:
    with caplog.at_level(logging.WARNING, "airbyte.source_auth0"):
        warn_if_index_is_behind(search)
    return [record.message for record in caplog.records]


@pytest.mark.parametrize("last_login", [9.0, None])
def test_an_index_that_is_behind_the_log_is_a_warning(last_login: float | None, caplog: pytest.LogCaptureFixture):
    (warning,) = warnings_of(tenant_with([last_login] * 3, 5), caplog)
    assert warning.startswith(
        "`users`: Auth0's search index is behind. 3 of 3 users who signed in by 2024-01-01T07:00:"
    )


@pytest.mark.parametrize("last_login", [5.0, 5.01, 1.0])
def test_an_index_that_follows_the_log_is_none(last_login: float, caplog: pytest.LogCaptureFixture):
    assert [] == warnings_of(tenant_with([last_login] * 3, 5), caplog)


def test_one_user_among_many_is_no_sign(caplog: pytest.LogCaptureFixture):
    assert [] == warnings_of(tenant_with([9.0, 5.0, 5.0], 5), caplog)


@pytest.mark.parametrize("config", [{"users_excluded_fields": ["last_login"]}])
def test_an_excluded_last_login_is_not_asked_for(config: dict[str, object], caplog: pytest.LogCaptureFixture):
    search = tenant_with([9.0], 5, **config)
    assert [] == warnings_of(search, caplog)
    assert [] == search.requester.queries  # type: ignore[attr-defined]


def test_no_sign_in_costs_no_request(caplog: pytest.LogCaptureFixture):
    search = tenant_with([9.0], 0.5)
    assert [] == warnings_of(search, caplog)
    assert [] == search.requester.queries  # type: ignore[attr-defined]


def test_users_out_of_scope_say_nothing(caplog: pytest.LogCaptureFixture):
    assert [] == warnings_of(tenant_with([9.0], 5, users_connections=["other"]), caplog)


def test_a_refusal_of_the_question_is_no_error(caplog: pytest.LogCaptureFixture):
    search = tenant_with([9.0, 9.0], 2.0)

    def refuse(_: object) -> None:
        raise transient_error("Query not understood")

    search.requester.on_query = refuse  # type: ignore[attr-defined]
    assert [] == warnings_of(search, caplog)
