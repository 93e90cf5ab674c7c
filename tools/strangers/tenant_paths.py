"""Concrete paths of a tenant: what stands in the place of `{}` in a template is taken from the tenant's own answers."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote

import requests

#: How many values stand in for each placeholder.
MAX_VALUES = 6
#: Values that no list of the tenant has.
FIXED = {
    "/anomaly/blocks/ips/{}": ["192.0.2.1"],
    "/email-templates/{}": ["verify_email", "reset_email"],
    "/prompts/{}": ["login", "login-id", "signup", "mfa-otp"],
    "/prompts/{}/custom-text/{}": ["en", "de"],
    "/self-service-profiles/{}/custom-text/{}": ["en"],
    "/self-service-profiles/{}/custom-text/{}/{}": ["get-started"],
}
#: The list, and its column, of placeholders that do not stand directly below their list.
SOURCES = {
    "/branding/themes/{}": ("/branding/themes/default", "themeId"),
    "/guardian/enrollments/{}": ("/users/{}/enrollments", "id"),
    "/organizations/name/{}": ("/organizations", "name"),
    "/organizations/{}/discovery-domains/name/{}": ("/organizations/{}/discovery-domains", "domain"),
    "/prompts/{}/screen/{}": ("/prompts/rendering", "screen"),
    "/refresh-tokens/{}": ("/users/{}/refresh-tokens", "id"),
    "/sessions/{}": ("/users/{}/sessions", "id"),
    "/user-blocks/{}": ("/users", "user_id"),
    "/verifiable-credentials/verification/templates/{}": ("/verifiable-credentials/verification/templates", "id"),
}
#: The columns that may hold a row's id, in this order; `id` of a member or of an assignment would be another thing's.
ID_COLUMNS = ("user_id", "client_id", "agent_id", "custom_domain_id", "connection_id", "kid", "log_id", "id", "name")
#: The columns where a list's rows have another thing's id too.
OWN_ID = re.compile(
    r"/(client-grants|client-profiles|logs|groups|credentials|invitations|authentication-methods|actions|event-streams"
    r"|deliveries|modules|versions)$"
)
#: Parameters that Auth0 requires: their list, below the same ids, and its column.
REQUIRED = {
    "/organizations/{}/members/{}/effective-roles/sources/groups": {"role_id": ("/roles", "id")},
    "/refresh-tokens": {"user_id": ("/users", "user_id")},
    "/user-blocks": {"identifier": ("/users", "email")},
    "/users-by-email": {"email": ("/users", "email")},
    "/users/{}/effective-permissions": {"resource_server_identifier": ("/resource-servers", "identifier")},
    "/users/{}/effective-permissions/sources/effective-roles": {
        "resource_server_identifier": ("/resource-servers", "identifier"),
        "permission_name": ("/roles/{}/permissions", "permission_name"),
    },
    "/users/{}/effective-roles/sources/groups": {"role_id": ("/roles", "id")},
}


@dataclass(frozen=True)
class TenantAnswer:
    """What a tenant answered to one GET."""

    template: str
    path: str
    status: int
    body: Any = None


@dataclass
class TenantReader:
    """Reads a tenant by paths below /api/v2; `verify` is a file with its certificate."""

    base_url: str
    token: str
    verify: str | bool = True
    session: requests.Session = field(default_factory=requests.Session)
    calls: int = 0

    def get(self, template: str, path: str, query: dict[str, str]) -> TenantAnswer:
        """One answer; `body` is text where it is no JSON."""
        self.calls += 1
        response = self.session.get(
            f"{self.base_url}/api/v2{path}",
            params=query,
            headers={"authorization": f"Bearer {self.token}"},
            verify=self.verify,
            timeout=30,
        )
        try:
            body = response.json()
        except ValueError:
            body = response.text
        return TenantAnswer(template, path, response.status_code, body)


class TenantPaths:
    """Paths, and the values of required parameters, by template: ids are asked for once, and in small numbers."""

    def __init__(self, reader: TenantReader) -> None:
        self._reader = reader
        self._column = cache(self._read_column)

    def values(self, template: str) -> list[tuple[str, ...]]:
        """What can stand in the place of the placeholders of a template such as `/users/{}/roles`."""
        segments = template.split("/")
        found: list[tuple[str, ...]] = [()]
        for position, segment in enumerate(segments):
            if segment == "{}":
                upto = "/".join(segments[: position + 1])
                found = [(*above, value) for above in found for value in self._below(upto, above)]
        return found[: MAX_VALUES * 2]

    def query(self, template: str) -> dict[str, str]:
        """The parameters that the template cannot do without."""
        required = REQUIRED.get(template, {})
        return {name: next(iter(self._anywhere(*source)), "") for name, source in required.items()}

    def _below(self, upto: str, above: tuple[str, ...]) -> list[str]:
        if upto in FIXED:
            return FIXED[upto]
        if upto == "/jobs/{}":
            return [_export(self._reader)]
        source, column = SOURCES.get(upto, (upto.removesuffix("/{}"), ""))
        return self._anywhere(source, column, above)

    def _anywhere(self, source: str, column: str, above: tuple[str, ...] = ()) -> list[str]:
        """Values of a list; of the lists below several parents where the parents are not given."""
        parents = [above] if source.count("{}") == len(above) else self.values(source)
        found = list(
            dict.fromkeys(value for ids in parents for value in self._column(fill(source, ids), source, column))
        )
        # Spread over the list: rows of one kind often stand together.
        return found[:: max(1, len(found) // MAX_VALUES)][:MAX_VALUES]

    def _read_column(self, path: str, source: str, column: str) -> list[str]:
        rows = rows_of(self._reader.get(source, path, {}).body)
        return [value for row in rows if (value := _id(row, source, column))]


def fill(template: str, values: tuple[str, ...]) -> str:
    """The path with values in the place of placeholders."""
    parts = iter(values)
    return re.sub(r"\{\}", lambda _: quote(next(parts), safe=""), template)


def anonymous(path: str) -> str:
    """A template without the names of its placeholders, whatever they are written in."""
    return re.sub(r"\{\{.*?\}\}|\{[^}]*\}", "{}", "/" + path.strip("/"))


def rows_of(body: Any) -> Iterator[dict[str, Any]]:
    """The rows of an answer: a bare array, the only array of an object, or the object itself."""
    if isinstance(body, dict) and "statusCode" not in body:
        arrays = [value for value in body.values() if isinstance(value, list)]
        body = arrays[0] if len(arrays) == 1 and len(body) <= MAX_VALUES else [body]
    return (row for row in body if isinstance(row, dict)) if isinstance(body, list) else iter(())


def _id(row: dict[str, Any], source: str, column: str) -> str:
    names = (column,) if column else ("log_id", "id") if OWN_ID.search(source) else ID_COLUMNS
    return next((str(row[name]) for name in names if isinstance(row.get(name), str | int)), "")


def _export(reader: TenantReader) -> str:
    response = reader.session.post(
        f"{reader.base_url}/api/v2/jobs/users-exports",
        data=json.dumps({"format": "json"}),
        headers={"authorization": f"Bearer {reader.token}", "content-type": "application/json"},
        verify=reader.verify,
        timeout=30,
    )
    return str(response.json()["id"])
