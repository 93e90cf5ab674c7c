import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.circuit_breaker import MAX_CONSECUTIVE_FAILURES, CircuitBreaker
from source_auth0.errors import transient_error


@pytest.fixture
def breaker() -> CircuitBreaker:
    return CircuitBreaker()


def fail(breaker: CircuitBreaker, stream: str, times: int) -> None:
    for _ in range(times):
        breaker.record_failure(stream, transient_error("Auth0 kept answering with status 503."))


def test_a_success_resets_the_count_of_failures(breaker: CircuitBreaker):
    for _ in range(3):
        fail(breaker, "things", MAX_CONSECUTIVE_FAILURES - 1)
        breaker.raise_if_open("things")
        breaker.record_success("things", 5.0)


def test_consecutive_failures_open_the_breaker_for_their_stream(breaker: CircuitBreaker):
    fail(breaker, "things", MAX_CONSECUTIVE_FAILURES)
    with pytest.raises(AirbyteTracedException, match="status 503"):
        breaker.raise_if_open("things")
    breaker.raise_if_open("others")


def test_a_success_closes_the_breaker(breaker: CircuitBreaker):
    fail(breaker, "things", MAX_CONSECUTIVE_FAILURES)
    breaker.record_success("things", 5.0)
    breaker.raise_if_open("things")
    breaker.record_success("others", 6.0)
    assert {"things": 5.0, "others": 6.0} == breaker.last_success_at
