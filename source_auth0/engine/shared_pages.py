"""Pages that several readers of one sync need are fetched once."""

import contextlib
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterator

import orjson

from source_auth0.engine.thread_pool import release_worker_slot
from source_auth0.records import Page


class SharedPages:
    """The pages of parents, fetched by whichever reader needs the next one first.

    The framework re-reads a parent for every child, or caches raw responses on disk, where a secret would reach it.
    Here pages are kept in memory, compressed and after redaction, until their last reader has had them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers: Counter[str] = Counter()
        self._books: dict[tuple[str, Hashable], _SharedList] = {}

    def register(self, name: str) -> None:
        """Announce one more reader of the pages called `name`; all announce themselves before the first one reads."""
        with self._lock:
            self._readers[name] += 1

    def read(self, name: str, part: Hashable, fetch: Callable[[], Iterator[Page]]) -> Iterator[Page]:
        """The pages of one part (one parent's slice) of `name`; `fetch` is called at most once for all readers."""
        if self._readers[name] < 2:  # noqa: PLR2004 - a single reader shares with nobody
            yield from fetch()
            return
        key = (name, part)
        with self._lock:
            if key not in self._books:
                self._books[key] = _SharedList(fetch(), self._readers[name])
            book = self._books[key]
        try:
            yield from book.pages()
        finally:
            with self._lock:
                book.readers_left -= 1
                if not book.readers_left:
                    del self._books[key]


class _SharedList:
    """The pages of one list so far, and where the next comes from."""

    def __init__(self, source: Iterator[Page], readers: int) -> None:
        self.readers_left = readers
        self._source = source
        self._turn = threading.Lock()
        self._pages: list[bytes] = []
        self._end: Exception | None = None

    def pages(self) -> Iterator[Page]:
        number = 0
        while (page := self._page(number)) is not None:
            yield page
            number += 1

    def _page(self, number: int) -> Page | None:
        with _hold_releasing_slot(self._turn):
            if number == len(self._pages) and self._end is None:
                self._fetch()
            if number < len(self._pages):
                page: Page = orjson.loads(zlib.decompress(self._pages[number]))
                return page
            if self._end is None or isinstance(self._end, StopIteration):
                return None
            raise self._end

    def _fetch(self) -> None:
        try:
            self._pages.append(zlib.compress(orjson.dumps(next(self._source)), 1))
        except Exception as end:  # noqa: BLE001 - every reader of the list gets to see how it ended
            self._end = end


@contextlib.contextmanager
def _hold_releasing_slot(lock: threading.Lock) -> Iterator[None]:
    """Hold a lock; where its holder may be waiting for a rate limit, other streams go on meanwhile."""
    if not lock.acquire(blocking=False):
        with release_worker_slot():
            lock.acquire()
    try:
        yield
    finally:
        lock.release()
