"""What tells an answer of a list from those before it, so that one that repeats is not followed for ever."""

from dataclasses import dataclass, field
from typing import Any

from source_auth0.records import Page


@dataclass(frozen=True)
class ListResponse:
    """A page of a list, what tells it from others, and the checkpoint that it leads to."""

    body: Any = None
    page: Page = field(default_factory=list)
    told_by: str = ""
    following: str | None = None
    #: What it has in common with an answer before it, if anything.
    repeats: str = ""
    #: The checkpoints of the whole list so far.
    seen: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, body: Any, page: Page, before: "ListResponse") -> "ListResponse":
        """The answer behind another one."""
        told_by = repr((len(page), page[0], page[-1])) if page else ""  # orjson writes less deep than it reads
        # Deliveries of event streams were recorded with another name for it.
        following = body.get("next") or body.get("nextPageToken") if isinstance(body, dict) else None
        repeats = "page" if page and told_by == before.told_by else "checkpoint" if following in before.seen else ""
        return cls(body, page, told_by, following, repeats, before.seen)

    def taken(self) -> "ListResponse":
        """The same, once it is used."""
        if self.following is not None:
            self.seen.add(self.following)
        return self
