import pytest

from source_auth0.commands.probe import features
from source_auth0.commands.probe.client import Answer
from source_auth0.commands.probe.findings import Outcome
from testing.probe_client import FakeProbeClient, Query, page, refused

YES, NO, UNTOLD = Outcome.ESTABLISHED, Outcome.CONTRADICTED, Outcome.UNKNOWN
LACKING = refused(403, "insufficient_scope", "Insufficient scope, expected any of: read:attack_protection")
USERS = page({"user_id": "auth0|1"})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(page(), UNTOLD), (refused(403, "feature_not_enabled", "Not on this plan."), YES), (LACKING, UNTOLD)],
)
def test_sessions_tell_only_where_they_are_refused(answer: Answer, expected: Outcome):
    client = FakeProbeClient({"users": USERS, "users/auth0|1/sessions": answer})
    assert expected is features.sessions_refusal(client).outcome
    assert UNTOLD is features.sessions_refusal(FakeProbeClient({"users": page()})).outcome


@pytest.mark.parametrize(("answer", "expected"), [(page(), NO), (refused(410, "gone"), YES), (LACKING, UNTOLD)])
def test_what_has_ended_is_refused_or_not(answer: Answer, expected: Outcome):
    for path, question in (("rules", features.rules_after_end), ("hooks", features.hooks_after_end)):
        assert expected is question(FakeProbeClient({path: answer})).outcome


@pytest.mark.parametrize(
    ("odd", "plain", "expected"),
    [
        (refused(404, "inexistent_user"), refused(404, "inexistent_user"), NO),
        (refused(400, "invalid_uri"), refused(404, "inexistent_user"), YES),
        (refused(404, "invalid_uri"), refused(404, "inexistent_user"), YES),
        (LACKING, LACKING, UNTOLD),
    ],
)
def test_an_odd_id_is_held_against_any_other_that_does_not_exist(odd: Answer, plain: Answer, expected: Outcome):
    client = FakeProbeClient({"users/samlp|probe\nid": odd, "users/samlp|probe-id": plain})
    assert expected is features.odd_user_id(client).outcome


@pytest.mark.parametrize(
    ("answer", "scopes", "expected", "evidence"),
    [
        (LACKING, None, YES, "refused without read:attack_protection"),
        (refused(403, "", "Insufficient scope, expected: read:captcha"), None, NO, "refused without read:captcha"),
        (page(), frozenset({"read:users"}), NO, "status 200 without the scope"),
        (page(), frozenset({"read:attack_protection"}), UNTOLD, "status 200, with the scope"),
        (page(), None, UNTOLD, "status 200"),
        (refused(404), None, UNTOLD, "status 404"),
    ],
)
def test_a_scope_is_told_by_who_is_refused_without_it(answer: Answer, scopes, expected: Outcome, evidence: str):
    path = "attack-protection/captcha/policies"
    found = features.scope_of(path)(FakeProbeClient({path: answer}, scopes))
    assert expected is found.outcome
    assert found.evidence.startswith(evidence)


@pytest.mark.parametrize(
    ("kept", "expected", "evidence"),
    [
        (5000, NO, "a time ten years ago is served"),
        (100, YES, "90 days ago is served; 3650 days ago: status 410 gone"),
        (20, YES, "7 days ago is served; 30 days ago: status 410 gone"),
        (0.5, YES, "not even 1 day ago is served: status 410 gone"),
    ],
)
def test_ever_later_times_are_asked_for(kept: float, expected: Outcome, evidence: str):
    client = FakeProbeClient({})
    since = features.to_iso(client.started_ms - int(kept * features.DAY_MS))

    def answer(query: Query) -> Answer:
        assert query["from_timestamp"].endswith("Z")
        assert 20 == len(query["from_timestamp"])
        return Answer(200) if query["from_timestamp"] > since else refused(410, "gone")

    client._scripted = {"events": answer}
    found = features.events_history(client)
    assert (expected, evidence) == (found.outcome, found.evidence)


@pytest.mark.parametrize("answer", [refused(404), refused(403, "", "Maximum concurrent"), LACKING])
def test_a_refusal_that_is_not_about_the_time_tells_nothing_of_it(answer: Answer):
    client = FakeProbeClient({"events": answer})
    assert UNTOLD is features.events_history(client).outcome
    assert 1 == client.counter.sent
