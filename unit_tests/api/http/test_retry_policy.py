import pytest
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction

from source_auth0.api.http.retry_policy import MAX_TOKEN_RENEWALS, RetryPolicy, RetryState


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
