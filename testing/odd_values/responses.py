"""Rewrites a tenant's responses so that rows have values of any type, and remembers what was sent."""

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

import requests

from source_auth0.records import Row
from testing.odd_values.routes import FILLED, Route, columns_of_request, routes
from testing.odd_values.values import VALUES, any_value, expected, json_text
from testing.servers.intercepting_proxy import UpstreamResponse

#: The part of a row's fields that have another value than their tenant's.
ODD_PART = 0.4
#: The kinds of streams whose rows are no answer's.
WITHOUT_ROUTE = {"log_types", "readings"}
Key = tuple[Any, ...]
#: The roles of one member, which are asked for where they do not come with the members; no stream's own path.
MEMBER_ROLES = re.compile(r"/api/v2/organizations/([^/]+)/members/([^/]+)/roles")


class OddResponses:
    """The same row has the same odd values whenever it is sent, by whatever request.

    routes: how each stream is read. sent: stream to what identifies a row to the row as it was sent, with the columns
    that its request adds.
    member_roles: the roles of a member, by organization and user, where they were asked for.
    kept: stream to fields that are to stay as they are, beside those by which rows are read.
    """

    def __init__(self, seed: int, kept: dict[str, set[str]] | None = None) -> None:
        self.sent: dict[str, dict[Key, Row]] = defaultdict(dict)
        self.member_roles: dict[Key, list[Row]] = defaultdict(list)
        self._seed = seed
        self.routes = routes()
        for name, fields in (kept or {}).items():
            self.routes[name].read_by |= fields

    def rewrite(self, upstream: UpstreamResponse) -> bytes:
        """The response with odd values in its rows."""
        path = urlsplit(upstream.target).path
        routes = [route for route in self.routes.values() if route.kind not in WITHOUT_ROUTE]
        found = [one for one in routes if one.pattern.fullmatch(path)]
        details = [one for one in self.routes.values() if one.detail and one.detail.fullmatch(path)]
        of_member = MEMBER_ROLES.fullmatch(path)
        if found and found[0].kind == "reachable":
            row = {**columns_of_request(found[0], upstream.target), "online": upstream.status == requests.codes.ok}
            self.sent[found[0].name][found[0].key_of(row)] = row
            return upstream.raw()
        if upstream.status != requests.codes.ok or not (found or details or of_member):
            return upstream.raw()
        body = json.loads(upstream.body or "{}")
        if of_member:
            member = dict(zip(("org_id", "user_id"), map(unquote, of_member.groups()), strict=True))
            for role in rows_in(body, "roles"):
                self._make_role_odd(role, member)
                self.member_roles[tuple(member.values())].append(role)
        elif found and found[0].column:
            return upstream.raw(json_text(self._single_value(found[0], upstream.target, body)))
        elif not found:
            self._make_odd(details, [body], upstream.target)
        elif found[0].kind == "singleton":
            self._make_odd(found, [body], upstream.target)
        else:
            self._make_odd(found, rows_in(body, found[0].rows), upstream.target)
        return upstream.raw(json_text(body))

    def make_odd(self, name: str, row: Row, columns: Row) -> None:
        """Give any values to a row's fields, and note it as sent."""
        self._make_row_odd([self.routes[name]], row, columns)

    def _single_value(self, route: Route, target: str, upstream_value: Any) -> Any:
        """A body that is the value of one column."""
        columns = columns_of_request(route, target)
        rng = self._rng(target)
        value = upstream_value
        while str(route.column) not in route.read_by and (value := rng.choice(VALUES)) is None:
            pass
        row = {**columns, str(route.column): value}
        self.sent[route.name][route.key_of(row)] = row
        return value

    def _make_odd(self, found: list[Route], rows: Iterable[Row], target: str) -> None:
        columns = {name: value for one in found for name, value in columns_of_request(one, target).items()}
        for row in rows:
            self._make_row_odd(found, row, columns)

    def _make_row_odd(self, found: list[Route], row: Row, columns: Row) -> None:
        kept = set().union(*(one.read_by for one in found)) | FILLED | set(columns)
        selecting = set().union(*(one.selecting for one in found))
        key = next((one.key_of({**row, **columns}) for one in found), ())
        for name in sorted(set(row).union(*(one.columns for one in found)) - kept):
            rng = self._rng(found[0].pattern.pattern, key, name)
            if name == "roles" and name in row and "organization_members" in [one.name for one in found]:
                for role in row[name]:
                    self._make_role_odd(role, {**row, **columns})
            if rng.random() < ODD_PART:
                value = any_value(rng)
                read = expected(value)
                says_something = read is None or isinstance(read, (str, type(row.get(name))))
                if name not in selecting or (name in row and not says_something):
                    row[name] = value
        for one in found:
            whole = {**row, **columns}
            before = self.sent[one.name].get(one.key_of(whole), {})
            self.sent[one.name][one.key_of(whole)] = {**before, **whole}

    def _rng(self, *place: Any) -> random.Random:
        return random.Random(f"{self._seed} {place}")  # noqa: S311 - seeded, for tests

    def _make_role_odd(self, role: Row, member: Row) -> None:
        for name in sorted(set(role) - {"id"}):
            rng = self._rng(member["org_id"], member["user_id"], role["id"], name)
            if rng.random() < ODD_PART:
                role[name] = any_value(rng)


def rows_in(body: Any, name: str | None) -> list[Row]:
    """The rows of an answer: a bare list, or that of an envelope; none where it has no objects."""
    rows = body.get(name) if isinstance(body, dict) and name else body
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else []
