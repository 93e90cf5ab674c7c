"""The user search of a small tenant in memory, with the limits of Auth0's, and users to fill it with."""

import re
from collections.abc import Callable
from typing import Any

from source_auth0.api.tenant import Tenant
from source_auth0.errors import MissingScopeError, QueryTimeoutError, system_error
from source_auth0.retrievers.users.keyset_retriever import KeysetUserRetriever
from testing.fakes.times import timestamp

User = dict[str, Any]
#: The rows that Auth0 gives of one query.
MAX_SEARCH_ROWS = 1000
RANGE = re.compile(r"(created_at|updated_at|user_id):\[(\S+) TO (?:(\*)\]|(\S+)\})")
CONNECTION = re.compile(r'identities\.connection:"([^"]*)"')
#: What Auth0 may report as the total: the number of matching rows, that number up to the cap, or nothing.
TOTALS: list[Callable[[int], int | None]] = [lambda count: count, lambda count: min(count, 1000), lambda _: None]


class UserDirectory:
    """The user search of a small tenant: ranges, ascending order, the cap of 1,000 rows, totals that may be capped.

    limit: rows of a page, whatever is asked for. total: the total that is reported for a number of matching rows. slow:
    the number of matching rows from which on a query times out. knows_ids: whether it sorts by `user_id`. connections:
    the tenant's connections, or the error that a request for them gets. on_query: called with each query before the
    response. answer: given a query and its response, the response that is sent instead. fresher: values, by user id,
    that rows have and the index has not yet. resources: the responses for other paths.
    """

    def __init__(  # noqa: PLR0913 - the ways in which tenants differ; each test sets one or two of these
        self,
        users: list[User],
        *,
        limit: int = 100,
        total: Callable[[int], int | None] = TOTALS[0],
        slow: float = float("inf"),
        knows_ids: bool = True,
        connections: Any = (),
        **config: Any,
    ) -> None:
        self.tenant, self.name = Tenant(config), "users"
        self.users, self.limit, self.total, self.slow, self.knows_ids = users, limit, total, slow, knows_ids
        self.connections = connections
        self.queries: list[dict[str, Any]] = []
        self.on_query: Callable[[dict[str, Any]], None] = lambda _: None
        self.answer: Callable[[dict[str, Any], dict[str, Any]], Any] = lambda _, response: response
        self.fresher: dict[str, dict[str, Any]] = {}
        self.resources: dict[str, Any] = {}

    def get(self, _: Any, query: dict[str, Any]) -> Any:
        """The page of users that a query finds."""
        self.on_query(query)
        self.queries.append(query)
        assert (query["include_totals"], query["search_engine"]) == ("true", "v3")
        field, _, direction = query.get("sort", "user_id:1").partition(":")
        if "sort" in query and field == "user_id" and not self.knows_ids:
            raise system_error("Auth0 refused `users` (400 invalid_sort).")
        conditions = [_condition(clause) for clause in query["q"].split(" AND ")] if "q" in query else []
        found = [user for user in self.users if all(holds(user) for holds in conditions)]
        if len(found) > self.slow:
            raise QueryTimeoutError("users")
        found.sort(key=lambda user: (user.get(field, ""), user["user_id"]), reverse=direction == "-1")
        size = min(query["per_page"], self.limit)
        start = query["page"] * size
        assert start + size <= MAX_SEARCH_ROWS, "asked for a page beyond the first 1,000 rows"
        page = [{**user, **self.fresher.get(user["user_id"], {})} for user in found[start : start + size]]
        total_field = {} if (total := self.total(len(found))) is None else {"total": total}
        return self.answer(query, {"users": page, "start": start, "limit": size, "length": len(page), **total_field})

    def with_policy(self, _: Any) -> "UserDirectory":
        """The same user search: it never fails by chance."""
        return self

    def path_of(self, template: str, partition: dict[str, Any]) -> str:
        """The path of a user."""
        return template.replace("{{ stream_partition.id }}", partition["id"])

    def get_path(self, path: str, query: dict[str, Any], **_: Any) -> Any:
        """The connections, two to a page; other resources may not be read, unless they are set."""
        if path in self.resources:
            return self.resources[path]
        if path != "connections":
            raise MissingScopeError(path, ("read:all",))
        expected = {"take": 100, "fields": "name", "include_fields": "true"}
        assert (path, {name: query[name] for name in query.keys() - {"from"}}) == ("connections", expected)
        if isinstance(self.connections, Exception):
            raise self.connections
        start = int(query.get("from", 0))
        page = [{"name": name} for name in self.connections[start : start + 2]]
        more = {"next": str(start + 2)} if start + 2 < len(self.connections) else {}
        return {"connections": page, **more}


def _condition(clause: str) -> Callable[[User], bool]:
    """A predicate for one clause of a query."""
    if match := RANGE.fullmatch(clause):
        field, low, _, end = match.groups()
        low, end = low.strip('"'), end and end.strip('"')
        assert end is None or low == "*" or low <= end, f"requested an inverted range of time: {clause}"
        return lambda user: field in user and (low == "*" or user[field] >= low) and (end is None or user[field] < end)
    if clause.startswith("NOT _exists_:"):
        return lambda user: clause.removeprefix("NOT _exists_:") not in user
    connections = set(CONNECTION.findall(clause))
    assert connections, clause
    assert CONNECTION.sub("X", clause) in {"X", "NOT X", *(f"({' OR '.join(['X'] * n)})" for n in range(1, 5))}, clause
    excluded = clause.startswith("NOT ")
    return lambda user: excluded != bool(connections & {identity["connection"] for identity in user["identities"]})


def users_at(*seconds: float, connection: str = "db") -> list[User]:
    """A user for each of these seconds after midnight, at which they were created and last updated."""
    return [
        {
            "user_id": f"auth0|{n:05d}",
            "created_at": timestamp(second),
            "updated_at": timestamp(second),
            "identities": [{"connection": connection}],
        }
        for n, second in enumerate(seconds)
    ]


def ids(rows: list[User]) -> list[str]:
    """The ids of these users."""
    return [row["user_id"] for row in rows]


def user_retriever(directory: Any, **changes: Any) -> KeysetUserRetriever:
    """The retriever of `users` over a user search; `changes` replace its fields."""
    arguments = {"config": directory.tenant.config, "name": "users", "requester": directory, "rows": "users", **changes}
    return KeysetUserRetriever(**arguments)
