import pytest

from source_auth0.commands.probe import lists
from source_auth0.commands.probe.client import Answer
from source_auth0.commands.probe.findings import Outcome
from testing.probe_client import FakeProbeClient, Query, page, refused

YES, NO, UNTOLD = Outcome.ESTABLISHED, Outcome.CONTRADICTED, Outcome.UNKNOWN
LACKING = refused(403, "insufficient_scope", "Insufficient scope, expected any of: read:roles")
PATHS = ("roles", "grants", "device-credentials", "user-attribute-profiles", "organizations", *lists.PROVISIONING_LISTS)
ROLE = {"id": "rol_1", "owner_id": "org_1"}


@pytest.mark.parametrize("question", [each.ask for each in lists.QUESTIONS], ids=lambda each: each.__name__)
def test_without_the_scope_nothing_can_be_told(question):
    assert UNTOLD is question(FakeProbeClient(dict.fromkeys(PATHS, LACKING))).outcome


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(200, {"roles": [], "next": "x"}), YES),
        (Answer(200, {"roles": []}), YES),
        (Answer(200, {"roles": [], "start": 0}), NO),
        (page(), NO),
        (refused(400), NO),
    ],
)
def test_a_page_by_checkpoint_has_no_start(answer: Answer, expected: Outcome):
    assert expected is lists.roles_by_checkpoint(FakeProbeClient({"roles": answer})).outcome
    assert expected is lists.checkpoint_beside_page(FakeProbeClient({"organizations": answer})).outcome


@pytest.mark.parametrize(
    ("owned", "plain", "expected"),
    [
        (page({"id": "r", "owner_id": "auth0"}), page(), YES),
        (page(), page({"id": "r"}), YES),
        (page(), page(), UNTOLD),
        (page({"id": "r"}), page({"id": "r"}), NO),
        (refused(400), page(), NO),
    ],
)
def test_an_owner_that_is_ignored_is_seen(owned: Answer, plain: Answer, expected: Outcome):
    client = FakeProbeClient({"roles": lambda query: owned if "owner_id" in query else plain})
    assert expected is lists.roles_by_owner(client).outcome


@pytest.mark.parametrize(
    ("answer", "expected", "evidence"),
    [
        (refused(400, "invalid_paging"), YES, "status 400 invalid_paging"),
        (page(), NO, "status 200, without rows"),
        (page({"id": 1}), NO, "status 200, with rows"),
    ],
)
def test_a_page_behind_the_bound_is_refused_or_not(answer: Answer, expected: Outcome, evidence: str):
    for path, question in (
        ("roles", lists.roles_page_bound),
        ("grants", lists.grants_page_bound),
        ("device-credentials", lists.device_credentials_page_bound),
    ):
        found = question(FakeProbeClient({path: answer}))
        assert (expected, f"page 10 of 100 rows: {evidence}") == (found.outcome, found.evidence)


def roles(mixed_in: bool):
    def answer(query: Query) -> Answer:
        return page({"id": "rol_0"}, {"id": "rol_9", "owner_id": "auth0"}, *[ROLE] * (mixed_in or "owner_id" in query))

    return answer


MEMBERS = "organizations/org_1/members"
HOLDER = page({"user_id": "a", "roles": [{"id": "rol_1"}]}, {"user_id": "b"})


@pytest.mark.parametrize("mixed_in", [True, False])
@pytest.mark.parametrize(
    ("members", "listed", "expected"),
    [
        (HOLDER, page({"user_id": "a"}), YES),
        (HOLDER, page({"user_id": "b"}), NO),
        (HOLDER, LACKING, UNTOLD),
        (page({"user_id": "a", "roles": []}), page(), UNTOLD),
        (LACKING, page(), UNTOLD),
    ],
)
def test_a_member_with_a_role_of_the_organization_is_looked_for(mixed_in: bool, members, listed, expected: Outcome):
    client = FakeProbeClient(
        {
            "roles": roles(mixed_in),
            "organizations": page({"id": "org_1"}),
            MEMBERS: members,
            "roles/rol_1/users": listed,
        }
    )
    assert expected is lists.role_users_of_organization_roles(client).outcome


@pytest.mark.parametrize(
    ("largest", "expected", "evidence"),
    [
        (100, NO, "`take` 100: status 200"),
        (10, YES, "`take` 100: status 400; 10: status 200"),
        (5, UNTOLD, "10: status 400"),
    ],
)
def test_a_page_of_attribute_profiles_is_100_or_ten(largest: int, expected: Outcome, evidence: str):
    client = FakeProbeClient(
        {"user-attribute-profiles": lambda query: page() if int(query["take"]) <= largest else refused(400)}
    )
    found = lists.attribute_profiles_page_size(client)
    assert expected is found.outcome
    assert evidence in found.evidence


@pytest.mark.parametrize(("answer", "expected"), [(page(), YES), (refused(404), NO), (refused(403, "x", "No."), NO)])
def test_a_list_of_all_is_there_or_not(answer: Answer, expected: Outcome):
    client = FakeProbeClient(dict.fromkeys(lists.PROVISIONING_LISTS, answer))
    assert expected is lists.scim_list(client).outcome
    assert expected is lists.directory_list(client).outcome
