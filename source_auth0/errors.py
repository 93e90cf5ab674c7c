"""What is said to people when something is wrong: what failed, which stream, what to change, and where."""

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

#: Where scopes are granted in Auth0's dashboard.
GRANT_PATH = "Applications › APIs › Auth0 Management API › Machine to Machine Applications"


class MissingScopeError(AirbyteTracedException):
    """The token may not read a stream: an error of that stream alone, and never an empty table."""

    def __init__(self, stream: str, scopes: tuple[str, ...], *, names_fields: bool = False) -> None:
        self.scopes = scopes
        #: Whether Auth0 complained of fields that were asked for, without naming a scope.
        self.names_fields = names_fields
        several = len(scopes) > 1
        names = " and ".join(f"`{scope}`" for scope in scopes)
        super().__init__(
            message=f"Auth0 refused `{stream}`: the application lacks the scope{'s' if several else ''} {names}. "
            f"Grant {'them' if several else 'it'} under {GRANT_PATH}, then sync again.",
            internal_message=f"missing scopes {scopes} for {stream}",
            failure_type=FailureType.config_error,
        )


class QueryTimeoutError(AirbyteTracedException):
    """A search that Auth0 could not answer in its two seconds: one for less may do."""

    def __init__(self, stream: str) -> None:
        message = (
            f"Auth0's search needs too long to answer for `{stream}`, even for a millisecond of users. Try again later."
        )
        super().__init__(
            message=message,
            internal_message=message,
            failure_type=FailureType.transient_error,
        )


class RequestRefusedError(AirbyteTracedException):
    """An answer that is no rate limit, no fault and no missing scope: Auth0 does not take what was asked for."""

    def __init__(self, status: int, message: str, failure_type: FailureType) -> None:
        self.status = status
        super().__init__(message=message, internal_message=message, failure_type=failure_type)


def config_error(message: str) -> AirbyteTracedException:
    """An error that the person who configured the connector can mend."""
    return _traced_exception(message, FailureType.config_error)


def transient_error(message: str) -> AirbyteTracedException:
    """An error that another attempt later may not meet again."""
    return _traced_exception(message, FailureType.transient_error)


def system_error(message: str) -> AirbyteTracedException:
    """An answer that the connector does not understand; it says so rather than guess."""
    return _traced_exception(message, FailureType.system_error)


def unexpected_error(stream: str, error: Exception) -> AirbyteTracedException:
    """What an error becomes that nobody has foreseen: most likely an answer of another shape than Auth0 documents."""
    return AirbyteTracedException(
        message=f"`{stream}` met something that the connector does not know how to read ({type(error).__name__}). What "
        "was read before is kept, and nothing is left out silently: the stream fails. Please report it with the stack "
        "trace that the log has.",
        internal_message=f"{type(error).__name__} in {stream}",
        failure_type=FailureType.system_error,
        exception=error,
    )


def _traced_exception(message: str, failure_type: FailureType) -> AirbyteTracedException:
    # Without a stream's name of its own: the framework adds that of the stream which failed, perhaps for its parent.
    return AirbyteTracedException(message=message, internal_message=message, failure_type=failure_type)
