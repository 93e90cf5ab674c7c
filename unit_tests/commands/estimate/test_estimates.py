from source_auth0.commands.estimate.estimates import StreamEstimate, together
from source_auth0.costs.spans import Span, exactly


def test_a_later_sync_reads_the_same_unless_the_stream_is_incremental():
    full = StreamEstimate("clients", exactly(5), {"GET /clients": exactly(1)})
    assert (exactly(5), {"GET /clients": exactly(1)}) == (full.rows_of(is_later=True), full.requests_of(is_later=True))
    new = StreamEstimate("logs", exactly(500), {"GET /logs": exactly(5)}, exactly(7), {"GET /logs": exactly(1)})
    assert (exactly(7), {"GET /logs": exactly(1)}) == (new.rows_of(is_later=True), new.requests_of(is_later=True))
    assert (exactly(500), {"GET /logs": exactly(5)}) == (new.rows_of(is_later=False), new.requests_of(is_later=False))


def test_requests_of_one_endpoint_are_added():
    assert {"a": Span(3, 5), "b": exactly(1)} == together({"a": exactly(1), "b": exactly(1)}, {"a": Span(2, 4)})
