"""The journal: every request to the tenant, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class JournalEntry:
    """One request and the status of its response: 0 when none was sent; `template` is "" when no route matched.

    `query` has the last value of a repeated parameter, `form` the fields of the body.
    """

    method: str
    path: str
    template: str
    query: dict[str, str]
    status: int
    at: datetime
    form: dict[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The fields of the body, of a form or of JSON."""
        return self.form
