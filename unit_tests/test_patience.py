import pytest

from source_auth0.components.answers import Meaning
from source_auth0.components.patience import RENEWALS, Effort, Patience


@pytest.fixture
def effort() -> Effort:
    return Effort(Patience(attempts=3, seconds=100, rate_limit=60), began=1000)


def test_so_many_attempts_may_fail_and_no_more(effort: Effort):
    assert [True, True, False] == [effort.allows(Meaning.AGAIN, 1, 1001, 0.0) for _ in range(3)]
    assert 4 == effort.attempt


@pytest.mark.parametrize(("now", "allowed"), [(1099, True), (1099.5, False), (2000, False)])
def test_no_attempt_begins_once_the_time_is_over(effort: Effort, now: float, allowed: bool):
    """A server that hangs costs a minute an attempt, and eight of them are too many; one second chance there is."""
    assert effort.allows(Meaning.AGAIN, 1, now, 0.0)
    assert allowed == effort.allows(Meaning.AGAIN, 1, now, 0.0)


def test_the_rate_limit_is_waited_for_as_long_as_is_allowed(effort: Effort):
    assert [True, True, False] == [effort.allows(Meaning.WAIT, 20, 1001, 0.0) for _ in range(3)]
    assert 4 == effort.attempt


@pytest.mark.parametrize(("now", "allowed"), [(1149, True), (1149.5, False)])
def test_waiting_for_the_rate_limit_takes_no_time_from_what_may_fail(effort: Effort, now: float, allowed: bool):
    assert effort.allows(Meaning.WAIT, 50, 1000, 0.0)
    assert effort.allows(Meaning.AGAIN, 1, 1050, 0.0)
    assert allowed == effort.allows(Meaning.AGAIN, 1, now, 0.0)


@pytest.mark.parametrize(("answered", "allowed"), [(0.0, False), (1500.0, True)])
def test_a_rate_limit_under_which_nothing_is_answered_is_given_up(effort: Effort, answered: float, allowed: bool):
    """Many requests that are refused in turn each wait little; an answer to any of them means that it goes on."""
    assert effort.allows(Meaning.WAIT, 1, 1460, 0.0)
    assert allowed == effort.allows(Meaning.WAIT, 1, 1530, answered)


def test_a_token_is_renewed_so_often_and_no_more(effort: Effort):
    assert [True] * RENEWALS + [False] == [effort.allows(Meaning.RENEW, 1, 1001, 0.0) for _ in range(RENEWALS + 1)]


def test_what_fails_is_not_tried_again(effort: Effort):
    assert not effort.allows(Meaning.FAIL, 1, 1001, 0.0)
