"""One GET to the Management API, repeated as long as that can help."""

import logging
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import quote

import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.declarative.interpolation import InterpolatedString
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.admission import record_outcome, request_slot
from source_auth0.api.auth.authenticators import TenantAuthenticator
from source_auth0.api.http.bodies import MAX_BODY_BYTES, BodyTooLargeError
from source_auth0.api.http.connection_errors import CONNECTION_ERRORS, connection_error
from source_auth0.api.http.event_stream import EVENT_STREAM_HEADERS, classify_event_stream
from source_auth0.api.http.response_errors import RequestContext
from source_auth0.api.http.responses import Classification, classify_response
from source_auth0.api.http.retry_policy import RetryPolicy, RetryState, backoff_seconds, rate_limit_wait_seconds
from source_auth0.api.http.session import BearerAuth
from source_auth0.api.rate_limit.api_budget import RequestPermit
from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import release_worker_slot
from source_auth0.errors import system_error, transient_error
from source_auth0.records import partition_columns
from source_auth0.redaction.secret_fields import is_hashing_secrets

LOGGER = logging.getLogger("airbyte.source_auth0")
#: What a path's template leaves open.
PATH_PLACEHOLDER = re.compile(r"{{.*?}}")
#: Segments that a path is shortened by, however they are encoded.
DOT_SEGMENTS = {".", ".."}


@dataclass
class ManagementApiRequester:
    """Gets one page of a stream: signed, checked, and repeated when that can help.

    The framework's HttpRequester takes a 200 with half a body for an empty page, names no stream in its errors, and
    waits a second more than a rate limit asks for.
    """

    config: dict[str, Any] = field(repr=False)
    name: str
    url: str
    resource: str
    authenticator: TenantAuthenticator
    required_scopes: list[str] = field(default_factory=list)
    query: dict[str, str] | None = None
    query_withholding: dict[str, str] | None = None
    may_be_missing: bool | None = None
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        self.tenant = Tenant.of(self.config)
        self._reader = RequestContext(
            self.name, tuple(self.required_scopes), "stream_partition" in self.resource, bool(self.may_be_missing)
        )
        withholding = {} if is_hashing_secrets(self.config) else self.query_withholding or {}
        self._query = {**(self.query or {}), **withholding}

    @cached_property
    def _root(self) -> str:
        """The address that all paths begin with."""
        return str(InterpolatedString.create(self.url, parameters={}).eval(self.config))

    def get(self, stream_slice: StreamSlice | None, query: Mapping[str, Any]) -> Any:
        """The parsed body, or None where there is nothing to read: a vanished parent, a feature the plan lacks."""
        partition = partition_columns(stream_slice.partition) if stream_slice else {}
        own = {name: self._filled(value, partition) for name, value in self._query.items()}
        return self.get_path(self.path_of(self.resource, partition), {**own, **query}, template=self.resource)

    def exists(self, stream_slice: StreamSlice) -> bool:
        """Whether the resource answers at all, for those whose status is the answer."""
        path = self.path_of(self.resource, partition_columns(stream_slice.partition))
        return self._until_answered("GET", path, self.resource, only_status=True) is not None

    def path_of(self, template: str, partition: Mapping[str, Any]) -> str:
        """A resource's path below `/api/v2/`, with ids percent-encoded."""
        ids = {key: str(value) for key, value in partition_columns(partition).items()}
        if DOT_SEGMENTS & set(ids.values()):
            raise system_error(f"Auth0 gave an id of dots alone, which would lead `{self.name}` to another address.")
        encoded = {key: quote(value, safe="") for key, value in ids.items()}
        return self._filled(template, encoded)

    def _filled(self, template: str, partition: Mapping[str, Any]) -> str:
        if "{{" not in template:
            return template
        return str(InterpolatedString.create(template, parameters={}).eval(self.config, stream_slice=partition))

    def get_path(self, path: str, query: Mapping[str, Any], *, template: str = "", below_parent: bool = False) -> Any:
        """Like `get`, for a path that is put together already, perhaps below a row that may be gone by now.

        `template` is the path with its ids left open, which tells the endpoint that Auth0 counts it for.
        """
        return self._until_answered("GET", path, template or path, params=query, below_parent=below_parent)

    def post_path(self, path: str, body: Mapping[str, Any]) -> Any:
        """The parsed answer to a JSON body; the only thing that is ever posted asks for an export."""
        return self._until_answered("POST", path, path, json=body)

    def open_event_stream(self, query: Mapping[str, Any]) -> requests.Response | None:
        """An event stream from its beginning on, to be read and closed; None where there is nothing to listen to.

        No other request waits for it: the gate is free again once it has begun.
        """
        answer: requests.Response | None = self._until_answered(
            "GET",
            self.resource,
            self.resource,
            params={**self._query, **query},
            headers=EVENT_STREAM_HEADERS,
            stream=True,
        )
        return answer

    def _until_answered(
        self,
        method: str,
        path: str,
        template: str,
        *,
        below_parent: bool = False,
        only_status: bool = False,
        **request: Any,
    ) -> Any:
        reader = replace(self._reader, below_parent=below_parent or self._reader.below_parent, only_status=only_status)
        url = self._root + path
        endpoint = f"{method} /{PATH_PLACEHOLDER.sub('{}', template)}"
        effort, outages = RetryState(self.retry_policy, time.monotonic()), self.tenant.circuit_breaker
        outages.raise_if_open(self.name)
        while True:
            verdict, wait, token = self._attempt(reader, endpoint, url, request, effort.attempt)
            if verdict.action is ResponseAction.SUCCESS:
                self.authenticator.record_accepted(token)
            if verdict.action in {ResponseAction.SUCCESS, ResponseAction.IGNORE}:
                outages.record_success(self.name, time.monotonic())
                return self._body_of(verdict)
            answered_at = outages.answered_at.get(self.name, 0.0)
            goes_on = effort.allows_retry(verdict.action, wait, time.monotonic(), answered_at)
            if not goes_on or (verdict.action is ResponseAction.REFRESH_TOKEN_THEN_RETRY and not self._renews(token)):
                raise self._given_up(verdict)
            # Tokens that are revoked again and again would never see all threads through that ask at once.
            if verdict.action is ResponseAction.RETRY or (
                verdict.action is ResponseAction.REFRESH_TOKEN_THEN_RETRY and effort.renewals > 1
            ):
                with release_worker_slot():
                    time.sleep(wait)

    def _body_of(self, verdict: Classification) -> Any:
        """What an answer holds; where that is nothing, people are told why, once."""
        if verdict.for_all_parents:
            self.tenant.streams_without_feature.add(self.name)
        if verdict.warning and self.tenant.first_time(verdict.warning):
            LOGGER.warning(verdict.warning)
        return verdict.body

    def _given_up(self, verdict: Classification) -> AirbyteTracedException:
        error = verdict.error or transient_error(f"`{self.name}` could not be read.")
        if verdict.action is not ResponseAction.FAIL:
            self.tenant.circuit_breaker.record_failure(self.name, error)
        return error

    def _renews(self, token: str) -> bool:
        with self.tenant.circuit_breaker.recording_failures(self.name):
            return self.authenticator.renew(token)

    def _attempt(
        self, reader: RequestContext, endpoint: str, url: str, request: Any, attempt: int
    ) -> tuple[Classification, float, str]:
        with self.tenant.circuit_breaker.recording_failures(self.name):
            token = self.authenticator.token
        ticket = RequestPermit(endpoint)
        try:
            answer, sent = self._send(ticket, url, token, request)
        except CONNECTION_ERRORS as error:
            failure = connection_error(self.config["base_url"], error)
            failure.message = f"`{self.name}` could not be read. {failure.message}"
            # What was never reached is most likely misnamed or not trusted, which waiting does not mend.
            is_vain = failure.failure_type == FailureType.config_error and not self.tenant.is_reached
            return (
                Classification(ResponseAction.FAIL if is_vain else ResponseAction.RETRY, error=failure),
                backoff_seconds(attempt),
                token,
            )
        except BodyTooLargeError:
            failure = system_error(
                f"Auth0 answered `{self.name}` with more than {MAX_BODY_BYTES >> 20} megabytes, which no page of rows "
                "has. Nothing of it was read: something in between may have answered in its place. Please report it "
                "where your tenant's rows are so large."
            )
            return Classification(ResponseAction.FAIL, error=failure), 0.0, token
        else:
            self.tenant.observe_date(answer.headers.get("date"))
            verdict = (classify_event_stream if request.get("stream") else classify_response)(answer, reader)
            refused = verdict.action is ResponseAction.RATE_LIMITED
            wait = rate_limit_wait_seconds(answer.headers, attempt) if refused else backoff_seconds(attempt)
            wait *= random.uniform(1.0, 1.1)  # noqa: S311 - jitter, so that threads do not return at once
            record_outcome(self.tenant, ticket, answer, sent, wait if refused else None)
            return verdict, wait, token
        finally:
            self.tenant.budget.release(ticket)

    def _send(self, ticket: RequestPermit, url: str, token: str, request: Any) -> tuple[requests.Response, float]:
        """The answer, and when its request left, on the monotonic clock."""
        with request_slot(self.tenant, self.name, ticket):
            sent = time.monotonic()
            answer = self.tenant.session.request(
                ticket.key.partition(" ")[0],
                url,
                timeout=self.retry_policy.timeout,
                allow_redirects=False,
                auth=BearerAuth(token),
                **request,
            )
            return answer, sent
