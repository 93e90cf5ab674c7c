"""Single reads: a row of a list by its id, below the list's path, with the scopes and the columns of the list."""

from __future__ import annotations

from collections.abc import Iterable

from auth0_simulator.api.route import Route

#: The lists, and the column of the id. Lists whose rows are summaries have single reads of their own.
KEYS = {
    "/actions/actions/{action_id}/versions": "id",
    "/actions/modules": "id",
    "/actions/modules/{id}/versions": "id",
    "/agents": "agent_id",
    "/attack-protection/captcha/policies": "id",
    "/branding/phone/providers": "id",
    "/branding/phone/templates": "id",
    "/client-grants": "id",
    "/client-profiles": "id",
    "/clients/{client_id}/credentials": "id",
    "/connection-profiles": "id",
    "/connection-profiles/templates": "id",
    "/custom-domains": "custom_domain_id",
    "/event-streams/{id}/deliveries": "id",
    "/experimentation/experiments": "id",
    "/experimentation/feature-flags": "id",
    "/experimentation/feature-flags/{id}/variations": "id",
    "/experimentation/segments": "id",
    "/groups": "id",
    "/hooks": "id",
    "/keys/encryption": "kid",
    "/keys/network-acls": "id",
    "/keys/signing": "kid",
    "/log-streams": "id",
    "/network-acls": "id",
    "/organizations/{id}/clients": "client_id",
    "/organizations/{id}/connections": "connection_id",
    "/organizations/{id}/discovery-domains": "id",
    "/organizations/{id}/enabled_connections": "connection_id",
    "/organizations/{id}/invitations": "id",
    "/rate-limit-policies": "id",
    "/resource-servers": "id",
    "/rules": "id",
    "/self-service-profiles": "id",
    "/token-exchange-profiles": "id",
    "/user-attribute-profiles": "id",
    "/user-attribute-profiles/templates": "id",
    "/users/{id}/authentication-methods": "id",
    "/verifiable-credentials/verification/templates": "id",
}
#: Other paths of one row: the list, what follows its path, and the column.
NAMED = (
    ("/branding/themes/default", "/branding/themes/{theme_id}", "themeId"),
    ("/organizations", "/organizations/name/{name}", "name"),
    (
        "/organizations/{id}/discovery-domains",
        "/organizations/{id}/discovery-domains/name/{discovery_domain}",
        "domain",
    ),
)


def single_reads(routes: Iterable[Route]) -> tuple[Route, ...]:
    """The routes of single rows, made of those of their lists."""
    lists = {route.path: route for route in routes}
    paths = [*NAMED, *((path, f"{path}/{{row_id}}", key) for path, key in KEYS.items())]
    return tuple(_single(lists[source], path, key) for source, path, key in paths)


def _single(source: Route, path: str, key: str) -> Route:
    return Route(
        path,
        source.scopes,
        source.rows,
        kind="item",
        key=key,
        parents=source.parents,
        all_of=source.all_of,
        fields=source.fields,
        guards=source.guards,
        render=source.render,
        missing=source.missing,
        secrets=source.secrets,
    )
