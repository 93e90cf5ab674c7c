"""The client of the probe: GET requests of the connector's own client, whose responses are handed on as they are."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

import orjson
import requests
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction

from source_auth0.api.auth.authenticators import TenantAuthenticator
from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.bodies import parse_json
from source_auth0.api.http.response_errors import RequestContext, error_code_and_message
from source_auth0.api.http.responses import Classification
from source_auth0.api.http.retry_policy import PROBE_RETRY_POLICY
from source_auth0.api.rate_limit.api_budget import RequestPermit
from source_auth0.api.tenant import Tenant
from source_auth0.records import Row

#: Requests after which nothing more is asked, repeated ones included.
MAX_REQUESTS = 60
#: Responses that say nothing about the question and are left to the connector's client: it waits, or signs in again.
RETRIED = frozenset({requests.codes.unauthorized, requests.codes.request_timeout, requests.codes.too_many_requests})
SCOPE_REFUSAL = "Insufficient scope"


class RequestsSpentError(Exception):
    """The probe has sent as many requests as it may."""


@dataclass(frozen=True)
class Answer:
    """A response: its status, its parsed body (None for no JSON), and `errorCode` and `message` of an error."""

    status: int
    body: Any = None
    code: str = ""
    text: str = ""

    @property
    def is_served(self) -> bool:
        """Whether Auth0 did what it was asked."""
        return self.status == HTTPStatus.OK

    @property
    def lacks_scope(self) -> bool:
        """Whether Auth0 refused the token, and not the request."""
        return self.status == HTTPStatus.FORBIDDEN and self.text.startswith(SCOPE_REFUSAL)

    @property
    def total(self) -> int | None:
        """The total of a list; None where the response has none."""
        total = self.body.get("total") if isinstance(self.body, dict) else None
        return total if isinstance(total, int) else None

    @property
    def rows(self) -> list[Row]:
        """The rows of a list, wrapped or not; empty where there are none."""
        lists = self.body.values() if isinstance(self.body, dict) else [self.body]
        found = next((value for value in lists if isinstance(value, list)), [])
        return [row for row in found if isinstance(row, dict)]


class RequestCounter:
    """Counts the requests that are sent, and stops at a limit. latencies: the seconds that each response took."""

    def __init__(self, limit: int | None = None) -> None:
        self.sent = 0
        self.latencies: list[float] = []
        self._limit = limit

    def count(self) -> None:
        """Count one more; raises RequestsSpentError in the place of one too many."""
        if self.sent >= (MAX_REQUESTS if self._limit is None else self._limit):
            raise RequestsSpentError
        self.sent += 1


@dataclass
class _AnswerRequester(ManagementApiRequester):
    """The connector's requester, for which a refusal is an answer as any other."""

    counter: RequestCounter = field(default_factory=RequestCounter)

    def _send(self, permit: RequestPermit, url: str, token: str, options: Any) -> tuple[requests.Response, float]:
        self.counter.count()
        response, sent_at = super()._send(permit, url, token, options)
        self.counter.latencies.append(response.elapsed.total_seconds())
        return response, sent_at

    def _classify(self, response: requests.Response, context: RequestContext, *, opens_stream: bool) -> Classification:
        status = response.status_code
        if status in RETRIED or (status >= requests.codes.server_error and status != requests.codes.not_implemented):
            return super()._classify(response, context, opens_stream=opens_stream)
        if opens_stream and status == requests.codes.ok:
            response.close()
            return Classification(ResponseAction.SUCCESS, body=Answer(status))
        code, text = error_code_and_message(response) if status != requests.codes.ok else ("", "")
        return Classification(ResponseAction.SUCCESS, body=Answer(status, _parsed(response), code, text))


class ProbeClient:
    """Reads a tenant within its rate limits, each address once; `name` is the command's, for its messages.

    scopes: those of the token; None where it does not tell them. counter: how many requests were sent.
    started_ms: when the probe began, by the tenant's clock.
    """

    def __init__(
        self,
        tenant: Tenant,
        authenticator: TenantAuthenticator,
        url: str,
        name: str = "probe",
        max_requests: int | None = None,
    ) -> None:
        self.tenant = tenant
        self.scopes = authenticator.scopes
        self.counter = RequestCounter(max_requests)
        self._requester = _AnswerRequester(
            tenant.config,
            name,
            url,
            name,
            authenticator=authenticator,
            retry_policy=PROBE_RETRY_POLICY,
            counter=self.counter,
        )
        self.started_ms = tenant.now_ms
        self._answers: dict[tuple[str, tuple[tuple[str, str], ...]], Answer] = {}

    def get(self, path: str, **query: object) -> Answer:
        """The response to a GET below `/api/v2/`; each is requested once.

        A `_` at the end of a parameter's name is left out, as of `from_`. Raises RequestsSpentError, or the client's
        error where Auth0 kept answering with faults.
        """
        key = (path, tuple(sorted(_parameters(query).items())))
        if key not in self._answers:
            self._answers[key] = self.get_again(path, **query)
        return self._answers[key]

    def get_again(self, path: str, **query: object) -> Answer:
        """The same, whatever was answered before."""
        answer: Answer = self._requester.get_path(path, _parameters(query))
        return answer

    def get_below(self, template: str, ids: Mapping[str, Any], query: Mapping[str, object]) -> Answer:
        """The response to a GET of a stream's path, whose ids are filled in."""
        path = self._requester.path_of(template, ids)
        answer: Answer = self._requester.get_path(path, _parameters(query), template=template)
        return answer

    def users(self, condition: object = None, **query: object) -> Answer:
        """A search for users, of whom the id and the dates alone are requested."""
        search: dict[str, object] = {"q": condition} if condition else {}
        search |= {"search_engine": "v3", "fields": "user_id,created_at,updated_at", "include_fields": "true"}
        return self.get("users", **search, include_totals="true", **query)

    def path_of(self, template: str, **ids: str) -> str:
        """A path whose ids are percent-encoded."""
        return self._requester.path_of(template, ids)

    def opens(self, path: str, **query: object) -> Answer:
        """Whether an event stream opens; it is closed at once."""
        answer: Answer = replace(self._requester, resource=path).open_event_stream(_parameters(query))  # type: ignore[assignment]
        return answer

    def pause(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def _parameters(query: Mapping[str, object]) -> dict[str, str]:
    return {name.rstrip("_"): str(value) for name, value in query.items()}


def _parsed(response: requests.Response) -> Any:
    try:
        return parse_json(response.content)
    except (orjson.JSONDecodeError, UnicodeDecodeError):
        return None
