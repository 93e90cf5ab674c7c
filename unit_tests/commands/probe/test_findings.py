import pytest

from source_auth0.commands.probe.client import Answer
from source_auth0.commands.probe.findings import (
    Finding,
    Outcome,
    Question,
    decided,
    named_scopes,
    refusal,
    report,
    shown,
)
from testing.probe_client import refused

LACKING = refused(403, "insufficient_scope", "Insufficient scope, expected any of: read:roles,read:users")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("invalid_paging", "status 400 invalid_paging"),
        ("", "status 400"),
        ("Ada Abe", "status 400"),
        ("ada@example.com", "status 400"),
        ("org_nhmxF1Jk095Q33xp", "status 400"),
        ("x" * 61, "status 400"),
    ],
)
def test_a_code_is_shown_where_it_can_be_nothing_else(code: str, expected: str):
    assert expected == shown(refused(400, code, "Ada Abe is not there"))


def test_a_missing_scope_says_nothing_about_the_question():
    found = refusal(LACKING)
    assert found
    assert Outcome.UNKNOWN is found.outcome
    assert "status 403 insufficient_scope: needs read:roles read:users" == found.evidence
    assert ["read:roles", "read:users"] == named_scopes(LACKING)


@pytest.mark.parametrize("answer", [refused(403, "feature_not_enabled", "needs read:x"), refused(404), Answer(200)])
def test_any_other_refusal_is_an_answer(answer: Answer):
    assert refusal(answer) is None
    assert [] == named_scopes(answer)


def test_a_scope_that_is_not_named_is_another_one():
    found = refusal(refused(403, "insufficient_scope", "Insufficient scope"))
    assert found
    assert found.evidence.endswith("needs another scope")


def test_auth0s_own_words_stay_out_of_the_report():
    finding = decided(
        holds=True, evidence="status 404", answers=[refused(404, "", "No org_1"), refused(404, "", "No org_1")]
    )
    assert Finding(Outcome.ESTABLISHED, "status 404", "No org_1") == finding
    printed = report("Heading", [(Question("name", "It is so.", lambda _: finding), finding)])
    assert printed.splitlines() == [
        "Heading",
        "",
        "| Question | Statement | Answer | Evidence |",
        "|---|---|---|---|",
        "| `name` | It is so. | established | status 404 |",
    ]
