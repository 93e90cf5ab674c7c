import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.engine.shared_pages import SharedPages
from source_auth0.records import Page
from testing.threads import in_threads

PAGES: list[Page] = [[{"id": 1}, {"id": 2}], [], [{"id": 3, "deep": {"list": [None, 1.5, "ü"]}}]]


class Source:
    """Pages to fetch, and how many were fetched."""

    def __init__(self, pages: list[Page], error: Exception | None = None) -> None:
        self.pages, self.error, self.fetched = pages, error, 0

    def __call__(self) -> Iterator[Page]:
        for page in self.pages:
            self.fetched += 1
            yield page
        if self.error is not None:
            raise self.error


def shared_by(readers: int, name: str = "roles") -> SharedPages:
    pages = SharedPages()
    for _ in range(readers):
        pages.register(name)
    return pages


def test_pages_of_a_single_reader_are_not_stored():
    """They are yielded as they are fetched."""
    source = Source(PAGES)
    pages = shared_by(1).read("roles", (), source)
    assert PAGES[0] is next(pages)
    assert 1 == source.fetched
    assert PAGES[1:] == list(pages)


@pytest.mark.parametrize("readers", [2, 3, 8])
def test_pages_are_fetched_once_for_readers_in_many_threads(readers: int):
    pages, source = shared_by(readers), Source(PAGES * 5)
    assert [PAGES * 5] * readers == in_threads(readers, lambda _: list(pages.read("roles", (), source)))
    assert 15 == source.fetched


def test_pages_are_fetched_lazily():
    pages, source = shared_by(2), Source(PAGES)
    first, second = pages.read("roles", (), source), pages.read("roles", (), source)
    assert [0, PAGES[0], 1, PAGES[0], 1, PAGES[1], 2] == [
        source.fetched,
        next(first),
        source.fetched,
        next(second),
        source.fetched,
        next(second),
        source.fetched,
    ]


def test_pages_are_released_after_the_last_reader():
    """A reader beyond the registered ones fetches them again."""
    pages, source = shared_by(2), Source(PAGES)
    for expected in (3, 3, 6):
        assert PAGES == list(pages.read("roles", (), source))
        assert expected == source.fetched
    assert 1 == len(pages._lists)
    assert PAGES == list(pages.read("roles", (), source))
    assert not pages._lists


def held(pages: SharedPages) -> list[bool]:
    """Which pages of the only list are still in memory."""
    (shared,) = pages._lists.values()
    return [bool(page) for page in shared._pages]


def test_a_page_is_released_once_all_readers_have_passed_it():
    """A list may have a million rows."""
    pages, source = shared_by(3), Source(PAGES)
    first, second, third = (pages.read("roles", (), source) for _ in range(3))
    assert PAGES[:2] == [next(first), next(first)] == [next(second), next(second)]
    assert [True, True] == held(pages)  # the third has not begun
    assert PAGES[0] == next(third)
    assert PAGES[2:] == list(first) == list(second)
    assert [True, True, True] == held(pages)
    assert PAGES[1] == next(third)
    assert [False, True, True] == held(pages)
    assert PAGES[2:] == list(third)
    assert not pages._lists


def test_a_reader_that_stops_early_holds_no_page():
    pages, source = shared_by(3), Source(PAGES)
    early, late, last = (pages.read("roles", (), source) for _ in range(3))
    assert PAGES[0] == next(early) == next(late) == next(last)
    assert PAGES[1:] == list(late)
    assert PAGES[1] == next(last)
    assert [True, True, True] == held(pages)
    early.close()
    assert [False, True, True] == held(pages)
    assert PAGES[2:] == list(last)


def test_a_reader_too_many_fetches_pages_itself():
    pages, source = shared_by(2), Source(PAGES)
    first, second = (pages.read("roles", (), source) for _ in range(2))
    assert PAGES[:2] == [next(first), next(first)] == [next(second), next(second)]
    assert PAGES == list(pages.read("roles", (), source))
    assert PAGES[2:] == list(first) == list(second)
    assert 6 == source.fetched


def test_each_reader_gets_its_own_copies_of_rows():
    pages, source = shared_by(2), Source([[{"id": 1, "deep": {"a": 1}}]])
    for row in (row for page in pages.read("roles", (), source) for row in page):
        row["deep"]["a"] = row["id"] = "changed"
    assert [[{"id": 1, "deep": {"a": 1}}]] == list(pages.read("roles", (), source))


def test_lists_are_keyed_by_stream_and_partition():
    pages = shared_by(2)
    pages.register("organizations")
    pages.register("organizations")
    keys = [("roles", ()), ("roles", (("org_id", "1"),)), ("organizations", ())]
    for _ in range(2):
        for number, (name, partition) in enumerate(keys):
            assert [[{"id": number}]] == list(pages.read(name, partition, Source([[{"id": number}]])))


@pytest.mark.parametrize("pages_before", [0, 2])
@pytest.mark.parametrize("readers", [1, 2, 5])
def test_an_error_reaches_every_reader(readers: int, pages_before: int):
    error = ValueError("made up")
    pages, source = shared_by(readers), Source(PAGES[:pages_before], error)
    received: list[Page] = []

    def read(_: int) -> None:
        received.extend(pages.read("roles", (), source))

    assert [error] * readers == in_threads(readers, read)
    assert pages_before == source.fetched
    assert pages_before * readers == len(received)


def test_pages_that_ended_with_an_error_are_released_too():
    pages = shared_by(2)
    for _ in range(2):
        with pytest.raises(ValueError, match="made up"):
            list(pages.read("roles", (), Source(PAGES, ValueError("made up"))))
    assert {} == pages._lists


def test_a_reader_that_stops_early_does_not_affect_others():
    pages, source = shared_by(2), Source(PAGES)
    early = pages.read("roles", (), source)
    assert PAGES[0] == next(early)
    early.close()
    assert PAGES == list(pages.read("roles", (), source))


@given(
    st.lists(st.lists(st.fixed_dictionaries({"id": st.integers(0, 99)}), max_size=3), max_size=6),
    st.integers(1, 4),
    st.lists(st.integers(0, 3), max_size=60),
    st.booleans(),
)
def test_every_reader_gets_every_page_in_any_interleaving(
    expected: list[Page],
    readers: int,
    schedule: list[int],
    fails: bool,
):
    source = Source(expected, ValueError("made up") if fails else None)
    pages = shared_by(readers)
    received: list[list[Page]] = [[] for _ in range(readers)]
    reads = [pages.read("roles", (), source) for _ in range(readers)]
    done = set()
    for step in [*schedule, *sorted(list(range(readers)) * (len(expected) + 1))]:
        reader = step % readers
        try:
            received[reader].append(next(reads[reader]))
        except (StopIteration, ValueError):
            done.add(reader)
    assert [expected] * readers == received
    assert set(range(readers)) == done
    assert len(expected) == source.fetched
    assert fails or not pages._lists


def test_shared_pages_are_stored_compressed():
    """A thousand rows of 200 characters take less than 40 kB."""
    pages, source = shared_by(2), Source([[{"id": n, "description": "text " * 40} for n in range(1000)]])
    assert 1000 == len(next(pages.read("roles", (), source)))
    (shared,) = pages._lists.values()
    assert sum(map(len, shared._pages)) < 40_000


@pytest.mark.parametrize("early", [True, False])
def test_a_reader_that_goes_without_a_part_does_not_keep_its_pages(early: bool):
    pages, source = shared_by(3), Source(PAGES)
    if early:
        pages.pass_over("roles", "part")
    readers = [pages.read("roles", "part", source) for _ in range(2)]
    assert [next(reader) for reader in readers] == [PAGES[0]] * 2
    if not early:
        pages.pass_over("roles", "part")
    assert [PAGES[1:]] * 2 == [list(reader) for reader in readers]
    assert len(PAGES) == source.fetched
    assert not pages._lists


def test_a_reader_that_waits_for_anothers_page_says_so():
    """By the name of the pages; whoever asks for them does not wait."""
    waits, begun, may_go_on = list[str](), threading.Event(), threading.Event()

    @contextmanager
    def waiting(name: str) -> Iterator[None]:
        waits.append(name)
        may_go_on.set()
        yield

    def fetch() -> Iterator[Page]:
        begun.set()
        may_go_on.wait(10)
        yield PAGES[0]

    pages = SharedPages(waiting)
    pages.register("roles")
    pages.register("roles")
    first = threading.Thread(target=lambda: list(pages.read("roles", (), fetch)))
    first.start()
    begun.wait(10)
    assert [PAGES[0]] == list(pages.read("roles", (), fetch))
    first.join(10)
    assert {"roles"} == set(waits)
