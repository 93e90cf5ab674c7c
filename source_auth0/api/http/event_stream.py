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

#: Without compression: a compressing proxy would hold an event back until others fill its block.
EVENT_STREAM_HEADERS = {"Accept": "text/event-stream", "Accept-Encoding": "identity", "Cache-Control": "no-store"}
TOO_MANY_CONSUMERS = re.compile(r"^Maximum concurrent event stream connections reached")


class PositionRefusedError(AirbyteTracedException):
    """Auth0 does not resume from a position: it is older than the retained history, or malformed."""

    def __init__(self, stream: str, status: object, reason: str) -> None:
        message = f"Auth0 does not read `{stream}` from where it was asked to ({status} {reason})."
        super().__init__(message=message, internal_message=message)


class TooManyConsumersError(AirbyteTracedException):
    """Other consumers hold all the event stream connections that the tenant's plan allows."""

    def __init__(self, stream: str) -> None:
        message = (
            f"Auth0 refused `{stream}`: other consumers hold all the connections to its Events API that the tenant's "
            "plan allows (one on Free, four on self-service plans, eight on Enterprise). Stop another consumer of "
            "`GET /api/v2/events`, or another sync of this stream, then sync again."
        )
        super().__init__(message=message, internal_message=message, failure_type=FailureType.config_error)


def classify_event_stream(response: requests.Response, context: RequestContext) -> Classification:
    """Classify the response that opens an event stream; on success, its body is the open response.

    400 and 410 are about the position here; for a list, 410 means that a feature is gone.
    """
    status, content_type = response.status_code, excerpt(response.headers.get("content-type")) or "no content type"
    if status == requests.codes.ok:
        if content_type.startswith("text/event-stream"):
            return Classification(ResponseAction.SUCCESS, body=response)
        response.close()
        message = f"Auth0 answered `{context.stream}` with something that is no event stream ({content_type})."
        return Classification(
            ResponseAction.RETRY, error=transient_error(f"{message} A proxy in between may have answered.")
        )
    message = error_code_and_message(response)[1] or excerpt(response.reason)
    classification = classify_response(response, context)
    is_bad_position = status == requests.codes.bad_request and classification.action is ResponseAction.FAIL
    if is_bad_position or status == requests.codes.gone:
        return Classification(ResponseAction.FAIL, error=PositionRefusedError(context.stream, status, message))
    if status == requests.codes.forbidden and TOO_MANY_CONSUMERS.match(message):
        return Classification(ResponseAction.FAIL, error=TooManyConsumersError(context.stream))
    return classification
