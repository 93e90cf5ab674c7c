import base64
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets, update_secrets

from source_auth0.redaction.log_masking import config_secrets, mask_secret_like, quote_input, register_secrets
from testing.keys import pem_of, rsa_key

SECRET = 'a+secret/with "quotes"=&\\and more'


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """No secret is registered before a test, nor after it."""
    update_secrets([])
    yield
    update_secrets([])


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (f"before {SECRET} after", "before **** after"),
        (json.dumps({"client_secret": SECRET, "id": 7}), '{"client_secret": "****", "id": 7}'),
        (repr({"client_secret": SECRET, "id": 7}), "{'client_secret': '****', 'id': 7}"),
        (f"client_secret={quote_plus(SECRET)}&id=7", "client_secret=****&id=7"),
        (f"/path/{quote(SECRET, safe='')}/id", "/path/****/id"),
        (f"Basic {base64.b64encode(SECRET.encode()).decode()} after", "Basic **** after"),
    ],
    ids=["clear", "JSON", "repr", "form", "path", "base64"],
)
def test_a_secret_is_masked_in_every_encoding(written: str, expected: str):
    register_secrets([SECRET])
    assert expected == filter_secrets(written)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\\n", "\\r\\n", "\\r", " "])
def test_the_lines_of_a_private_key_are_masked_one_by_one(line_break: str):
    """Tracebacks, JSON and forms encode line breaks differently."""
    pem = pem_of(rsa_key())
    register_secrets([pem.replace("\n", line_break)])
    for line in pem.splitlines()[1:-1]:
        assert "<****>" == filter_secrets(f"<{line}>") or len(line) < 16


def test_a_secret_of_many_lines_is_masked_as_a_whole():
    """Before its single lines, which would leave the rest of it unmasked."""
    pem = pem_of(rsa_key())
    register_secrets([pem])
    assert "<****>" == filter_secrets(f"<{pem}>")


@pytest.mark.parametrize("token", ["abcd.efgh", "abcdefgh.ijklmnop"])
def test_a_token_is_registered_without_its_scheme(token: str):
    register_secrets([f" Bearer {token}\n"])
    assert "<****>" == filter_secrets(f"<{token}>")


@pytest.mark.parametrize("word", ["", "is", "seven-7"])
def test_a_value_too_short_for_a_secret_is_not_masked(word: str):
    register_secrets([word, None])
    assert f"<{word}>" == filter_secrets(f"<{word}>")


def test_a_secret_of_eight_characters_is_masked():
    register_secrets(["eight--8"])
    assert "<****>" == filter_secrets("<eight--8>")


def test_a_secret_with_a_lone_surrogate_is_masked():
    register_secrets(["a-secret-\ud800"])
    assert "<****>" == filter_secrets("<a-secret-\ud800>")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"credentials": {"client_id": "id", "client_secret": "s", "auth_type": "x"}}, ["s"]),
        ({"credentials": {"access_token": "t"}}, ["t"]),
        ({"credentials": {"private_key": "k", "key_id": "kid", "algorithm": "RS256", "audience": "a"}}, ["k"]),
        ({"credentials": {"client_secret": 7}}, []),
        ({"credentials": "client_secret"}, []),
        ({}, []),
    ],
)
def test_secrets_of_a_config_are_recognised_by_field_name(config: dict, expected: list[str]):
    assert expected == list(config_secrets(config))


@pytest.mark.parametrize(
    "value",
    [
        "your-tenant.us.auth0.com",
        "https://login.identity.production.a-company-with-a-long-name.example.com/api/v2/",
        "last year",
        "oauth2_confidential_application",
        "ES256",
        "word " * 20,
        7,
        None,
    ],
)
def test_short_input_is_quoted(value: object):
    assert str(value) == quote_input(value)


@pytest.mark.parametrize(
    "value",
    [
        "A" * 64,
        "-----BEGIN KEY-----",
        "short\nlines",
        "word " * 20 + "s",
        {"client_secret": "x"},
        ["x"],
    ],
)
def test_input_that_may_be_a_secret_is_masked(value: object):
    assert "****" == quote_input(value)


def test_a_long_run_of_characters_in_a_text_is_masked():
    assert "Service not found: **** (see https://auth0.com)" == mask_secret_like(
        f"Service not found: {'x-_' * 20} (see https://auth0.com)"
    )
