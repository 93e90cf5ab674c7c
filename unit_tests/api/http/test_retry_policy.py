import pytest
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction

from source_auth0.api.http.retry_policy import MAX_TOKEN_RENEWALS, RetryPolicy, RetryState


@pytest.fixture
def effort() -> RetryState:
    return RetryState(RetryPolicy(attempts=3, seconds=100, rate_limit_seconds=60), began_at=1000)


def test_so_many_attempts_may_fail_and_no_more(effort: RetryState):
    assert [True, True, False] == [effort.allows_retry(ResponseAction.RETRY, 1, 1001, 0.0) for _ in range(3)]
    assert 4 == effort.attempt


@pytest.mark.parametrize(("now", "allowed"), [(1099, True), (1099.5, False), (2000, False)])
def test_no_attempt_begins_once_the_time_is_over(effort: RetryState, now: float, allowed: bool):
    """A server that hangs costs a minute an attempt, and eight of them are too many; one second chance there is."""
    assert effort.allows_retry(ResponseAction.RETRY, 1, now, 0.0)
    assert allowed == effort.allows_retry(ResponseAction.RETRY, 1, now, 0.0)


def test_the_rate_limit_is_waited_for_as_long_as_is_allowed(effort: RetryState):
    assert [True, True, False] == [effort.allows_retry(ResponseAction.RATE_LIMITED, 20, 1001, 0.0) for _ in range(3)]
    assert 4 == effort.attempt


@pytest.mark.parametrize(("now", "allowed"), [(1149, True), (1149.5, False)])
def test_waiting_for_the_rate_limit_takes_no_time_from_what_may_fail(effort: RetryState, now: float, allowed: bool):
    assert effort.allows_retry(ResponseAction.RATE_LIMITED, 50, 1000, 0.0)
    assert effort.allows_retry(ResponseAction.RETRY, 1, 1050, 0.0)
    assert allowed == effort.allows_retry(ResponseAction.RETRY, 1, now, 0.0)


@pytest.mark.parametrize(("answered", "allowed"), [(0.0, False), (1500.0, True)])
def test_a_rate_limit_under_which_nothing_is_answered_is_given_up(effort: RetryState, answered: float, allowed: bool):
    """Many requests that are refused in turn each wait little; an answer to any of them means that it goes on."""
    assert effort.allows_retry(ResponseAction.RATE_LIMITED, 1, 1460, 0.0)
    assert allowed == effort.allows_retry(ResponseAction.RATE_LIMITED, 1, 1530, answered)


def test_a_token_is_renewed_so_often_and_no_more(effort: RetryState):
    assert [True] * MAX_TOKEN_RENEWALS + [False] == [
        effort.allows_retry(ResponseAction.REFRESH_TOKEN_THEN_RETRY, 1, 1001, 0.0)
        for _ in range(MAX_TOKEN_RENEWALS + 1)
    ]


def test_what_fails_is_not_tried_again(effort: RetryState):
    assert not effort.allows_retry(ResponseAction.FAIL, 1, 1001, 0.0)
