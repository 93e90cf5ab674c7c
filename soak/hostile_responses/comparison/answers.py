"""Responses that were rewritten: which of the tenant's rows they altered, left out or invented."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from soak.hostile_responses.comparison.rows import Row, text_of, whole
from soak.hostile_responses.response_fuzzing import RAW_JSON
from testing.servers.intercepting_proxy import RawResponse, UpstreamResponse

#: The columns of ids of one response's rows, the most particular first, and those that rows made of them have.
OWN_IDS = ("log_id", "id", "client_id", "user_id")
IDS = (*OWN_IDS, "org_id", "connection_id")
#: A body that is no JSON.
UNREADABLE = object()
#: The inserted values that are nested more deeply than Python's parser reads, the longest first.
TOO_DEEP = sorted((text.encode() for text in RAW_JSON if text.startswith(("[[", '{"a":{'))), key=len, reverse=True)
#: Digits and sign of the longest whole number of 64 bits.
MAX_DIGITS = 20
ENVELOPE = {"start", "limit", "length", "total", "next"}


@dataclass(frozen=True)
class AlteredAnswer:
    """A response as the tenant gave it, and as the connector got it; bodies are parsed, or `UNREADABLE`."""

    target: str
    true_body: Any
    status: int
    body: Any

    @classmethod
    def of(cls, upstream: UpstreamResponse, raw: RawResponse) -> "AlteredAnswer | None":
        """What a rewritten response altered; None if it is as it was."""
        if not isinstance(raw, bytes):
            return cls(upstream.target, _parsed(upstream.body), 200, UNREADABLE)
        if raw == upstream.raw():
            return None
        head, _, body = raw.partition(b"\r\n\r\n")
        words = head.split(b" ")
        status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        return cls(upstream.target, _parsed(upstream.body), status, _parsed(body))

    @property
    def path(self) -> list[str]:
        """The segments of the path below `/api/v2`."""
        return [unquote(part) for part in urlsplit(self.target).path.split("/")[3:]]

    @property
    def scope(self) -> str:
        """The id of the parent or of the single row that the request is about; "" for the list of all."""
        return self.path[1] if len(self.path) > 1 and self.path[0] != "tenants" else ""

    @cached_property
    def is_first_page(self) -> bool:
        """Whether it answers a request for the beginning of a list."""
        query = parse_qs(urlsplit(self.target).query)
        return "from" not in query and query.get("page", ["0"]) == ["0"]

    @property
    def true_rows(self) -> list[Row]:
        """The rows of the tenant's response; the object itself where it is a single one."""
        found = self._rows(self.true_body)
        return [self.true_body] if found is None and isinstance(self.true_body, dict) else found or []

    @property
    def rows(self) -> list[Any] | None:
        """The same place of the response that came; None if no list is there."""
        if self._rows(self.true_body) is None:
            return [self.body]
        if isinstance(self.true_body, list):
            return self.body if isinstance(self.body, list) else None
        found = self.body.get(self._name_of_rows) if isinstance(self.body, dict) else None
        return found if isinstance(found, list) else None

    @property
    def _name_of_rows(self) -> str:
        names = [name for name, value in self.true_body.items() if name not in ENVELOPE and isinstance(value, list)]
        return names[0] if len(names) == 1 and self.true_body.keys() <= ENVELOPE | set(names) else ""

    def _rows(self, body: Any) -> list[Any] | None:
        if isinstance(body, list):
            return body
        return body[self._name_of_rows] if isinstance(body, dict) and self._name_of_rows else None

    def told(self, name: str) -> tuple[Any, Any]:
        """A field of the envelope, such as `next`: as it was, and as it came."""
        bodies = (self.true_body, self.body)
        before, after = (body.get(name) if isinstance(body, dict) else None for body in bodies)
        return before, after


@dataclass
class Alterations:
    """What all rewritten responses of a sync said of rows.

    columns: for each row that came altered, by its parent and its own id, the columns that differ; None where the id
    does, so that it came as another row. values: what altered rows have in their columns, so that rows made of it are
    not invented.
    """

    columns: dict[tuple[str, str], set[str] | None] = field(default_factory=dict)
    values: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, answers: list[AlteredAnswer]) -> "Alterations":
        """Those of these responses."""
        found = cls()
        for answer in answers:
            if answer.status // 100 == 2 and (rows := answer.rows) is not None:
                found._add(answer, [row for row in rows if isinstance(row, dict)], len(rows))
        return found

    def _add(self, answer: AlteredAnswer, rows: list[Row], count: int) -> None:
        true_rows = answer.true_rows
        by_id = {own_id_of(row): row for row in rows}
        true_texts = {text_of(row) for row in true_rows}
        true_ids = {name for name in OWN_IDS for row in true_rows if name in row}
        for row in rows:
            if text_of(row) not in true_texts:
                self.values.update(_values(row), {text_of(None)} if None in map(row.get, true_ids) else ())
        for true_row in true_rows:
            own_id = own_id_of(true_row)
            place = (answer.scope, own_id)
            came = by_id.get(own_id)
            if came is not None:
                names = true_row.keys() | came.keys()
                columns = {whole(name) for name in names if text_of(true_row.get(name)) != text_of(came.get(name))}
                known = self.columns.get(place, set())
                self.columns[place] = None if known is None else known | columns
            elif count >= len(true_rows):
                self.columns[place] = None

    def columns_of(self, row: Row) -> set[str] | None:
        """The columns of a row that came altered; None if its ids did."""
        ids = {text_of(row[name]) for name in IDS if row.get(name) is not None}
        columns: set[str] = set()
        for (scope, own_id), altered in self.columns.items():
            # A single object has no id, and is the only row.
            if (own_id in ids or not own_id) and (not scope or text_of(scope) in ids):
                if altered is None:
                    return None
                columns |= altered
        return columns


def own_id_of(row: Mapping[str, Any]) -> str:
    """By what a row of a response is known."""
    return next((text_of(row[name]) for name in OWN_IDS if row.get(name) is not None), "")


def _values(value: Any, depth: int = 6) -> Iterator[str]:
    yield text_of(value)
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner if depth else ():
        yield from _values(one, depth - 1)


def _parsed(body: bytes) -> Any:
    for text in TOO_DEEP:
        body = body.replace(text, b'"nested too deeply"')
    with contextlib.suppress(ValueError, RecursionError):
        return json.loads(body, parse_int=_integer, parse_float=_real, strict=False)
    return UNREADABLE


def _real(text: str) -> float | str:
    """A number, as the connector documents it: one that is infinite as a float is a text."""
    return float(text) if isfinite(float(text)) else text


def _integer(digits: str) -> int | str:
    """A whole number, as the connector documents it: one outside signed 64 bits is a text."""
    is_long = len(digits) > MAX_DIGITS
    return digits if is_long or not -(2**63) <= int(digits) < 2**63 else int(digits)
