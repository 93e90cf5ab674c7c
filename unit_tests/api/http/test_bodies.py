import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from airbyte_cdk.utils import airbyte_secrets_utils

from source_auth0.api.http import bodies
from source_auth0.api.http.bodies import (
    MAX_PARSED_BYTES,
    MIN_COUNTED_BYTES,
    OBJECT_BYTES,
    SLICE_BYTES,
    VALUE_BYTES,
    BodyTooLargeError,
    excerpt,
    give_up_large_body,
    hand_on_large_body,
    one_large_body,
    parse_json,
    wait_for_large_body,
)
from source_auth0.json_values import dumps
from testing.threads import in_threads


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb'"\ud83d"', "\ufffd"),
        (rb'"\uDC00\uD83D"', "\ufffd\ufffd"),
        (rb'"\ud83d\ude00 \ud83d"', "\N{GRINNING FACE} \ufffd"),
        (rb'["\\ud83d", "\ud83d"]', ["\\ud83d", "\ufffd"]),
        (rb'{"\udfff": 1}', {"\ufffd": 1}),
        (rb'"\\\ud83d"', "\\\ufffd"),
        (rb'"\u0000"', "\0"),
    ],
)
def test_lone_surrogates_are_replaced(text: bytes, expected: Any):
    """Auth0 sends them as stored: a name that was cut in the middle of an emoji."""
    assert expected == parse_json(text)


def test_long_whole_numbers_are_text_and_everything_else_is_as_before():
    text = b'{"sub": 115912345678901234567, "n": [-9223372036854775809, 9223372036854775807], "name": "\\ud83d"}'
    expected = {"sub": "115912345678901234567", "n": ["-9223372036854775809", 2**63 - 1], "name": "\ufffd"}
    assert expected == parse_json(text)


def test_any_depth_is_read():
    assert b'{"a":' * 5000 + b'"\xef\xbf\xbd"' + b"}" * 5000 == dumps(
        parse_json(b'{"a":' * 5000 + b'"\\ud83d"' + b"}" * 5000)
    )


@pytest.mark.parametrize("text", [b"", b"tru", rb'"\ud83d', b'"\xff"', b"NaN", b"[" * 2000, rb'"\x"'])
def test_invalid_json_is_refused(text: bytes):
    with pytest.raises(orjson.JSONDecodeError):
        parse_json(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Not Found", "Not Found"),
        (' a\r\n{"type":"STATE"}\0\x1b[31m', 'a  {"type":"STATE"}  [31m'),
        ("x" * 500, "x" * 500),
        ("x" * 501, "x" * 500 + "…"),
        *((value, "") for value in (None, 7, ["a"], {"a": 1}, "", "\n")),
    ],
)
def test_an_excerpt_is_one_printable_line(value: object, expected: str):
    assert expected == excerpt(value)


def test_an_excerpt_is_masked_before_it_is_truncated(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(airbyte_secrets_utils, "__SECRETS_FROM_CONFIG", ["made-up-secret"])
    assert f"{'x' * 490} ****" == excerpt(f"{'x' * 490} made-up-secret")


@pytest.mark.parametrize("value", [b"{}", b"[]", b'{"":0}', b"1.5", b'"a"', b'{"":{"":{"":{}}}}', b"[[[[]]]]"])
def test_the_estimate_is_no_less_than_what_values_take(value: bytes):
    """As CPython counts it, all objects of a list of a thousand."""
    content = b"[" + b",".join([value] * 1000) + b"]"
    tracemalloc.start()
    try:
        parsed = bodies.orjson.loads(content)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 1000 == len(parsed)
    assert taken <= 1.1 * bodies._parsed_bytes(content)


@pytest.mark.parametrize(("value", "size"), [(b"{}", OBJECT_BYTES + VALUE_BYTES), (b"[]", 2 * VALUE_BYTES)])
def test_more_values_than_memory_allows_are_refused(value: bytes, size: int):
    most = MAX_PARSED_BYTES // size
    assert most == len(parse_json(b"[" + b",".join([value] * most) + b"]"))
    with pytest.raises(BodyTooLargeError):
        parse_json(b"[" + b",".join([value] * (most + 2)) + b"]")


@pytest.mark.parametrize("text", ["," * 2_000_000, '{\\"' * 1_000_000, "{\\\\" * 1_000_000 + "x", "a,{" * 999_999])
def test_what_strings_hold_is_no_value(text: str):
    """With escapes, and strings that span several slices or begin at the end of one."""
    assert len(text) > 10 * SLICE_BYTES
    assert 3 == len(parse_json(b'["%b", "\\\\", {}]' % text.encode()))
    assert 100 == len(parse_json(b"[%b]" % b",".join([b'"%b"' % text[: 7 * SLICE_BYTES].encode()] * 100)))


def test_a_dense_body_with_strings_is_refused():
    row = b'{"a":"{\\\\","b\\"":{},"c":[{},{},{}]}'
    number = MAX_PARSED_BYTES // (5 * OBJECT_BYTES) + 1
    assert len(row) * number > MIN_COUNTED_BYTES
    with pytest.raises(BodyTooLargeError):
        parse_json(b"[" + b",".join([row] * number) + b"]")


def test_large_bodies_are_in_memory_one_at_a_time():
    held: list[int] = []
    most: list[int] = []

    def read(number: int) -> None:
        with one_large_body():
            wait_for_large_body()
            wait_for_large_body()  # it has its turn already
            held.append(number)
            most.append(len(held))
            time.sleep(0.01)
            held.remove(number)

    in_threads(8, read)
    assert [1] * 8 == most


def test_a_turn_that_does_not_come_is_a_timeout(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bodies, "MAX_TURN_SECONDS", 0.01)
    with one_large_body():
        wait_for_large_body()

        def read(_: int) -> None:
            wait_for_large_body()  # outside of a block, nothing is waited for
            with one_large_body(), pytest.raises(TimeoutError):
                wait_for_large_body()

        in_threads(2, read)
    with one_large_body():
        wait_for_large_body()


def is_free() -> bool:
    """Whether another thread could read a large body now."""
    found: list[bool] = []

    def read(_: int) -> None:
        with one_large_body():
            try:
                wait_for_large_body()
            except TimeoutError:
                found.append(False)
            else:
                found.append(True)

    in_threads(1, read)
    return found == [True]


@pytest.fixture
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_TURN_SECONDS", 0.01)


@pytest.mark.usefixtures("short_wait")
def test_a_turn_lasts_to_the_end_of_the_outer_block():
    """There its rows are handed on, of which the request knows nothing."""
    with one_large_body():
        with one_large_body():
            wait_for_large_body()
        assert not is_free()
    assert is_free()


@pytest.mark.usefixtures("short_wait")
def test_a_turn_ends_where_its_thread_asks_for_something_else():
    """As for a parent's rows; what it has to wait for may be a large body itself."""
    with one_large_body():
        with one_large_body():
            wait_for_large_body()
        with one_large_body():
            assert is_free()
            wait_for_large_body()
        give_up_large_body()
        assert is_free()
    give_up_large_body()
    assert is_free()


@pytest.mark.usefixtures("short_wait")
def test_a_block_that_another_thread_leaves_gives_its_turn_back():
    """A generator is closed by whoever drops it; the thread that began it goes on without it."""

    def read() -> Iterator[None]:
        with one_large_body():
            wait_for_large_body()
            yield

    reader = read()
    next(reader)
    assert not is_free()
    in_threads(1, lambda _: reader.close())
    assert is_free()
    wait_for_large_body()
    assert is_free()
    with one_large_body():
        wait_for_large_body()
        assert not is_free()
    assert is_free()


def test_a_slow_output_keeps_nobody_from_reading(monkeypatch: pytest.MonkeyPatch):
    """A destination may take minutes for what it was given; then two large bodies are in memory."""
    monkeypatch.setattr(bodies, "MAX_HANDING_ON_SECONDS", 0.02)
    monkeypatch.setattr(bodies, "TURN_CHECK_SECONDS", 0.001)
    hand_on_large_body()  # without one, it says nothing
    with one_large_body():
        hand_on_large_body()
        wait_for_large_body()
        monkeypatch.setattr(bodies, "MAX_TURN_SECONDS", 0.1)
        assert not is_free()  # it is being read
        monkeypatch.setattr(bodies, "MAX_TURN_SECONDS", 60.0)
        hand_on_large_body()
        assert is_free()
    with one_large_body():
        wait_for_large_body()
        monkeypatch.setattr(bodies, "MAX_TURN_SECONDS", 0.1)
        assert not is_free()
