import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.retrievers.log_events.facts import (
    TYPES_NAMING_USERS,
    change_row,
    deleted_user_id,
    slim_event,
    users_named,
)

Event = dict[str, Any]


def write(method: str, path: str, body: Any = None, response: Any = None, **request: Any) -> Event:
    """The log event of a successful write; `request` adds to the request or replaces parts of it."""
    return {
        "log_id": "90020261123000000000000000000000000000000000000000000001",
        "date": "2026-11-23T12:00:00.000Z",
        "type": "sapi",
        "description": "Do something",
        "client_id": "app",
        "client_name": "",
        "ip": "203.0.113.9",
        "user_agent": "Other 0.0.0 / Other 0.0.0",
        "details": {
            "request": {
                "method": method,
                "path": f"/api/v2/{path}",
                "query": {},
                "body": body,
                "channel": "api",
                "auth": {"user": {}, "strategy": "jwt", "credentials": {"scopes": ["update:users"]}},
                **request,
            },
            "response": {"statusCode": 200, "body": {} if response is None else response},
        },
        "isMobile": False,
    }


def change(*event: Any, **request: Any) -> Event:
    row = change_row(write(*event, **request))
    assert row is not None
    return row


def test_a_change_says_what_was_written_by_whom_and_from_where():
    admin = {"user_id": "google-apps|ann@acme.example", "email": "ann@acme.example", "name": "Ann"}
    event = write("patch", "users/auth0%7C1", {"password": "hunter2"}, {"user_id": "auth0|1"}, auth={"user": admin})
    assert {
        "log_id": "90020261123000000000000000000000000000000000000000000001",
        "date": "2026-11-23T12:00:00.000Z",
        "method": "PATCH",
        "path": "users/auth0|1",
        "entity_type": "users",
        "entity_id": "auth0|1",
        "entity_ids": [],
        "parent_type": None,
        "parent_id": None,
        "status_code": 200,
        "client_id": "app",
        "client_name": None,
        "user_id": "google-apps|ann@acme.example",
        "user_email": "ann@acme.example",
        "user_name": "Ann",
        "ip": "203.0.113.9",
        "channel": "api",
        "description": "Do something",
    } == change_row(event)


def test_the_event_names_the_actor_where_the_request_does_not():
    event = write("patch", "tenants/settings") | {"user_id": "auth0|9", "user_name": "Bo"}
    row = change_row(event)
    assert ("auth0|9", None, "Bo") == (row["user_id"], row["user_email"], row["user_name"])
    assert (None, None, None) == tuple(change("patch", "x")[key] for key in ("user_id", "user_email", "user_name"))


@pytest.mark.parametrize(
    ("path", "response", "expected"),
    [
        ("users", {"user_id": "auth0|1", "id": "no"}, "auth0|1"),
        ("clients", {"client_id": "c", "client_secret": "s"}, "c"),
        ("clients/c/rotate-secret", {"client_id": "other"}, "c"),
        ("roles", {"id": "rol_1"}, "rol_1"),
        ("custom-domains", {"custom_domain_id": "cd_1"}, "cd_1"),
        ("organizations/o/invitations", {"id": "inv_1", "ticket_id": "s", "invitation_url": "s"}, "inv_1"),
        ("organizations/o/connections", {"connection_id": "con_1"}, "con_1"),
        ("keys/signing/rotate", {"kid": "k"}, "k"),
        ("new-things", {"id": "n"}, "n"),
        ("new-things", {"id": 7}, "7"),
        ("new-things", {"id": True}, None),
        ("users", {"user_id": 7}, "7"),
        ("tickets/password-change", {"ticket": "https://acme.us.auth0.com/lo/reset?ticket=s"}, None),
        ("self-service-profiles/p/sso-ticket", {"ticket": "s"}, None),
        ("users/auth0%7C1/identities", [{"user_id": "1"}], None),
    ],
)
def test_the_id_of_a_created_entity_comes_from_the_response(path: str, response: Any, expected: str | None):
    assert expected == change("post", path, {}, response)["entity_id"]


def test_only_created_entities_have_their_id_from_the_response():
    """The response to a change of a singleton carries the id of something else."""
    assert change("patch", "connections/c/scim-configuration", {}, {"id": "x"})["entity_id"] is None


PERMISSION = {"resource_server_identifier": "https://api/", "permission_name": "read:x"}


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("post", "users/u/roles", {"roles": ["rol_1", "rol_2", "", None]}, ["rol_1", "rol_2"]),
        ("delete", "roles/r/permissions", {"permissions": [PERMISSION]}, ["https://api/ read:x"]),
        ("post", "roles/r/permissions", {"permissions": [{"permission_name": "read:x"}]}, []),
        ("delete", "organizations/o/members", {"members": ["auth0|1"]}, ["auth0|1"]),
        ("post", "roles/r/users", {"users": ["auth0|1"]}, ["auth0|1"]),
        ("patch", "connections/c/clients", [{"client_id": "app", "status": True}, {}], ["app"]),
        ("put", "connections/c/directory-provisioning/synchronized-groups", {"groups": [{"id": "g"}]}, ["g"]),
        ("post", "tickets/password-change", {"user_id": "auth0|1", "new_password": "s"}, ["auth0|1"]),
        ("post", "users/u/identities", {"provider": "google-oauth2", "user_id": "7"}, ["google-oauth2|7"]),
        ("post", "users/u/identities", {"provider": "auth0", "user_id": "auth0|7"}, ["auth0|7"]),
        ("post", "users/u/identities", {"provider": "auth0", "user_id": 7}, ["auth0|7"]),
        ("post", "roles/r/users", {"users": [7, 7.5, True, {}]}, ["7"]),
        ("patch", "connections/c/clients", [{"client_id": 7}], ["7"]),
        ("post", "users/u/identities", {"link_with": "eyJ"}, []),
        ("post", "users/u/roles", {"roles": "rol_1"}, []),
        ("post", "hooks/h/secrets", {"secrets": ["s"], "roles": "s"}, []),
        ("put", "guardian/policies", ["all-applications"], []),
        ("post", "user-attribute-profiles", {"user_id": "x"}, []),
        ("patch", "tenants/settings", None, []),
        ("patch", "users/u", {"roles": ["x"]}, []),
    ],
)
def test_entity_ids_come_from_the_request_body(method: str, path: str, body: Any, expected: list[str]):
    assert expected == change(method, path, body)["entity_ids"]


def test_numeric_ids_of_who_made_a_change_are_text():
    event = write("patch", "users/auth0%7C1", {}, {}, auth={"user": {"user_id": 7}}) | {"client_id": 8}
    assert ("7", "8") == ((row := change_row(event))["user_id"], row["client_id"])
    assert "9" == change_row(write("patch", "x") | {"user_id": 9})["user_id"]


def test_a_query_parameter_can_name_the_user():
    assert ["auth0|1"] == change("delete", "grants", query={"user_id": "auth0|1"})["entity_ids"]


def test_the_user_of_a_job_is_in_entity_ids():
    row = change(
        "post", "jobs/verification-email", {"user_id": "auth0|1"}, {"id": "job_1", "type": "verification_email"}
    )
    assert ("jobs", "job_1", ["auth0|1"]) == (row["entity_type"], row["entity_id"], row["entity_ids"])


def test_a_change_holds_no_values_of_the_request_or_response():
    row = change("post", "clients", {"name": "hidden-name", "client_secret": "hidden"}, {"client_secret": "hidden"})
    assert "hidden" not in str(row)
    query = change("delete", "connections/c/users", query={"email": "hidden@acme.example"})
    assert "hidden" not in str(query)


@pytest.mark.parametrize("status", [199, 300, 400, 404, 429, 500])
def test_a_failed_write_is_no_change(status: int):
    event = write("delete", "users/auth0%7C1")
    event["details"]["response"]["statusCode"] = status
    assert (None, [], None, None) == (
        change_row(event),
        list(users_named(event)),
        deleted_user_id(event),
        slim_event(event),
    )


@pytest.mark.parametrize("status", ["200", "OK", 200.5, [200], None])
def test_a_status_that_is_no_integer_is_null(status: Any):
    event = write("delete", "users/auth0%7C1")
    event["details"]["response"]["statusCode"] = status
    assert (None, "auth0|1") == (change_row(event)["status_code"], deleted_user_id(event))


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(status: int):
    event = write("delete", "users/auth0%7C1")
    event["details"]["response"]["statusCode"] = status
    assert status == change_row(event)["status_code"]


def test_a_write_without_a_status_is_a_success_by_its_type():
    event = write("delete", "users/auth0%7C1")
    del event["details"]["response"]
    assert change_row(event)["status_code"] is None
    assert "auth0|1" == deleted_user_id(event)


@pytest.mark.parametrize(
    "other",
    [
        write("get", "users/auth0%7C1"),
        {**write("delete", "users/auth0%7C1"), "type": "fapi"},
        {**write("get", "clients"), "type": "mgmt_api_read"},
        {"type": "s", "user_id": "auth0|1"},
        {"type": "sertft", "user_id": "auth0|1"},
        {"type": "slo", "user_id": ""},
        {"type": "fdu", "description": "user_id: 1", "strategy": "auth0"},
        {"type": ["sapi"]},
        {"type": "sapi", "details": "x"},
        {"type": "sapi", "details": {"request": [], "response": None}},
        {"_id": "1"},
        {},
    ],
)
def test_other_events_yield_nothing(other: Event):
    assert (None, [], None, None) == (
        change_row(other),
        list(users_named(other)),
        deleted_user_id(other),
        slim_event(other),
    )


def test_a_write_without_a_path_is_still_a_change():
    event = write("post", "x")
    del event["details"]["request"]["path"]
    row = change_row(event)
    assert (None, None, None, "Do something") == (
        row["path"],
        row["entity_type"],
        row["entity_id"],
        row["description"],
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (write("post", "users", {}, {"user_id": "auth0|1"}), [("users", "auth0|1")]),
        (write("post", "users", {"user_id": "1"}), []),
        (write("patch", "users/auth0%7C1"), [("users/*", "auth0|1")]),
        (write("post", "users/auth0%7C1/roles", {"roles": ["rol_1"]}), [("users/*/roles", "auth0|1")]),
        (
            write("post", "users/auth0%7C1/identities", {"provider": "email", "user_id": "7"}),
            [("users/*/identities", "auth0|1"), ("users/*/identities", "email|7")],
        ),
        (
            write("delete", "users/auth0%7C1/identities/email/7"),
            [("users/*/identities/*/*", "auth0|1"), ("users/*/identities/*/*", "email|7")],
        ),
        (write("delete", "user-blocks/auth0%7C1"), [("user-blocks/*", "auth0|1")]),
        (write("delete", "user-blocks", query={"identifier": "ann@acme.example"}), []),
        (
            write("delete", "organizations/o/members", {"members": ["a|1", "a|2", "a|1"]}),
            [("organizations/*/members", "a|1"), ("organizations/*/members", "a|2")],
        ),
        (
            write("post", "organizations/o/members/a%7C1/roles", {"roles": ["rol_1"]}),
            [("organizations/*/members/*/roles", "a|1")],
        ),
        (write("post", "roles/r/users", {"users": ["a|1"]}), [("roles/*/users", "a|1")]),
        (write("post", "groups/g/members", {"members": ["a|1"]}), [("groups/*/members", "a|1")]),
        (write("delete", "grants", query={"user_id": "a|1"}), [("grants", "a|1")]),
        (
            write("post", "guardian/enrollments/ticket", {"user_id": "a|1"}),
            [("guardian/enrollments/ticket", "a|1")],
        ),
        (write("post", "refresh-tokens/revoke", {"user_id": "a|1"}), [("refresh-tokens/revoke", "a|1")]),
        (write("post", "refresh-tokens/revoke", {"user_id": 7}), [("refresh-tokens/revoke", "7")]),
        (write("delete", "grants", query={"user_id": 7}), [("grants", "7")]),
        ({"type": "slo", "user_id": 7}, [("slo", "7")]),
        ({"type": "slo", "user_id": False}, []),
        (write("patch", "connections/c/clients", [{"client_id": "app"}]), []),
        (write("post", "groups/g/roles", {"roles": ["rol_1"]}), []),
        ({"type": "slo", "user_id": "a|1"}, [("slo", "a|1")]),
        ({"type": "gd_unenroll", "user_id": "a|1"}, [("gd_unenroll", "a|1")]),
    ],
)
def test_users_are_named_by_paths_bodies_and_types(event: Event, expected: list[tuple[str, str]]):
    assert expected == list(users_named(event))


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"user_id": "auth0|5bb7"}, "auth0|5bb7"),
        ({"user_id": "auth0|5bb7", "strategy": "auth0"}, "auth0|5bb7"),
        ({"user_id": "", "description": "user_id: 5bb7", "strategy": "auth0"}, "auth0|5bb7"),
        ({"description": "user_id: acme|x@y", "strategy": "samlp"}, "samlp|acme|x@y"),
        ({"description": "user_id: auth0|5bb7", "strategy": "auth0"}, "auth0|5bb7"),
        ({"description": "user_id: auth0|5bb7", "strategy": ""}, "auth0|5bb7"),
        ({"description": "user_id: 5bb7", "strategy": ""}, None),
        ({"user_id": 12345, "strategy": "auth0"}, "auth0|12345"),
        ({"user_id": 12345}, "12345"),
        ({"description": "gone", "strategy": "auth0"}, None),
        ({"description": None, "strategy": "auth0"}, None),
    ],
)
def test_a_databases_own_event_names_the_deleted_user(event: Event, expected: str | None):
    assert expected == deleted_user_id({"type": "sdu", **event})


def test_only_a_delete_request_for_a_user_deletes_a_user():
    assert "auth0|1" == deleted_user_id(write("delete", "users/auth0%7C1"))
    for method, path in (
        ("patch", "users/u"),
        ("delete", "users/u/roles"),
        ("delete", "clients/c"),
        ("delete", "users"),
    ):
        assert deleted_user_id(write(method, path)) is None


def test_a_slim_event_is_small_and_holds_no_secret():
    body = {"password": "hidden", "user_metadata": {"x": "y" * 1000}, "roles": ["rol_1"], "client_secret": "hidden"}
    slim = slim_event(write("post", "users/u/roles", body, {"id": "1", "ticket": "hidden", "app_metadata": "hidden"}))
    assert "hidden" not in str(slim)
    assert len(str(slim)) < 600


def test_a_slim_event_keeps_the_same_fields_within_lists():
    body = {"roles": [{"id": "rol_1", "client_secret": "hidden"}, "rol_2"]}
    slim = slim_event(write("post", "users/u/roles", body))
    assert {"roles": [{"id": "rol_1"}, "rol_2"]} == slim["details"]["request"]["body"]


SCALAR = st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", "auth0|1", "rol_1", "user_id: 7"])
ODD_VALUES = (
    SCALAR | st.lists(SCALAR, max_size=2) | st.dictionaries(st.sampled_from(["id", "user_id"]), SCALAR, max_size=2)
)
PATHS = st.sampled_from(
    """
    users users/auth0%7C1 users/auth0%7C1/roles users/a/identities users/a/identities/b/c users/a/permissions
    organizations/o/members organizations/o/members/u/roles roles/r/users user-blocks/u grants clients
    connections/c/clients tickets/password-change refresh-tokens/revoke keys/signing/rotate
    groups/g/members connections/c/keys x *
    """.split()  # noqa: SIM905 - twenty quotation marks less
).map("/api/v2/{}".format)
LISTED = st.lists(ODD_VALUES | st.just(PERMISSION), max_size=3)
BODIES = (
    ODD_VALUES
    | LISTED
    | st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("roles", "members", "users", "groups", "permissions", "clients"), LISTED | ODD_VALUES),
            **dict.fromkeys(("user_id", "provider", "password"), ODD_VALUES),
        },
    )
)
RESPONSE_BODIES = ODD_VALUES | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "user_id", "client_id", "kid", "ticket"), ODD_VALUES)
)
ACTORS = ODD_VALUES | st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("user_id", "email", "name", "groups"), ODD_VALUES)
)
REQUESTS = ODD_VALUES | st.fixed_dictionaries(
    {"method": st.sampled_from(["post", "DELETE", "put", "get"]) | ODD_VALUES, "path": PATHS | ODD_VALUES},
    optional={
        "body": BODIES,
        "query": ODD_VALUES,
        "channel": ODD_VALUES,
        "auth": st.fixed_dictionaries({}, optional={"user": ACTORS}),
    },
)
RESPONSES = ODD_VALUES | st.fixed_dictionaries(
    {}, optional={"statusCode": st.sampled_from([200, 204, 400]) | ODD_VALUES, "body": RESPONSE_BODIES}
)
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["sapi", "sapi", "sapi", "sdu", "s", *sorted(TYPES_NAMING_USERS)]) | ODD_VALUES,
        "log_id": st.just("1"),
    },
    optional={
        "details": ODD_VALUES | st.fixed_dictionaries({"request": REQUESTS}, optional={"response": RESPONSES}),
        **dict.fromkeys(("date", "user_id", "user_name", "client_id", "client_name", "ip", "description"), ODD_VALUES),
        **dict.fromkeys(("strategy", "connection", "connection_id", "user_agent", "_id"), ODD_VALUES),
    },
)


@given(EVENTS)
def test_a_slim_event_yields_the_same_rows_as_the_whole_event(event: Event):
    before = copy.deepcopy(event)
    slim = slim_event(event)
    expected = (change_row(event), list(users_named(event)), deleted_user_id(event))
    if slim is None:
        assert (None, [], None) == expected
    else:
        assert expected == (change_row(slim), list(users_named(slim)), deleted_user_id(slim))
        assert slim == slim_event(slim)
    assert before == event
