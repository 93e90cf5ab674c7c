import pytest

from source_auth0.commands.probe import log
from source_auth0.commands.probe.client import Answer
from source_auth0.commands.probe.findings import Outcome
from testing.probe_client import FakeProbeClient, Query, page, refused

YES, NO, UNTOLD = Outcome.ESTABLISHED, Outcome.CONTRADICTED, Outcome.UNKNOWN
LACKING = refused(403, "insufficient_scope", "Insufficient scope, expected any of: read:logs")


def log_id(number: int) -> str:
    return f"90020260102120000000{number:036d}"


OLD, NEW = {"log_id": log_id(1), "user_id": "auth0|1"}, {"log_id": log_id(9), "user_id": "auth0|1"}


@pytest.mark.parametrize("question", [each.ask for each in log.QUESTIONS], ids=lambda each: each.__name__)
@pytest.mark.parametrize("answer", [LACKING, page()])
def test_without_the_scope_and_from_an_empty_log_nothing_can_be_told(question, answer: Answer):
    assert UNTOLD is question(FakeProbeClient({"logs": answer})).outcome


@pytest.mark.parametrize(
    ("after", "expected", "evidence"),
    [
        (page(OLD), YES, "status 200, an old event"),
        (page(NEW), NO, "status 200, a newer event"),
        (page(), NO, "status 200, no event"),
        (refused(400, "invalid_query_string"), NO, "status 400 invalid_query_string"),
        (refused(404), NO, "status 404"),
    ],
)
def test_an_id_that_is_gone_is_asked_from(after: Answer, expected: Outcome, evidence: str):
    def answer(query: Query) -> Answer:
        if query.get("from") == "900":
            return refused(400)
        if "from" in query:
            assert query["from"].startswith("90020150101")
            assert len(log_id(1)) == len(query["from"])
            return after
        return page(OLD) if query["sort"] == "date:1" else page(NEW)

    found = log.log_from_id_that_is_gone(FakeProbeClient({"logs": answer}))
    assert (expected, f"{evidence}; for an id of another form status 400") == (found.outcome, found.evidence)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [([2, 5], [2, 4, 5], YES), ([2, 5], [2, 5, 6], UNTOLD), ([2, 5], [2, 5], UNTOLD), ([], [3], UNTOLD)],
)
def test_a_late_event_is_one_that_comes_between_others(before: list[int], after: list[int], expected: Outcome):
    pages = iter([before, after])

    def answer(query: Query) -> Answer:
        return page(*({"log_id": log_id(number)} for number in (next(pages) if "from" in query else [9, 1])))

    client = FakeProbeClient({"logs": answer})
    assert expected is log.log_late_events(client).outcome
    assert log.LATE_SECONDS == client.paused
    assert {log_id(1)} == {query["from"] for _, query in client.asked if "from" in query}


@pytest.mark.parametrize(
    ("found", "expected"),
    [(page({"type": "sapi"}), YES), (page({"type": "sapi"}, {"type": "s"}), NO), (refused(400), NO)],
)
def test_a_search_by_type_finds_that_type(found: Answer, expected: Outcome):
    assert expected is log.log_search_by_type(FakeProbeClient({"logs": found})).outcome
