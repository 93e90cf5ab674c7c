"""What Auth0's releases differ in, and what its documents leave open, of lists that have changed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class ReleaseSettings:
    """What a test may choose of a release, while the tenant is running.

    role_checkpoints: whether /roles takes `from` and `take`.
    role_owners: whether /roles knows `type` and `owner_id` ("known"), refuses them ("refused") or ignores them
        ("ignored").
    role_page_cap, grant_page_cap: how many roles and grants page numbers reach; None for no limit.
    full_credentials: what comes beyond 1,000 device credentials: "refused", or "cut": the list ends there.
    provisioning_collections: whether the lists of SCIM and directory settings of all connections are "present",
        "missing" (404) or "disabled" (403).
    delivery_pages: the form of an event stream's deliveries: pages with "next", as the SDKs have them, with
        "nextPageToken", as recorded, or one "bare" list, as the OpenAPI document of June 2026 has it.
    missing_routes: templates of routes that the release of a private cloud lacks.
    missing_route_answer: what comes for them, with 404: Auth0's envelope ("envelope"), one with the code `invalid_uri`
        ("invalid_uri"), a page of HTML ("html"), or nothing ("empty").
    """

    role_checkpoints: bool = True
    role_owners: str = "known"
    role_page_cap: int | None = None
    grant_page_cap: int | None = None
    full_credentials: str = "refused"
    provisioning_collections: str = "present"
    delivery_pages: str = "next"
    missing_routes: tuple[str, ...] = ()
    missing_route_answer: str = "envelope"
