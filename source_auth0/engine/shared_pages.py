"""A cache of pages that several streams of a sync read, so that each page is requested once."""

import threading
import zlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from source_auth0.engine.thread_pool import hold_releasing_slot
from source_auth0.json_values import dumps, loads
from source_auth0.records import Page


class SharedPages:
    """Shares the pages of parent streams; whichever reader needs a page first fetches it.

    The framework re-reads a parent for every child, or caches raw responses on disk, secrets included.
    Here each page stays in memory, compressed and after redaction, until its last reader has read it.
    """

    def __init__(self, waiting: Callable[[str], AbstractContextManager[Any]] = nullcontext) -> None:
        """`waiting` makes a context for the time in which a reader waits for another, given the name of the pages."""
        self._waiting = waiting
        self._lock = threading.Lock()
        self._readers: Counter[str] = Counter()
        self._lists: dict[tuple[str, Hashable], _SharedList] = {}
        #: Readers that went without the pages of a part before anybody asked for them.
        self._absent: Counter[tuple[str, Hashable]] = Counter()

    def register(self, name: str) -> None:
        """Register one more reader of the pages called `name`; all have to register before the first one reads."""
        with self._lock:
            self._readers[name] += 1

    def read(self, name: str, part: Hashable, fetch: Callable[[], Iterator[Page]]) -> Iterator[Page]:
        """The pages of one part (one parent's slice) of `name`; `fetch` is called at most once for all readers."""
        if self._readers[name] < 2:  # noqa: PLR2004 - a single reader needs no cache
            yield from fetch()
            return
        key = (name, part)
        with self._lock:
            if key not in self._lists:
                waiting = partial(self._waiting, name)
                self._lists[key] = _SharedList(fetch(), self._readers[name] - self._absent.pop(key, 0), waiting)
            shared = self._lists[key]
            reader = shared.begin() if shared.expects_another else None
        if reader is None:
            yield from fetch()
            return
        try:
            yield from shared.pages(reader)
        finally:
            with self._lock:
                shared.readers_left -= 1
                if not shared.readers_left:
                    del self._lists[key]

    def pass_over(self, name: str, part: Hashable) -> None:
        """Have one reader of `name` go without the pages of one part, so that they are not kept for it."""
        with self._lock:
            if (shared := self._lists.get((name, part))) is None:
                self._absent[name, part] += 1
                return
            shared.pass_over()
            shared.readers_left -= 1
            if not shared.readers_left:
                del self._lists[name, part]


class _SharedList:
    """The pages of one list that were fetched so far, and the iterator of the rest.

    A list of a million rows would take a hundred megabytes if it were kept to its end; a page that all readers have
    passed is let go of.
    """

    def __init__(
        self, source: Iterator[Page], readers: int, waiting: Callable[[], AbstractContextManager[Any]]
    ) -> None:
        self._waiting_for_page = waiting
        self.readers_left = readers
        #: Readers that have not begun, the number of pages that each of the others has passed, and that of all of them.
        self._waiting = readers
        self._positions: dict[object, int] = {}
        self._released = 0
        self._positions_lock = threading.Lock()
        self._source = source
        self._lock = threading.Lock()
        self._pages: list[bytes] = []
        self._end: Exception | None = None

    @property
    def expects_another(self) -> bool:
        """Whether a reader has not begun yet; another one would find that pages are gone."""
        return self._waiting > 0

    def begin(self) -> object:
        """Have a reader begin; returns what tells it from others."""
        reader = object()
        with self._positions_lock:
            self._waiting -= 1
            self._positions[reader] = 0
        return reader

    def pages(self, reader: object) -> Iterator[Page]:
        index = 0
        try:
            while (page := self._page(index)) is not None:
                yield page
                del page  # not kept while the next one is read
                index += 1
                self._move(reader, index)
        finally:
            self._move(reader, None)

    def pass_over(self) -> None:
        """Expect one reader less."""
        with self._positions_lock:
            self._waiting = max(self._waiting - 1, 0)
            self._release()

    def _move(self, reader: object, index: int | None) -> None:
        """Record that a reader has passed so many pages, or that it ended for None; let go of those that all passed."""
        with self._positions_lock:
            if index is None:
                del self._positions[reader]
            else:
                self._positions[reader] = index
            self._release()

    def _release(self) -> None:
        """Let go of the pages that all readers have passed; the caller holds the lock."""
        passed = 0 if self._waiting else min(self._positions.values(), default=self._released)
        for number in range(self._released, passed):
            self._pages[number] = b""
        self._released = max(self._released, passed)

    def _page(self, index: int) -> Page | None:
        with hold_releasing_slot(self._lock, self._waiting_for_page):
            if index == len(self._pages) and self._end is None:
                self._fetch()
            if index < len(self._pages):
                page: Page = loads(zlib.decompress(self._pages[index]))
                return page
            if self._end is None or isinstance(self._end, StopIteration):
                return None
            raise self._end

    def _fetch(self) -> None:
        try:
            self._pages.append(zlib.compress(dumps(next(self._source)), 1))
        except Exception as end:  # noqa: BLE001 - raised again for every reader of the list
            self._end = end
