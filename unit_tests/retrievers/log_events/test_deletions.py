from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.retrievers.log_events.deletions import LOOK_BACK_MS, MAX_PAIR_DISTANCE_MS, DeletionPairing
from source_auth0.retrievers.log_events.facts import slim_event
from source_auth0.timestamps import to_iso, to_milliseconds

Event = dict[str, Any]
NOON = to_milliseconds("2026-11-23T12:00:00.000Z")


def event(kind: str, number: int, second: float, user: str = "1", **more: Any) -> Event:
    """One of the two events of a deletion, as they were recorded."""
    base = {"log_id": f"9002026{number:06d}", "date": to_iso(NOON + round(second * 1000)), "type": kind}
    if kind == "sdu":
        own = {"description": f"user_id: {user}", "user_id": "", "strategy": "auth0", "connection": "db"}
        return {**base, **own, "connection_id": "con_1", "ip": "127.0.0.1", **more}
    request = {"method": "delete", "path": f"/api/v2/users/auth0%7C{user}", "auth": {"user": {}}}
    details = {"request": request, "response": {"statusCode": 204, "body": {}}}
    return {**base, "client_id": "app", "client_name": "", "ip": "203.0.113.9", "details": details, **more}


def rows(*events: Event, after: str = "") -> list[Event]:
    return list(DeletionPairing().rows(events, after))


def ids(*events: Event, after: str = "") -> list[int]:
    return [int(row["log_id"][7:]) for row in rows(*events, after=after)]


def test_the_two_events_of_a_deletion_are_one_row():
    """As recorded: 23 ms apart, and in 2021 with the later one first in the log."""
    assert [1] == ids(event("sdu", 1, 0.218), event("sapi", 2, 0.241))
    assert [1] == ids(event("sapi", 1, 14.470), event("sdu", 2, 14.448))


@pytest.mark.parametrize("kind", ["sdu", "sapi"])
def test_either_event_alone_is_a_row(kind: str):
    assert ["auth0|1"] == [row["user_id"] for row in rows(event(kind, 1, 0))]


def test_a_row_has_the_fields_of_its_event():
    assert [
        {
            "log_id": "9002026000001",
            "user_id": "auth0|1",
            "deleted_at": "2026-11-23T12:00:00.218Z",
            "type": "sdu",
            "connection": "db",
            "connection_id": "con_1",
            "client_id": None,
            "client_name": None,
            "ip": "127.0.0.1",
            "deleted_by": None,
            "deleted_by_email": None,
        }
    ] == rows(event("sdu", 1, 0.218), event("sapi", 2, 0.241))


def test_the_management_apis_event_says_who_deleted():
    ann = {"user_id": "auth0|ann", "email": "ann@acme.example"}
    deletion = event("sapi", 1, 0)
    deletion["details"]["request"]["auth"]["user"] = ann
    (row,) = rows(deletion)
    assert ("app", None, "auth0|ann", "ann@acme.example") == (
        row["client_id"],
        row["client_name"],
        row["deleted_by"],
        row["deleted_by_email"],
    )
    assert ["auth0|bo"] == [row["deleted_by"] for row in rows(event("sapi", 1, 0, user_id="auth0|bo"))]


def test_a_databases_event_does_not_say_who_deleted():
    """Its `user_id`, where it has one, is that of the deleted user."""
    assert [None] == [row["deleted_by"] for row in rows(event("sdu", 1, 0, user_id="auth0|1"))]


def test_events_up_to_a_minute_apart_are_one_deletion():
    assert [1] == ids(event("sdu", 1, 0), event("sapi", 2, 60))
    assert [1, 2] == ids(event("sdu", 1, 0), event("sapi", 2, 60.001))


def test_other_events_may_come_between():
    between = [event("sdu", 2, 1, "2"), {"log_id": "9002026000003", "type": "s", "date": to_iso(NOON)}]
    assert [1, 2] == ids(event("sdu", 1, 0), *between, event("sapi", 4, 2), event("sapi", 5, 3, "2"))


def test_a_recreated_user_can_be_deleted_again():
    once = (event("sdu", 1, 0), event("sapi", 2, 0.02))
    assert [1, 3] == ids(*once, event("sdu", 3, 10), event("sapi", 4, 10.02))
    assert [1, 3] == ids(*once, event("sapi", 3, 10), event("sdu", 4, 10.02))
    assert [1, 2] == ids(event("sdu", 1, 0), event("sdu", 2, 10))
    assert [1, 2] == ids(event("sdu", 1, 0), event("sdu", 2, 10), event("sapi", 3, 10.02))
    assert [1, 2] == ids(event("sapi", 1, 0), event("sapi", 2, 10))


def test_events_are_paired_by_the_whole_user_id():
    assert [1, 2] == ids(event("sdu", 1, 0, strategy="email"), event("sapi", 2, 0.02))


def test_a_failed_deletion_is_no_row():
    failed = event("sapi", 2, 0)
    failed["details"]["response"]["statusCode"] = 400
    assert [] == ids(event("fdu", 1, 0), failed, event("sapi", 3, 0, type="fapi"))


def test_a_deletion_read_by_an_earlier_sync_is_not_repeated():
    pair = (event("sdu", 1, 0), event("sapi", 2, 0.02))
    assert [1] == ids(*pair[:1])
    assert [] == ids(*pair, after=pair[0]["log_id"])
    assert [] == ids(*pair, after=pair[1]["log_id"])


def test_longer_ids_come_later():
    long = event("sdu", 1, 0) | {"log_id": "10000000000000"}
    assert [long["log_id"]] == [row["log_id"] for row in rows(long, after="9999999999999")]
    assert [] == rows(event("sdu", 1, 0), after=long["log_id"])


def test_the_events_can_come_page_by_page():
    deletions = DeletionPairing()
    assert 1 == len(list(deletions.rows([event("sdu", 1, 0)])))
    assert [] == list(deletions.rows([event("sapi", 2, 0.02)]))


@pytest.mark.parametrize("date", [None, "soon", {"$date": 1}, 7])
def test_an_event_without_a_date_is_not_paired(date: Any):
    """A duplicate row does less harm than a missing one."""
    assert [1, 2] == ids(event("sdu", 1, 0, date=date), event("sapi", 2, 0))
    assert [1, 2] == ids(event("sdu", 1, 0), event("sapi", 2, 0, date=date))
    dateless = event("sdu", 1, 0)
    del dateless["date"]
    assert [None] == [row["deleted_at"] for row in rows(dateless)]


@pytest.mark.parametrize("date", [None, "soon", {"$date": 1}, 7])
def test_a_deletion_without_a_date_has_that_of_the_event_before_it(date: Any):
    """A tombstone needs a time, and this is the nearest one that is known."""
    before = {"log_id": "9002026000001", "type": "slo", "date": to_iso(NOON)}
    assert [to_iso(NOON)] == [row["deleted_at"] for row in rows(before, event("sdu", 2, 0, date=date))]


def test_numeric_ids_are_text():
    sdu = event("sdu", 1, 0, user_id=12345, connection_id=7, client_id=8)
    assert ("auth0|12345", "7", "8") == tuple(rows(sdu)[0][key] for key in ("user_id", "connection_id", "client_id"))
    assert [1] == ids(sdu, event("sapi", 2, 0.02, "12345"))
    assert ["9"] == [row["deleted_by"] for row in rows(event("sapi", 1, 0, user_id=9))]


def test_unpaired_events_are_dropped_after_the_look_back():
    deletions = DeletionPairing()
    many_events = [event("sdu", n, n, str(n)) for n in range(5000)]
    assert 5000 == len(list(deletions.rows(many_events)))
    assert LOOK_BACK_MS // 1000 + 1 == len(deletions._waiting)


def test_the_look_back_covers_events_separated_by_late_arrival():
    late = event("sapi", 3, 1)
    newer = event("sdu", 2, (LOOK_BACK_MS - MAX_PAIR_DISTANCE_MS) / 1000, "2")
    assert [1, 2] == ids(event("sdu", 1, 0), newer, late)


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    """Deletions of a few users, each with one or both of its events, in an order of arrival that is off by seconds."""
    entries: list[tuple[float, str, float, str]] = []
    for user in draw(st.lists(st.sampled_from("123456"), max_size=6, unique=True)):
        kinds = draw(st.sampled_from([("sdu",), ("sapi",), ("sdu", "sapi")]))
        second = draw(st.integers(0, 400))
        entries += [(second + draw(st.integers(0, 5)), kind, second + n / 50, user) for n, kind in enumerate(kinds)]
    return [event(kind, n, second, user) for n, (_, kind, second, user) in enumerate(sorted(entries), 1)]


@given(logs(), st.data())
def test_rows_are_the_same_wherever_syncs_divide_the_log(log: list[Event], data: st.DataObject):
    """Each deletion once, in one sync or in several, of whole events or of slim ones."""
    whole = rows(*log)
    assert sorted({row["user_id"] for row in whole}) == sorted(row["user_id"] for row in whole)
    boundaries = sorted(data.draw(st.lists(st.integers(0, len(log)), max_size=3)))
    found, after = list[Event](), ""
    for end in (*boundaries, len(log)):
        found += rows(*(slim_events(log[:end])), after=after)
        after = log[end - 1]["log_id"] if end else ""
    assert whole == found


def slim_events(events: Iterable[Event]) -> list[Event]:
    return [fact for each in events if (fact := slim_event(each)) is not None]
