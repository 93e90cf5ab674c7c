"""A cache of pages that several streams of a sync read, so that each page is requested once."""

import threading
import zlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator

from source_auth0.engine.thread_pool import hold_releasing_slot
from source_auth0.json_values import dumps, loads
from source_auth0.records import Page


class SharedPages:
    """Shares the pages of parent streams; whichever reader needs a page first fetches it.

    The framework re-reads a parent for every child, or caches raw responses on disk, secrets included.
    Here pages stay in memory, compressed and after redaction, until their last reader has read them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: Counter[str] = Counter()
        self._lists: dict[tuple[str, Hashable], _SharedList] = {}

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
                self._lists[key] = _SharedList(fetch(), self._readers[name])
            shared = self._lists[key]
        try:
            yield from shared.pages()
        finally:
            with self._lock:
                shared.readers_left -= 1
                if not shared.readers_left:
                    del self._lists[key]


class _SharedList:
    """The pages of one list that were fetched so far, and the iterator of the rest."""

    def __init__(self, source: Iterator[Page], readers: int) -> None:
        self.readers_left = readers
        self._source = source
        self._lock = threading.Lock()
        self._pages: list[bytes] = []
        self._end: Exception | None = None

    def pages(self) -> Iterator[Page]:
        index = 0
        while (page := self._page(index)) is not None:
            yield page
            index += 1

    def _page(self, index: int) -> Page | None:
        with hold_releasing_slot(self._lock):
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
