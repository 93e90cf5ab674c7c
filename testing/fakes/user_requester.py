"""The requester of a stream of single users' lists, in a tenant with users and a log."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.user_lists.user_ids import USER_ID_FIELDS
from testing.fakes.event_log import EventLog, FixedClockTenant
from testing.fakes.user_search import User, UserDirectory

#: Users that one query may name.
MAX_IDS = 100
BY_ID = re.compile(r"user_id:\((.*?)\)(?: AND (.*))?")


class UserDirectoryById(UserDirectory):
    """A user search that also finds users by their ids.

    unknown: ids of users whom its index does not hold yet.
    """

    unknown: frozenset[str] = frozenset()

    def get(self, part: Any, query: dict[str, Any]) -> Any:
        """The users with the ids that the query names, or those that an ordinary query finds."""
        if (match := BY_ID.fullmatch(query.get("q", ""))) is None:
            return super().get(part, query)
        self.on_query(query)
        self.queries.append(query)
        wanted = re.findall(r'"([^"]*)"', match[1])
        assert len(wanted) <= query["per_page"] == MAX_IDS
        found = {user["user_id"]: dict(user) for user in self.users if user["user_id"] in wanted}
        if match[2]:
            within = {**query, "q": match[2], "sort": "updated_at:1", "include_totals": "true"}
            in_scope = {user["user_id"] for user in super().get(part, within)["users"]}
            self.queries.pop()
            found = {user_id: user for user_id, user in found.items() if user_id in in_scope}
        return {"users": [user for user_id, user in found.items() if user_id not in self.unknown]}


@dataclass
class FakeUserRequester:
    """The requester of `user_things`, a stream with a list for each user, in a tenant with users and a log.

    things: the response to a request for the list of a user with this id.
    """

    directory: UserDirectoryById
    log: EventLog = field(default_factory=lambda: EventLog([]))
    tenant: Tenant = field(default_factory=lambda: FixedClockTenant({}))
    name: str = "user_things"
    resource: str = "users/{{ stream_partition.user_id }}/things"
    required_scopes: list[str] = field(default_factory=lambda: ["read:things"])
    query: dict[str, str] | None = field(default_factory=lambda: {"of": "things"})
    query_withholding: dict[str, str] | None = field(default_factory=lambda: {"fields": "secret"})
    may_be_missing: bool | None = True
    scope_unconfirmed: bool | None = None
    on_every_plan: bool | None = None
    things: Callable[[str], Any] = lambda user_id: [{"id": f"{user_id}'s"}]

    def get(self, part: Any, query: dict[str, Any]) -> Any:
        """The response of the user search, or to a request for one user's list."""
        if self.resource != "users":
            return self.things(part.partition["user_id"])
        assert (self.name, self.required_scopes) == ("users", ["read:users"])
        assert (self.query, self.query_withholding, self.may_be_missing) == (USER_ID_FIELDS, None, None)
        return self.directory.get(part, query)

    def with_policy(self, _: Any) -> "FakeUserRequester":
        """The same requester: it never fails by chance."""
        return self

    def get_existing(self, part: Any, query: dict[str, Any]) -> Any:
        """The response of the log."""
        assert (part, self.resource) == (None, "logs")
        return self.log.respond(query)

    def get_path(self, path: str, query: dict[str, Any], **_: Any) -> Any:
        """The tenant's connections."""
        return self.directory.get_path(path, query)


def user_requester(users: list[User], **config: Any) -> FakeUserRequester:
    """A requester of `user_things` for these users, with this config."""
    tenant = FixedClockTenant(config)
    return FakeUserRequester(UserDirectoryById(users), tenant=tenant)
