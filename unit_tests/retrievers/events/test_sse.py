from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from source_auth0.retrievers.events.sse import OversizedMessageError, SseMessage, SseParser


def parsed(*chunks: bytes) -> list[SseMessage]:
    parser = SseParser()
    return [message for chunk in chunks for message in parser.feed(chunk)]


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: one\n\n", [SseMessage("message", "one", "")]),
        (b"data:one\n\n", [SseMessage("message", "one", "")]),
        (b"data:  two spaces\n\n", [SseMessage("message", " two spaces", "")]),
        (b"data: one\ndata: two\n\n", [SseMessage("message", "one\ntwo", "")]),
        (b"data\n\n", [SseMessage("message", "", "")]),
        (b"event: user.created\nid: a\ndata: {}\n\n", [SseMessage("user.created", "{}", "a")]),
        (b"data: a: b\n\n", [SseMessage("message", "a: b", "")]),
        (b":connected\n\nretry: 20\n\n: heartbeat\n\n", []),
        (b"event: lonely\n\ndata: next\n\n", [SseMessage("message", "next", "")]),
        (b"id: a\ndata: 1\n\ndata: 2\n\n", [SseMessage("message", "1", "a"), SseMessage("message", "2", "a")]),
        (b"id: a\ndata: 1\n\nid\ndata: 2\n\n", [SseMessage("message", "1", "a"), SseMessage("message", "2", "")]),
        (b"id: a\n\ndata: 2\n\n", [SseMessage("message", "2", "a")]),
        (b"id: a\0b\ndata: 1\n\n", [SseMessage("message", "1", "")]),
        (b"data: 1\n: amid a message\n\n", [SseMessage("message", "1", "")]),
        (b"unknown: field\ndata: 1\n\n", [SseMessage("message", "1", "")]),
        (b"data: incomplete\n", []),
        (b"data: incomplete", []),
        (b"data: one\r\rdata: two\r\n\r\n", [SseMessage("message", "one", ""), SseMessage("message", "two", "")]),
        (b"\xef\xbb\xbfdata: marked\n\n", [SseMessage("message", "marked", "")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: no field\n\n", []),
        ("data: ünï\n\n".encode(), [SseMessage("message", "ünï", "")]),
        (b"data: \xff\n\n", [SseMessage("message", "\ufffd", "")]),
        ("data: \u2028 is no end of a line\n\n".encode(), [SseMessage("message", "\u2028 is no end of a line", "")]),
    ],
)
def test_a_stream_is_parsed_as_the_standard_says(stream: bytes, expected: list[SseMessage]):
    assert expected == parsed(stream)
    assert expected == parsed(*(stream[at : at + 1] for at in range(len(stream))))


LINES = st.sampled_from(
    ["data: {}", "data", "data: ä€😀", "event: x", "id: 7", "id", ": comment", "retry: 5", "", "", "", "other: 1"]
)
ENDS = st.sampled_from(["\n", "\r", "\r\n"])


@given(st.lists(st.tuples(LINES, ENDS)), st.lists(st.integers(0, 200)))
@example([("data: 1", "\r\n"), ("", "\r\n")], [8, 10])
@example([("data: 1", "\r"), ("", "\r")], [8])
def test_chunks_may_end_anywhere(lines: list[tuple[str, str]], boundaries: list[int]):
    """Also within a character, and between the two halves of a CRLF."""
    stream = "".join(line + end for line, end in lines).encode()
    boundaries = [0, *sorted(boundaries), len(stream)]
    assert parsed(stream) == parsed(*(stream[low:high] for low, high in pairwise(boundaries)))


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", None),
        (b"retry: 2000\n", 2000),
        (b"retry: 10\n\nretry: 20\n\n", 20),
        (b"retry: soon\n", None),
        (b"retry: -1\n", None),
        (b"retry: 1.5\n", None),
        (b"retry:\n", None),
        ("retry: ²\n".encode(), None),
        (b"retry: " + b"9" * 5000 + b"\n", 999_999_999),
    ],
)
def test_the_retry_field_sets_the_reconnect_delay(stream: bytes, expected: int | None):
    parser = SseParser()
    assert [] == list(parser.feed(stream))
    assert expected == parser.retry


@pytest.mark.parametrize(
    "stream",
    [b"data: " + b"x" * 95, b"data: 34567890\n" * 8, b": " + b"x" * 99, b"event: 4567890\n" * 8, b"x" * 101],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_a_message_that_never_ends_is_refused(stream: bytes, size: int):
    parser = SseParser(max_length=100)
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    with pytest.raises(OversizedMessageError, match="more than 100 characters"):
        [list(parser.feed(chunk)) for chunk in chunks]


@pytest.mark.parametrize("size", [1, 1000])
def test_messages_of_maximum_length_may_follow_each_other(size: int):
    parser = SseParser(max_length=100)
    stream = (b"data: " + b"x" * 94 + b"\n\n") * 2
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    expected = SseMessage("message", "x" * 94, "")
    assert [expected, expected] == [message for chunk in chunks for message in parser.feed(chunk)]


def test_any_number_of_messages_may_follow_each_other():
    parser = SseParser(max_length=100)
    assert 50 == len([message for _ in range(50) for message in parser.feed(b"data: 1\n\n")])
    assert 50 == len(list(parser.feed(b"data: 1\n\n" * 50)))
