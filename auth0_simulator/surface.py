"""The tenant's surface: from a request to the answer, in the order in which Auth0 is taken to check."""

from __future__ import annotations

from dataclasses import dataclass, replace

from auth0_simulator.answers import answer
from auth0_simulator.clock import Clock
from auth0_simulator.errors import Refusal, insufficient_scope, method_not_allowed, not_found
from auth0_simulator.faults import Faults
from auth0_simulator.journal import Request
from auth0_simulator.limits import TOKEN, Limits
from auth0_simulator.message import GZIP_THRESHOLD, Message, Reply, http_date, json_reply
from auth0_simulator.mishaps import Scene, after, before
from auth0_simulator.oauth import Tokens, token_reply
from auth0_simulator.parameters import read_query
from auth0_simulator.payload import read_payload
from auth0_simulator.route import Call, Route, Router
from auth0_simulator.tenant import Tenant

API = ("api", "v2")


@dataclass
class Settings:
    """What a test may turn while the tenant serves."""

    scopes: frozenset[str]
    latency: float = 0.0
    page_limit: int = 100
    total_cap: int | None = None
    token_lifetime: int = 86_400
    gzip: bool = True


class Surface:
    """Answers requests for one tenant and keeps the journal."""

    def __init__(self, tenant: Tenant, clock: Clock, router: Router, limits: Limits, settings: Settings) -> None:
        self.tenant = tenant
        self.clock = clock
        self.router = router
        self.limits = limits
        self.settings = settings
        self.tokens = Tokens(tenant, clock)
        self.faults = Faults()
        self.reset()

    def reset(self) -> None:
        """An empty journal, no faults, full buckets, trusted tokens."""
        self.journal: list[Request] = []
        self._previous: dict[tuple[str, ...], bytes] = {}
        self.faults.clear()
        self.limits.reset()
        self.tokens.reset()

    def latency(self) -> float:
        """Seconds that an answer takes."""
        return self.settings.latency

    def answer(self, message: Message) -> Reply:
        """The answer to a request, journaled."""
        with self.tenant.lock:
            template, route, values = self._locate(message.segments)
            query = {name: raw[-1] for name, raw in message.query.items()}
            reply = self._answer(message, template, route, values, query)
            reply = self.record(message, template, query, reply)
        if self.settings.gzip and len(reply.body) > GZIP_THRESHOLD and message.accepts_gzip():
            # A fault that cut the JSON means the client to see it cut.
            reply = replace(reply, gzip=reply.gzip or reply.cut >= 1 or not reply.honest)
        return reply

    def record(self, message: Message, template: str, query: dict[str, str], reply: Reply) -> Reply:
        """Journal a request and date its answer."""
        dropped = reply.drop or reply.hang
        if not dropped and "date" not in reply.headers:
            reply = reply.with_headers({"date": http_date(self.clock.epoch())})
        status = 0 if dropped else reply.status
        form = message.fields() if message.body else {}
        self.journal.append(Request(message.method, message.path, template, query, status, self.clock.now(), form))
        return reply

    def _locate(self, segments: tuple[str, ...]) -> tuple[str, Route | None, tuple[str, ...]]:
        """The template of a path, its route and its values; all empty when there is none."""
        if segments == ("oauth", "token"):
            return TOKEN, None, ()
        found = self.router.find(segments[2:]) if segments[:2] == API else None
        return (found[0].path, *found) if found else ("", None, ())

    def _answer(
        self, message: Message, template: str, route: Route | None, values: tuple[str, ...], query: dict[str, str]
    ) -> Reply:
        due = self.faults.due(template, query)
        question = (message.path, *sorted(query))
        scene = Scene(message, route, self.clock, self.tokens, self._previous.get(question))
        headers: dict[str, str] = {}
        try:
            for fault in due:
                instead = before(fault, scene)
                if instead is not None:
                    return instead
            verdict = self.limits.check(template) if template else None
            headers = verdict.headers if verdict else {}
            if verdict and verdict.refused_by:
                return self._limited(template, f"{verdict.refused_by} limit has been reached").with_headers(headers)
            reply = self._serve(message, template, route, values)
        except Refusal as refusal:
            # Some refusals are constants: the traceback must not pile up in them.
            refusal.with_traceback(None)
            reply = json_reply(refusal.status, refusal.body(), refusal.headers)
        reply = reply.with_headers(headers)
        for fault in due:
            reply = after(fault, scene, reply)
        if len(self.faults):
            self._previous[question] = reply.body
        else:
            # An answer from before the last fault was lifted is no previous page of anything.
            self._previous.clear()
        return reply

    def _limited(self, template: str, text: str) -> Reply:
        if template == TOKEN:
            return json_reply(429, {"error": "too_many_requests", "error_description": text})
        return json_reply(429, Refusal(429, text, "too_many_requests").body())

    def _serve(self, message: Message, template: str, route: Route | None, values: tuple[str, ...]) -> Reply:
        if not template:
            raise not_found()
        if message.method != ("POST" if route is None else route.method):
            raise method_not_allowed()
        if route is None:
            settings = self.settings
            return token_reply(message, self.tenant, self.tokens, settings.scopes, settings.token_lifetime)
        scopes = self.tokens.scopes(message.headers.get("authorization"), message.headers.get("host"))
        if not route.permits(scopes):
            raise insufficient_scope(route.scopes, all_of=route.all_of)
        query = read_query(route.allowed, message.query)
        payload = read_payload(message, route.payload) if route.method == "POST" else {}
        limit, cap = self.settings.page_limit, self.settings.total_cap
        call = Call(route, message.path, values, query, scopes, self.tenant, limit, cap, payload, message.headers)
        body = answer(call)
        if isinstance(body, Reply):
            return body
        return Reply(200, body) if isinstance(body, bytes) else json_reply(200, body)
