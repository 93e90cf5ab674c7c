"""Pagination: which kinds an endpoint supports, its limits, and the body of a page.

Offset pagination ends at 1,000 records where Auth0 documents it; checkpoint pagination ends when `next` is absent. A
cursor is valid for 24 hours (https://auth0.com/docs/api/management/v2).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.wire.errors import FROM_DESCRIPTION, invalid_checkpoint, invalid_paging, invalid_query

CHECKPOINT_LIFETIME_SECONDS = 86_400
PER_PAGE_DESCRIPTION = "Number of results per page. Defaults to 50"


@dataclass(frozen=True)
class CheckpointCursor:
    """Where a checkpoint page ended; it has a checksum, so that another list's or a made-up cursor is rejected."""

    issued: float
    position: int
    key: str

    def encode(self, scope: str) -> str:
        """The opaque string for `next`."""
        text = f"{self.issued:.3f}UTC,{self.position},{self.key}"
        return base64.urlsafe_b64encode(f"{text},{_tag(scope, text)}".encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, token: str, scope: str, now: float) -> CheckpointCursor:
        """The cursor in `from`; raises `invalid_checkpoint` if it is malformed, of another list, or expired."""
        try:
            text, _, tag = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().rpartition(",")
            issued, position, key = text.split(",", 2)
            cursor = cls(float(issued.removesuffix("UTC")), int(position), key)
        except (binascii.Error, ValueError) as error:
            raise invalid_checkpoint("Invalid checkpoint") from error
        if tag != _tag(scope, text):
            raise invalid_checkpoint("Invalid checkpoint")
        if now - cursor.issued > CHECKPOINT_LIFETIME_SECONDS:
            raise invalid_checkpoint("Expired checkpoint")
        return cursor

    def start(self, rows: Sequence[dict[str, Any]]) -> int:
        """The index of the next page's first row, also when rows before it were added or removed."""
        if 0 < self.position <= len(rows) and row_key(rows[self.position - 1]) == self.key:
            return self.position
        after = (position for position, row in enumerate(rows, 1) if row_key(row) == self.key)
        return next(after, min(self.position, len(rows)))


@dataclass(frozen=True)
class Paging:
    """The pagination of one endpoint.

    offset, checkpoint: which kinds it supports.
    minimum, maximum, default: limits and default of `per_page` and `take`.
    page_maximum: the largest `page`.
    cap: the number of records that offset pagination reaches.
    totals: the keys beside the rows with `include_totals=true`.
    always_wrapped: whether the body is an object without `include_totals` too.
    next_key: the key of the checkpoint in a page.
    lagging: pages may be short, and the last one with rows still has `next`, as recorded.
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
    next_key: str = "next"

    def params(self) -> tuple[QueryParameter, ...]:
        """The query parameters of the supported kinds."""
        offset = (
            QueryParameter(
                "page", "integer", "Page index of the results to return. First page is 0", 0, self.page_maximum
            ),
            QueryParameter("per_page", "integer", PER_PAGE_DESCRIPTION, self.minimum, self.maximum),
            QueryParameter(
                "include_totals", "boolean", "Return results inside an object that contains the total result count"
            ),
        )
        checkpoint = (
            QueryParameter("from", description=FROM_DESCRIPTION),
            QueryParameter("take", "integer", PER_PAGE_DESCRIPTION, 1, self.maximum),
        )
        return (offset if self.offset else ()) + (checkpoint if self.checkpoint else ())

    def wants_checkpoint(self, query: dict[str, Any]) -> bool:
        """Whether a request uses checkpoint pagination; the two kinds cannot be combined."""
        uses_checkpoint = "from" in query or "take" in query or not self.offset
        # Recordings show that per_page is ignored beside take. It is rejected here: a client that sends both has a bug.
        mixed = [name for name in ("page", "per_page") if name in query]
        if uses_checkpoint and mixed:
            raise invalid_query(f"Query validation error: '{mixed[0]}' cannot be combined with 'from' or 'take'.")
        return uses_checkpoint

    def offset_window(self, query: dict[str, Any], page_limit: int) -> tuple[int, int]:
        """Start and size of the requested page; raises `invalid_paging` beyond the cap."""
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
        """The rows of a page, and the cursor of the next one; None on the last page."""
        start = CheckpointCursor.decode(query["from"], scope, now).start(rows) if "from" in query else 0
        size = min(query.get("take", self.default), page_limit)
        if self.lagging and hashlib.blake2b(f"{scope}{start}".encode()).digest()[0] % 3 == 0:
            size = max(1, size * 3 // 5)
        page = rows[start : start + size]
        more = bool(page) if self.lagging else start + size < len(rows)
        end = start + len(page)
        return page, CheckpointCursor(now, end, row_key(page[-1])).encode(scope) if more else None


UNPAGED = Paging(offset=False)
OFFSET = Paging()
CHECKPOINT = Paging(offset=False, checkpoint=True)
OFFSET_AND_CHECKPOINT = Paging(checkpoint=True)
CAPPED_OFFSET_AND_CHECKPOINT = Paging(checkpoint=True, cap=1000, page_maximum=1000)


def row_key(row: dict[str, Any]) -> str:
    """The key by which a cursor recognizes a row."""
    return str(next((row[name] for name in ("id", "user_id", "client_id", "name") if name in row), ""))


def _tag(scope: str, text: str) -> str:
    return hashlib.blake2b(f"{scope}\n{text}".encode(), digest_size=6).hexdigest()
