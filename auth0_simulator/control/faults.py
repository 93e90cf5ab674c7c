"""Fault injection: which fault, on which route, at which requests."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from threading import Lock

FAULT_KINDS = {
    "status": "answers `status` with Auth0's envelope (429 with rate-limit headers unless `with_headers` is false)",
    "reset_before": "closes the connection before a byte is sent",
    "reset_during": "closes the connection amid the body",
    "reset_after": "sends all of the answer and resets the connection, which was to be kept open",
    "truncated_json": "ends the body early, under a content-length that agrees; of a download, amid a line of it",
    "truncated_gzip": "compresses the body and ends it early; a download is a gzip already",
    "html": "answers a proxy's page of HTML, with `status` or 200",
    "empty": "answers 200, or `status` such as 204, with no body",
    "empty_page": "takes every row out of a page, and `next`; `total` is 0, or with `true_total` what it is",
    "empty_list": "answers [], in whatever shape the rows were wanted",
    "short_page": "takes the last `rows` rows out of a page, or with `amid` those in its middle; the total is right",
    "wrong_content_type": "sends the right body as text/html",
    "repeat_page": "sends again what the same path answered last, asked with the same parameters, whatever they were",
    "looping_next": "sends the cursor that came as `from` back as `next`, from the second page on",
    "expired_checkpoint": "refuses any `from` as expired",
    "slow": "sends a byte, or a piece of a download, at a time, `seconds` apart",
    "hang": "never answers",
    "skew": "shifts the date header by `seconds`",
    "revoke_token": "revokes every token, the request's own too",
    "vanish_parent": "answers 404 as if the parent in the path did not exist",
    "withdraw_scope": "refuses the token's scopes, or `scope` alone",
    "redirect": "answers 302, or `status`, to the URL `to`",
    "lead_astray": "names the URL `to` as `next`, in a Link header, and as an export's `location`",
    "echo": "answers 400, or `status`, with a message that repeats the request's body and Authorization header",
}
_WHEN = re.compile(r"(once|always|(every|after|first|nth):([1-9]\d*))\Z")
_SCHEDULE: dict[str, Callable[[int, int], bool]] = {
    "once": lambda seen, _: seen == 1,
    "always": lambda _seen, _: True,
    "every": lambda seen, number: seen % number == 0,
    "after": lambda seen, number: seen > number,
    "first": lambda seen, number: seen <= number,
    "nth": lambda seen, number: seen == number,
}


@dataclass(frozen=True)
class Fault:
    """A fault to inject.

    kind: one of FAULT_KINDS.
    template: the route's path below /api/v2 ("/users"), "/oauth/token", "/user-exports/download", or a prefix and
        "*"; None matches every route.
    when: "once", "always", "every:N", "after:N" (all but the first N), "first:N" or "nth:N" of the matching requests.
    where: query parameters that a request must have to match, e.g. {"page": "3"}.
    ids: ids of which one must be in the path, as of users whom the API refuses for what their id holds.
    message, code: those of the envelope of a `status`.
    """

    kind: str
    template: str | None = None
    when: str = "once"
    status: int | None = None
    with_headers: bool = True
    seconds: float = 0.0
    scope: str = ""
    to: str = ""
    rows: int = 1
    amid: bool = False
    true_total: bool = False
    where: Mapping[str, str] = field(default_factory=dict)
    ids: Collection[str] = ()
    message: str = ""
    code: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"no fault is called {self.kind!r}; known are {', '.join(FAULT_KINDS)}")
        if not _WHEN.match(self.when):
            raise ValueError(
                f"{self.when!r} is no time for a fault; known are {', '.join(_SCHEDULE)} (with :N from every on)"
            )
        if self.kind == "status" and self.status is None:
            raise ValueError("a fault of kind 'status' needs a status")

    def matches(self, template: str, query: Mapping[str, str], ids: Collection[str] = ()) -> bool:
        """Whether a request to this route matches and is counted."""
        if self.template is None:
            fits = True
        elif self.template.endswith("*"):
            fits = template.startswith(self.template[:-1])
        else:
            fits = template == self.template
        has_id = not self.ids or not set(ids).isdisjoint(self.ids)
        return fits and has_id and all(query.get(name) == value for name, value in self.where.items())

    def is_due(self, seen: int) -> bool:
        """Whether it applies to matching request number `seen`, counted from 1."""
        rule, _, number = self.when.partition(":")
        return _SCHEDULE[rule](seen, int(number or 0))


class FaultRegistry:
    """The active faults, and how many requests matched each."""

    def __init__(self) -> None:
        self._seen: list[tuple[Fault, int]] = []
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._seen)

    def add(self, *faults: Fault) -> None:
        """Add faults after the active ones."""
        with self._lock:
            self._seen.extend((fault, 0) for fault in faults)

    def clear(self) -> None:
        """Remove every fault."""
        with self._lock:
            self._seen.clear()

    def due(self, template: str, query: Mapping[str, str], ids: Collection[str] = ()) -> list[Fault]:
        """Count a request, with these ids in its path; returns the faults that apply to it."""
        due = []
        with self._lock:
            for position, (fault, seen) in enumerate(self._seen):
                if fault.matches(template, query, ids):
                    self._seen[position] = (fault, seen + 1)
                    if fault.is_due(seen + 1):
                        due.append(fault)
        return due
