import json
import logging
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.users.state import UserFilter, UserState, connection_hash
from source_auth0.timestamps import to_milliseconds
from testing.fakes.times import timestamp
from testing.fakes.user_search import UserDirectory, ids, users_at
from testing.fakes.user_sync import EVERYBODY, UserSync, state_of

FILTER = {"start_date": timestamp(5), "connections": sorted(map(connection_hash, ("db", "sms")))}
WHOLE: dict[str, Any] = {
    "updated_at": timestamp(100),
    "v": 2,
    "deep_at": timestamp(50),
    "read_with": FILTER,
    "open": [[timestamp(100), timestamp(200)], [timestamp(300), timestamp(400)]],
    "until": timestamp(500),
    "walk": {"deep_at": timestamp(60), "read_with": EVERYBODY},
}
#: The part of a state of a sync that is unfinished.
UNFINISHED = ("open", "until", "walk")


def test_a_state_is_parsed_into_milliseconds_and_back():
    state = UserState.of(WHOLE)
    assert WHOLE == state.as_json
    assert to_milliseconds(timestamp(100)) == state.updated_at
    assert to_milliseconds(timestamp(500)) == state.resume_point


@pytest.mark.parametrize("left_out", ["deep_at", "read_with", *UNFINISHED])
def test_each_key_is_there_only_when_it_has_a_value(left_out: str):
    gone = UNFINISHED if left_out in UNFINISHED else (left_out,)
    saved = {key: value for key, value in WHOLE.items() if key not in gone}
    assert saved == UserState.of(saved).as_json


def test_a_finished_state_resumes_at_its_low_water_mark():
    assert to_milliseconds(timestamp(7)) == UserState.of(state_of(timestamp(7))).resume_point


def test_a_state_without_a_cursor_is_empty():
    assert {} == UserState.of({"deletions": {}}).as_json
    assert UserState.of({}).resume_point is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("updated_at", value) for value in (None, 7, {}, "soon")),
        *(("v", value) for value in (None, 0, -1, "2", 2.0, True, [])),
        *(("deep_at", value) for value in (None, 7, "soon", "2024-01-01T00:00:00Z", {})),
        *(
            ("read_with", value)
            for value in (
                *(None, 7, [], {}, {"start_date": None}, {"connections": None}),
                *({**EVERYBODY, "later": 1}, {**EVERYBODY, "start_date": "soon"}, {**EVERYBODY, "start_date": 7}),
                *({**EVERYBODY, "connections": "db"}, {**EVERYBODY, "connections": [7]}),
                {**EVERYBODY, "connections": ["0"] * 1001},
            )
        ),
        *(
            ("open", value)
            for value in (
                *(None, 7, {}, [7], [[timestamp(100)]], [[timestamp(100), None]], [[timestamp(100), "soon"]], []),
                *([[timestamp(200), timestamp(100)]], [[timestamp(101), timestamp(200)]]),
                [[timestamp(100), timestamp(501)]],
            )
        ),
        *(("until", value) for value in (None, 7, "soon", timestamp(399), "2024-01-01T01:00:00Z")),
        *(
            ("walk", value)
            for value in (
                *(None, 7, [7], {"later": 1}, {"deep_at": None}, {"deep_at": "soon"}),
                *({"read_with": None}, {"read_with": {}}, {"read_with": {**EVERYBODY, "start_date": "soon"}}),
            )
        ),
        ("later", 1),
    ],
)
def test_an_invalid_key_is_an_error_that_says_how_to_reset_the_state(key: str, value: Any):
    saved = {**WHOLE, key: value}
    with pytest.raises(AirbyteTracedException) as caught:
        UserSync(UserDirectory([]), saved).read_all()
    assert FailureType.config_error == caught.value.failure_type
    assert f"The saved state of `users` cannot be read: {json.dumps(saved)[:200]}" in str(caught.value.message)


@pytest.mark.parametrize("key", ["open", "until"])
def test_an_unfinished_state_has_both_ranges_and_their_end(key: str):
    saved = {name: value for name, value in WHOLE.items() if name != key}
    with pytest.raises((KeyError, ValueError)):
        UserState.of(saved)


@pytest.mark.parametrize("later", [{"v": 3}, {"v": 3, "updated_at": timestamp(20_000), "open": 7, "cursors": {}}])
def test_a_state_of_a_later_version_is_resumed_from_its_low_water_mark_with_one_warning(
    later: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    users = users_at(100, 19_000, 19_900, 21_000)
    sync = UserSync(UserDirectory(users), {**WHOLE, "updated_at": timestamp(20_000), **later})
    assert ids(users) == sync.read_all()
    assert state_of(timestamp(21_000), deep_at=timestamp(43_200)) == sync.states[-1][1]
    expected_text = (
        "The saved state of `users` is of a later version of this connector (v 3; this one knows 2). The stream is "
        "read again from its `updated_at`."
    )
    assert [expected_text] == [record.message for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("saved", [{"v": 3}, {"v": 3, "cursors": {}}])
def test_a_state_of_a_later_version_without_a_low_water_mark_counts_as_none(saved: dict[str, Any]):
    assert ids(users_at(1, 2)) == UserSync(UserDirectory(users_at(1, 2)), saved).read_all()


def test_a_state_of_a_published_version_is_resumed_with_a_deep_look_back():
    """48 hours before its cursor, once."""
    users = users_at(-40 * 3600, -48 * 3600 + 20_000 - 1, 10_000, 30_000)
    directory = UserDirectory(users)
    first = UserSync(directory, {"updated_at": "2024-01-01T05:33:20.000Z"})
    assert ids([users[0], *users[2:]]) == first.read_all()
    assert state_of(timestamp(30_000), deep_at=timestamp(43_200)) == first.states[-1][1]
    assert ids(users[3:]) == UserSync(directory, first.states[-1][1]).read_all()


def test_a_filter_is_what_the_config_sets():
    config = {"start_date": timestamp(5), "users_connections": ["db", "sms"]}
    wanted = UserFilter.of(Tenant(config))
    assert FILTER == wanted.state
    assert wanted == UserFilter.from_state(FILTER)
    assert EVERYBODY == UserFilter.of(Tenant({"users_connections": []})).state


@pytest.mark.parametrize(
    ("read", "wanted", "expected"),
    [
        (None, None, True),
        (None, ["a"], True),
        (["a"], None, False),
        (["a"], ["a", "b"], False),
        (["a", "b"], ["b"], True),
    ],
)
def test_connections_that_were_read_are_known_by_their_hashes(
    read: list[str] | None, wanted: list[str] | None, expected: bool
):
    filters = [UserFilter.of(Tenant({"users_connections": names})) for names in (read, wanted)]
    assert expected is filters[0].has_connections_of(filters[1])


@pytest.mark.parametrize(
    ("read", "wanted", "expected"), [(None, None, True), (None, 5, True), (5, None, False), (5, 4, False), (5, 5, True)]
)
def test_dates_that_were_read_begin_no_later_than_the_wanted_ones(read: int | None, wanted: int | None, expected: bool):
    assert expected is UserFilter(read).has_dates_of(UserFilter(wanted))
