from collections import Counter

import pytest
from airbyte_cdk.models import EstimateType, TraceType, Type

from source_auth0.progress import sync_progress
from source_auth0.progress.advice import CHILDREN_ADVICE
from source_auth0.progress.expectation import ABOUT, Expectation
from source_auth0.progress.sync_progress import LINE_SECONDS, LOOK_SECONDS, MIN_PARENTS, SyncProgress
from testing.fakes.clock import FakeClock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(sync_progress, "time", clock)
    return clock


class Sync:
    """The progress of a sync whose rows and requests a test sets."""

    def __init__(self, *streams: str, flow: float | None = None, **groups: str) -> None:
        self.rows, self.requests = Counter[str](), Counter[str]()
        self.progress = SyncProgress(lambda stream: self.requests[stream], lambda _: flow)
        self.progress.begin({**dict.fromkeys(streams, ""), **groups})
        self.progress.count_with(self.rows)
        for stream in streams:
            self.progress.started(stream)

    def told(self) -> list[str | int]:
        """All that is due: lines, and the rows of estimates."""
        found: list[str | int] = []
        while (message := self.progress.due()) is not None:
            if message.type is Type.LOG:
                found.append(message.log.message)
            else:
                assert (Type.TRACE, TraceType.ESTIMATE) == (message.type, message.trace.type)
                assert EstimateType.STREAM is message.trace.estimate.type
                found.append(message.trace.estimate.row_estimate)
        return found


def test_a_stream_speaks_once_a_minute_however_often_it_is_looked_at(clock: FakeClock):
    sync = Sync("clients")
    lines = []
    for second in range(1, 200):
        clock.sleep(1)
        sync.rows["clients"] += 10
        sync.requests["clients"] = second // 10
        lines += [(second, line) for line in sync.told()]
    assert [
        (60, "`clients`: 600 rows so far, 6 requests in 60 seconds."),
        (120, "`clients`: 1,200 rows so far, 12 requests in 2 minutes."),
        (180, "`clients`: 1,800 rows so far, 18 requests in 3 minutes."),
    ] == lines


def test_a_stream_that_ends_within_a_minute_says_nothing(clock: FakeClock):
    sync = Sync("clients", "roles")
    clock.sleep(LINE_SECONDS - 1)
    assert [] == sync.told()
    sync.progress.ended("clients")
    clock.sleep(LINE_SECONDS)
    assert ["`roles`: 0 rows so far, 0 requests in 2 minutes."] == sync.told()


def test_a_total_is_an_estimate_at_once_and_not_again(clock: FakeClock):
    sync = Sync("users")
    sync.progress.expect("users", Expectation(2_000))
    assert [2_000] == sync.told()
    clock.sleep(LINE_SECONDS)
    sync.rows["users"] = 500
    assert ["`users`: 500 of 2,000 rows, 0 requests in 60 seconds. About 3 minutes left at this pace."] == sync.told()


@pytest.mark.parametrize("expected", [Expectation(), Expectation(left=500, certainty=ABOUT), Expectation(left=5)])
def test_an_estimate_needs_a_total_that_is_counted(expected: Expectation, clock: FakeClock):
    """What is left of it is one too: then it is counted with what was emitted."""
    sync = Sync("users")
    sync.progress.expect("users", expected)
    clock.sleep(LOOK_SECONDS)
    assert ([5] if expected.left == 5 else []) == sync.told()


def test_more_rows_than_were_counted_are_no_estimate(clock: FakeClock):
    sync = Sync("users")
    sync.rows["users"] = 7
    sync.progress.expect("users", Expectation(5))
    clock.sleep(LINE_SECONDS)
    assert ["`users`: 7 rows so far, 0 requests in 60 seconds."] == sync.told()


def test_the_pace_is_that_of_the_last_five_minutes(clock: FakeClock):
    """A stream that was slow at first is as fast as it is now; what came before the total was known does not count."""
    sync = Sync("users")
    clock.sleep(1000)
    sync.told()
    sync.progress.expect("users", Expectation(100_000))
    lines = []
    for minute in range(12):
        clock.sleep(LINE_SECONDS)
        sync.rows["users"] += 600 if minute < 6 else 6_000
        lines += [line for line in sync.told() if isinstance(line, str)]
    assert lines[4].endswith("About 3 hours left at this pace.")
    assert "39,600 of 100,000" in lines[11]
    assert lines[11].endswith("About 10 minutes left at this pace.")


def test_a_list_below_parents_is_counted_in_parents(clock: FakeClock):
    """At least those that are planned; once all are, their rows tell those of all."""
    sync = Sync("members")
    sync.progress.read_below("members", ["organizations"])
    for _ in range(400):
        sync.progress.slice_begun("members")
    for _ in range(MIN_PARENTS):
        sync.progress.slice_read("members")
    sync.rows["members"] = 250
    clock.sleep(LINE_SECONDS)
    assert [
        f"`members`: 100 of at least 400 `organizations` read, 250 rows, 0 requests in 60 seconds. {CHILDREN_ADVICE}"
    ] == sync.told()
    sync.progress.all_slices_begun("members")
    clock.sleep(LINE_SECONDS)
    sync.progress.slice_read("members")
    told = sync.told()
    assert "101 of 400 `organizations` read, 250 rows" in told[0]
    assert round(250 * 400 / 101) == told[1]


def test_few_parents_tell_nothing_of_the_rows_of_all(clock: FakeClock):
    sync = Sync("members")
    sync.progress.expect("members", Expectation(4000, done=MIN_PARENTS - 1, unit="users", per_request=1))
    clock.sleep(LINE_SECONDS)
    assert [str] == [type(told) for told in sync.told()]


def test_slices_of_no_single_parent_are_parts(clock: FakeClock):
    sync = Sync("templates", "lists")
    sync.progress.read_below("templates", ["prompts", "languages"])
    for _ in range(14):
        sync.progress.slice_begun("templates")
    sync.progress.slice_begun("lists")
    clock.sleep(LINE_SECONDS)
    templates, lists = sync.told()
    assert "0 of at least 14 parts read" in templates
    assert "0 rows so far" in lists


@pytest.mark.parametrize(("users", "is_long"), [(863, False), (864, True)])
def test_a_long_stream_has_its_estimate_at_the_start(users: int, is_long: bool, clock: FakeClock):
    """A minute at the present limit makes it long; its advice is given once."""
    sync = Sync("user_roles", flow=14.4)
    expected = Expectation(users, done=0, unit="users", per_request=1, advice="Do this.")
    sync.progress.expect("user_roles", expected)
    start = f"`user_roles` has {users:,} users to read, at least a request each: 60 seconds or more at 14.4 requests a "
    advice = "second, Auth0's present limit for all that share it. Do this."
    assert ([start + advice] if is_long else []) == sync.told()
    clock.sleep(LINE_SECONDS)
    (line,) = sync.told()
    assert is_long == ("Do this." not in line)
    clock.sleep(LINE_SECONDS)
    assert "Do this." not in sync.told()[0]


def test_the_advice_comes_once_it_is_known_how_much_there_is(clock: FakeClock):
    """A stream of single users reads ids for minutes first."""
    sync = Sync("user_roles")
    clock.sleep(LINE_SECONDS)
    sync.told()
    sync.progress.expect("user_roles", Expectation(1_000, done=0, unit="users", per_request=1, advice="Do this."))
    lines = []
    for _ in range(2):
        clock.sleep(LINE_SECONDS)
        lines += sync.told()
    assert [True, False] == ["Do this." in line for line in lines]


@pytest.mark.parametrize(("flow", "per_request"), [(None, 1), (14.4, 0)])
def test_no_estimate_is_guessed(flow: float | None, per_request: int, clock: FakeClock):
    """Neither without a limit that is known, nor for a unit that tells nothing of requests."""
    sync = Sync("user_roles", flow=flow)
    sync.progress.expect("user_roles", Expectation(10**6, done=0, unit="users", per_request=per_request))
    clock.sleep(LOOK_SECONDS)
    assert [] == sync.told()


def test_a_line_names_what_the_stream_waited_for(clock: FakeClock):
    sync = Sync("users")
    with sync.progress.waiting("users", "export", lambda: "the export"):
        clock.sleep(40)
    with sync.progress.waiting("users", "the pages of `roles`"):
        clock.sleep(20)
        (line,) = sync.told()
    assert line.endswith("In the last minute it waited for the export, and for the pages of `roles`.")


def test_a_wait_ends_with_an_error_too(clock: FakeClock):
    sync = Sync("users")
    with pytest.raises(KeyError), sync.progress.waiting("users", "an answer"):
        raise KeyError
    clock.sleep(LINE_SECONDS)
    assert "waited" not in sync.told()[0]


def test_streams_that_have_not_begun_are_told_once_a_minute_by_their_group(clock: FakeClock):
    sync = Sync("logs", logs="log", changes="log", roles="")
    lines = []
    for _ in range(13):
        clock.sleep(10)
        lines += [line for line in sync.told() if line.startswith("Not begun")]
    expected = [
        "Not begun yet, waiting for `logs`: `changes`.",
        "Not begun yet, until others end: `roles`.",
    ]
    assert expected * 2 == lines
    for stream in ("changes", "roles"):
        sync.progress.started(stream)
    clock.sleep(LINE_SECONDS)
    assert not any(line.startswith("Not begun") for line in sync.told())


def test_figures_of_something_that_is_no_stream_can_be_quoted(clock: FakeClock):
    sync = Sync("users")
    assert "" == sync.progress.figures("ids")
    sync.progress.expect("ids", lambda: Expectation(9, done=4, unit="users"))
    assert "4 of 9 users" == sync.progress.figures("ids")
    clock.sleep(LOOK_SECONDS)
    assert [] == sync.told()


def test_slices_of_streams_that_have_ended_are_no_error(clock: FakeClock):
    sync = Sync("users")
    sync.progress.ended("users")
    sync.progress.slice_begun("users")
    sync.progress.slice_read("users")
    sync.progress.all_slices_begun("users")
    clock.sleep(LINE_SECONDS)
    assert [] == sync.told()
