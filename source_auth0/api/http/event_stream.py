"""The response that opens an event stream: its headers, its classification, its errors."""

import re

import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.bodies import excerpt
from source_auth0.api.http.response_errors import RequestContext, error_code_and_message
from source_auth0.api.http.responses import Classification, classify_response
from source_auth0.errors import transient_error

#: What is asked for; compressed, an event would wait in a proxy for others to fill its block.
EVENT_STREAM_HEADERS = {"Accept": "text/event-stream", "Accept-Encoding": "identity", "Cache-Control": "no-store"}
TOO_MANY_CONSUMERS = re.compile(r"^Maximum concurrent event stream connections reached")


class PositionRefusedError(AirbyteTracedException):
    """Auth0 does not go on from a position: it is older than the history that is kept, or makes no sense."""

    def __init__(self, stream: str, status: object, said: str) -> None:
        message = f"Auth0 does not read `{stream}` from where it was asked to ({status} {said})."
        super().__init__(message=message, internal_message=message)


class TooManyConsumersError(AirbyteTracedException):
    """As many consumers listen to the tenant's events as its plan allows."""

    def __init__(self, stream: str) -> None:
        message = (
            f"Auth0 refused `{stream}`: other consumers hold all the connections to its Events API that the tenant's "
            "plan allows (one on Free, four on self-service plans, eight on Enterprise). Stop another consumer of "
            "`GET /api/v2/events`, or another sync of this stream, then sync again."
        )
        super().__init__(message=message, internal_message=message, failure_type=FailureType.config_error)


def classify_event_stream(answer: requests.Response, reader: RequestContext) -> Classification:
    """Tell what the beginning of an answer means; the verdict on a stream has the open answer for its body.

    400 and 410 are about the position, of which a list knows nothing: there, 410 is a feature that is gone.
    """
    kind = excerpt(answer.headers.get("content-type")) or "no content type"
    if answer.status_code == requests.codes.ok:
        if kind.startswith("text/event-stream"):
            return Classification(ResponseAction.SUCCESS, body=answer)
        answer.close()
        said = f"Auth0 answered `{reader.stream}` with something that is no event stream ({kind})."
        return Classification(
            ResponseAction.RETRY, error=transient_error(f"{said} A proxy in between may have answered.")
        )
    try:
        said = error_code_and_message(answer)[1] or excerpt(answer.reason)
    except requests.RequestException as error:
        broken = f"The answer to `{reader.stream}` broke off ({type(error).__name__})."
        return Classification(ResponseAction.RETRY, error=transient_error(broken))
    verdict = classify_response(answer, reader)
    unknown = answer.status_code == requests.codes.bad_request and verdict.action is ResponseAction.FAIL
    if unknown or answer.status_code == requests.codes.gone:
        return Classification(ResponseAction.FAIL, error=PositionRefusedError(reader.stream, answer.status_code, said))
    if answer.status_code == requests.codes.forbidden and TOO_MANY_CONSUMERS.match(said):
        return Classification(ResponseAction.FAIL, error=TooManyConsumersError(reader.stream))
    return verdict
