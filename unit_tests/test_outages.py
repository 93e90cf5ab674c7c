import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.components.outages import MOST_IN_VAIN, Outages
from source_auth0.components.problems import transient_error


@pytest.fixture
def outages() -> Outages:
    return Outages()


def fail(outages: Outages, stream: str, times: int) -> None:
    for _ in range(times):
        outages.given_up(stream, transient_error("Auth0 kept answering with status 503."))


def test_a_stream_that_fails_now_and_then_is_asked_on(outages: Outages):
    for _ in range(3):
        fail(outages, "things", MOST_IN_VAIN - 1)
        outages.verify("things")
        outages.answered("things", 5.0)


def test_a_stream_that_is_never_answered_is_asked_no_more(outages: Outages):
    fail(outages, "things", MOST_IN_VAIN)
    with pytest.raises(AirbyteTracedException, match="status 503"):
        outages.verify("things")
    outages.verify("others")


def test_an_answer_ends_an_outage(outages: Outages):
    fail(outages, "things", MOST_IN_VAIN)
    outages.answered("things", 5.0)
    outages.verify("things")
    outages.answered("others", 6.0)
    assert {"things": 5.0, "others": 6.0} == outages.answered_at
