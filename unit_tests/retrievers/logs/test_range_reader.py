import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.retrievers.log_events.ordering import LogPosition, log_order
from source_auth0.retrievers.logs.range_reader import MAX_OPEN_RANGES, MIN_EVENTS_PER_RANGE, LogRange, LogRangeReader
from source_auth0.timestamps import to_milliseconds
from testing.fakes.event_log import Event, EventLog, FixedClockTenant, event, events_at, ids, log_of, log_position
from testing.fakes.times import MIDNIGHT, moment

DAY = 86_400


def piece(low: int = 0, high: int = 1000, *, second: float = 1000) -> LogRange:
    """What lies behind one number up to another, whose event happened at a second."""
    return LogRange(log_position(low), log_position(high, second))


def busy(low: int = 0, high: int = 1000) -> LogRange:
    """A piece with an event each second, of which ten were read."""
    one = piece(low, high, second=high)
    one.take([event(low + n, low + n) for n in range(1, 11)])
    return one


def walk_of(
    server: EventLog, *ranges: tuple[LogPosition, LogPosition], second: float = 43_200, **config: Any
) -> LogRangeReader:
    tenant = FixedClockTenant(config)
    tenant.second = second
    return LogRangeReader(log_of(server, tenant), ranges)


def read(walk: LogRangeReader, one: LogRange) -> list[int]:
    """The events of a piece, all handed on."""
    found: list[Event] = []
    for page in walk.read(one):
        found += page
        walk.page_handed_on(one)
    return ids(found)


def test_a_piece_is_behind_its_low_end_and_up_to_its_high_end():
    one = piece(high=3)
    assert [1, 2, 3] == ids(one.take(events_at(1, 2, 3, 4, 5)))
    assert one.is_read
    assert log_position(3, 1000) == one.read_up_to


def test_a_piece_is_read_once_its_last_event_is_there():
    one = piece(high=2)
    assert [1, 2] == ids(one.take(events_at(1, 2)))
    assert one.is_read


def test_a_page_in_the_midst_of_a_piece_is_all_its_own():
    one = piece()
    assert [1, 2] == ids(one.take(events_at(1, 2)))
    assert log_position(2, 2) == one.read_up_to
    assert not one.is_read


def test_a_page_behind_a_piece_ends_it():
    one = piece(high=2)
    assert [] == one.take([event(7, 7)])
    assert one.is_read


def test_what_is_taken_is_not_handed_on_yet():
    one = piece()
    one.take(events_at(1, 2))
    assert (log_position(0), log_position(0)) == (one.start, one.handed_on_up_to)


def test_how_many_are_left_is_told_by_the_pace_of_the_last_page():
    assert 0 == piece().remaining
    assert 1100 == int(busy().remaining)
    one = piece(second=5000)
    one.take([event(n, 100) for n in range(1, 11)])
    assert 4_900_000 == one.remaining


@pytest.mark.parametrize(("second", "expected"), [(11, False), (11.5, True)])
def test_a_second_is_not_worth_a_search(second: float, expected: bool):
    one = piece(second=second)
    one.take([event(n, n) for n in range(1, 11)])
    assert expected == bool(one.remaining)


def test_nothing_is_left_of_what_nobody_reads():
    one = busy()
    one.being_read = False
    assert 0 == one.remaining


def test_parts_are_even_and_worth_reading():
    """Ten events of 910 were read, at 0.9 seconds each by the last page; fewer than 300 are no part."""
    assert [10_000 + 225_000 * n for n in (1, 2, 3)] == [at - MIDNIGHT for at in busy(high=910).split_points(9)]
    assert 300 == MIN_EVENTS_PER_RANGE


def test_no_more_parts_than_are_asked_for():
    assert 1 == len(busy(high=10_000).split_points(2))
    assert [] == busy(high=10_000).split_points(1)
    assert [] == busy(high=200).split_points(9)


def test_a_piece_is_not_cut_twice_by_one_page():
    """Its next page tells how much is left after the cut."""
    one = busy()
    assert one.split_points(2)
    assert [] == one.split_points(2)


def test_a_cut_gives_away_what_lies_behind_an_event():
    one = busy()
    part = one.split(MIDNIGHT + 500_000, event(500, 500))
    assert part is not None
    assert (log_position(500, 500), log_position(1000, 1000)) == (part.start, part.end)
    assert (log_position(500, 500), MIDNIGHT + 500_000) == (one.end, one.split_up_to)


@pytest.mark.parametrize("number", [0, 9, 10, 1000, 1001])
def test_nothing_is_cut_off_that_was_taken_or_that_lies_elsewhere(number: int):
    """Events of one second may have been taken already, and late ones lie behind everything."""
    one = busy()
    assert None is one.split(MIDNIGHT + 500_000, event(number, 500))
    assert log_position(1000, 1000) == one.end


def test_nothing_is_cut_off_of_what_is_no_longer_read():
    one = busy()
    one.being_read = False
    assert None is one.split(MIDNIGHT + 500_000, event(500, 500))


@pytest.mark.parametrize("found", [None, event(1000, 1000), event(2000, 600)])
def test_a_moment_from_which_on_there_is_nothing_is_not_tried_again(found: Event | None):
    one = busy()
    assert None is one.split(MIDNIGHT + 500_000, found)
    assert MIDNIGHT + 500_000 == one.split_up_to
    assert None is one.split(MIDNIGHT + 700_000, found)
    assert MIDNIGHT + 500_000 == one.split_up_to


def test_ranges_without_anything_in_them_are_no_pieces():
    walk = walk_of(EventLog(events_at(1)), (log_position(1), log_position(1)), (log_position(2), log_position(1)))
    assert [] == walk.open_ranges == walk.initial_slices() == list(walk.slices_to_read())


def test_what_is_not_planned_yet_is_open():
    walk = walk_of(
        EventLog(events_at(1, 2)), (log_position(1), log_position(2, 2)), (LogPosition(), log_position(1, 1))
    )
    ranges = [(LogPosition(), log_position(1, 1)), (log_position(1), log_position(2, 2))]
    assert ranges == walk.open_ranges
    walk.initial_slices()
    assert ranges == walk.open_ranges


def test_a_piece_is_read_to_its_end():
    walk = walk_of(EventLog(events_at(*range(1000))), (log_position(100, 99), log_position(700, 699)))
    (one,) = walk.initial_slices()
    assert [*range(101, 701)] == read(walk, one)
    assert [] == walk.open_ranges
    assert not one.being_read


def test_what_was_not_handed_on_stays_open():
    walk = walk_of(EventLog(events_at(*range(1000))), (log_position(100, 99), log_position(700, 699)))
    (one,) = walk.initial_slices()
    pages = walk.read(one)
    next(pages)
    walk.page_handed_on(one)
    next(pages)
    assert [(log_position(200, 199), log_position(700, 699))] == walk.open_ranges
    pages.close()
    assert [(log_position(200, 199), log_position(700, 699))] == walk.open_ranges
    assert not one.being_read


def test_a_log_that_ends_before_its_end_is_an_error():
    """Something in between answers from an older copy."""
    walk = walk_of(EventLog(events_at(1, 2)), (log_position(1, 1), log_position(3, 3)))
    (one,) = walk.initial_slices()
    with pytest.raises(AirbyteTracedException) as caught:
        read(walk, one)
    assert FailureType.transient_error == caught.value.failure_type
    assert f"ended behind {moment(2)} for `logs`, although it had shown an event of {moment(3)}" in caught.value.message
    assert not one.being_read
    assert [(log_position(2, 2), log_position(3, 3))] == walk.open_ranges


def echoing(walk: LogRangeReader, times: int) -> None:
    """Let a cache on the way answer the next pages but the first with what lies far behind, so many times."""
    following, left = walk.log.following, [None, *[events_at(*range(400))[350:]] * times]
    walk.log.following = lambda at: (left.pop(0) if left else None) or following(at)  # type: ignore[method-assign]


def test_a_page_that_passes_the_end_by_is_asked_for_again():
    walk = walk_of(EventLog(events_at(*range(400))), (log_position(1, 0), log_position(250, 249)))
    (one,) = walk.initial_slices()
    echoing(walk, 1)
    assert [*range(2, 251)] == read(walk, one)


def test_a_page_that_passes_the_end_by_leaves_nothing_out():
    walk = walk_of(EventLog(events_at(*range(400))), (log_position(1, 0), log_position(250, 249)))
    (one,) = walk.initial_slices()
    echoing(walk, 2)
    with pytest.raises(AirbyteTracedException, match=f"left out the event {log_position(250).log_id} for `logs`"):
        read(walk, one)
    assert [(log_position(101, 100), log_position(250, 249))] == walk.open_ranges


@pytest.mark.parametrize("gone", ["oldest", "nothing", 400])
def test_a_range_that_is_no_longer_kept_is_read_from_the_beginning(gone: str | int):
    """As far as it is kept; the state names where the last sync ended until something is handed on."""
    server = EventLog(events_at(*range(300)), gone=gone)
    server.forgotten = 200
    walk = walk_of(server, (log_position(100, 99), log_position(250, 249)), second=2 * DAY)
    (one,) = walk.initial_slices()
    assert [(log_position(100, 99), log_position(250, 249))] == walk.open_ranges
    assert [*range(201, 251)] == read(walk, one)
    assert [] == walk.open_ranges


def test_pieces_behind_what_is_no_longer_kept_are_read_as_they_are():
    """And those before it are nothing any more; no event comes twice, and none is asked for in vain."""
    server = EventLog(events_at(*range(2000)))
    server.forgotten = 300
    ranges = [(log_position(low, 99), log_position(low + 100, low + 99)) for low in (100, 200, 250, 800, 1000)]
    walk = walk_of(server, *ranges, second=2 * DAY)
    found = [read(walk, one) for one in walk.initial_slices()]
    assert [[], [], [*range(301, 351)], [*range(801, 901)], [*range(1001, 1101)]] == found
    assert [] == walk.open_ranges


def test_a_cut_of_what_is_read_from_the_beginning_doubles_nothing():
    server = EventLog(events_at(*range(5000)))
    server.forgotten = 300
    walk = walk_of(
        server,
        (log_position(100, 99), log_position(400, 399)),
        (log_position(4000, 399), log_position(5000, 4999)),
        second=2 * DAY,
    )
    first, second = walk.initial_slices()
    pages = walk.read(second)
    found = [*next(pages)]
    cuts = second.split_points(5)
    with ThreadPoolExecutor(1) as pool:
        parts = list(walk.split(second, cuts, pool))
    assert parts
    found += [e for page in pages for e in page]
    numbers = [*ids(found), *(n for part in parts for n in read(walk, part)), *read(walk, first)]
    assert [*range(301, 401), *range(4001, 5001)] == sorted(numbers)


class Watched:
    """In the place of a piece's lock: whenever it is left, another thread looks at the walk, if it may."""

    def __init__(self, walk: LogRangeReader) -> None:
        self.walk, self.lock = walk, threading.RLock()
        self.seen: list[list[tuple[LogPosition, LogPosition]]] = []

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()
        looking = threading.Thread(target=self.look)
        looking.start()
        looking.join()

    def look(self) -> None:
        if self.walk.changed.acquire(blocking=False):
            self.seen.append(self.walk.open_ranges)
            self.walk.changed.release()


def test_no_state_that_is_sent_during_a_cut_leaves_the_part_out():
    walk = walk_of(EventLog(events_at(*range(1000))), (LogPosition(), log_position(1000, 999)))
    (one,) = walk.initial_slices()
    next(walk.read(one))
    one.take([event(n, n) for n in range(1, 11)])
    one.lock = watched = Watched(walk)  # type: ignore[assignment]
    with ThreadPoolExecutor(1) as pool:
        one.being_read = True
        (part,) = walk.split(one, one.split_points(2), pool)
    watched.look()
    assert watched.seen
    assert {log_position(1000, 999)} == {open_[-1][1] for open_ in watched.seen}
    assert part in walk.slices


def test_parts_come_from_the_last_to_the_first_and_meet():
    server = EventLog(events_at(*range(4000)))
    walk = walk_of(server, (log_position(0), log_position(4000, 3999)))
    (one,) = walk.initial_slices()
    pages = walk.read(one)
    next(pages)
    with ThreadPoolExecutor(2) as pool:
        parts = list(walk.split(one, one.split_points(4), pool))
    assert [one.end, *(part.end for part in reversed(parts))] == [
        *(part.start for part in reversed(parts)),
        log_position(4000, 3999),
    ]
    assert 3 == len(parts)


def test_a_gap_costs_one_search():
    """All moments in it would find the same event."""
    server = EventLog(events_at(*[n / 1000 for n in range(500)], *range(30_000, 30_500)))
    walk = walk_of(server, (log_position(0), log_position(1000, 30_499)))
    (one,) = walk.initial_slices()
    next(pages := walk.read(one))
    server.queries.clear()
    with ThreadPoolExecutor(2) as pool:
        (part,) = walk.split(one, [*one.split_points(8), MIDNIGHT + 30_000_000], pool)
    assert log_position(501, 30_000) == part.start
    assert 1 == len(server.queries)
    pages.close()


def test_nothing_from_the_first_moment_on_costs_one_search():
    server = EventLog(events_at(*[n / 1000 for n in range(500)]))
    walk = walk_of(server, (log_position(0), log_position(500, 20_000)))
    (one,) = walk.initial_slices()
    next(pages := walk.read(one))
    server.queries.clear()
    with ThreadPoolExecutor(2) as pool:
        assert [] == list(walk.split(one, one.split_points(8), pool))
    assert 1 == len(server.queries)
    pages.close()


def test_the_piece_with_the_most_to_come_is_cut_for_idle_workers():
    walk = walk_of(EventLog([]))
    small, large = busy(high=400), busy(1000, 9000)
    found = walk.worth_splitting([small, large], 3)
    assert found is not None
    assert (large, 3) == (found[0], len(found[1]))
    assert None is walk.worth_splitting([busy(high=200)], 3)


def test_there_are_never_more_pieces_than_a_state_has_room_for():
    """One less is cut off: the next sync adds what is new."""
    walk = walk_of(EventLog([]))
    walk.initial_slices()
    for number in range(20):
        walk.slices.append(busy(number * 10_000, number * 10_000 + 9000))
        found = walk.worth_splitting(walk.slices, 16)
        assert max(MAX_OPEN_RANGES - 1 - len(walk.slices), 0) == (len(found[1]) if found else 0)


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=120),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 90)), max_size=60),
)
def test_cutting_never_loses_or_doubles_an_event(seconds: list[int], size: int, turns: list[tuple[int, int, int]]):
    """Whatever turns a page that was asked for, its taking and a cut come in, and whatever the dates are."""
    events = events_at(*seconds)
    pieces = [LogRange(LogPosition(), LogPosition.of(events[-1]))]
    asked: dict[int, list[Event]] = {}
    taken: list[Event] = []

    def ask(one: LogRange) -> None:
        behind = [e for e in events if log_order(e["log_id"]) > one.read_up_to.order]
        asked.setdefault(id(one), behind[:size])

    def take(one: LogRange) -> None:
        ask(one)
        taken.extend(one.take(asked.pop(id(one))))
        one.being_read = not one.is_read

    for kind, which, where in turns:
        one = pieces[which % len(pieces)]
        if kind == 2:
            found = [e for e in events if to_milliseconds(e["date"]) >= MIDNIGHT + where * 1000]
            first = min(found, key=lambda e: (e["date"], e["log_id"]), default=None)
            if (part := one.split(MIDNIGHT + where * 1000, first)) is not None:
                pieces.append(part)
        elif one.being_read:
            (ask if kind else take)(one)
    while reading := [one for one in pieces if one.being_read]:
        take(reading[0])
    assert ids(events) == sorted(ids(taken))


def pages_of(walk: LogRangeReader) -> Iterator[tuple[LogRange, list[Event]]]:
    for one in walk.slices_to_read():
        for page in walk.read(one):
            yield one, page
            walk.page_handed_on(one)


def test_a_whole_walk_reads_everything_once():
    server = EventLog(events_at(*range(900)))
    walk = walk_of(
        server, (LogPosition(), log_position(300, 299)), (log_position(500, 499), log_position(900, 899)), num_workers=2
    )
    found = [number for _, page in pages_of(walk) for number in ids(page)]
    assert [*range(1, 301), *range(501, 901)] == found
