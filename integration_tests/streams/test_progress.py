"""Progress of long streams of every family, held against what the simulated tenant has and has served.

The progress's clock is moved by requests alone, each of which takes so many of its seconds, and by waits for an export:
a sync of some seconds is one of many minutes.
"""

import logging
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer, Type

from auth0_simulator import Simulator
from auth0_simulator.control.rate_limits import TOKEN_PATH
from source_auth0 import SourceAuth0
from source_auth0.api.tenant import Tenant
from source_auth0.engine import concurrent_source
from source_auth0.engine.page_records import lines_in
from source_auth0.progress import sync_progress
from source_auth0.retrievers.users import export_job
from testing.fakes.clock import FakeClock
from testing.in_process import catalog_of
from testing.tenants import config_of

#: How far a stream is: rows of how many; or parents of how many, with their unit, and rows.
ROWS = re.compile(r"`\w+`: ([\d,]+)(?: of (at least |about )?([\d,]+))? rows(?: so far)?, ([\d,]+) requests in (.+?)\.")
PARENTS = re.compile(
    r"`\w+`: ([\d,]+) of (at least |about )?([\d,]+) (.+?) read, ([\d,]+) rows, ([\d,]+) requests in (.+?)\."
)


@dataclass
class Told:
    """What a sync said of its progress: lines by stream, each with the clock's seconds; estimates by stream."""

    lines: dict[str, list[tuple[float, str]]] = field(default_factory=lambda: defaultdict(list))
    estimates: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    #: Requests that the simulator had answered when each line came, by stream.
    answered: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    #: Lines about streams that have not begun.
    turns: list[str] = field(default_factory=list)

    def minute_lines(self, stream: str) -> list[str]:
        """The lines of a stream that say how far it is."""
        return [line for _, line in self.lines[stream] if line.startswith(f"`{stream}`: ")]


class _MovedBySleep:
    """Stands in for a `time` module whose sleeps move another clock, twenty times as far."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    def sleep(self, seconds: float) -> None:
        """Sleep, and move the clock at the end."""
        time.sleep(seconds)
        self._clock.sleep(20 * seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


@contextmanager
def requests_take(seconds: float) -> Iterator[FakeClock]:
    """Within the block, only requests and waits for an export move the clock of the progress."""
    clock, count = FakeClock(), Tenant.count_request

    def count_and_wait(tenant: Tenant, stream: str, endpoint: str) -> None:
        count(tenant, stream, endpoint)
        clock.sleep(seconds)

    with (
        patch.object(sync_progress, "time", clock),
        patch.object(export_job, "time", _MovedBySleep(clock)),
        patch.object(Tenant, "count_request", count_and_wait),
        patch.object(concurrent_source, "IDLE_CHECK_SECONDS", 0.01),
    ):
        yield clock


def told(
    sim: Simulator, seconds: float, *streams: str, full_refresh: bool = True, until: str = "\n", **options: Any
) -> Told:
    """What a sync of these streams says whose requests take so many seconds each; it ends once a line has `until`."""
    catalog = ConfiguredAirbyteCatalogSerializer.load(catalog_of(*streams, full_refresh=full_refresh))
    config, found = config_of(sim, **options), Told()
    with requests_take(seconds) as clock:
        began = clock.now
        source = SourceAuth0(catalog, config, [], whole_pages=True)
        for message in source.read(logging.getLogger("airbyte.tests"), config, catalog, []):
            assert message.trace is None or message.trace.error is None
            if message.type == Type.RECORD:
                lines = lines_in(message.record.data)
                found.rows[message.record.stream] += 1 if lines is None else lines.rows
            elif message.type == Type.LOG and (match := re.match(r"`(\w+)`(: | has )", message.log.message)):
                found.lines[match[1]].append((clock.now - began, message.log.message))
                found.answered[match[1]].append(len(requests_of(sim)))
                if until in message.log.message:
                    break
            elif message.type == Type.LOG and message.log.message.startswith("Not begun yet, "):
                found.turns.append(message.log.message)
            elif message.trace is not None and (estimate := message.trace.estimate) is not None:
                found.estimates[estimate.name].append(estimate.row_estimate)
    return found


def requests_of(sim: Simulator) -> list[str]:
    """The templates of the requests that the simulator answered, but for tokens."""
    return [request.template for request in sim.journal if request.template != TOKEN_PATH]


def number(text: str) -> int:
    """A number as a line has it."""
    return int(text.replace(",", ""))


def assert_once_a_minute(found: Told, stream: str, seconds: float) -> None:
    """The first line comes after a minute, each later one at least a minute after it, and none is left out.

    seconds: what a request takes, by which a line may be late; several requests may be under way at once.
    """
    times = [at for at, line in found.lines[stream] if line.startswith(f"`{stream}`: ")]
    late = 10 * seconds + sync_progress.LOOK_SECONDS
    assert times
    assert 60 <= times[0] <= 60 + late
    assert len(times) >= (times[-1] - times[0]) // (60 + late)
    minutes = [at // 60 for at in times]
    assert len(minutes) <= times[-1] / 60 + 1


def test_users_by_search_are_counted_against_the_tenants_total() -> None:
    with Simulator(users=2300) as sim:
        found = told(sim, 8, "users")
        served = len(requests_of(sim))
    lines = [ROWS.match(line) for line in found.minute_lines("users")]
    assert_once_a_minute(found, "users", 8)
    assert {(None, 2300)} == {(line[2], number(line[3])) for line in lines}
    rows, requests = [number(line[1]) for line in lines], [number(line[4]) for line in lines]
    assert rows == sorted(rows)
    assert 0 < rows[-1] <= found.rows["users"] == 2300
    assert requests[-1] <= served
    # Rows that workers are ahead of the output have been asked for already.
    assert all(row <= 100 * request for row, request in zip(rows, requests, strict=True))
    assert [2300] == found.estimates["users"]
    assert "`users_initial_load` set to `export`" in found.minute_lines("users")[0]
    assert all("export" not in line for line in found.minute_lines("users")[1:])
    assert re.search(r"About \d+ (seconds|minutes?) left at this pace\.", found.minute_lines("users")[1])


def test_a_total_that_may_be_capped_is_at_least_and_no_estimate() -> None:
    with Simulator(users=2300, total_cap=1000) as sim:
        found = told(sim, 8, "users")
    lines = [ROWS.match(line) for line in found.minute_lines("users")]
    assert {None, "at least "} >= {line[2] for line in lines}
    assert all(line[3] is None or number(line[1]) <= number(line[3]) <= 2300 for line in lines)
    assert {} == found.estimates


def test_users_by_export_wait_for_the_file_that_auth0_writes() -> None:
    """Then they are counted by the share of the file that is read."""
    with Simulator(users=2300) as sim:
        sim.exports.seconds = 3
        found = told(sim, 30, "users", users_initial_load="export")
        jobs = sum("jobs" in template for template in requests_of(sim))
    waiting = [line for line in found.minute_lines("users") if line.startswith("`users`: 0 rows so far")]
    assert 1 <= len(waiting) <= jobs
    assert re.search(r"waited for the export that Auth0 writes, \d+ % so far\.", waiting[-1])
    assert 2300 == found.rows["users"]


def test_log_events_are_about_as_many_as_their_density_tells() -> None:
    with Simulator(users=50, log_events=4000) as sim:
        found = told(sim, 8, "logs")
        events = found.rows["logs"]
    lines = [ROWS.match(line) for line in found.minute_lines("logs")]
    assert_once_a_minute(found, "logs", 8)
    assert {"about "} == {line[2] for line in lines}
    assert all(0.5 * events < number(line[3]) < 2 * events for line in lines)
    assert number(lines[-1][1]) <= events
    assert {} == found.estimates
    assert "`start_date` leaves out" in found.minute_lines("logs")[0]


def test_streams_made_of_the_log_tell_its_hours() -> None:
    with Simulator(users=50, log_events=3000, log_days=5) as sim:
        found = told(sim, 20, "changes", full_refresh=False)
    lines = [line for line in map(PARENTS.match, found.minute_lines("changes")) if line]
    assert lines
    assert {"hours of the log"} == {line[4] for line in lines}
    assert all(5 * 24 - 2 <= number(line[3]) <= 5 * 24 for line in lines)
    assert any("the tenant's log, read up to 20" in line for line in found.minute_lines("changes"))


def test_streams_behind_the_log_say_that_they_wait_for_it() -> None:
    with Simulator(users=50, log_events=2000) as sim:
        found = told(sim, 20, "logs", "user_deletions", "user_roles", full_refresh=False)
    assert "Not begun yet, waiting for `logs`: `user_deletions`, `user_roles`." == found.turns[0]


def test_single_users_are_counted_against_all_users() -> None:
    """Their ids are read first, which the line says, with how many of them are read."""
    with Simulator(users=250) as sim:
        found = told(sim, 12, "user_roles")
        asked = requests_of(sim).count("/users/{id}/roles")
    lines = [PARENTS.match(line) for line in found.minute_lines("user_roles") if PARENTS.match(line)]
    assert_once_a_minute(found, "user_roles", 12)
    assert {(None, 250, "users")} == {(line[2], number(line[3]), line[4]) for line in lines}
    assert 250 == asked
    assert all(number(line[1]) <= number(line[6]) <= 250 for line in lines)
    assert number(lines[-1][5]) <= found.rows["user_roles"]
    waiting = [line for line in found.minute_lines("user_roles") if "the ids of users" in line]
    assert re.search(r"the ids of users \(\d+ of 250 users are read\)", waiting[0])
    # By the rows of those who were read, once they are a hundred.
    assert found.estimates["user_roles"]
    shares = [rows / found.rows["user_roles"] for rows in found.estimates["user_roles"]]
    assert all(0.5 <= share <= 2 for share in shares), shares
    assert 1 == sum("`role_users` has the same" in line for line in found.minute_lines("user_roles"))


def test_lists_below_parents_are_counted_against_the_parents() -> None:
    """At least those that are planned so far; all of them, once the list of parents is read."""
    with Simulator(users=100, organizations=130, latency=0.1) as sim:
        found = told(sim, 4, "organization_connections")
        served = requests_of(sim).count("/organizations/{id}/enabled_connections") or len(requests_of(sim))
    lines = [PARENTS.match(line) for line in found.minute_lines("organization_connections")]
    assert_once_a_minute(found, "organization_connections", 4)
    assert {"`organizations`"} == {line[4] for line in lines}
    assert all(number(line[3]) == 130 if line[2] is None else number(line[3]) <= 130 for line in lines)
    assert all(number(line[1]) <= number(line[6]) <= served for line in lines)
    assert all(number(line[5]) <= found.rows["organization_connections"] for line in lines)
    assert all(
        0.5 <= rows / found.rows["organization_connections"] <= 2
        for rows in found.estimates["organization_connections"]
    )


def test_a_plain_list_tells_its_rows() -> None:
    with Simulator(users=10, organizations=450) as sim:
        found = told(sim, 61, "organizations")
    lines = [ROWS.match(line) for line in found.minute_lines("organizations")]
    assert [number(line[1]) for line in lines] == sorted(number(line[1]) for line in lines)
    assert {(None, None)} == {(line[2], line[3]) for line in lines}
    for answered, line in zip(found.answered["organizations"], lines, strict=True):
        assert answered <= number(line[4]) <= answered + 1  # one is under way
    assert {} == found.estimates


@pytest.mark.parametrize("streams", [("clients", "users"), ("user_roles", "organization_members", "logs")])
def test_short_streams_say_nothing(streams: tuple[str, ...]) -> None:
    with Simulator(users=30, organizations=4, log_events=50) as sim:
        found = told(sim, 0.1, *streams, full_refresh=False)
    assert ({}, []) == (found.lines, found.turns)


def test_the_estimate_comes_at_the_start_with_what_shortens_it() -> None:
    """By the limit that is published for a plan whose buckets responses show: 90 % of 16 requests a second."""
    with Simulator(users=1200, plan="enterprise") as sim:
        found = told(sim, 0.01, "user_sessions", until=" to read, ", rate_limit_share=90)
    ((_, line),) = found.lines["user_sessions"]
    match = re.match(
        r"`user_sessions` has ([\d,]+) users to read, at least a request each: (\d+) seconds or more at 14\.4 requests "
        r"a second, Auth0's present limit for all that share it\. `start_date` leaves out users",
        line,
    )
    assert match
    assert 1100 <= number(match[1]) <= 1200
    assert number(match[2]) == round(number(match[1]) / 14.4)
