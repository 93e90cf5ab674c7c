"""Dispatches requests to the Management API and the token endpoint, with checks in the order assumed of Auth0."""

from __future__ import annotations

from dataclasses import replace

from auth0_simulator.api.parameters import read_query
from auth0_simulator.api.request_body import read_request_body
from auth0_simulator.api.route import ApiCall, Route, Router
from auth0_simulator.api.route_responses import respond
from auth0_simulator.control.fault_effects import FaultContext, apply_after, apply_before
from auth0_simulator.control.faults import FaultRegistry
from auth0_simulator.control.journal import JournalEntry
from auth0_simulator.control.rate_limits import TOKEN_PATH, RateLimiter
from auth0_simulator.control.settings import SimulatorSettings
from auth0_simulator.oauth.access_tokens import AccessTokenService
from auth0_simulator.oauth.token_endpoint import token_response
from auth0_simulator.state.clock import Clock
from auth0_simulator.tenant import Tenant
from auth0_simulator.wire.errors import ApiError, insufficient_scope, method_not_allowed, not_found
from auth0_simulator.wire.messages import GZIP_THRESHOLD_BYTES, HttpRequest, HttpResponse, http_date, json_response

API_PATH_SEGMENTS = ("api", "v2")


class Dispatcher:
    """Handles the requests to one tenant and keeps the journal."""

    def __init__(
        self, tenant: Tenant, clock: Clock, router: Router, limits: RateLimiter, settings: SimulatorSettings
    ) -> None:
        self.tenant = tenant
        self.clock = clock
        self.router = router
        self.limits = limits
        self.settings = settings
        self.tokens = AccessTokenService(tenant, clock)
        self.faults = FaultRegistry()
        self.reset()

    def reset(self) -> None:
        """Empty the journal, remove faults, refill rate limits, undo revocations of tokens."""
        self.journal: list[JournalEntry] = []
        self._previous: dict[tuple[str, ...], bytes] = {}
        self.faults.clear()
        self.limits.reset()
        self.tokens.reset()

    def latency(self) -> float:
        """Seconds to wait before a response."""
        return self.settings.latency

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Respond to a request and journal it."""
        with self.tenant.lock:
            template, route, values = self._match_route(request.segments)
            query = {name: raw[-1] for name, raw in request.query.items()}
            response = self._handle(request, template, route, values, query)
            response = self.record(request, template, query, response)
        if self.settings.gzip and len(response.body) > GZIP_THRESHOLD_BYTES and request.accepts_gzip():
            # JSON that a fault truncates is not compressed: the client would get a truncated gzip stream instead.
            response = replace(
                response, gzip=response.gzip or response.body_share >= 1 or not response.declares_sent_length
            )
        return response

    def record(
        self, request: HttpRequest, template: str, query: dict[str, str], response: HttpResponse
    ) -> HttpResponse:
        """Journal a request and add the Date header to its response."""
        dropped = response.drop or response.hang
        if not dropped and "date" not in response.headers:
            response = response.with_headers({"date": http_date(self.clock.epoch())})
        status = 0 if dropped else response.status
        form = request.body_fields() if request.body else {}
        self.journal.append(JournalEntry(request.method, request.path, template, query, status, self.clock.now(), form))
        return response

    def _match_route(self, segments: tuple[str, ...]) -> tuple[str, Route | None, tuple[str, ...]]:
        """The template of a path, its route and its path values; all empty when no route matches."""
        if segments == ("oauth", "token"):
            return TOKEN_PATH, None, ()
        found = self.router.find(segments[2:]) if segments[:2] == API_PATH_SEGMENTS else None
        return (found[0].path, *found) if found else ("", None, ())

    def _handle(
        self, request: HttpRequest, template: str, route: Route | None, values: tuple[str, ...], query: dict[str, str]
    ) -> HttpResponse:
        due = self.faults.due(template, query, values)
        request_key = (request.path, *sorted(query))
        context = FaultContext(request, route, self.clock, self.tokens, self._previous.get(request_key))
        headers: dict[str, str] = {}
        longest = self.settings.max_target_length
        if longest is not None and request.target_length > longest:
            return HttpResponse(414, b"<html><h1>414 Request-URI Too Large</h1></html>", "text/html")
        try:
            for fault in due:
                replacement = apply_before(fault, context)
                if replacement is not None:
                    return replacement
            decision = self.limits.check(template) if template else None
            headers = decision.headers if decision else {}
            if decision and decision.refused_by:
                return self._rate_limited(template, f"{decision.refused_by} limit has been reached").with_headers(
                    headers
                )
            response = self._serve(request, template, route, values)
        except ApiError as error:
            # Some errors are constants: tracebacks must not accumulate in them.
            error.with_traceback(None)
            response = json_response(error.status, error.body(), error.headers)
        response = response.with_headers(headers)
        for fault in due:
            response = apply_after(fault, context, response)
        if len(self.faults):
            self._previous[request_key] = response.body
        else:
            # Without faults no response is kept, so that a later fault repeats no page from before.
            self._previous.clear()
        return response

    def _missing_route(self) -> HttpResponse:
        """What a release answers for a route that it lacks; which of these is not recorded."""
        kind = self.settings.release.missing_route_answer
        if kind == "html":
            return HttpResponse(404, b"<html><body><h1>404 Not Found</h1></body></html>", "text/html")
        if kind == "empty":
            return HttpResponse(404, b"")
        raise not_found(code="invalid_uri" if kind == "invalid_uri" else None)

    def _rate_limited(self, template: str, text: str) -> HttpResponse:
        if template == TOKEN_PATH:
            return json_response(429, {"error": "too_many_requests", "error_description": text})
        return json_response(429, ApiError(429, text, "too_many_requests").body())

    def _serve(self, request: HttpRequest, template: str, route: Route | None, values: tuple[str, ...]) -> HttpResponse:
        if template in self.settings.release.missing_routes:
            return self._missing_route()
        if not template:
            raise not_found()
        if request.method != ("POST" if route is None else route.method):
            raise method_not_allowed()
        if route is None:
            settings = self.settings
            return token_response(
                request,
                self.tenant,
                self.tokens,
                settings.scopes,
                settings.token_lifetime,
                is_opaque=settings.opaque_tokens,
            )
        scopes = self.tokens.scopes_of(request.headers.get("authorization"), request.headers.get("host"))
        if not route.permits(scopes):
            raise insufficient_scope(route.scopes, all_of=route.all_of)
        settings = self.settings
        route = route.of(settings.release)
        query = read_query(route.allowed, request.query)
        payload = read_request_body(request, route.payload) if route.method == "POST" else {}
        call = ApiCall(
            route, request.path, values, query, scopes, self.tenant, settings.page_limit, settings.total_cap, payload,
            request.headers, settings.release,
        )  # fmt: skip
        body = respond(call)
        if isinstance(body, HttpResponse):
            return body
        return HttpResponse(200, body) if isinstance(body, bytes) else json_response(200, body)
