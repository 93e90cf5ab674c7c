import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.http.circuit_breaker import MAX_CONSECUTIVE_FAILURES, CircuitBreaker
from source_auth0.errors import transient_error


@pytest.fixture
def outages() -> CircuitBreaker:
    return CircuitBreaker()


def fail(outages: CircuitBreaker, stream: str, times: int) -> None:
    for _ in range(times):
        outages.record_failure(stream, transient_error("Auth0 kept answering with status 503."))


def test_a_stream_that_fails_now_and_then_is_asked_on(outages: CircuitBreaker):
    for _ in range(3):
        fail(outages, "things", MAX_CONSECUTIVE_FAILURES - 1)
        outages.raise_if_open("things")
        outages.record_success("things", 5.0)


def test_a_stream_that_is_never_answered_is_asked_no_more(outages: CircuitBreaker):
    fail(outages, "things", MAX_CONSECUTIVE_FAILURES)
    with pytest.raises(AirbyteTracedException, match="status 503"):
        outages.raise_if_open("things")
    outages.raise_if_open("others")


def test_an_answer_ends_an_outage(outages: CircuitBreaker):
    fail(outages, "things", MAX_CONSECUTIVE_FAILURES)
    outages.record_success("things", 5.0)
    outages.raise_if_open("things")
    outages.record_success("others", 6.0)
    assert {"things": 5.0, "others": 6.0} == outages.last_success_at
