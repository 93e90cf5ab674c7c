from typing import Any

import pytest

from source_auth0.retrievers.log_events.facts import slim_event
from source_auth0.retrievers.log_events.named_parents import parents_named


def write(method: str, path: str, body: Any = None, response: Any = None, status: int = 200) -> dict[str, Any]:
    request = {"method": method, "path": f"/api/v2/{path}", "body": body}
    answer = {"statusCode": status, "body": response}
    return {"log_id": "1", "type": "sapi", "details": {"request": request, "response": answer}}


ORGANIZATION, ROLE, CONNECTION, CLIENT = (
    ("organizations", "org_1"),
    ("roles", "rol_1"),
    ("connections", "con_1"),
    ("clients", "c1"),
)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (write("PATCH", "organizations/org_1"), [ORGANIZATION]),
        (write("post", "organizations/org_1/members", {"members": ["auth0|1"]}, status=204), [ORGANIZATION]),
        (write("post", "organizations/org_1/members/auth0%7C1/roles", {"roles": ["rol_1"]}), [ORGANIZATION]),
        (write("delete", "organizations/org_1/groups/grp_1/roles", {"roles": ["rol_1"]}), [ORGANIZATION]),
        (write("post", "organizations/org_1/of-tomorrow/x1"), [ORGANIZATION]),
        (write("post", "organizations", {}, {"id": "org_1"}), [ORGANIZATION]),
        (write("post", "organizations", {}), []),
        (write("get", "organizations/org_1"), []),
        (write("delete", "organizations/org_1", status=403), []),
        (write("delete", "roles/rol_1"), [ROLE]),
        (write("post", "roles/rol_1/users", {"users": ["auth0|1"]}), [ROLE]),
        (write("delete", "users/auth0%7C1/roles", {"roles": ["rol_1", "rol_2"]}), [ROLE, ("roles", "rol_2")]),
        (write("post", "groups/grp_1/roles", {"roles": ["rol_1"]}), [ROLE]),
        (write("patch", "connections/con_1/clients", [{"client_id": "c1", "status": True}]), [CONNECTION, CLIENT]),
        (write("post", "connections/con_1/scim-configuration/tokens", {}, {"token_id": "t"}), [CONNECTION]),
        (write("post", "flows/vault/connections", {}, {"id": "x"}), []),
        (write("post", "clients", {}, {"client_id": "c1"}), [CLIENT]),
        (write("post", "clients/cimd/register", {}, {"client_id": "c1"}), [CLIENT]),
        (write("post", "clients/cimd/preview"), []),
        (write("delete", "clients/c1/credentials/cred_1"), [CLIENT]),
        ({"type": "organization_member_added", "user_id": "auth0|1", "organization_id": "org_1"}, [ORGANIZATION]),
        ({"type": "si", "details": {"invitation": {"inviter": {"organization_id": "org_1"}}}}, [ORGANIZATION]),
        ({"type": "si", "details": None}, []),
        ({"type": "sdu", "description": "user_id: auth0|1"}, []),
        ({"type": "sdu", "description": "user_id: auth0|1", "organization_id": "org_1"}, [ORGANIZATION]),
        ({"type": "sscim", "details": {"connection_id": "con_1"}}, [CONNECTION]),
        ({"type": "directory_sync_completed", "connection_id": "con_1"}, [CONNECTION]),
        ({"type": "s", "organization_id": "org_1", "connection_id": "con_1"}, []),
        ({"type": ["s"]}, []),
    ],
)
def test_an_event_names_the_parents_below_which_rows_may_have_changed(
    event: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert expected == list(parents_named(event))
    # What is kept of an event for derived streams still names them.
    slim = slim_event({"log_id": "1", **event})
    assert expected == ([] if slim is None else list(parents_named(slim)))
