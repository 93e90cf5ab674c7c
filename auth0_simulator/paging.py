"""Paging as data: which kinds an endpoint offers, its bounds, and what a page looks like.

Offset paging ends at 1,000 records where Auth0 documents it; checkpoint paging ends when `next` is absent, and a cursor
is valid for 24 hours (https://auth0.com/docs/api/management/v2).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auth0_simulator.errors import Refusal, invalid_paging, invalid_parameter, invalid_query
from auth0_simulator.parameters import Param

CURSOR_LIFETIME = 86_400
PER_PAGE = "Number of results per page. Defaults to 50"
FROM = "Optional Id from which to start selection"


@dataclass(frozen=True)
class Cursor:
    """Where a checkpoint page ended; sealed, so that another list's cursor or a made-up one is refused."""

    issued: float
    position: int
    key: str

    def seal(self, scope: str) -> str:
        """The opaque string for `next`."""
        text = f"{self.issued:.3f}UTC,{self.position},{self.key}"
        return base64.urlsafe_b64encode(f"{text},{_tag(scope, text)}".encode()).decode().rstrip("=")

    @classmethod
    def unseal(cls, sealed: str, scope: str, now: float) -> Cursor:
        """The cursor that `from` carries; garbled, foreign or expired ones are refused."""
        try:
            text, _, tag = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4)).decode().rpartition(",")
            issued, position, key = text.split(",", 2)
            cursor = cls(float(issued.removesuffix("UTC")), int(position), key)
        except (binascii.Error, ValueError) as error:
            raise invalid_checkpoint("Invalid checkpoint") from error
        if tag != _tag(scope, text):
            raise invalid_checkpoint("Invalid checkpoint")
        if now - cursor.issued > CURSOR_LIFETIME:
            raise invalid_checkpoint("Expired checkpoint")
        return cursor

    def start(self, rows: Sequence[dict[str, Any]]) -> int:
        """Where the next page begins, also when rows before it came or went."""
        if 0 < self.position <= len(rows) and row_key(rows[self.position - 1]) == self.key:
            return self.position
        after = (position for position, row in enumerate(rows, 1) if row_key(row) == self.key)
        return next(after, min(self.position, len(rows)))


@dataclass(frozen=True)
class Paging:
    """The paging of one endpoint.

    `cap` is the number of records that offset paging reaches. `totals` are the keys beside the rows with
    `include_totals=true`. `lagging` pages may be short, and the last one with rows still carries `next`, as recorded.
    """

    offset: bool = True
    checkpoint: bool = False
    minimum: int = 1
    maximum: int = 100
    default: int = 50
    page_maximum: int | None = None
    cap: int | None = None
    totals: tuple[str, ...] = ("start", "limit", "total")
    always_wrapped: bool = False
    lagging: bool = False

    def params(self) -> tuple[Param, ...]:
        """The query parameters that go with it."""
        offset = (
            Param("page", "integer", "Page index of the results to return. First page is 0", 0, self.page_maximum),
            Param("per_page", "integer", PER_PAGE, self.minimum, self.maximum),
            Param("include_totals", "boolean", "Return results inside an object that contains the total result count"),
        )
        checkpoint = (Param("from", description=FROM), Param("take", "integer", PER_PAGE, 1, self.maximum))
        return (offset if self.offset else ()) + (checkpoint if self.checkpoint else ())

    def wants_checkpoint(self, query: dict[str, Any]) -> bool:
        """Whether a request pages by checkpoint; the two kinds are not to be mixed."""
        asked = "from" in query or "take" in query or not self.offset
        # Recordings show per_page beside take, ignored. Refused here: who sends both does not know which one pages.
        mixed = [name for name in ("page", "per_page") if name in query]
        if asked and mixed:
            raise invalid_query(f"Query validation error: '{mixed[0]}' cannot be combined with 'from' or 'take'.")
        return asked

    def offset_window(self, query: dict[str, Any], page_limit: int) -> tuple[int, int]:
        """Start and size of the page asked for; beyond the cap it is refused."""
        size = min(query.get("per_page", self.default), page_limit)
        page = query.get("page", 0)
        if self.cap is not None and page * size + size > self.cap:
            raise invalid_paging(
                f"Requesting page {page} exceeds the allowed maximum of {self.cap} records."
                + (" To fetch results beyond 1000, use the checkpoint pagination method." if self.checkpoint else "")
            )
        return page * size, size

    def offset_body(self, wrapper: str, query: dict[str, Any], rows: list[Any], total: int, size: int) -> object:
        """A page in the shape that `include_totals` decides."""
        if not (query.get("include_totals") or self.always_wrapped):
            return rows
        page = query.get("page", 0)
        numbers = {
            "start": page * size,
            "limit": size,
            "length": len(rows),
            "total": total,
            "page": page,
            "per_page": size,
        }
        return {wrapper: rows, **{key: numbers[key] for key in self.totals}}

    def checkpoint_page(
        self, query: dict[str, Any], rows: list[dict[str, Any]], scope: str, now: float, page_limit: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The rows of a page and the cursor of the next one, None on the last."""
        start = Cursor.unseal(query["from"], scope, now).start(rows) if "from" in query else 0
        size = min(query.get("take", self.default), page_limit)
        if self.lagging and hashlib.blake2b(f"{scope}{start}".encode()).digest()[0] % 3 == 0:
            size = max(1, size * 3 // 5)
        page = rows[start : start + size]
        more = bool(page) if self.lagging else start + size < len(rows)
        end = start + len(page)
        return page, Cursor(now, end, row_key(page[-1])).seal(scope) if more else None


UNPAGED = Paging(offset=False)
OFFSET = Paging()
CHECKPOINT = Paging(offset=False, checkpoint=True)
OFFSET_AND_CHECKPOINT = Paging(checkpoint=True)
CAPPED_OFFSET_AND_CHECKPOINT = Paging(checkpoint=True, cap=1000, page_maximum=1000)


def row_key(row: dict[str, Any]) -> str:
    """What a cursor remembers a row by."""
    return str(next((row[name] for name in ("id", "user_id", "client_id", "name") if name in row), ""))


def invalid_checkpoint(problem: str) -> Refusal:
    """400: a `from` that leads nowhere; the wording is a guess."""
    return invalid_parameter(problem, "from", FROM)


def _tag(scope: str, text: str) -> str:
    return hashlib.blake2b(f"{scope}\n{text}".encode(), digest_size=6).hexdigest()
