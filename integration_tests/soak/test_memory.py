"""Peak memory of memberships and of a round over users, a few thousand each; in full: `make soak SUITES=memory`."""

import pytest

from soak.memory.formula_tenant import FormulaTenant, TenantSize, number_of, time_of, user_id
from soak.memory.suite import MEMBERSHIPS, memberships, user_rounds


@pytest.mark.slow
def test_memberships_all_arrive_within_the_limit() -> None:
    tally = memberships(TenantSize(organizations=2, members=10_000))
    assert ([], True) == (tally.complaints, tally.is_clean)
    assert 20_000 * len(MEMBERSHIPS) == tally.records


@pytest.mark.slow
def test_a_round_goes_on_after_the_last_user_that_was_read() -> None:
    first, last = user_rounds(4_000, 300, 50)
    assert ([], []) == (first.complaints, last.complaints)
    assert (True, True) == (first.is_clean, last.is_clean)
    assert 300 <= first.records < 4_000
    assert 50 <= last.records <= 150


def test_a_user_is_made_of_a_number_and_known_by_it() -> None:
    numbers = [0, 1, 99, 10_000_000]
    assert numbers == [number_of(user_id(number)[6:].encode()) for number in numbers]
    assert len(numbers) == len({time_of(number) for number in numbers})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("created_at:[* TO *]", range(50)),
        ("created_at:[{7} TO {9}}", range(7, 9)),
        ("updated_at:[{7} TO {9}]", range(7, 10)),
        ("created_at:[{7} TO *] AND updated_at:[* TO {9}]", range(7, 10)),
        ("created_at:[{9} TO {7}]", range(0)),
        ("created_at:[{900} TO *]", range(0)),
        ("NOT _exists_:created_at", range(0)),
    ],
)
def test_users_of_a_time_range_are_counted_and_shown(query: str, expected: range) -> None:
    for number in (7, 9, 900):
        query = query.replace(f"{{{number}}}", time_of(number))
    body = FormulaTenant(TenantSize(users=100)).answer("users", {"q": query, "sort": "created_at:1"}).decode()
    assert [user_id(number) for number in expected] == [part.split('"')[0] for part in body.split('"user_id":"')[1:]]
