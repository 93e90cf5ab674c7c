from collections.abc import Callable

import pytest

from source_auth0.commands.probe import search
from source_auth0.commands.probe.client import Answer
from source_auth0.commands.probe.findings import Finding, Outcome
from testing.probe_client import FakeProbeClient, Query, page, refused

YES, NO, UNTOLD = Outcome.ESTABLISHED, Outcome.CONTRADICTED, Outcome.UNKNOWN
USER = {"user_id": "auth0|1", "created_at": "2026-01-02T03:04:05.678Z", "updated_at": "2026-01-02T03:04:05.678Z"}
LACKING = refused(403, "insufficient_scope", "Insufficient scope, expected any of: read:users")


def ask(question: Callable[[FakeProbeClient], Finding], answer: Callable[[Query], Answer]) -> Finding:
    return question(FakeProbeClient({"users": answer}))


@pytest.mark.parametrize("question", [each.ask for each in search.QUESTIONS], ids=lambda each: each.__name__)
def test_without_the_scope_nothing_can_be_told(question):
    found = ask(question, lambda _: LACKING)
    assert UNTOLD is found.outcome
    assert "needs read:users" in found.evidence


@pytest.mark.parametrize("question", [each.ask for each in search.QUESTIONS], ids=lambda each: each.__name__)
def test_nobody_is_told_from_an_empty_tenant_what_takes_users(question):
    found = ask(question, lambda query: page(total=0, limit=int(query["per_page"]), start=0))
    told = {search.search_page_size, search.search_negated_exists, search.users_have_dates}
    told |= {search.search_page_across_bound, search.longest_url}
    assert (YES if question in told else UNTOLD) is found.outcome


@pytest.mark.parametrize(
    ("whole", "halves", "expected"),
    [
        (999, (), UNTOLD),
        (None, (), UNTOLD),
        (1000, (500, 500), YES),
        (1000, (1000, 1000), NO),
        (1000, (1000, 11), NO),
        (84_000, (40_000, 44_000), YES),
        (10_000, (10_000, 3), YES),
        (10_000, (10_000, 10_000), NO),
    ],
)
def test_a_total_is_true_where_its_halves_are_no_more(whole: int | None, halves: tuple[int, ...], expected: Outcome):
    totals = iter([whole, *halves])
    envelope = {"start": 0}
    found = ask(search.search_totals, lambda _: page(USER, total=next(totals), **envelope))
    assert expected is found.outcome
    assert "84,000" not in found.evidence


def test_the_halves_meet_in_the_middle_and_end_where_the_whole_does():
    client = FakeProbeClient({"users": page(USER, total=1000)})
    search.search_totals(client)
    whole, older, newer = (query["q"] for _, query in client.asked)
    middle = older.partition("[* TO ")[2].rstrip("]")
    assert newer.startswith(f"created_at:{{{middle} TO ")
    assert whole.partition(" TO ")[2] == newer.partition(" TO ")[2]


@pytest.mark.parametrize(
    ("second", "expected", "words"),
    [(50, YES, "that of page 0"), (51, YES, ""), (0, NO, "is 0"), (1, NO, "another one"), (None, NO, "none")],
)
def test_a_later_total_is_held_against_the_first(second: int | None, expected: Outcome, words: str):
    def answer(query: Query) -> Answer:
        return page(
            USER,
            start=0,
            **({} if second is None and query["page"] == "1" else {"total": 50 if query["page"] == "0" else second}),
        )

    found = ask(search.search_later_totals, answer)
    assert expected is found.outcome
    assert words in found.evidence


@pytest.mark.parametrize(
    ("at", "behind", "expected"),
    [
        (page(USER), page(), YES),
        (page(), page(), NO),
        (page(USER), page(USER), NO),
        (refused(400, "invalid_query_string"), page(), NO),
        (page(USER), refused(400), NO),
    ],
)
def test_milliseconds_count_where_a_bound_finds_and_leaves_out(at: Answer, behind: Answer, expected: Outcome):
    answers = iter([page({**USER, "created_at": "2026-01-01T00:00:00.000Z"}, USER), at, behind])
    assert expected is ask(search.search_milliseconds, lambda _: next(answers)).outcome


@pytest.mark.parametrize(
    ("undated", "nobody", "knows", "all_dated"),
    [
        (page(), page(), YES, YES),
        (page({"user_id": "a"}), page(), YES, NO),
        (page(USER), page(), NO, UNTOLD),
        (page(), page(USER), NO, YES),
        (refused(400), page(), NO, UNTOLD),
    ],
)
def test_a_negation_that_is_ignored_is_seen(undated: Answer, nobody: Answer, knows: Outcome, all_dated: Outcome):
    def answer(query: Query) -> Answer:
        return undated if "updated_at" in query["q"] else nobody

    assert knows is ask(search.search_negated_exists, answer).outcome
    assert all_dated is ask(search.users_have_dates, answer).outcome


@pytest.mark.parametrize(("ranged", "expected"), [(page(USER), YES), (page(), NO), (refused(400), NO)])
def test_a_range_of_ids_has_to_find_its_first(ranged: Answer, expected: Outcome):
    def answer(query: Query) -> Answer:
        return ranged if query["q"].startswith('user_id:["auth0|1" TO') else page(USER)

    assert expected is ask(search.search_id_ranges, answer).outcome


@pytest.mark.parametrize(
    ("limit", "expected", "evidence"),
    [
        (20_000, YES, "16,000 characters are served"),
        (5_000, YES, "4,000 characters are served, the next length gets status 414"),
        (2_000, NO, "500 characters are served, the next length gets status 414"),
        (0, UNTOLD, "a short one: status 414"),
    ],
)
def test_urls_grow_until_one_is_refused(limit: int, expected: Outcome, evidence: str):
    found = ask(search.longest_url, lambda query: page() if len(query["q"]) < limit else refused(414))
    assert (expected, evidence) == (found.outcome, found.evidence)


def test_a_page_across_the_bound_that_is_refused_contradicts():
    assert NO is ask(search.search_page_across_bound, lambda _: refused(400, "invalid_paging")).outcome


def test_a_page_without_a_limit_tells_no_size():
    assert UNTOLD is ask(search.search_page_size, lambda _: page(USER)).outcome
