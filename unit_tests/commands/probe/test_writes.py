from typing import Any

import pytest

from source_auth0.commands.probe import writes
from source_auth0.commands.probe.client import Answer
from source_auth0.commands.probe.findings import Outcome
from testing.probe_client import FakeProbeClient, page, refused

YES, NO, UNTOLD = Outcome.ESTABLISHED, Outcome.CONTRADICTED, Outcome.UNKNOWN
NOON = "2026-01-02T12:00:00.000Z"
LACKING = refused(403, "insufficient_scope", "Insufficient scope, expected any of: read:logs")


def write(path: str, body: Any = None, response: Any = None, date: str = NOON) -> dict[str, Any]:
    details = {"request": {"method": "post", "path": path, "body": body}, "response": {"body": response}}
    return {"type": "sapi", "date": date, "details": details}


@pytest.mark.parametrize("question", [each.ask for each in writes.QUESTIONS], ids=lambda each: each.__name__)
@pytest.mark.parametrize("answer", [LACKING, page()])
def test_without_the_scope_and_without_writes_nothing_can_be_told(question, answer: Answer):
    assert UNTOLD is question(FakeProbeClient({"logs": answer})).outcome


ROLE = "/api/v2/users/auth0%7C1/roles"
USERS = ("/api/v2/roles/rol_1/users", {"users": ["auth0|1"]})
MEMBERS = ("/api/v2/organizations/org_1/members", {"members": ["auth0|1"]})
MEMBER_ROLES = "/api/v2/organizations/org_1/members/auth0|1/roles"


@pytest.mark.parametrize(
    ("updated", "expected"),
    [
        ("2026-01-02T11:59:57.000Z", NO),
        ("2026-01-02T11:59:59.000Z", YES),
        ("2026-01-02T12:00:01.000Z", YES),
        ("2026-01-02T12:00:03.000Z", UNTOLD),
        (None, UNTOLD),
    ],
)
@pytest.mark.parametrize(
    ("question", "event"),
    [
        (writes.role_changes_move_users, write(ROLE)),
        (writes.role_changes_move_users, write(*USERS)),
        (writes.membership_changes_move_users, write(*MEMBERS)),
        (writes.membership_changes_move_users, write(MEMBER_ROLES)),
    ],
)
def test_a_users_date_is_held_against_that_of_the_change(question, event, updated: str | None, expected: Outcome):
    other = write("/api/v2/clients", {"users": ["auth0|2"]})
    user = Answer(200, {"user_id": "auth0|1", "updated_at": updated})
    assert expected is question(FakeProbeClient({"logs": page(other, event), "users/auth0|1": user})).outcome


def test_the_newest_change_of_a_user_counts_and_a_few_users_are_enough():
    events = [write(ROLE), write(ROLE, date="2026-01-01T00:00:00.000Z")]
    events += [write(f"/api/v2/users/auth0%7C{number}/roles") for number in range(2, 20)]
    client = FakeProbeClient(
        {"logs": page(*events), **{f"users/auth0|{n}": Answer(200, {"updated_at": NOON}) for n in range(20)}}
    )
    assert "3 users changed last at that very time" == writes.role_changes_move_users(client).evidence


@pytest.mark.parametrize(
    ("events", "expected", "evidence"),
    [
        (
            [write("/api/v2/rules-configs/KEY", {"value": "*****"}, {"key": "KEY", "updated_at": NOON})],
            YES,
            "0 of 1 values in clear",
        ),
        ([write("/api/v2/rules-configs/KEY", {"value": "s3cr3t"})], NO, "rules-configs: 1 of 1 values in clear"),
        ([write("/api/v2/hooks/1/secrets", {"A": "_VALUE_NOT_SHOWN_", "B": "x"})], NO, "hook secrets: 1 of 2"),
        ([write("/api/v2/flows/vault/connections", {"name": "n", "setup": [{"token": ""}]})], YES, "0 of 1"),
        ([write("/api/v2/flows/vault/connections/ac_1", {"setup": {"token": "x"}})], NO, "vault connections: 1 of 1"),
        ([write("/api/v2/flows/vault/connections"), write("/api/v2/users", {"value": "x"})], UNTOLD, "none of these"),
    ],
)
def test_values_in_the_log_are_counted_and_not_shown(events, expected: Outcome, evidence: str):
    found = writes.secrets_in_log(FakeProbeClient({"logs": page(*events)}))
    assert expected is found.outcome
    assert evidence in found.evidence
    assert "s3cr3t" not in found.evidence + found.words


@pytest.mark.parametrize("details", [None, [], {"request": "text"}, {"request": {"path": None}}])
def test_odd_events_are_left_out(details: Any):
    client = FakeProbeClient({"logs": page({"type": "sapi", "details": details})})
    assert UNTOLD is writes.role_changes_move_users(client).outcome
    assert UNTOLD is writes.secrets_in_log(client).outcome


@pytest.mark.parametrize("body", [None, ["auth0|1"], {"users": "auth0|1"}])
def test_odd_bodies_name_nobody(body: Any):
    assert UNTOLD is writes.role_changes_move_users(FakeProbeClient({"logs": page(write(USERS[0], body))})).outcome
