import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from airbyte_cdk.sources.types import StreamSlice
from requests_mock import Mocker

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import SyncCancelledError
from source_auth0.errors import MissingScopeError, transient_error
from source_auth0.retrievers.lists.lists import CheckpointRetriever, PageNumberRetriever
from source_auth0.retrievers.lists.organization_members import (
    ROLES_SCOPE,
    OrganizationMemberRolesRetriever,
    OrganizationMembersRetriever,
    OrganizationRoleGroupsRetriever,
    OrganizationRoleMembersRetriever,
)
from testing.fakes.management_api import API, FakeAuthenticator

PATH = "organizations/{{ stream_partition.org_id }}/members"
URL = f"{API}/organizations/org_1/members"
ORGANIZATION = StreamSlice(partition={"org_id": "org_1", "parent_slice": {}}, cursor_slice={})
ALL_SCOPES = frozenset({"read:organizations", "read:organization_members", ROLES_SCOPE, "read:roles"})
ADMIN, READER = {"id": "rol_a", "name": "Admin"}, {"id": "rol_r", "name": "Reader"}


class Roles:
    """The parent `roles`, with the calls that were made to it."""

    def __init__(self, *rows: dict[str, Any], error: Exception | None = None) -> None:
        self.stream, self.rows, self.error, self.reads = self, rows, error, 0

    def generate_partitions(self) -> list[Any]:
        return [SimpleNamespace(read=self.read)]

    def read(self) -> Any:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return iter(self.rows)


def member(number: int, *roles: dict[str, str], inline: bool = True) -> dict[str, Any]:
    return {
        "user_id": f"auth0|{number}",
        "email": f"{number}@acme.example",
        **({"roles": list(roles)} if inline else {}),
    }


@pytest.fixture
def build(tenant: Tenant, make_api: Callable[..., ManagementApiRequester]) -> Callable[..., Any]:
    """Builds the two streams on one tenant."""

    def build(
        kind: type[OrganizationMembersRetriever], scopes: frozenset[str] | None = ALL_SCOPES, **changes: Any
    ) -> OrganizationMembersRetriever:
        name = "organization_members" if kind is OrganizationMembersRetriever else "organization_member_roles"
        declared = [
            "read:organizations",
            "read:organization_members",
            *([ROLES_SCOPE] if kind is OrganizationMemberRolesRetriever else []),
        ]
        requester = make_api(
            name=name, resource=PATH, authenticator=FakeAuthenticator(scopes), required_scopes=declared
        )
        if kind is OrganizationMemberRolesRetriever:
            changes = {"pages_of": "organization_members", "roles": Roles(), **changes}
        return kind(config=tenant.config, name=name, requester=requester, rows="members", **changes)

    return build


def read(stream: OrganizationMembersRetriever) -> list[dict[str, Any]]:
    return list(stream.read_records({}, ORGANIZATION))


def requested(requests_mock: Mocker) -> list[tuple[str, str]]:
    """The last part of the path and the fields of each request."""
    urls = [urlsplit(request.url) for request in requests_mock.request_history]
    return [(url.path.rpartition("/")[2], parse_qs(url.query).get("fields", [""])[0]) for url in urls]


def refuse_roles(members: list[dict[str, Any]], message: str = "") -> Callable[..., Any]:
    """Responds with members to requests without roles, and refuses those with roles."""

    def respond(request: Any, context: Any) -> Any:
        if "roles" in request.qs["fields"][0].split(","):
            context.status_code = 403
            return {"message": message or f"Insufficient scope, expected any of: {ROLES_SCOPE}"}
        return {"members": members}

    return respond


WITH_ROLES, WITHOUT_ROLES = "user_id,email,picture,name,roles", "user_id,email,picture,name"


def test_members_carry_their_organization_and_their_roles(requests_mock: Mocker, build):
    requests_mock.get(URL, [{"json": {"members": [member(1, ADMIN)], "next": "a"}}, {"json": {"members": [member(2)]}}])
    assert [{**member(1, ADMIN), "org_id": "org_1"}, {**member(2), "org_id": "org_1"}] == read(
        build(OrganizationMembersRetriever)
    )
    assert [("members", WITH_ROLES)] * 2 == requested(requests_mock)
    assert ["true"] == requests_mock.last_request.qs["include_fields"]


@pytest.mark.parametrize(
    ("scopes", "fields"),
    [
        (ALL_SCOPES, WITH_ROLES),
        (None, WITH_ROLES),
        (ALL_SCOPES - {ROLES_SCOPE}, WITHOUT_ROLES),
    ],
)
def test_roles_are_requested_where_the_token_may_read_them(
    requests_mock: Mocker, build, scopes: frozenset[str] | None, fields: str
):
    requests_mock.get(URL, json={"members": []})
    read(build(OrganizationMembersRetriever, scopes))
    assert [("members", fields)] == requested(requests_mock)


def test_with_unknown_scopes_roles_are_tried_once_per_sync(requests_mock: Mocker, build):
    requests_mock.get(URL, json=refuse_roles([member(1, inline=False)]))
    stream = build(OrganizationMembersRetriever, None)
    assert [["auth0|1"]] * 3 == [[row["user_id"] for row in read(stream)] for _ in range(3)]
    assert [WITH_ROLES, WITHOUT_ROLES, WITHOUT_ROLES, WITHOUT_ROLES] == [
        fields for _, fields in requested(requests_mock)
    ]


def test_another_missing_scope_fails_the_members(requests_mock: Mocker, build):
    message = "Insufficient scope, expected any of: read:organization_members"
    requests_mock.get(URL, status_code=403, json={"message": message})
    with pytest.raises(MissingScopeError, match="read:organization_members"):
        read(build(OrganizationMembersRetriever, None))
    assert 1 == requests_mock.call_count


def test_roles_refused_after_the_first_page_fail_the_members(requests_mock: Mocker, build):
    """Rows of the first page are handed on by then, and would come twice."""
    refusal = {"status_code": 403, "json": {"message": f"Insufficient scope, expected any of: {ROLES_SCOPE}"}}
    requests_mock.get(URL, [{"json": {"members": [member(1)], "next": "a"}}, refusal])
    with pytest.raises(MissingScopeError, match=ROLES_SCOPE):
        read(build(OrganizationMembersRetriever, None))
    assert [WITH_ROLES, WITH_ROLES] == [fields for _, fields in requested(requests_mock)]


def test_a_scope_that_is_missing_even_without_roles_is_an_error(requests_mock: Mocker, build):
    message = f"Insufficient scope, expected any of: {ROLES_SCOPE}"
    requests_mock.get(URL, status_code=403, json={"message": message})
    with pytest.raises(MissingScopeError, match=ROLES_SCOPE):
        read(build(OrganizationMembersRetriever, None))
    assert [WITH_ROLES, WITHOUT_ROLES] == [fields for _, fields in requested(requests_mock)]


def test_roles_are_read_from_the_pages_of_the_members(requests_mock: Mocker, build):
    """A row for each role of each member, described from the list of roles, without a call for a member."""
    requests_mock.get(URL, json={"members": [member(1, ADMIN, READER), member(2), member(3, READER)]})
    described = Roles({"id": "rol_a", "description": "May do all"}, {"id": "rol_r"})
    expected = [
        {"org_id": "org_1", "user_id": "auth0|1", "description": "May do all", **ADMIN},
        {"org_id": "org_1", "user_id": "auth0|1", "description": None, **READER},
        {"org_id": "org_1", "user_id": "auth0|3", "description": None, **READER},
    ]
    assert expected == read(build(OrganizationMemberRolesRetriever, roles=described))
    assert [("members", WITH_ROLES)] == requested(requests_mock)


def test_both_streams_share_one_request_per_page(requests_mock: Mocker, build):
    requests_mock.get(URL, [{"json": {"members": [member(1, ADMIN)], "next": "a"}}, {"json": {"members": [member(2)]}}])
    members, roles = build(OrganizationMembersRetriever), build(OrganizationMemberRolesRetriever)
    assert (2, 1) == (len(read(members)), len(read(roles)))
    assert 2 == requests_mock.call_count


def test_descriptions_are_read_once_per_sync(requests_mock: Mocker, build):
    requests_mock.get(URL, json={"members": [member(n, ADMIN) for n in range(3)]})
    described = Roles({"id": "rol_a", "description": "May do all"})
    stream = build(OrganizationMemberRolesRetriever, roles=described)
    assert ["May do all"] * 6 == [row["description"] for row in read(stream) + read(stream)]
    assert 1 == described.reads


def test_an_inline_role_description_is_kept(requests_mock: Mocker, build):
    requests_mock.get(URL, json={"members": [member(1, {**ADMIN, "description": "Inline"})]})
    assert ["Inline"] == [row["description"] for row in read(build(OrganizationMemberRolesRetriever, roles=None))]


def test_without_the_scope_for_roles_descriptions_are_null_and_a_warning_says_why(
    requests_mock: Mocker, build, caplog: pytest.LogCaptureFixture
):
    requests_mock.get(URL, json={"members": [member(1, ADMIN, READER)]})
    roles = Roles(error=MissingScopeError("roles", ("read:roles",)))
    assert [None, None] == [row["description"] for row in read(build(OrganizationMemberRolesRetriever, roles=roles))]
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert 1 == len(warnings)
    assert "read:roles" in warnings[0]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(transient_error("Auth0 is unwell."), "Auth0 is unwell."), (ValueError("made up"), "met a ValueError")],
)
def test_roles_that_cannot_be_listed_for_another_reason_cost_descriptions_alone(
    requests_mock: Mocker, build, caplog: pytest.LogCaptureFixture, error: Exception, reason: str
):
    requests_mock.get(URL, json={"members": [member(1, ADMIN)]})
    rows = read(build(OrganizationMemberRolesRetriever, roles=Roles(error=error)))
    assert [("rol_a", None)] == [(row["id"], row["description"]) for row in rows]
    (warning,) = caplog.messages
    assert reason in warning


def test_a_sync_that_is_over_ends_amid_descriptions(requests_mock: Mocker, build):
    requests_mock.get(URL, json={"members": [member(1, ADMIN)]})
    with pytest.raises(SyncCancelledError):
        read(build(OrganizationMemberRolesRetriever, roles=Roles(error=SyncCancelledError())))


def test_without_their_scope_member_roles_are_an_error_and_no_empty_table(requests_mock: Mocker, build):
    requests_mock.get(URL, json={"members": [member(1, inline=False)]})
    with pytest.raises(MissingScopeError) as caught:
        read(build(OrganizationMemberRolesRetriever, ALL_SCOPES - {ROLES_SCOPE}))
    assert (ROLES_SCOPE,) == caught.value.scopes
    assert "`organization_member_roles`" in str(caught.value.message)


def test_refused_roles_fail_member_roles_but_not_members(requests_mock: Mocker, build):
    requests_mock.get(URL, json=refuse_roles([member(1, inline=False)]))
    roles, members = build(OrganizationMemberRolesRetriever, None), build(OrganizationMembersRetriever, None)
    with pytest.raises(MissingScopeError):
        read(roles)
    assert ["auth0|1"] == [row["user_id"] for row in read(members)]


def test_pages_are_freed_though_the_error_of_one_reader_is_kept(requests_mock: Mocker, build, tenant: Tenant):
    """Its traceback holds the frames of whatever read them, as long as somebody keeps it."""
    members, roles = (
        build(kind, ALL_SCOPES - {ROLES_SCOPE})
        for kind in (OrganizationMembersRetriever, OrganizationMemberRolesRetriever)
    )
    requests_mock.get(URL, json={"members": [{"user_id": "auth0|1"}]})
    with pytest.raises(MissingScopeError) as kept:
        read(roles)
    assert 1 == len(read(members))
    assert {} == tenant.shared_pages._lists
    assert kept.value.__traceback__ is not None


def test_an_organization_without_members_has_no_roles(requests_mock: Mocker, build):
    requests_mock.get(URL, json={"members": []})
    roles = Roles()
    assert [] == read(build(OrganizationMemberRolesRetriever, roles=roles))
    assert 0 == roles.reads


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_response_without_roles_costs_a_request_per_member(
    requests_mock: Mocker,
    build,
    tenant: Tenant,
    caplog: pytest.LogCaptureFixture,
    wrapped: bool,
):
    """To the rate limit they are requests to one endpoint."""
    requests_mock.get(URL, json={"members": [member(1, inline=False), member(2, inline=False)]})
    for number, roles in ((1, [ADMIN, READER]), (2, [])):
        body = {"roles": roles, "start": 0, "limit": 100, "total": len(roles)} if wrapped else roles
        requests_mock.get(f"{URL}/auth0%7C{number}/roles", [{"json": body}, {"json": []}])
    rows = read(build(OrganizationMemberRolesRetriever))
    assert [("auth0|1", "rol_a"), ("auth0|1", "rol_r")] == [(row["user_id"], row["id"]) for row in rows]
    # Without a total, only an empty page tells that a list has ended.
    assert ["members", *["roles"] * (2 if wrapped else 3)] == [path for path, _ in requested(requests_mock)]
    assert {"page": ["0"], "per_page": ["100"], "include_totals": ["true"]} == requests_mock.last_request.qs
    assert "GET /organizations/{}/members/{}/roles" in tenant.budget.buckets
    expected_text = (
        "`organization_member_roles`: Auth0 sent members without their roles, so each member's are asked for."
    )
    assert [expected_text] == [record.message for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("odd", ["rol_a", 7, True, {"id": "rol_a"}, ["rol_a"], [None], [{"name": "Admin"}]])
def test_a_member_whose_roles_are_no_list_of_roles_is_asked_for_them(requests_mock: Mocker, build, odd: Any):
    members = [member(1, ADMIN), {**member(2), "roles": odd}, {**member(3), "roles": None}, member(4, READER)]
    requests_mock.get(URL, json={"members": members})
    requests_mock.get(f"{URL}/auth0%7C2/roles", [{"json": [READER]}, {"json": []}])
    rows = read(build(OrganizationMemberRolesRetriever))
    assert [("auth0|1", "rol_a"), ("auth0|2", "rol_r"), ("auth0|4", "rol_r")] == [
        (row["user_id"], row["id"]) for row in rows
    ]


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("number", [50, 99, 120, 150])
def test_the_roles_of_one_member_may_fill_several_pages(
    requests_mock: Mocker, build, caplog: pytest.LogCaptureFixture, number: int, wrapped: bool
):
    """Auth0 sends 50 a page, whatever size was asked for."""
    roles = [{"id": f"rol_{n}", "name": f"Role {n}"} for n in range(number)]

    def respond(request: Any, context: Any) -> Any:
        start = 50 * int(request.qs["page"][0])
        page = roles[start : start + 50]
        return {"roles": page, "start": start, "limit": 50, "total": number} if wrapped else page

    requests_mock.get(URL, json={"members": [member(1, inline=False)]})
    requests_mock.get(f"{URL}/auth0%7C1/roles", json=respond)
    found = read(build(OrganizationMemberRolesRetriever))
    assert [role["id"] for role in roles] == [row["id"] for row in found]
    assert {("org_1", "auth0|1")} == {(row["org_id"], row["user_id"]) for row in found}


def test_a_member_removed_during_the_sync_is_skipped(requests_mock: Mocker, build):
    requests_mock.get(URL, json={"members": [member(1, inline=False), member(2, inline=False)]})
    requests_mock.get(f"{URL}/auth0%7C1/roles", status_code=404, json={"message": "The user does not exist."})
    requests_mock.get(f"{URL}/auth0%7C2/roles", [{"json": [ADMIN]}, {"json": []}])
    assert [("auth0|2", "rol_a")] == [
        (row["user_id"], row["id"]) for row in read(build(OrganizationMemberRolesRetriever))
    ]


def test_an_organization_that_vanished_has_no_roles(requests_mock: Mocker, build):
    requests_mock.get(URL, status_code=404, json={"message": "No organization found by that id or name"})
    assert [] == read(build(OrganizationMemberRolesRetriever))


def test_a_refusal_that_names_only_the_fields_does_not_fail_members(requests_mock: Mocker, build):
    message = "Some fields cannot be read with the permissions granted by the bearer token scopes."
    requests_mock.get(URL, json=refuse_roles([member(1, inline=False)], message))
    assert ["auth0|1"] == [row["user_id"] for row in read(build(OrganizationMembersRetriever, None))]


def test_a_refusal_of_fields_that_were_not_requested_is_an_error(requests_mock: Mocker, build):
    message = "Some fields cannot be read with the permissions granted by the bearer token scopes."
    requests_mock.get(URL, status_code=403, json={"message": message})
    with pytest.raises(MissingScopeError):
        read(build(OrganizationMembersRetriever, ALL_SCOPES - {ROLES_SCOPE}))
    assert 1 == requests_mock.call_count


def test_a_refusal_already_recorded_for_another_organization_is_no_error(requests_mock: Mocker, build, tenant: Tenant):
    """Two organizations are read concurrently, and both request roles before either is refused."""

    def respond(request: Any, context: Any) -> Any:
        tenant.refused_scopes.add(ROLES_SCOPE)
        return refuse_roles([member(1, inline=False)])(request, context)

    requests_mock.get(URL, json=respond)
    assert ["auth0|1"] == [row["user_id"] for row in read(build(OrganizationMembersRetriever, None))]


def test_descriptions_that_the_plan_lacks_are_null(requests_mock: Mocker, build, make_api, tenant: Tenant):
    """The warning comes from the list of roles."""
    requests_mock.get(URL, json={"members": [member(1, ADMIN)]})
    requests_mock.get(f"{API}/roles", status_code=403, json={"message": "Please upgrade your subscription"})
    roles = PageNumberRetriever(
        config=tenant.config, name="roles", requester=make_api(name="roles", resource="roles"), rows="roles"
    )
    parent = SimpleNamespace(generate_partitions=lambda: [SimpleNamespace(read=lambda: roles.read_records({}))])
    stream = build(OrganizationMemberRolesRetriever, roles=SimpleNamespace(stream=parent))
    assert [None] == [row["description"] for row in read(stream)]


@pytest.mark.parametrize("first_reader", [OrganizationMembersRetriever, OrganizationMemberRolesRetriever])
def test_a_failure_of_the_members_names_their_stream_whichever_reads_first(
    requests_mock: Mocker, build, first_reader: type[OrganizationMembersRetriever]
):
    message = "Insufficient scope, expected any of: read:organization_members"
    requests_mock.get(URL, status_code=403, json={"message": message})
    streams = {kind: build(kind) for kind in (OrganizationMembersRetriever, OrganizationMemberRolesRetriever)}
    for kind in sorted(streams, key=lambda kind: kind is not first_reader):
        with pytest.raises(MissingScopeError) as caught:
            read(streams[kind])
        assert "`organization_members`" in caught.value.message


def test_members_by_role_reuse_the_pages_of_member_roles(requests_mock: Mocker, build):
    """Roles need no description there, and no further request is made."""
    requests_mock.get(URL, json={"members": [member(1, ADMIN, READER), member(2), member(3, READER)]})
    streams = (
        build(OrganizationMemberRolesRetriever),
        build(OrganizationRoleMembersRetriever, pages_of="organization_members"),
    )
    roles, by_role = map(read, streams)
    expected = [(1, "rol_a"), (1, "rol_r"), (3, "rol_r")]
    assert [
        {"organization_id": "org_1", "role_id": role, "user_id": f"auth0|{n}", "email": f"{n}@acme.example"}
        for n, role in expected
    ] == by_role
    assert [(row["user_id"], row["id"]) for row in roles] == [(row["user_id"], row["role_id"]) for row in by_role]
    assert [("members", WITH_ROLES)] == requested(requests_mock)


def test_without_their_scope_members_by_role_are_an_error(requests_mock: Mocker, build):
    requests_mock.get(URL, json={"members": [member(1, inline=False)]})
    with pytest.raises(MissingScopeError):
        read(build(OrganizationRoleMembersRetriever, ALL_SCOPES - {ROLES_SCOPE}, pages_of="organization_members"))


def test_groups_by_role_reuse_the_pages_of_group_roles(
    requests_mock: Mocker, tenant: Tenant, make_api: Callable[..., ManagementApiRequester]
):
    path = "organizations/{{ stream_partition.organization_id }}/groups/{{ stream_partition.group_id }}/roles"
    url = f"{API}/organizations/org_1/groups/grp_1/roles"
    requests_mock.get(url, [{"json": {"roles": [ADMIN], "next": "a"}}, {"json": {"roles": [READER]}}])
    part = StreamSlice(
        partition={"group_id": "grp_1", "parent_slice": {"organization_id": "org_1"}},
        cursor_slice={},
        extra_fields={"name": "Staff", "external_id": None},
    )
    name = "organization_group_roles"
    arguments = {"config": tenant.config, "rows": "roles", "requester": make_api(name=name, resource=path)}
    by_group, by_role = (
        CheckpointRetriever(name=name, **arguments),
        OrganizationRoleGroupsRetriever(name="organization_role_groups", pages_of=name, **arguments),
    )
    assert ["rol_a", "rol_r"] == [row["id"] for row in by_group.read_records({}, part)]
    assert [
        {"organization_id": "org_1", "role_id": role, "id": "grp_1", "name": "Staff"} for role in ("rol_a", "rol_r")
    ] == list(by_role.read_records({}, part))
    assert 2 == requests_mock.call_count
