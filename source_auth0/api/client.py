"""The Management API requester: requests with authentication, rate limits, retries and classified responses."""

import contextlib
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

from source_auth0.api.admission import request_slot
from source_auth0.api.auth.authenticators import TenantAuthenticator
from source_auth0.api.auth.scope_gate import ScopeGate
from source_auth0.api.http.answered_routes import PROBE_QUERY, PROBED_ROUTE, is_public_cloud
from source_auth0.api.http.bodies import BodyTooLargeError, one_large_body
from source_auth0.api.http.connection_errors import CONNECTION_ERRORS, connection_error
from source_auth0.api.http.event_stream import EVENT_STREAM_HEADERS, classify_event_stream
from source_auth0.api.http.response_errors import RequestContext, long_wait_error, too_large_error
from source_auth0.api.http.responses import Classification, classify_response
from source_auth0.api.http.retry_policy import API_RETRY_POLICY, RetryPolicy, RetryState
from source_auth0.api.http.session import BearerAuth
from source_auth0.api.outcome_recorder import AnsweredAttempt, OutcomeRecorder
from source_auth0.api.rate_limit.api_budget import RequestPermit
from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import current_stream, release_worker_slot
from source_auth0.errors import system_error, transient_error
from source_auth0.records import partition_columns
from source_auth0.redaction.secret_fields import is_hashing_secrets

LOGGER = logging.getLogger("airbyte.source_auth0")
#: A placeholder in a path template.
PATH_PLACEHOLDER = re.compile(r"{{.*?}}")
#: Path segments that URL normalization removes, percent-encoded or not.
DOT_SEGMENTS = {".", ".."}


@dataclass
class ManagementApiRequester:
    """Requests one page of a stream: authenticates, obeys the rate limit, classifies the response, retries.

    The framework's HttpRequester takes a 200 with a truncated body for an empty page, names no stream in its errors,
    and waits a second longer than the rate limit asks.
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
    on_every_plan: bool | None = None
    has_alternative: bool | None = None
    has_ended: bool | None = None
    scope_unconfirmed: bool | None = None
    retry_policy: RetryPolicy = field(default_factory=lambda: API_RETRY_POLICY)

    def __post_init__(self) -> None:
        self.tenant = Tenant.of(self.config)
        self._outcomes = OutcomeRecorder(self.tenant, self.name, self.authenticator)
        self._context = RequestContext(
            self.name,
            tuple(self.required_scopes),
            below_parent="stream_partition" in self.resource,
            may_be_missing=bool(self.may_be_missing),
            on_every_plan=bool(self.on_every_plan),
            has_alternative=bool(self.has_alternative),
            has_ended=bool(self.has_ended),
        )
        withholding = {} if is_hashing_secrets(self.config) else self.query_withholding or {}
        self._query = {**(self.query or {}), **withholding}

    @cached_property
    def _api_url(self) -> str:
        """The URL that all paths are appended to."""
        return str(InterpolatedString.create(self.url, parameters={}).eval(self.config))

    def get(self, stream_slice: StreamSlice | None, query: Mapping[str, Any]) -> Any:
        """The parsed body; None where there is nothing to read: a vanished parent, a feature the plan lacks.

        Raises ParentRefusedError where Auth0 refuses one parent, of which other parents have to show what it means.
        """
        return self._get(stream_slice, query, known_to_exist=False)

    def get_existing(self, stream_slice: StreamSlice | None, query: Mapping[str, Any]) -> Any:
        """Like `get`, for a list that was answered before: None only where the parent has vanished since.

        Any other answer of nothing is requested again, with back-off; if it stays, the stream fails.
        """
        return self._get(stream_slice, query, known_to_exist=True)

    def _get(self, stream_slice: StreamSlice | None, query: Mapping[str, Any], *, known_to_exist: bool) -> Any:
        partition = partition_columns(stream_slice.partition) if stream_slice else {}
        stream_query = {name: self._interpolate(value, partition) for name, value in self._query.items()}
        path, all_parameters = self.path_of(self.resource, partition), {**stream_query, **query}
        return self.get_path(path, all_parameters, template=self.resource, known_to_exist=known_to_exist)

    def exists(self, stream_slice: StreamSlice) -> bool | None:
        """Whether the resource exists, where the status of the response is all there is to read; None if untold."""
        path = self.path_of(self.resource, partition_columns(stream_slice.partition))
        context = replace(self._context, only_status=True)
        is_there: bool | None = self._request_with_retries("GET", path, self.resource, context)
        return is_there

    def pause(self, attempt: int) -> None:
        """Wait before a list is read once more; `attempt` counts from 1."""
        with self._waiting_to_retry(), release_worker_slot():
            time.sleep(self.retry_policy.wait(attempt))

    def _waiting_to_retry(self) -> contextlib.AbstractContextManager[None]:
        reason = "another attempt, since Auth0 did not answer as it should"
        return self.tenant.progress.waiting(current_stream() or self.name, reason)

    def with_policy(self, policy: RetryPolicy) -> "ManagementApiRequester":
        """The same requester with another retry policy."""
        return replace(self, retry_policy=policy)

    def path_of(self, template: str, partition: Mapping[str, Any]) -> str:
        """A resource's path below `/api/v2/`, its ids percent-encoded."""
        ids = {key: str(value) for key, value in partition_columns(partition).items()}
        if DOT_SEGMENTS & set(ids.values()):
            raise system_error(f"Auth0 gave an id of dots alone, which would lead `{self.name}` to another address.")
        encoded = {key: quote(value, safe="") for key, value in ids.items()}
        return self._interpolate(template, encoded)

    def _interpolate(self, template: str, partition: Mapping[str, Any]) -> str:
        if "{{" not in template:
            return template
        return str(InterpolatedString.create(template, parameters={}).eval(self.config, stream_slice=partition))

    def get_path(
        self,
        path: str,
        query: Mapping[str, Any],
        *,
        template: str = "",
        below_parent: bool = False,
        known_to_exist: bool = False,
    ) -> Any:
        """Like `get`, for a finished path; `below_parent`: the parent's row may have vanished since it was read.

        `template` is the path with placeholders for its ids: the endpoint that Auth0 counts the request for.
        `known_to_exist` is as in `get_existing`.
        """
        below_parent = below_parent or self._context.below_parent
        context = replace(self._context, below_parent=below_parent, known_to_exist=known_to_exist)
        return self._request_with_retries("GET", path, template or path, context, params=query)

    def post_path(self, path: str, body: Mapping[str, Any]) -> Any:
        """The parsed response to a JSON body; only export jobs are created by POST."""
        return self._request_with_retries("POST", path, path, self._context, json=body)

    def open_event_stream(self, query: Mapping[str, Any]) -> requests.Response | None:
        """The open response of an event stream, for the caller to read and close; None where there is nothing to read.

        It holds its concurrency slot only until its headers have arrived.
        """
        response: requests.Response | None = self._request_with_retries(
            "GET",
            self.resource,
            self.resource,
            self._context,
            params={**self._query, **query},
            headers=EVENT_STREAM_HEADERS,
            stream=True,
        )
        return response

    def _request_with_retries(
        self, method: str, path: str, template: str, context: RequestContext, **options: Any
    ) -> Any:
        endpoint = f"{method} /{PATH_PLACEHOLDER.sub('{}', template)}"
        if template != self.resource or not self.required_scopes:
            return self._retry(endpoint, path, context, options)
        gate = ScopeGate.of(self.tenant, self.name, endpoint)
        is_confirmed = not self.scope_unconfirmed
        with gate.pass_through(self.name, self.required_scopes, self._granted_scopes, is_confirmed=is_confirmed):
            return self._retry(endpoint, path, context, options)

    def _granted_scopes(self) -> frozenset[str] | None:
        with self._outcomes.recording_sign_in():
            return self.authenticator.scopes

    def _retry(self, endpoint: str, path: str, context: RequestContext, options: Any) -> Any:
        """Request until there is an answer to go by, and return its body; raises the error where there is none."""
        was_doubted, url = False, self._api_url + path
        state, circuit_breaker = RetryState(self.retry_policy, time.monotonic()), self.tenant.circuit_breaker
        circuit_breaker.raise_if_open(self.name)
        while True:
            with one_large_body():
                classification, wait, token = self._attempt(context, endpoint, url, options, state.attempt)
            action = classification.action
            if not was_doubted and (classification.is_doubtful or self._may_lack_route(classification)):
                was_doubted = True
                self.pause(state.attempt)
                continue
            if self._may_lack_route(classification) and self._has_answered_elsewhere(endpoint, context):
                classification = replace(classification, action=ResponseAction.IGNORE)
                action = classification.action
            if action in {ResponseAction.SUCCESS, ResponseAction.IGNORE}:
                self._outcomes.record_success(classification, context)
                return self._body_with_warning(classification)
            last_success_at = circuit_breaker.last_success_at.get(self.name, 0.0)
            may_retry = state.allows_retry(action, wait, time.monotonic(), last_success_at)
            if not may_retry or (action is ResponseAction.REFRESH_TOKEN_THEN_RETRY and not self._renew_token(token)):
                raise self._final_error(classification)
            # Back off from the second renewal on: where tokens keep being revoked, no new one lasts for all threads.
            is_repeated_renewal = action is ResponseAction.REFRESH_TOKEN_THEN_RETRY and state.renewals > 1
            if action is ResponseAction.RETRY or is_repeated_renewal:
                with self._waiting_to_retry(), release_worker_slot():
                    time.sleep(wait)

    def _may_lack_route(self, classification: Classification) -> bool:
        """Whether a 404 may be a release without the route; the public cloud has one release, which has them all."""
        if not classification.may_lack_route:
            return False
        return not is_public_cloud([self.config["base_url"], f"//{self.tenant.domain}", *self.authenticator.audiences])

    def _has_answered_elsewhere(self, endpoint: str, context: RequestContext) -> bool:
        """Whether Auth0 answered another route of this host; one that every release has is asked if need be."""
        if not self.tenant.answered_routes.has_other_than(endpoint):
            certain = replace(context, on_every_plan=True)
            probe = lambda: self._retry(f"GET /{PROBED_ROUTE}", PROBED_ROUTE, certain, {"params": PROBE_QUERY})  # noqa: E731
            with contextlib.suppress(AirbyteTracedException):
                self.tenant.once("probe of another route", probe)
        return self.tenant.answered_routes.has_other_than(endpoint)

    def _body_with_warning(self, classification: Classification) -> Any:
        """The parsed body; logs the warning once a sync."""
        if classification.warning and self.tenant.first_time(classification.warning):
            LOGGER.warning(classification.warning)
        return classification.body

    def _final_error(self, classification: Classification) -> AirbyteTracedException:
        error = classification.error or transient_error(f"`{self.name}` could not be read.")
        self._outcomes.record_failure(classification, error)
        return error

    def _renew_token(self, token: str) -> bool:
        with self._outcomes.recording_sign_in():
            return self.authenticator.renew(token)

    def _attempt(
        self, context: RequestContext, endpoint: str, url: str, options: Any, attempt: int
    ) -> tuple[Classification, float, str]:
        with self._outcomes.recording_sign_in():
            token = self.authenticator.token
        permit, policy = RequestPermit(endpoint), self.retry_policy
        try:
            response, sent_at = self._send(permit, url, token, options)
        except CONNECTION_ERRORS as error:
            failure = connection_error(self.config["base_url"], error, is_known_host=self.tenant.is_known_host)
            failure.message = f"`{self.name}` could not be read. {failure.message}"
            # A host that has never responded is most likely misspelled or untrusted, which no retry fixes.
            is_permanent = failure.failure_type == FailureType.config_error and not self.tenant.is_reached
            action = ResponseAction.FAIL if is_permanent else ResponseAction.RETRY
            return Classification(action, error=failure), policy.wait(attempt), token
        except BodyTooLargeError:
            return Classification(ResponseAction.FAIL, error=too_large_error(context)), 0.0, token
        else:
            classification = self._classify(response, context, opens_stream=bool(options.get("stream")))
            is_rate_limited = classification.action is ResponseAction.RATE_LIMITED
            wait = policy.rate_limit_wait(response.headers, attempt) if is_rate_limited else policy.wait(attempt)
            patience = policy.rate_limit_seconds
            if is_rate_limited and wait > patience:
                classification = replace(classification, error=long_wait_error(context, wait, patience))
            wait *= random.uniform(1.0, 1.1)  # noqa: S311 - jitter, so that threads do not return at once
            # Streams that share the bucket learn by themselves of a wait that none of them has the patience for.
            closed_for = wait if wait <= patience else policy.max_wait
            answered = AnsweredAttempt(permit, token, response, sent_at)
            self._outcomes.record_attempt(answered, classification, closed_for)
            return classification, wait, token
        finally:
            self.tenant.budget.release(permit)

    def _classify(self, response: requests.Response, context: RequestContext, *, opens_stream: bool) -> Classification:
        """What a response means; a command that asks another question than `read` may differ."""
        return (classify_event_stream if opens_stream else classify_response)(response, context)

    def _send(self, permit: RequestPermit, url: str, token: str, options: Any) -> tuple[requests.Response, float]:
        """The response, and when its request was sent, on the monotonic clock."""
        with request_slot(self.tenant, self.name, permit):
            sent_at = time.monotonic()
            self.tenant.count_request(self.name, permit.endpoint)
            response = self.tenant.session.request(
                permit.endpoint.partition(" ")[0],
                url,
                timeout=self.retry_policy.timeout,
                allow_redirects=False,
                auth=BearerAuth(token),
                **options,
            )
            if response.status_code != requests.codes.ok:
                _ = response.content  # Of a stream it is not read yet; here its errors are those of any request.
            return response, sent_at
