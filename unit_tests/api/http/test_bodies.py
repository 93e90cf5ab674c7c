from typing import Any

import orjson
import pytest
from airbyte_cdk.utils import airbyte_secrets_utils

from source_auth0.api.http.bodies import excerpt, parse_json


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


@pytest.mark.parametrize("text", [b"", b"tru", rb'"\ud83d', b'"\xff"', b"NaN", b"1e400", b"[" * 2000, rb'"\x"'])
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
