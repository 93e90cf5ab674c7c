"""The scope gate of a stream: a missing scope costs one refused request, and not one for each parent."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import hold_releasing_slot
from source_auth0.errors import MissingScopeError

GrantedScopes = frozenset[str] | None


@dataclass
class ScopeGate:
    """What is known of a token's right to read one endpoint for one stream.

    It is open where the token has all scopes of the stream, until Auth0 refuses for one. Where scopes are missing, or
    the token does not tell its scopes, one request is sent alone, whose answer decides: what scopes an endpoint takes
    is not documented for all. After a refusal all requests fail without being sent.
    """

    is_open: bool = False
    _refused: MissingScopeError | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def of(cls, tenant: Tenant, stream: str, endpoint: str) -> "ScopeGate":
        """The gate that all workers of a stream share."""
        return tenant.once(f"scope gate of {stream} for {endpoint}", cls)

    @contextlib.contextmanager
    def pass_through(
        self, stream: str, scopes: Sequence[str], granted: Callable[[], GrantedScopes], *, is_confirmed: bool
    ) -> Iterator[None]:
        """Context of one request, whose answer opens or closes the gate; raises MissingScopeError where it is closed.

        scopes: all that the stream needs, the endpoint's own as the last. is_confirmed: Auth0's OpenAPI document names
        that one alone for the endpoint, so that nothing has to be asked where it is missing.
        """
        self._raise_if_closed(stream)
        if not self.is_open:
            self._decide(stream, scopes, granted(), is_confirmed=is_confirmed)
        if self.is_open:
            with self._recording_refusal(scopes):
                yield
            return
        with hold_releasing_slot(self._lock):
            self._raise_if_closed(stream)
            with self._recording_refusal(scopes):
                yield
            self.is_open = True

    def _decide(self, stream: str, scopes: Sequence[str], granted: GrantedScopes, *, is_confirmed: bool) -> None:
        if granted is None:
            return
        if granted.issuperset(scopes):
            self.is_open = True
        elif is_confirmed and scopes[-1] not in granted:
            self._refused = MissingScopeError(stream, (scopes[-1],), was_asked=False)
            self._raise_if_closed(stream)

    def _raise_if_closed(self, stream: str) -> None:
        if (refused := self._refused) is not None:
            raise MissingScopeError(stream, refused.scopes, was_asked=refused.was_asked)

    @contextlib.contextmanager
    def _recording_refusal(self, scopes: Sequence[str]) -> Iterator[None]:
        """Close the gate at a refusal for a scope that the stream needs; others have a reader that goes on without."""
        try:
            yield
        except MissingScopeError as refusal:
            if not refusal.names_fields and not set(scopes).isdisjoint(refusal.scopes):
                self._refused = refusal
            raise
