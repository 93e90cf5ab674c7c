"""Errors for people: what failed, which stream, what to change, and where.

All error classes of the connector, by base class; each with the modules that raise it, and its meaning:

AirbyteTracedException (airbyte_cdk)  ends a stream with a message for people
├── MissingScopeError       api.auth.scope_gate, api.http.response_errors, retrievers.lists.organization_members:
│                           the token lacks a scope
├── FullListError           api.http.response_errors, retrievers.user_lists.full_lists: page numbers end before rows do
├── QueryTimeoutError       api.http.responses: a search needs longer than Auth0's two seconds
├── RequestRefusedError     api.http.response_errors: a status that is no rate limit, no fault and no missing scope
│   └── ParentRefusedError  api.http.responses: such a status for one parent of a stream, such as a user
├── PositionRefusedError    api.http.event_stream, retrievers.events.consumer: Auth0 does not resume from a position
├── TooManyConsumersError   api.http.event_stream: others hold all the connections that the plan allows
├── SignInRefusedError      api.auth.token_endpoint: no access token is given to this application
│   └── NotAnAuth0TenantError  api.auth.token_endpoint: the host does not respond as Auth0's token endpoint does
└── TokenEndpointBusyError  api.auth.token_endpoint: a 429 or 5xx, and how long to wait
Exception
├── StreamEndedError        engine.concurrent_source: a stream that lacks a scope takes no more partitions
├── SentenceError           engine.concurrent_source: a stream's error as the framework lists it when a sync ends
├── BodyTooLargeError       api.http.bodies, api.http.session: a body over 64 MiB, or of too many values
├── OutputError             engine.stdout: standard output takes nothing more; ends the process
├── ExportError             retrievers.users.export_job: no export; a retry, the search or a transient error follows
├── SyncCancelledError      engine.thread_pool, engine.concurrent_source: the sync is over, and its threads end
├── RequestsSpentError      commands.probe.client: the probe has sent as many requests as it may
└── ValueError
    └── OversizedMessageError  retrievers.events.sse: a server-sent event over 8 Mi characters; becomes a system error
"""

from collections.abc import Collection
from itertools import islice

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

#: Where scopes are granted in Auth0's dashboard.
GRANT_PATH = "Applications › APIs › Auth0 Management API › Machine to Machine Applications"


class MissingScopeError(AirbyteTracedException):
    """The token lacks a scope of a stream: an error of that stream alone, and never an empty table.

    It holds for all that the stream is read for, so that nothing more of it is read.
    """

    def __init__(
        self, stream: str, scopes: tuple[str, ...], *, names_fields: bool = False, was_asked: bool = True
    ) -> None:
        self.scopes = scopes
        #: Whether Auth0 was asked; if not, the token itself says that it lacks them.
        self.was_asked = was_asked
        #: Whether Auth0 refused fields that were requested, without naming a scope.
        self.names_fields = names_fields
        plural = len(scopes) > 1
        names = " and ".join(f"`{scope}`" for scope in scopes)
        refused = "refused" if was_asked else "would refuse"
        super().__init__(
            message=f"Auth0 {refused} `{stream}`: the application lacks the scope{'s' if plural else ''} {names}. "
            f"Grant {'them' if plural else 'it'} under {GRANT_PATH}, then sync again.",
            internal_message=f"missing scopes {scopes} for {stream}",
            failure_type=FailureType.config_error,
        )


class QueryTimeoutError(AirbyteTracedException):
    """A search that exceeds Auth0's timeout of two seconds; a narrower one may succeed."""

    def __init__(self, stream: str) -> None:
        message = (
            f"Auth0's search needs too long to answer for `{stream}`, even for a millisecond of users. Try again later."
        )
        super().__init__(
            message=message,
            internal_message=message,
            failure_type=FailureType.transient_error,
        )


class FullListError(AirbyteTracedException):
    """A list with as many rows as Auth0 lets anyone page through by number, or more; a part of it may have fewer.

    total: the rows that Auth0 told of, 0 where it told none.
    """

    def __init__(self, stream: str, total: int = 0, reason: str = "") -> None:
        self.total = total
        reason = reason or f"{total:,} rows"
        message = (
            f"`{stream}` has more rows than Auth0 lets anyone page through by number ({reason}). Nothing was left out "
            "silently: the stream fails. Please report it, since this list needs another way of paging."
        )
        super().__init__(message=message, internal_message=message, failure_type=FailureType.system_error)


class RequestRefusedError(AirbyteTracedException):
    """A status that is no rate limit, no fault and no missing scope: Auth0 refuses the request itself.

    reason: the message of Auth0's error envelope, "" where it has none.
    """

    def __init__(self, status: int, message: str, failure_type: FailureType, *, reason: str = "") -> None:
        self.status, self.reason = status, reason
        super().__init__(message=message, internal_message=message, failure_type=failure_type)


class ParentRefusedError(RequestRefusedError):
    """Auth0 refuses, twice, what a stream reads for one parent; whether that is the parent's fault, others show.

    lacks_feature: the refusal says that there is nothing to read, as where a plan or a release lacks the feature.
    """

    def __init__(self, stream: str, status: int, reason: str, *, lacks_feature: bool = False) -> None:
        self.lacks_feature = lacks_feature
        #: The status and what Auth0 says of it.
        self.answer = reason if reason.startswith("status ") else f"{status} {reason}"
        message = f"Auth0 refused `{stream}` ({self.answer})."
        super().__init__(status, message, FailureType.system_error, reason=reason)


class SignInRefusedError(AirbyteTracedException):
    """The token endpoint refused to give an access token, for a reason that a person has to do something about."""

    def __init__(self, message: str) -> None:
        super().__init__(message=message, internal_message=message, failure_type=FailureType.config_error)


def config_error(message: str) -> AirbyteTracedException:
    """An error that the person who configured the connector can fix."""
    return _traced_exception(message, FailureType.config_error)


def transient_error(message: str) -> AirbyteTracedException:
    """An error that a later attempt may not meet again."""
    return _traced_exception(message, FailureType.transient_error)


def system_error(message: str) -> AirbyteTracedException:
    """An error of the connector or of Auth0, such as a response that the connector does not understand."""
    return _traced_exception(message, FailureType.system_error)


def unexpected_error(stream: str, error: Exception) -> AirbyteTracedException:
    """The error for an unexpected exception: most likely a response of another shape than Auth0 documents."""
    return AirbyteTracedException(
        message=f"`{stream}` met something that the connector does not know how to read ({type(error).__name__}). What "
        "was read before is kept, and nothing is left out silently: the stream fails. Please report it with the stack "
        "trace that the log has.",
        internal_message=f"{type(error).__name__} in {stream}",
        failure_type=FailureType.system_error,
        exception=error,
    )


def first_of(names: Collection[str], most: int) -> str:
    """The first names in a sentence, and how many more there are: `a, b and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(islice(names, most)) + more


def _traced_exception(message: str, failure_type: FailureType) -> AirbyteTracedException:
    # No stream descriptor: the framework adds that of the stream which failed, perhaps because of its parent.
    return AirbyteTracedException(message=message, internal_message=message, failure_type=failure_type)
