import tracemalloc
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.retrievers.cursors import compact_ids
from source_auth0.retrievers.cursors.compact_ids import ChainedIds, CompactIds, PackedIds

IDS = st.text(st.characters(exclude_characters="\0"), max_size=5)


@pytest.fixture(autouse=True)
def small_blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "memory" not in request.node.name:
        monkeypatch.setattr(compact_ids, "RUN_IDS", 7)
        monkeypatch.setattr(compact_ids, "BLOCK_IDS", 3)


@given(st.lists(IDS, max_size=60), IDS)
def test_ids_are_a_sorted_list_without_repeats(ids: list[str], other: str):
    expected, found = sorted(set(ids)), CompactIds(ids)
    assert expected == list(found) == found[:] == [found[index] for index in range(len(expected))]
    assert (len(expected), expected[::-1]) == (len(found), [found[-1 - index] for index in range(len(found))])
    assert expected[2:9:2] == found[2:9:2]
    for each in (*expected, other, f"{other}\U0010ffff"):
        assert (each in expected, bisect_left(expected, each)) == (each in found, found.position(each))


def test_an_index_beyond_the_ends_is_an_error():
    for index in (3, -4):
        with pytest.raises(IndexError):
            CompactIds("abc")[index]
    with pytest.raises(IndexError):
        CompactIds()[0]


def test_what_is_no_id_is_not_among_them():
    assert None not in CompactIds("abc")


@given(st.lists(st.lists(IDS, max_size=8), max_size=6))
def test_packed_ids_keep_their_order_and_repeats(parts: list[list[str]]):
    whole, others = PackedIds(), [PackedIds(part) for part in parts]
    for other in others:
        whole.append("between")
        whole.take(other)
    expected = [each for part in parts for each in ("between", *part)]
    assert (expected, len(expected)) == (list(whole), len(whole))
    assert [([], 0)] * len(parts) == [(list(other), len(other)) for other in others]


@given(st.lists(IDS, max_size=4), st.lists(IDS, max_size=9))
def test_chained_ids_are_those_of_both(first: list[str], rest: list[str]):
    chained, expected = ChainedIds(first, rest), [*first, *rest]
    assert expected == list(chained) == chained[:] == [chained[index] for index in range(len(chained))]
    assert expected[::-1] == [chained[-1 - index] for index in range(len(chained))]
    for index in (len(expected), -len(expected) - 1):
        with pytest.raises(IndexError):
            chained[index]


def test_ids_take_a_third_of_the_memory_of_strings():
    """Of random ids such as Auth0's, while they are sorted too; in any order."""
    number = 100_000
    tracemalloc.start()
    try:
        found = CompactIds(
            f"auth0|{index * 7919 % number * 0x9E3779B97F4A7C15 % 16**24:024x}" for index in range(number)
        )
        taken, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert number == len(found)
    assert taken < number * 80 / 3
    assert peak < number * 150


def test_packed_ids_take_a_third_of_the_memory_of_strings():
    number = 100_000
    tracemalloc.start()
    try:
        found = PackedIds(f"auth0|{index * 0x9E3779B97F4A7C15 % 16**24:024x}" for index in range(number))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert number == len(found)
    assert taken < number * 80 / 3
