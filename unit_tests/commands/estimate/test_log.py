from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import pytest

from source_auth0.commands.estimate.log import FIRST_TIMES, MORE_TIMES, LogPace
from source_auth0.commands.probe.client import Answer
from source_auth0.timestamps import to_iso, to_milliseconds
from testing.probe_client import FakeProbeClient

END, DAY = 1_790_000_000_000, 86_400_000


def measured(dates: Sequence[int]) -> tuple[LogPace, int]:
    """The pace of a log with events of these dates, ascending, and the requests that it took."""

    def search(query: Any) -> Answer:
        start = bisect_left(dates, to_milliseconds(f"{query['q'][6:25]}Z")) + 100 * int(query["page"])
        rows = [{"log_id": str(n), "date": to_iso(dates[n])} for n in range(start, min(start + 100, len(dates)))]
        return Answer(200, rows)

    client = FakeProbeClient({"logs": search})
    client.counter = type(client.counter)(1000)
    pace = LogPace(client, dates[0] if dates else END - DAY, END)
    pace.measure(END - DAY)
    return pace, len(client.asked)


def evenly(count: int, days: float) -> list[int]:
    return [END - int(days * DAY) + int(days * DAY * n / count) for n in range(count)]


@pytest.mark.parametrize("count", [1, 99, 100, 101, 950, 1000])
def test_a_log_of_a_thousand_events_is_counted(count: int):
    pace, requests = measured(evenly(count, 3))
    assert count in pace.events()
    assert pace.events().high <= 1.1 * count
    assert requests <= 6


@pytest.mark.parametrize("count", [5000, 60_000])
def test_an_even_log_is_estimated_within_a_narrow_range(count: int):
    pace, requests = measured(evenly(count, 10))
    assert count in pace.events()
    assert pace.events().high < 1.5 * pace.events().low
    assert requests <= FIRST_TIMES + MORE_TIMES + 12


def test_a_burst_of_hours_is_seen():
    burst = [END - 4 * DAY + int(DAY * 0.3 * n / 30_000) for n in range(30_000)]
    dates = sorted([*evenly(30_000, 10), *burst])
    assert len(dates) in measured(dates)[0].events()


def test_what_is_new_of_late_is_a_part_of_it():
    pace, _ = measured(evenly(50_000, 10))
    assert 5000 in pace.events(END - DAY)
    assert pace.events(END - DAY).high < 8000


def test_a_log_that_has_fallen_silent_is_not_taken_to_go_on():
    dates = [at - 2 * DAY for at in evenly(30_000, 5)]
    pace, _ = measured(dates)
    assert 30_000 in pace.events()
    assert pace.events().high < 40_000
    assert pace.events(END - DAY).high < 100


def test_an_empty_log_holds_nothing():
    pace, _ = measured([])
    assert 0 == pace.events().high
