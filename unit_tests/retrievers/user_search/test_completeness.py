from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.retry_policy import EMPTY_TENANT_RETRY_POLICY, SHORTFALL_RETRY_POLICY
from source_auth0.errors import system_error, transient_error
from source_auth0.retrievers.user_search.completeness import (
    MAX_COUNTS,
    ReceivedUsers,
    TotalCheck,
    confirm_no_users,
    undated_users,
)
from source_auth0.retrievers.user_search.queries import QueryWindow
from source_auth0.timestamps import to_milliseconds
from testing.fakes.clock import FakeClock
from testing.fakes.times import MIDNIGHT, timestamp
from testing.fakes.user_search import TOTALS, User, UserDirectory, ids, user_retriever, users_at

EVERYBODY = QueryWindow("created_at", 0, None)


def check_of(directory: UserDirectory, received: list[User]) -> TotalCheck:
    """A check of a full refresh that has received these users, in two pages."""
    check = TotalCheck(user_retriever(directory).search)
    half = len(received) // 2
    check.received.add(received[:half])
    check.received.add(received[half:])
    return check


def test_users_received_twice_count_once():
    received, users = ReceivedUsers(), users_at(1, 2, 3)
    received.add(users)
    received.add(users[1:])
    assert 3 == received.number
    assert [{"user_id": "new"}] == received.without_received([*users, {"user_id": "new"}])


@pytest.mark.parametrize(("start", "end", "number"), [(1, 3, 2), (1, None, 3), (2, 3, 1), (0, 1, 0), (3, None, 1)])
def test_users_received_are_counted_by_when_they_were_created(start: int, end: int | None, number: int):
    received = ReceivedUsers()
    received.add([*users_at(1, 2, 3), {"user_id": "a"}, {"user_id": "b", "created_at": "?"}])
    low, high = (None if second is None else MIDNIGHT + second * 1000 for second in (start, end))
    assert number == received.number_between(low or 0, high)


@pytest.mark.parametrize(
    ("before", "after", "received", "missing"),
    [
        (10, 10, 10, 0),
        (10, 10, 7, 3),
        (10, 9, 7, 2),  # one was deleted meanwhile
        (10, 12, 7, 3),  # others were created meanwhile
        (10, 10, 11, 0),
        (10, 6, 7, 0),  # a total below what was received is no evidence
        (5, 10, 7, 0),
        (None, 10, 7, 0),
        (10, None, 7, 0),
        (1000, 1000, 7, 0),  # may be capped
        (2000, 1000, 7, 0),
        (1001, 1001, 7, 994),
        (0, 0, 0, 0),
    ],
)
def test_users_are_missing_by_both_totals(before: int | None, after: int | None, received: int, missing: int):
    totals = iter([before, after])
    directory = UserDirectory([], total=lambda _: next(totals))
    assert missing == check_of(directory, users_at(*range(received))).missing()


def test_the_totals_are_those_of_the_configured_filters():
    directory = UserDirectory(users_at(1, 2), users_connections=["db"])
    check_of(directory, []).missing()
    assert ['(identities.connection:"db")'] * 2 == [query["q"] for query in directory.queries]


@pytest.mark.parametrize("lost", [[0], [555], [999, 1199], range(300, 320)])
def test_the_ranges_that_lack_users_are_found(lost: Any):
    """Each holds at most a page, and together they hold all who are missing."""
    directory = UserDirectory(users_at(*range(1200)))
    lost_users = [directory.users[n] for n in lost]
    check = check_of(directory, [user for user in directory.users if user not in lost_users])
    ranges = check.short_ranges()
    assert len(directory.queries) - 1 <= MAX_COUNTS
    found = [
        user["user_id"]
        for low, high in ranges
        for user in user_retriever(directory).search.find(QueryWindow("created_at", low, high)).rows
    ]
    assert set(ids(lost_users)) <= set(found)
    assert len(found) <= 100 * len(ranges)
    if len(directory.queries) <= MAX_COUNTS:
        assert 1 <= len(ranges) <= len(lost_users)


@pytest.mark.parametrize("total", TOTALS[1:])
def test_a_range_whose_total_is_unknown_is_read_again_whole(total: Callable[[int], int | None]):
    directory = UserDirectory(users_at(*range(1200)), total=total)
    assert [(0, None)] == check_of(directory, directory.users[1:]).short_ranges()


def test_finding_the_ranges_ends_after_so_many_counts():
    """What has not been looked at then is read again."""
    directory = UserDirectory(users_at(*range(0, 40_000, 4)))
    ranges = check_of(directory, []).short_ranges()
    assert 1 + MAX_COUNTS == len(directory.queries)
    times = [to_milliseconds(user["created_at"]) for user in directory.users]
    assert all(any(low <= at and (high is None or at < high) for low, high in ranges) for at in times)


def test_nothing_lacks_users_where_all_were_received():
    directory = UserDirectory(users_at(*range(300)))
    assert [] == check_of(directory, directory.users).short_ranges()


def test_a_shortfall_is_waited_for(search_clock: FakeClock):
    check_of(UserDirectory([]), []).wait()
    assert list(SHORTFALL_RETRY_POLICY.waits) == search_clock.sleeps


def test_a_shortfall_that_stays_is_named():
    directory = UserDirectory(users_at(*range(10)))
    check = check_of(directory, directory.users[3:])
    with pytest.raises(AirbyteTracedException) as caught:
        check.raise_if_short([(MIDNIGHT, MIDNIGHT + 2000), (MIDNIGHT + 5000, None)])
    assert FailureType.transient_error == caught.value.failure_type
    message = caught.value.message or ""
    assert "`users` is short: Auth0 counts 10 users and returned 7, so 3 are missing." in message
    assert f"lacks them: {timestamp(0)} to {timestamp(2)}, {timestamp(5)} to now." in message
    assert "(`users_verify_total`)" in message


def test_a_shortfall_that_was_found_is_no_error():
    directory = UserDirectory(users_at(*range(10)))
    check = check_of(directory, directory.users[3:])
    check.received.add(directory.users[:3])
    check.raise_if_short([(0, None)])


def undated(number: int, attribute: str = "created_at") -> list[User]:
    users = users_at(*[1] * number)
    for user in users:
        del user[attribute]
    return users


def read_undated(directory: UserDirectory, attribute: str = "created_at") -> list[str]:
    return [row["user_id"] for page in undated_users(user_retriever(directory).search, attribute) for row in page]


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("number", [0, 1, 100, 101, 250, 999])
@pytest.mark.parametrize("attribute", ["created_at", "updated_at"])
def test_users_without_a_date_are_read(attribute: str, number: int, total: Callable[[int], int | None]):
    users = undated(number, attribute)
    others = [{**user, "user_id": f"other|{n}"} for n, user in enumerate(users_at(1, 2))]
    directory = UserDirectory([*users, *others], total=total)
    assert ids(users) == read_undated(directory, attribute)


def test_more_users_without_a_date_than_a_search_returns_are_a_warning(caplog: pytest.LogCaptureFixture):
    assert 1000 == len(read_undated(UserDirectory(undated(1100))))
    assert "more than 1000 users have no `created_at`" in caplog.text
    assert "(`users_initial_load`)" in caplog.text


def test_an_answer_to_another_question_is_not_read_on():
    """Auth0 may ignore what it does not know: everybody would come."""
    directory = UserDirectory(users_at(*range(300)))
    get = directory.get
    directory.get = lambda part, query: get(part, {key: query[key] for key in query if key != "q"})
    assert 100 == len(read_undated(directory))
    assert 1 == len(directory.queries)


def test_a_refusal_of_the_question_is_tolerated():
    directory = UserDirectory(undated(5))

    def refuse(_: Any) -> None:
        raise system_error("Auth0 refused `users` (400 invalid_query_string).")

    directory.on_query = refuse
    assert [] == read_undated(directory)


def test_users_without_a_date_obey_the_filters():
    """No start date is asked for along with a missing `updated_at`, which no such user has."""
    directory = UserDirectory([], users_connections=["db"], start_date=timestamp(0))
    read_undated(directory, "created_at")
    read_undated(directory, "updated_at")
    assert [
        f'NOT _exists_:created_at AND updated_at:[{timestamp(0)} TO *] AND (identities.connection:"db")',
        'NOT _exists_:updated_at AND (identities.connection:"db")',
    ] == [query["q"] for query in directory.queries]


def empty_directory(users: list[User] = (), **config: Any) -> UserDirectory:  # type: ignore[assignment]
    """A directory whose search returns no users, for queries at least."""
    directory = UserDirectory(list(users), **config)
    directory.answer = lambda query, response: {**response, "users": [], "total": 0} if "q" in query else response
    return directory


def logins(*user_ids: Any) -> list[dict[str, Any]]:
    return [{"type": "s", "user_id": user_id} for user_id in user_ids]


def confirm(directory: UserDirectory) -> list[str]:
    return ids(confirm_no_users(user_retriever(directory).search, EVERYBODY).rows)


def test_an_empty_tenant_is_confirmed_at_once(search_clock: FakeClock):
    """No scope of this evidence is granted; a refusal is no evidence."""
    assert [] == confirm(empty_directory())
    assert [] == search_clock.sleeps


EVIDENCE: list[tuple[list[User], dict[str, Any], str]] = [
    ([], {"stats/active-users": 7}, "Auth0 counts 7 active users"),
    ([], {"logs": logins("auth0|00000"), "users/auth0|00000": users_at(1)[0]}, "auth0|00000, whom the log names"),
    ([], {"logs": {"logs": logins("auth0|00000")}, "users/auth0|00000": users_at(1)[0]}, "whom the log names, exists"),
    (users_at(1), {}, "a search without a query does"),
]


@pytest.mark.parametrize(("users", "resources", "said"), EVIDENCE)
def test_evidence_of_users_fails_the_stream(
    users: list[User], resources: dict[str, Any], said: str, search_clock: FakeClock
):
    directory = empty_directory(users)
    directory.resources = resources
    with pytest.raises(AirbyteTracedException, match=said) as caught:
        confirm(directory)
    assert FailureType.transient_error == caught.value.failure_type
    assert "no users for `users`" in (caught.value.message or "")
    assert list(EMPTY_TENANT_RETRY_POLICY.waits) == search_clock.sleeps


@pytest.mark.parametrize("attempt", range(len(EMPTY_TENANT_RETRY_POLICY.waits)))
def test_users_who_come_after_all_replace_the_empty_page(attempt: int, search_clock: FakeClock):
    directory = empty_directory(users_at(1))
    hide = directory.answer
    directory.answer = lambda query, body: hide(query, body) if len(search_clock.sleeps) <= attempt else body
    assert ids(directory.users) == confirm(directory)
    assert list(EMPTY_TENANT_RETRY_POLICY.waits[: attempt + 1]) == search_clock.sleeps


@pytest.mark.parametrize(
    "resources",
    [
        {"stats/active-users": 0},
        {"logs": []},
        {"logs": {"error": "?"}},
        {"logs": ["?", {"type": "s"}, {"type": "s", "user_id": ""}]},
        {"logs": logins("gone"), "users/gone": None},
        {"logs": logins("gone"), "users/gone": {"user_id": "another"}},
        {"logs": logins("gone")},
    ],
)
def test_what_is_no_evidence_of_users_confirms_an_empty_tenant(resources: dict[str, Any], search_clock: FakeClock):
    directory = empty_directory()
    directory.resources = resources
    assert [] == confirm(directory)
    assert [] == search_clock.sleeps


def test_a_failure_of_the_evidence_is_tolerated():
    directory = empty_directory()

    def fail(*_: Any, **__: Any) -> Any:
        raise transient_error("unwell")

    directory.get_path = fail  # type: ignore[method-assign]
    assert [] == confirm(directory)


@pytest.mark.parametrize(
    ("config", "is_evidence"),
    [
        ({"users_connections": ["db"]}, True),
        ({"users_connections": ["sms"]}, False),
        ({"start_date": timestamp(1)}, True),
        ({"start_date": timestamp(2)}, False),
        ({"start_date": timestamp(1), "users_connections": ["db", "sms"]}, True),
    ],
)
@pytest.mark.parametrize("by_log", [True, False])
def test_only_users_in_scope_are_evidence(config: dict[str, Any], by_log: bool, is_evidence: bool):
    """The number of active users is none where users are filtered."""
    user = users_at(1)[0]
    directory = empty_directory([] if by_log else [user], **config)
    directory.resources = {"stats/active-users": 7}
    if by_log:
        directory.resources |= {"logs": logins("auth0|00000"), "users/auth0|00000": user}
    if is_evidence:
        with pytest.raises(AirbyteTracedException, match="so that the table is not emptied"):
            confirm(directory)
    else:
        assert [] == confirm(directory)


def test_each_user_of_the_log_is_looked_up_once():
    directory = empty_directory()
    asked: list[str] = []
    directory.resources = {"logs": logins("a", "b", "a"), "users/a": None, "users/b": None}
    get_path = directory.get_path
    directory.get_path = lambda path, query, **_: asked.append(path) or get_path(path, query)  # type: ignore[method-assign]
    confirm(directory)
    assert ["stats/active-users", "logs", "users/a", "users/b"] == asked
