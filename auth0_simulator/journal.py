"""What was asked of the tenant, in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Request:
    """One request as it was answered; `status` is 0 when nothing was, `template` is "" when no route matched.

    `query` holds the last value of a repeated parameter, `form` the fields of a body.
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
        """The fields of the body, form or JSON."""
        return self.form
