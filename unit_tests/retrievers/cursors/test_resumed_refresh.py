"""Full refreshes of users that are killed, and gone on with by the next attempt of the same generation."""

from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import example, given, settings
from hypothesis import strategies as st

from testing.fakes.times import timestamps
from testing.fakes.user_search import TOTALS, User, UserDirectory, ids, users_at
from testing.fakes.user_sync import UserSync

STEPS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 150)), min_size=1, max_size=20)
NOON = 43_200
FINISHED = {NO_CURSOR_STATE_KEY: True}


class KilledError(Exception):
    """The sync ends here."""


def attempt(
    users: list[User],
    saved: dict[str, Any],
    *,
    steps: list[tuple[int, int]],
    kill_after: int | None = None,
    **more: Any,
) -> tuple[list[str], dict[str, Any], bool]:
    """One attempt: the ids of the rows before its last state, that state, and whether it came to its end."""
    number = iter(range(10**9))

    def choose(_: int) -> tuple[int, int]:
        at = next(number)
        if kill_after is not None and at >= kill_after:
            raise KilledError
        return steps[at % len(steps)]

    options = {"generation": 3, "incremental": False, "num_workers": 4, **more}
    sync = UserSync(UserDirectory(users, total=options.pop("total", TOTALS[0])), saved, choose=choose, **options)
    try:
        sync.read_all()
    except KilledError:
        before, state = sync.states[-1] if sync.states else (0, saved)
        return ids(sync.rows[:before]), state, False
    return ids(sync.rows), sync.states[-1][1], True


@settings(max_examples=40)
@given(
    timestamps(300),
    st.sampled_from(TOTALS),
    STEPS,
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.integers(2, 9),
    st.sets(st.integers(NOON - 300, NOON + 60), max_size=5),
)
@example([float(n) for n in range(1500)], TOTALS[0], [(0, 100), (1, 70)], (14, 6), 4, {NOON})
def test_whenever_attempts_are_killed_their_rows_are_the_tenants_users(
    seconds: list[float],
    total: Callable[[int], int | None],
    steps: list[tuple[int, int]],
    kills: tuple[int, int],
    workers: int,
    created: set[int],
):
    """Users created while the first attempt ran, or after it, come with a later one; the total is checked."""
    everybody = users_at(*(second / 2 for second in seconds if second / 2 < NOON), *sorted(created))
    users = [user for user in everybody if user not in everybody[len(everybody) - len(created) :]]
    options: dict[str, Any] = {"steps": steps, "total": total, "num_workers": workers}
    rows, state, is_finished = attempt(users, {}, kill_after=kills[0], **options)
    if not is_finished:
        more, state, is_finished = attempt(everybody, state, kill_after=kills[1], second=NOON + 120, **options)
        rows += more
        if not is_finished:
            more, state, _ = attempt(everybody, state, second=NOON + 240, **options)
            rows += more
        users = everybody
    assert set(ids(users)) == set(rows)
    assert FINISHED == state


@pytest.mark.parametrize("workers", [2, 16])
def test_what_is_read_again_is_a_page_for_each_worker_and_what_no_state_has(workers: int):
    users = users_at(*range(0, 36_000, 4))
    steps = [(n, 100) for n in range(7)]
    rows, state, is_finished = attempt(users, {}, steps=steps, kill_after=81, num_workers=workers)
    assert not is_finished
    rest, _, _ = attempt(users, state, steps=steps, num_workers=workers)
    assert set(ids(users)) == {*rows, *rest}
    assert len(rows) > 7000
    assert len(rows) + len(rest) - len(users) <= 100 * workers


def test_a_total_that_is_not_reached_fails_and_leaves_nothing_to_go_on_with():
    users = users_at(*range(0, 36_000, 30))
    _, state, _ = attempt(users, {}, steps=[(0, 100)], kill_after=6)
    state["full_refresh"]["progress"]["received"] -= 1
    sync = UserSync(UserDirectory(users), state, incremental=False, generation=3)
    with pytest.raises(AirbyteTracedException, match="is short"):
        sync.read_all()
    assert FINISHED == sync.cursor.state


@pytest.mark.parametrize(
    "changes",
    [{"generation": 4}, {"generation": None}, {"users_connections": ["db"]}, {"start_date": "2023-01-01T00:00:00Z"}],
)
def test_another_generation_or_another_filter_reads_everybody(changes: dict[str, Any]):
    users = users_at(*range(0, 36_000, 30))
    rows, state, _ = attempt(users, {}, steps=[(0, 100)], kill_after=6)
    assert 0 < len(rows) < len(users)
    again, final, _ = attempt(users, state, steps=[(0, 100)], **changes)
    assert (sorted(ids(users)), FINISHED) == (sorted(again), final)


def test_an_incremental_sync_reads_everybody_and_leaves_its_own_state():
    users = users_at(*range(0, 36_000, 30))
    _, state, _ = attempt(users, {}, steps=[(0, 100)], kill_after=6)
    rows, final, _ = attempt(users, state, steps=[(0, 100)], incremental=True)
    assert sorted(ids(users)) == sorted(rows)
    assert "updated_at" in final
    assert "full_refresh" not in final


def test_an_export_leaves_no_progress_on_its_way():
    users = users_at(1, 2, 3)
    sync = UserSync(UserDirectory(users), incremental=False, generation=3)
    list(sync.cursor.initial_slices())
    assert sync.cursor.has_progress
    assert sync.cursor.walk is not None
    sync.cursor.walk.begin_after_export(0)
    assert not sync.cursor.has_progress
