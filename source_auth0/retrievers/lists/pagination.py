"""Detection of repeated pages and checkpoints, so that pagination always ends."""

from dataclasses import dataclass, field
from typing import Any

from source_auth0.records import Page


@dataclass(frozen=True)
class ListResponse:
    """A page of a list, its fingerprint, and the checkpoint of the next page."""

    body: Any = None
    page: Page = field(default_factory=list)
    fingerprint: str = ""
    next_checkpoint: str | None = None
    #: What it repeats of an earlier response: "page", "checkpoint" or "".
    repeated: str = ""
    #: All checkpoints of the list so far.
    seen_checkpoints: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, body: Any, page: Page, previous: "ListResponse") -> "ListResponse":
        """Parse the response that follows another one."""
        fingerprint = repr((len(page), page[0], page[-1])) if page else ""  # orjson writes less deep than it reads
        # One recording of event stream deliveries has another name for it.
        checkpoint = body.get("next") or body.get("nextPageToken") if isinstance(body, dict) else None
        is_same_page = bool(page) and fingerprint == previous.fingerprint
        repeated = "page" if is_same_page else "checkpoint" if checkpoint in previous.seen_checkpoints else ""
        return cls(body, page, fingerprint, checkpoint, repeated, previous.seen_checkpoints)

    def accept(self) -> "ListResponse":
        """Record its checkpoint as seen, and return it."""
        if self.next_checkpoint is not None:
            self.seen_checkpoints.add(self.next_checkpoint)
        return self
