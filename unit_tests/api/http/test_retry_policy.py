import math

import pytest
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction

from source_auth0.api.http import retry_policy
from source_auth0.api.http.retry_policy import (
    MAX_TOKEN_RENEWALS,
    UNLIMITED_ATTEMPTS,
    RetryPolicy,
    RetryState,
    exponential,
)

#: Policy to its attempts, the seconds of its waits (the last one holds for all that follow), and all its seconds.
POLICIES = {
    "API": (8, [1, 2, 4, 8, 16, 32, 60], 300),
    "SINGLE_ATTEMPT": (1, [1, 2, 4, 8, 16, 32, 60], 300),
    "CHECK": (2, [1, 2, 4, 8, 16, 32, 60], 25),
    "PROBE": (2, [1, 2, 4, 8, 16, 32, 60], 30),
    "SIGN_IN": (UNLIMITED_ATTEMPTS, [1, 2, 4, 8, 16, 30], 28),
    "TOKEN_RENEWAL": (UNLIMITED_ATTEMPTS, [1, 2, 4, 8, 16, 30], 300),
    "SINGLE_SIGN_IN": (1, [1, 2, 4, 8, 16, 30], 28),
    "ODD_SIGN_IN": (3, [1, 2, 4, 8, 16, 30], 28),
    "EXPORT_POLL": (UNLIMITED_ATTEMPTS, [*(0.25 * 1.5**number for number in range(11)), 15], 28_800),
    "EXPORT_DOWNLOAD": (5, [1, 2, 3, 4, 5], math.inf),
    "SEARCH_TIMEOUT": (3, [1, 2], 300),
    "EMPTY_SEARCH": (2, [1], math.inf),
    "EMPTY_TENANT": (4, [5, 15, 40], math.inf),
    "SHORTFALL": (2, [60], math.inf),
    "EVENT_STREAM": (5, [1, 2, 4, 8, 16, 32, 60], math.inf),
    "EVENT_RECONNECT": (UNLIMITED_ATTEMPTS, [2], math.inf),
}


@pytest.mark.parametrize("name", POLICIES)
def test_each_kind_of_request_has_its_policy(name: str):
    attempts, waits, seconds = POLICIES[name]
    policy = getattr(retry_policy, f"{name}_RETRY_POLICY")
    assert (attempts, waits, seconds) == (policy.attempts, list(policy.waits), policy.seconds)


def test_no_policy_is_left_out():
    named = {name.removesuffix("_RETRY_POLICY") for name, value in vars(retry_policy).items() if _is_policy(value)}
    assert {*POLICIES} == named


def _is_policy(value: object) -> bool:
    return isinstance(value, RetryPolicy)


def test_waits_grow_to_the_longest_which_holds_for_all_that_follow():
    assert (0.5, 1.5, 4.5, 5.0) == exponential(0.5, 3.0, 5.0)
    assert (1.0, 2.0, 4.0) == exponential(1.0, 2.0, 4.0)
    policy = RetryPolicy(waits=(1.0, 2.5))
    assert [1.0, 2.5, 2.5, 2.5] == [policy.wait(attempt) for attempt in (1, 2, 3, UNLIMITED_ATTEMPTS)]


@pytest.mark.parametrize(
    ("attempt", "elapsed", "allowed"), [(1, 0.0, True), (2, 100.0, True), (2, 100.1, False), (3, 0.0, False)]
)
def test_a_retry_follows_within_the_attempts_and_the_seconds(attempt: int, elapsed: float, allowed: bool):
    policy = RetryPolicy(attempts=3, seconds=100)
    assert allowed == policy.allows_another(attempt, elapsed)
    assert (elapsed > 100) == policy.is_over(elapsed)
    assert policy.is_over(math.inf)


@pytest.fixture
def state() -> RetryState:
    return RetryState(RetryPolicy(attempts=3, seconds=100, rate_limit_seconds=60), began_at=1000)


def test_attempts_are_limited(state: RetryState):
    assert [True, True, False] == [state.allows_retry(ResponseAction.RETRY, 1, 1001, 0.0) for _ in range(3)]
    assert 4 == state.attempt


@pytest.mark.parametrize(("now", "allowed"), [(1099, True), (1099.5, False), (2000, False)])
def test_no_second_retry_begins_after_the_deadline(state: RetryState, now: float, allowed: bool):
    """A hanging server costs a minute per attempt, and eight of them are too many; one retry is always allowed."""
    assert state.allows_retry(ResponseAction.RETRY, 1, now, 0.0)
    assert allowed == state.allows_retry(ResponseAction.RETRY, 1, now, 0.0)


def test_one_retry_is_allowed_however_short_the_deadline():
    state = RetryState(RetryPolicy(attempts=3, seconds=0.0), began_at=1000)
    assert state.allows_retry(ResponseAction.RETRY, 60, 2000, 0.0)
    assert not state.allows_retry(ResponseAction.RETRY, 60, 2000, 0.0)


def test_waits_for_the_rate_limit_are_limited_in_seconds(state: RetryState):
    assert [True, True, False] == [state.allows_retry(ResponseAction.RATE_LIMITED, 20, 1001, 0.0) for _ in range(3)]
    assert 4 == state.attempt


@pytest.mark.parametrize(("now", "allowed"), [(1149, True), (1149.5, False)])
def test_waits_for_the_rate_limit_extend_the_deadline(state: RetryState, now: float, allowed: bool):
    assert state.allows_retry(ResponseAction.RATE_LIMITED, 50, 1000, 0.0)
    assert state.allows_retry(ResponseAction.RETRY, 1, 1050, 0.0)
    assert allowed == state.allows_retry(ResponseAction.RETRY, 1, now, 0.0)


@pytest.mark.parametrize(("last_success", "allowed"), [(0.0, False), (1500.0, True)])
def test_a_429_is_not_retried_where_no_other_request_succeeds(state: RetryState, last_success: float, allowed: bool):
    """Many requests that draw 429s in turn each wait little; a success of any of them shows progress."""
    assert state.allows_retry(ResponseAction.RATE_LIMITED, 1, 1460, 0.0)
    assert allowed == state.allows_retry(ResponseAction.RATE_LIMITED, 1, 1530, last_success)


def test_token_renewals_are_limited(state: RetryState):
    assert [True] * MAX_TOKEN_RENEWALS + [False] == [
        state.allows_retry(ResponseAction.REFRESH_TOKEN_THEN_RETRY, 1, 1001, 0.0) for _ in range(MAX_TOKEN_RENEWALS + 1)
    ]


def test_a_failure_is_not_retried(state: RetryState):
    assert not state.allows_retry(ResponseAction.FAIL, 1, 1001, 0.0)
