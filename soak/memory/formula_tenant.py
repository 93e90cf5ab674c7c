"""A tenant of millions of members and users that keeps none: each is made of its number when it is asked for."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

PAGE_SIZE = 100
#: Multiplied by an odd number, numbers below 2^96 are still different, and look like Auth0's ids.
BITS, FACTOR = 96, 0x9E3779B97F4A7C15F39CC0605
IDS = 1 << BITS
INVERSE = pow(FACTOR, -1, IDS)
#: When the first user was created, in milliseconds since 1970, and the time from one user to the next.
FIRST_CREATED_MS, STEP_MS = 1_700_000_000_000, 20_000
#: A range of a query: its field, its bounds, and the bracket at its end.
RANGE = re.compile(r"(?:created_at|updated_at):\[(\S+) TO ([^\]}]+)([\]}])")
ORGANIZATION_MEMBERS, USER_ROLES = (
    re.compile(r"organizations/org_(\d+)/members"),
    re.compile(r"users/auth0%7C(\w+)/roles"),
)
MEMBER = (
    b'{"user_id":"%b","email":"%b@acme.example","name":"Ada %d","picture":"https://cdn.acme.example/%d.png",'
    b'"roles":[{"id":"rol_%d","name":"Role %d"}]}'
)
ROLES = 20


@dataclass(frozen=True)
class TenantSize:
    """How many organizations there are, how many members each of them has, and how many users the tenant."""

    organizations: int = 0
    members: int = 0
    users: int = 0


def user_id(number: int) -> str:
    """The id of a user."""
    return f"auth0|{number * FACTOR % IDS:024x}"


def number_of(identity: bytes) -> int:
    """The number of a user, by the digits of the id."""
    return int(identity, 16) * INVERSE % IDS


def time_of(number: int) -> str:
    """When a user was created, and updated last."""
    ms = FIRST_CREATED_MS + number * STEP_MS
    return f"{datetime.fromtimestamp(ms // 1000, timezone.utc):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


class FormulaTenant:
    """Answers requests by their path and query."""

    def __init__(self, size: TenantSize) -> None:
        self._size = size
        organizations = [{"id": f"org_{number}", "name": f"o{number}"} for number in range(size.organizations)]
        roles = [{"id": f"rol_{number}", "name": f"Role {number}"} for number in range(ROLES)]
        #: Path to the body of what is the same for every query.
        self._fixed: dict[str, Any] = {
            "oauth/token": {"access_token": "of-no-form", "expires_in": 86_400, "token_type": "Bearer"},
            "organizations": {"organizations": organizations},
            "roles": {"roles": roles},
            "users/roles": {"start": 0, "limit": PAGE_SIZE, "total": 1, "roles": roles[:1]},
            "logs": [],
        }

    def answer(self, path: str, query: dict[str, str]) -> bytes:
        """The body of a response; raises KeyError where there is none."""
        if path == "users":
            return self._users(query)
        if match := ORGANIZATION_MEMBERS.fullmatch(path):
            return self._members(int(match[1]), query)
        if USER_ROLES.fullmatch(path):
            path = "users/roles"
        return orjson.dumps(self._fixed[path])

    def _members(self, organization: int, query: dict[str, str]) -> bytes:
        """A page of an organization's members: who follows the member numbered `from`."""
        first = int(query.get("from", 0))
        end = min(first + int(query["take"]), self._size.members)
        start = organization * self._size.members
        rows = (self._member(start + number) for number in range(first, end))
        following = b"" if end == self._size.members else b',"next":"%d"' % end
        return b'{"members":[%b]%b}' % (b",".join(rows), following)

    @staticmethod
    def _member(number: int) -> bytes:
        identity, role = user_id(number).encode(), number % ROLES
        return MEMBER % (identity, identity[6:], number, number, role, role)

    def _users(self, query: dict[str, str]) -> bytes:
        """A page of the users of a query's time ranges, the newest first if it is sorted so."""
        bounds = [self._numbers(*found) for found in RANGE.findall(query.get("q", ""))]
        low = max([0, *(low for low, _ in bounds)])
        high = max(low, min([self._size.users, *(high for _, high in bounds)]))
        if "NOT" in query.get("q", "") or "_exists_" in query.get("q", ""):
            high = low
        skipped, size = int(query.get("page", 0)) * PAGE_SIZE, int(query.get("per_page", 50))
        numbers: Iterable[int] = range(low, high)[skipped : skipped + size]
        if query.get("sort", "").endswith(":-1"):
            numbers = range(high - 1, low - 1, -1)[skipped : skipped + size]
        rows = [{"user_id": user_id(n), "created_at": time_of(n), "updated_at": time_of(n)} for n in numbers]
        page = {"start": skipped, "limit": size, "length": len(rows), "total": high - low, "users": rows}
        return orjson.dumps(page if query.get("include_totals") == "true" else rows)

    def _numbers(self, start: str, end: str, bracket: str) -> tuple[int, int]:
        """The numbers of the users of a range, the end not included."""
        low = 0 if start == "*" else -((FIRST_CREATED_MS - _milliseconds(start)) // STEP_MS)
        if end == "*":
            return low, self._size.users
        last = _milliseconds(end) - FIRST_CREATED_MS + (bracket == "]")
        return low, -(-last // STEP_MS)


def _milliseconds(text: str) -> int:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1000)


def serve(size: TenantSize, pipe: Connection) -> None:
    """Serve a tenant until a message arrives; sends its base URL first."""
    answer = FormulaTenant(size).answer
    with _Server(("127.0.0.1", 0), _handler(answer)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        pipe.send(f"http://127.0.0.1:{server.server_address[1]}")
        pipe.recv()
        server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing of a sync that hangs up, as one does that is told to stop."""


def _handler(answer: Callable[[str, dict[str, str]], bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        #: A response goes out in one packet, and at once.
        wbufsize, disable_nagle_algorithm = -1, True

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            url = urlsplit(self.path)
            path = url.path.removeprefix("/api/v2").lstrip("/")
            try:
                status, body = 200, answer(path, {name: values[0] for name, values in parse_qs(url.query).items()})
            except KeyError:
                status, body = 404, b'{"statusCode":404,"error":"Not Found","message":"Not Found"}'
            self.send_response(status)
            for name, value in _headers(len(body)).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the base class has it

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _headers(length: int) -> dict[str, str]:
    """Those of a tenant whose rate limit nobody reaches."""
    rate_limit = {"limit": "1000000", "remaining": "999999", "reset": str(int(time.time()) + 1)}
    return {
        "content-type": "application/json",
        "content-length": str(length),
        **{f"x-ratelimit-{name}": value for name, value in rate_limit.items()},
    }
