"""Parents of a stream, such as users, that Auth0 refuses while it answers others: what they cost, and what is said."""

import threading
from collections.abc import Collection, Iterator
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.bodies import excerpt
from source_auth0.api.tenant import Tenant
from source_auth0.errors import ParentRefusedError, first_of, system_error
from source_auth0.outcomes import StreamOutcome
from source_auth0.records import Page, partition_columns

#: Refused parents up to which a stream completes without them, and their share of those asked, whichever is more.
MAX_REFUSED, MAX_REFUSED_SHARE = 20, 0.01
#: Refused parents that a warning names.
MAX_NAMED = 10


class RefusedParents:
    """Whom Auth0 refuses in this sync among the parents of one stream, and whether that is about them alone.

    One instance a stream and sync. A refusal says something about one parent only if others are answered: until then
    it is undecided. With the first 20 all refused, or more than the larger of 20 and 1 % of those asked, no more are
    asked, and the stream fails; it is empty instead where each of the first says that the tenant lacks the feature.

    known: parents that an earlier sync skipped, of whom another refusal says nothing new.
    known_unfinished: those of them that belong to what this sync resumes, and count as before.
    expected: how many parents will be asked; 0 if nobody knows. carries_over: whether a state has them asked again.
    """

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.known: frozenset[str] = frozenset()
        self.known_unfinished: frozenset[str] = frozenset()
        self.expected = 0
        self.carries_over = False
        self.is_answered = False
        self.is_over = False
        self._asked = 0
        self._counted = 0
        self._new: list[ParentRefusedError] = []
        #: Each refused parent with the first refusal of it.
        self.refused: dict[str, ParentRefusedError] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, tenant: Tenant, stream: str) -> "RefusedParents":
        """Those of a stream of this sync."""
        return tenant.once(f"refused parents of {stream}", lambda: cls(stream))

    def pages_of(self, parent: str, pages: Iterator[Page], tenant: Tenant) -> Iterator[Page]:
        """The pages of one parent; none where it is refused, or no more parents are asked."""
        if self.is_over:
            return
        has_page = False
        try:
            for page in pages:
                has_page = True
                yield page
        except ParentRefusedError as refusal:
            self.record_refusal(parent, refusal)
        else:
            self._record_answer(is_answer=has_page or self.stream in tenant.streams_answered)

    def record_refusal(self, parent: str, refusal: ParentRefusedError) -> None:
        """Record a parent that was refused twice."""
        # Its traceback holds the frames, and so the pages, of whatever read for it.
        refusal.__traceback__ = None
        with self._lock:
            self._asked += 1
            self.refused.setdefault(parent, refusal)
            if parent not in self.known:
                self._new.append(refusal)
            self._counted += parent not in self.known or parent in self.known_unfinished
            self.is_over = self.is_over or self._counted > self._limit or self._is_first_all_refused

    def _record_answer(self, *, is_answer: bool) -> None:
        with self._lock:
            self._asked += 1
            self.is_answered = self.is_answered or is_answer

    @property
    def _limit(self) -> float:
        return max(MAX_REFUSED, MAX_REFUSED_SHARE * max(self._asked, self.expected))

    @property
    def _is_first_all_refused(self) -> bool:
        return not self.is_answered and len(self._new) >= MAX_REFUSED

    @property
    def lacks_feature(self) -> bool:
        """Whether nobody was answered, and every refusal says that the tenant has no such thing."""
        return not self.is_answered and bool(self._new) and all(refusal.lacks_feature for refusal in self._new)

    @property
    def is_undecided(self) -> bool:
        """Whether new refusals may still be about the stream itself, as nobody else was answered."""
        return not self.is_answered and bool(self._new)

    @property
    def error(self) -> AirbyteTracedException | None:
        """Why the stream fails, once nobody else is asked; None if it completes."""
        if self.lacks_feature or not (self.is_undecided or self.is_over):
            return None
        first = next(iter(self._new or self.refused.values()))
        asked = f"all {self._asked}" if self.is_undecided else f"{self._counted} of {max(self._asked, self.expected):,}"
        return system_error(
            f"{first.message} That is true of {asked} that were to be read, {self._names()}: too many for a fault of "
            "theirs. Nothing was left out silently: the stream fails and keeps its state. Sync again; if that does not "
            "help, ask Auth0's support about this answer."
        )

    @property
    def warning(self) -> str:
        """What is left out, and why; "" if nothing is."""
        if not self.refused or self.error:
            return ""
        if self.lacks_feature:
            return f"`{self.stream}` is empty: the tenant lacks the feature ({self._new[0].reason})"
        answer = next(iter(self.refused.values())).answer
        again = "They are asked again in the next sync." if self.carries_over else "The next sync asks for them again."
        return (
            f"`{self.stream}` lacks the rows of {len(self.refused)} that Auth0 refused twice while it answered others "
            f"({answer}): {self._names()}. {again}"
        )

    @property
    def skipped(self) -> int:
        """How many parents are left out."""
        return 0 if self.lacks_feature or self.error else len(self.refused)

    def _names(self) -> str:
        """Ten of them by name, then a number."""
        return first_of([excerpt(parent) for parent in self.refused], MAX_NAMED)


def parent_name(partition: Any) -> str:
    """What tells a parent from others in a message: the ids that its rows get."""
    return "/".join(str(value) for value in partition_columns(partition).values())


def outcome_of(tenant: Tenant, stream: str, parents: Collection[str] = ()) -> StreamOutcome:
    """What became of a stream, and of those that it is read for, whose rows it lacks too."""
    involved = [RefusedParents.of(tenant, name) for name in (stream, *sorted(set(parents) - {stream}))]
    warnings = (refused.warning for refused in involved)
    return StreamOutcome(
        requests=tenant.requests[stream],
        skipped=sum(refused.skipped for refused in involved),
        not_verified=tuple(tenant.not_verified[stream]),
        warnings=tuple(warning for warning in warnings if warning and tenant.first_time(warning)),
        error=next((refused.error for refused in involved if refused.error), None),
    )
