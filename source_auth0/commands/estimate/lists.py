"""How long one list is, by its first page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from source_auth0.commands.probe.client import Answer, ProbeClient
from source_auth0.costs.requests import archetype, page_size
from source_auth0.records import Page
from source_auth0.redaction.secret_fields import is_hashing_secrets

#: Archetypes that are asked by checkpoint, and those by page number; the others send everything at once.
CHECKPOINTED = frozenset({"checkpointed", "members", "owned_roles", "connection_settings", "user_checkpointed"})
CHECKPOINTED |= frozenset({"user_source_groups", "user_by_api", "user_source_roles"})
NUMBERED = frozenset({"paged", "paged_always", "detailed", "full_list", "user_paged"})
#: Pages that are followed where a list has no total.
MAX_PAGES_FOLLOWED = 3
#: The total that may stand for any larger number.
CAP = 1000


@dataclass(frozen=True)
class ListLength:
    """The rows of one list; with `at_least`, there are more. page: its first rows. lacks_scope: Auth0 refused it."""

    rows: int = 0
    at_least: bool = False
    page: Page = field(default_factory=list)
    lacks_scope: str = ""


class ListCounter:
    """Counts the rows of lists of one stream."""

    def __init__(self, client: ProbeClient, stream: Mapping[str, Any]) -> None:
        self._client, self._parameters = client, stream["$parameters"]
        self._kind, self._size = archetype(stream), page_size(stream)
        withheld = {} if is_hashing_secrets(client.tenant.config) else self._parameters["query_withholding"] or {}
        self._query = {**(self._parameters["query"] or {}), **withheld}
        self._has_numbers = True

    def count(self, ids: Mapping[str, Any], **more: object) -> ListLength:
        """The rows of the list that these ids lead to; none where the tenant lacks it, or its parent has vanished."""
        size: dict[str, object] = {}
        if self._kind in CHECKPOINTED:
            size = {"take": self._size}
        elif self._kind in NUMBERED:
            size = self._numbered(0)
        first = self._get(ids, {**size, **more})
        if not first.is_served:
            is_feature = first.status != HTTPStatus.BAD_REQUEST or "feature" in first.code
            return ListLength(at_least=not is_feature, lacks_scope=first.text if first.lacks_scope else "")
        page, checkpoint = self._rows(first), _next(first)
        if self._kind in NUMBERED:
            if first.total is None:
                return self._untold(ids, page, more)
            return ListLength(max(first.total, len(page)), self._is_capped(first.total), page)
        if not checkpoint:
            return ListLength(len(page), page=page)
        return self._long(ids, page, checkpoint, more)

    def sample(self, ids: Mapping[str, Any], page: int) -> Page:
        """The rows of a later page by number; none where the list has no such pages."""
        answer = self._get(ids, {"page": page, "per_page": self._size})
        return self._rows(answer) if answer.is_served else []

    def _numbered(self, page: int) -> dict[str, object]:
        totals = {} if self._kind == "paged_always" else {"include_totals": "true"}
        return {"page": page, "per_page": self._size, **totals}

    def _untold(self, ids: Mapping[str, Any], page: Page, more: Mapping[str, object]) -> ListLength:
        """The rows of a list by number that has no total: a few more pages."""
        rows, number = list(page), 0
        while len(page) >= self._size and number < MAX_PAGES_FOLLOWED:
            number += 1
            page = self._rows(self._get(ids, {**self._numbered(number), **more}))
            rows += page
        return ListLength(len(rows), len(page) >= self._size, rows)

    def _long(self, ids: Mapping[str, Any], page: Page, checkpoint: str, more: Mapping[str, object]) -> ListLength:
        """The rows of a list of more than a page: its total, or a few more pages where Auth0 tells none."""
        if self._has_numbers:
            numbered = self._get(ids, {"page": 0, "per_page": 1, "include_totals": "true", **more})
            if numbered.is_served and numbered.total is not None and numbered.total >= len(page):
                return ListLength(numbered.total, page=page)
            self._has_numbers = False
        rows = list(page)
        for _ in range(MAX_PAGES_FOLLOWED):
            following = self._get(ids, {"take": self._size, "from": checkpoint, **more})
            rows += self._rows(following) if following.is_served else []
            checkpoint = _next(following)
            if not checkpoint:
                break
        return ListLength(len(rows), bool(checkpoint), rows)

    def _is_capped(self, total: int) -> bool:
        return total == CAP and self._kind == "full_list"

    def _get(self, ids: Mapping[str, Any], query: Mapping[str, object]) -> Answer:
        return self._client.get_below(self._parameters["resource"], ids, {**self._query, **query})

    def _rows(self, answer: Answer) -> Page:
        """The rows of a page, where the stream has them."""
        key = self._parameters["rows"]
        rows = answer.body.get(key) if key and isinstance(answer.body, dict) else None
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else answer.rows


def _next(answer: Answer) -> str:
    """The checkpoint of the next page; empty for none."""
    value = answer.body.get("next") if answer.status == HTTPStatus.OK and isinstance(answer.body, dict) else None
    return value if isinstance(value, str) else ""
