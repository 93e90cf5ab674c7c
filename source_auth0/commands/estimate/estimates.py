"""What is estimated of a stream."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from source_auth0.costs.spans import NOTHING, Span, total
from source_auth0.records import Row

#: Endpoint, as the rate limit counts it, to requests.
Requests = Mapping[str, Span]
#: A row that was seen, and the ids of its own parents as columns.
Seen = tuple[Row, Mapping[str, Any]]


@dataclass(frozen=True)
class ListsSeen:
    """The lists of a stream that were asked, each with its ids, its length, and its first rows."""

    ids: Mapping[str, Any]
    rows: int
    page: list[Row]


@dataclass(frozen=True)
class StreamEstimate:
    """The rows and the requests of a stream: in a first sync, and in each later one.

    rows: None where nothing tells. requests: its own alone. needs: the streams whose requests it makes too, unless
    they are selected. refused: the sentence that says why Auth0 does not let it be read. seen: rows that were read on
    the way. lists: lists that were asked.
    """

    name: str
    rows: Span | None = NOTHING
    requests: Requests = field(default_factory=dict)
    later_rows: Span | None = None
    later_requests: Requests | None = None
    needs: frozenset[str] = frozenset()
    refused: str = ""
    seen: tuple[Seen, ...] = ()
    lists: tuple[ListsSeen, ...] = ()

    def requests_of(self, *, is_later: bool) -> Requests:
        """Those of a first sync or of a later one, which reads the same unless the stream is incremental."""
        return self.later_requests if is_later and self.later_requests is not None else self.requests

    def rows_of(self, *, is_later: bool) -> Span | None:
        """The same for rows."""
        return self.later_rows if is_later and self.later_requests is not None else self.rows


def together(parts: Mapping[str, Span], more: Requests) -> dict[str, Span]:
    """The sum of two counts of requests by endpoint."""
    return {name: total(c[name] for c in (parts, more) if name in c) for name in {**parts, **more}}
