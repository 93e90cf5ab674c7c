"""Pages of a list: repeated and contradictory ones, refused page sizes, and numbered pages that move while read."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from source_auth0.errors import RequestRefusedError
from source_auth0.json_values import dumps
from source_auth0.records import Page, Row

#: How often a numbered list is read whose pages do not fit together.
MAX_PASSES = 5
#: A 400 of a release without checkpoint pagination (https://github.com/auth0/node-auth0/issues/678).
CHECKPOINT_REFUSED = re.compile(r"Additional properties not allowed: .*\btake\b")
#: A 400 about a page size, such as `'Value 100 is greater than maximum 10' on property take`.
SIZE_REFUSED = re.compile(r"greater than maximum (\d+)(?:'? on property (?:per_page|take)\b|'?$)")


@dataclass(frozen=True)
class ListResponse:
    """A page of a list, its fingerprint, its total if it tells one, and the checkpoint of the next page."""

    body: Any = None
    page: Page = field(default_factory=list)
    fingerprint: bytes = b""
    next_checkpoint: str | None = None
    #: What is wrong with it beside the earlier responses, as the end of a sentence, `{}` being the list; "" if nothing.
    doubt: str = ""
    #: All checkpoints of the list so far.
    seen_checkpoints: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, body: Any, page: Page, previous: "ListResponse", own_key: Collection[str] = ()) -> "ListResponse":
        """Parse the response that follows another one; own_key: the key's columns that rows bring themselves."""
        fingerprint = dumps([len(page), page[0], page[-1]]) if page else b""
        # One recording of event stream deliveries has another name for it.
        checkpoint = body.get("next") or body.get("nextPageToken") if isinstance(body, dict) else None
        doubt = ""
        if page and fingerprint == previous.fingerprint:
            doubt = "sent the same page of {} twice"
        elif checkpoint in previous.seen_checkpoints:
            doubt = "sent the same checkpoint of {} twice"
        elif isinstance(body, list) and isinstance(previous.body, dict):
            doubt = "sent a bare list between the pages of {}"
        elif page and own_key and all(row.get(column) is None for row in page for column in own_key):
            doubt = f"sent rows of {{}} without {' and '.join(f'`{column}`' for column in own_key)}"
        return cls(body, page, fingerprint, checkpoint, doubt, previous.seen_checkpoints)

    @classmethod
    def of_earlier_pass(cls) -> "ListResponse":
        """Stands before the first page of a list that is read again: nothing is known but that it exists."""
        return cls(body=())

    def accept(self) -> "ListResponse":
        """Record its checkpoint as seen, and return it."""
        if self.next_checkpoint is not None:
            self.seen_checkpoints.add(self.next_checkpoint)
        return self

    def without_rows(self) -> "ListResponse":
        """What the next response is held against: all but the rows, which need not be kept while it is read."""
        body = {"total": self.total} if isinstance(self.body, dict) else []
        return replace(self, body=body, page=[])

    @property
    def total(self) -> int | None:
        """The rows of the whole list, if the response tells them."""
        total = self.body.get("total") if isinstance(self.body, dict) else None
        return total if isinstance(total, int) and not isinstance(total, bool) else None

    @property
    def is_before_first(self) -> bool:
        """Whether it stands for no response: nothing of the list is known yet."""
        return self.body is None


@dataclass
class NumberedWalk:
    """Reads numbered pages from the first to the last, and again if a total says that rows have moved meanwhile.

    A row that is deleted between two requests moves the first row of the next page to a page that was read already,
    and nobody would ever see it. The total tells: it falls. Then the list is read again, at most `MAX_PASSES` times,
    without the rows that came before. A row is known by its primary key; by all of its columns if it has none.
    """

    key_columns: list[str]
    number: int = 0
    passes: int = 1
    rows: int = 0
    total: int | None = None
    #: Whether a total fell between two pages.
    has_moved: bool = False
    _is_at_end: bool = False
    #: The keys of this pass, of the one before if it reached the end, and of all.
    _keys: set[bytes] = field(default_factory=set)
    _previous_keys: set[bytes] = field(default_factory=set)
    _all_keys: set[bytes] = field(default_factory=set)

    def add(self, response: ListResponse) -> Page:
        """Take the next page; its rows that no earlier page had."""
        page, told = response.page, response.total
        self.rows += len(page)
        if told is None or (page and told < self.rows):
            pass  # later pages may have a wrong total, such as 0 (https://github.com/auth0/node-auth0/issues/625)
        elif self.total is not None and told < self.total:
            self.has_moved = True
        else:
            self.total = told
        self._is_at_end = not page or (self.total is not None and self.rows >= self.total)
        if self.number == 0 and self.passes == 1 and self.is_complete:
            return page
        keys = [self._key(row) for row in page]
        fresh = [row for row, key in zip(page, keys, strict=True) if key not in self._all_keys]
        self._keys.update(keys)
        self._all_keys.update(keys)
        self.number += 1
        return fresh

    @property
    def is_complete(self) -> bool:
        """Whether the last page was read, and no total says more."""
        return self._is_at_end and not self.has_moved and not self.is_short

    @property
    def is_short(self) -> bool:
        """Whether the list ended before its total."""
        return self.total is not None and self.rows < self.total

    @property
    def is_settled(self) -> bool:
        """Whether nothing can be missing: complete, and repeats did not take the place of other rows.

        Two passes with the same rows settle it too: then the list itself has repeats.
        """
        is_whole = self.total is None or self.number == 0 or len(self._keys) >= self.total
        return self.is_complete and (is_whole or self._keys == self._previous_keys)

    @property
    def must_restart(self) -> bool:
        """Whether going on makes no sense."""
        return self.has_moved or (self._is_at_end and not self.is_settled)

    def restart(self) -> None:
        """Begin again with the first page."""
        self._previous_keys = self._keys if self.is_complete else set()
        self._keys = set()
        self.number, self.rows, self.total, self.passes = 0, 0, None, self.passes + 1
        self.has_moved = self._is_at_end = False

    def _key(self, row: Row) -> bytes:
        key = [row.get(column) for column in self.key_columns]
        return dumps(key if any(value is not None for value in key) else row)


def max_page_size(refusal: RequestRefusedError) -> int | None:
    """The largest page size that a refusal names; None if it is about something else."""
    match = SIZE_REFUSED.search(refusal.reason)
    return int(match[1]) if match and refusal.status == 400 else None  # noqa: PLR2004 - Bad Request


def refuses_checkpoints(refusal: RequestRefusedError) -> bool:
    """Whether it says that this release has no checkpoint pagination for a list."""
    return refusal.status == 400 and bool(CHECKPOINT_REFUSED.search(refusal.reason))  # noqa: PLR2004 - Bad Request
