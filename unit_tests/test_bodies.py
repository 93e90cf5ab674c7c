import gzip
import io
from typing import Any

import orjson
import pytest
import requests
import urllib3
from airbyte_cdk.utils import airbyte_secrets_utils
from requests.adapters import HTTPAdapter

from source_auth0.components import connections
from source_auth0.components.bodies import TooLargeError, parsed, words
from source_auth0.components.connections import Connections

URL = "https://acme.us.auth0.com/api/v2/roles"


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
def test_half_of_a_surrogate_pair_costs_no_page(text: bytes, expected: Any):
    """Auth0 writes it as it was stored: a name that was cut amid an emoji."""
    assert expected == parsed(text)


@pytest.mark.parametrize("text", [b"", b"tru", rb'"\ud83d', b'"\xff"', b"NaN", b"1e400", b"[" * 2000, rb'"\x"'])
def test_what_is_no_json_stays_none(text: bytes):
    with pytest.raises(orjson.JSONDecodeError):
        parsed(text)


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
def test_words_of_others_are_one_readable_line(value: object, expected: str):
    assert expected == words(value)


def test_a_secret_in_words_of_others_is_masked_before_they_are_cut(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(airbyte_secrets_utils, "__SECRETS_FROM_CONFIG", ["made-up-secret"])
    assert f"{'x' * 490} ****" == words(f"{'x' * 490} made-up-secret")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LARGEST", 1000)


def answering(body: bytes, **headers: str) -> Any:
    """A send of the adapter below that answers so, whatever is asked."""

    def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        raw = urllib3.HTTPResponse(io.BytesIO(body), headers, 200, preload_content=False)
        return adapter.build_response(request, raw)

    return send


def test_a_body_of_the_largest_size_is_read(small: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(HTTPAdapter, "send", answering(b"x" * 1000))
    assert 1000 == len(Connections().get(URL).content)


@pytest.mark.parametrize(
    ("body", "headers"), [(b"x" * 1001, {}), (gzip.compress(b"x" * 2_000_000), {"content-encoding": "gzip"})]
)
def test_a_body_that_goes_on_is_given_up(
    small: None, monkeypatch: pytest.MonkeyPatch, body: bytes, headers: dict[str, str]
):
    monkeypatch.setattr(HTTPAdapter, "send", answering(body, **headers))
    with pytest.raises(TooLargeError):
        Connections().get(URL)


def test_a_stream_is_its_readers_to_bound(small: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(HTTPAdapter, "send", answering(b"x" * 1500))
    assert 1500 == len(Connections().get(URL, stream=True).raw.read())
