from collections.abc import Iterator
from typing import Any

import pytest

from source_auth0.api.tenant import Tenant
from source_auth0.errors import ParentRefusedError, system_error
from source_auth0.records import Page
from source_auth0.retrievers.lists.refused_parents import MAX_REFUSED, RefusedParents, outcome_of, parent_name

STREAM = "user_roles"


def refusal(reason: str = "Bad Request", *, lacks_feature: bool = False) -> ParentRefusedError:
    return ParentRefusedError(STREAM, 400, reason, lacks_feature=lacks_feature)


@pytest.fixture
def parents(tenant: Tenant) -> RefusedParents:
    return RefusedParents.of(tenant, STREAM)


def pages(*of: Page, error: Exception | None = None) -> Iterator[Page]:
    yield from of
    if error is not None:
        raise error


def refuse(parents: RefusedParents, number: int, first: int = 0, **more: Any) -> None:
    for index in range(first, first + number):
        parents.record_refusal(f"u{index}", refusal(**more))


def answer(parents: RefusedParents, tenant: Tenant, number: int = 1) -> None:
    for _ in range(number):
        assert [[{"id": 1}]] == list(parents.pages_of("answered", pages([{"id": 1}]), tenant))


def test_there_is_one_of_each_stream_in_a_sync(tenant: Tenant, config: dict[str, Any]):
    parents = RefusedParents.of(tenant, STREAM)
    assert parents is RefusedParents.of(tenant, STREAM)
    assert parents is not RefusedParents.of(tenant, "user_sessions")
    assert parents is not RefusedParents.of(Tenant(config), STREAM)
    assert (STREAM, "user_sessions") == (parents.stream, RefusedParents.of(tenant, "user_sessions").stream)


def test_nothing_is_said_where_nobody_is_refused(parents: RefusedParents, tenant: Tenant):
    answer(parents, tenant)
    assert (None, "", 0, False) == (parents.error, parents.warning, parents.skipped, parents.is_over)
    assert (False, False) == (parents.lacks_feature, parents.is_undecided)


def test_one_that_is_refused_among_others_is_left_out_with_a_warning(parents: RefusedParents, tenant: Tenant):
    assert [[{"id": 1}]] == list(parents.pages_of("u1", pages([{"id": 1}], error=refusal()), tenant))
    answer(parents, tenant)
    assert (None, 1) == (parents.error, parents.skipped)
    assert parents.warning == (
        "`user_roles` lacks the rows of 1 that Auth0 refused twice while it answered others (400 Bad Request): u1. "
        "The next sync asks for them again."
    )
    parents.carries_over = True
    assert parents.warning.endswith("They are asked again in the next sync.")


def test_another_error_is_none_of_a_parent(parents: RefusedParents, tenant: Tenant):
    with pytest.raises(type(system_error("")), match="down"):
        list(parents.pages_of("u1", pages(error=system_error("Auth0 is down.")), tenant))
    assert {} == parents.refused
    assert not parents.is_answered


def test_a_refusal_keeps_no_frames_alive(parents: RefusedParents, tenant: Tenant):
    """They hold the pages that were read before it."""
    list(parents.pages_of("u1", pages(error=refusal()), tenant))
    assert [None] == [one.__traceback__ for one in parents.refused.values()]


def test_an_empty_answer_is_one_only_where_the_stream_was_answered(parents: RefusedParents, tenant: Tenant):
    """Nothing to read, such as a 404 of a user who was deleted, says nothing of the stream."""
    list(parents.pages_of("gone", pages(), tenant))
    refuse(parents, 1)
    assert parents.is_undecided
    tenant.streams_answered.add(STREAM)
    list(parents.pages_of("empty", pages(), tenant))
    assert (True, False) == (parents.is_answered, parents.is_undecided)


def test_an_answer_stays_one(parents: RefusedParents, tenant: Tenant):
    answer(parents, tenant)
    list(parents.pages_of("gone", pages(), tenant))
    assert parents.is_answered


def test_where_nobody_was_answered_refusals_fail_the_stream(parents: RefusedParents):
    refuse(parents, 3)
    assert parents.is_undecided
    assert not parents.is_over
    assert ("", 0) == (parents.warning, parents.skipped)
    assert parents.error is not None
    assert parents.error.message == (
        "Auth0 refused `user_roles` (400 Bad Request). That is true of all 3 that were to be read, u0, u1, u2: too "
        "many for a fault of theirs. Nothing was left out silently: the stream fails and keeps its state. Sync again; "
        "if that does not help, ask Auth0's support about this answer."
    )


def test_after_the_first_twenty_refusals_nobody_else_is_asked(parents: RefusedParents, tenant: Tenant):
    refuse(parents, MAX_REFUSED - 1)
    assert not parents.is_over
    refuse(parents, 1, MAX_REFUSED)
    assert parents.is_over
    assert [] == list(parents.pages_of("next", pages([{"id": 1}]), tenant))
    assert not parents.is_answered


def test_twenty_refusals_among_answers_are_tolerated_and_one_more_is_not(parents: RefusedParents, tenant: Tenant):
    answer(parents, tenant)
    refuse(parents, MAX_REFUSED)
    assert (False, None, MAX_REFUSED) == (parents.is_over, parents.error, parents.skipped)
    assert "lacks the rows of 20 that" in parents.warning
    assert "u0, u1, u2, u3, u4, u5, u6, u7, u8, u9 and 10 more. " in parents.warning
    refuse(parents, 1, MAX_REFUSED)
    assert (True, "", 0) == (parents.is_over, parents.warning, parents.skipped)
    assert parents.error is not None
    assert "That is true of 21 of 22 that were to be read" in str(parents.error.message)


def test_what_is_over_stays_over(parents: RefusedParents, tenant: Tenant):
    answer(parents, tenant)
    refuse(parents, MAX_REFUSED + 1)
    parents.expected = 100_000
    refuse(parents, 1, 99)
    assert parents.is_over


@pytest.mark.parametrize("are_asked", [True, False])
def test_a_hundredth_of_those_asked_may_be_refused(parents: RefusedParents, tenant: Tenant, *, are_asked: bool):
    """Of those that were, or of those that will be."""
    answer(parents, tenant, 3000 if are_asked else 1)
    parents.expected = 0 if are_asked else 3000
    refuse(parents, 30)
    assert not parents.is_over
    refuse(parents, 1, 30)
    assert parents.is_over
    of = "3,031" if are_asked else "3,000"
    assert parents.error is not None
    assert f"31 of {of} that were to be read" in str(parents.error.message)


def test_the_tenant_lacks_a_feature_where_every_refusal_says_so(parents: RefusedParents, tenant: Tenant):
    refuse(parents, 2, reason="not on this plan", lacks_feature=True)
    assert parents.lacks_feature
    assert (None, 0) == (parents.error, parents.skipped)
    assert "`user_roles` is empty: the tenant lacks the feature (not on this plan)" == parents.warning
    answer(parents, tenant)
    assert not parents.lacks_feature
    assert 2 == parents.skipped


def test_one_refusal_of_another_kind_makes_it_an_error(parents: RefusedParents):
    refuse(parents, 2, lacks_feature=True)
    refuse(parents, 1, 2)
    assert not parents.lacks_feature
    assert parents.error is not None


def test_who_was_refused_in_the_last_sync_says_nothing_new(parents: RefusedParents, tenant: Tenant):
    parents.known = frozenset(f"u{number}" for number in range(100))
    refuse(parents, 100)
    assert (False, False, None, 100) == (parents.is_over, parents.is_undecided, parents.error, parents.skipped)
    answer(parents, tenant)
    parents.known_unfinished = frozenset({"u5"})
    refuse(parents, MAX_REFUSED - 1, 200)
    refuse(parents, 1, 5)
    assert not parents.is_over
    refuse(parents, 1, 300)
    assert parents.is_over
    assert parents.error is not None
    assert "21 of 122 that" in str(parents.error.message)


def test_a_parent_is_known_by_the_ids_that_its_rows_get():
    nested = {"user_id": "auth0|1", "parent_slice": {"org_id": "org_1", "parent_slice": {}}}
    assert "org_1/auth0|1" == parent_name(nested)
    assert "7" == parent_name({"id": 7})


def test_the_outcome_of_a_stream_has_those_of_its_parents(tenant: Tenant):
    for stream in (STREAM, "users", "other"):
        one = RefusedParents.of(tenant, stream)
        answer(one, tenant)
        one.record_refusal(f"a of {stream}", refusal())
    tenant.requests[STREAM] = 7
    tenant.requests["users"] = 9
    tenant.not_verified[STREAM].append("no total")
    outcome = outcome_of(tenant, STREAM, ["users", STREAM])
    assert (7, 2, ("no total",), None) == (outcome.requests, outcome.skipped, outcome.not_verified, outcome.error)
    assert [STREAM, "users"] == [warning.split("`")[1] for warning in outcome.warnings]
    assert () == outcome_of(tenant, STREAM, ["users"]).warnings  # said once a sync
    assert 1 == outcome_of(tenant, "other").skipped


def test_an_error_of_a_parent_is_one_of_the_stream(tenant: Tenant):
    refuse(RefusedParents.of(tenant, "users"), 1)
    error = outcome_of(tenant, STREAM, ["users"]).error
    assert error is not None
    assert "all 1 that were to be read" in str(error.message)
    assert (None, ()) == (outcome_of(tenant, STREAM).error, outcome_of(tenant, STREAM).warnings)
