from typing import Any

import pytest

from source_auth0.config.normalization import normalize_config
from source_auth0.config.pasted_text import bare_token, is_quoted, swapped_credentials, trimmed

SURROUNDED = [
    "{} ",
    " {}",
    "{}\n",
    "\t{}\r\n",
    "\u00a0{}\u00a0",
    "\u200b{}\u200b",
    "\ufeff{}",
    "{}\u2060 \u200d\n",
    "{}",
]


@pytest.mark.parametrize("form", SURROUNDED)
def test_what_surrounds_a_pasted_text_is_removed(form: str):
    assert "a b\u200bc" == trimmed(form.format("a b\u200bc"))


@pytest.mark.parametrize("form", SURROUNDED)
@pytest.mark.parametrize("prefix", ["", "Bearer ", "bearer  ", "BEARER\u00a0"])
def test_a_token_loses_the_word_in_front_of_it(form: str, prefix: str):
    assert "eyJ.a.b" == bare_token(form.format(f"{prefix}eyJ.a.b"))


@pytest.mark.parametrize("form", SURROUNDED)
@pytest.mark.parametrize(
    "name", ["auth_type", "client_id", "client_secret", "private_key", "access_token", "key_id", "algorithm"]
)
def test_every_credential_is_trimmed(form: str, name: str):
    normalized = normalize_config({"credentials": {name: form.format("abc")}})
    assert {name: "abc"} == normalized["credentials"]


@pytest.mark.parametrize("form", SURROUNDED)
def test_the_audience_is_trimmed_and_ends_in_a_slash(form: str):
    normalized = normalize_config({"credentials": {"audience": form.format("https://t.example/api/v2")}})
    assert "https://t.example/api/v2/" == normalized["credentials"]["audience"]


def test_an_access_token_of_the_config_loses_the_word_in_front_of_it():
    assert {"access_token": "abc"} == normalize_config({"credentials": {"access_token": " Bearer abc"}})["credentials"]


@pytest.mark.parametrize(
    ("text", "expected"), [('"a"', True), ("'a'", True), ("“a”", True), ("a", False), ("a'b", False)]
)
def test_quotation_marks_are_noticed(text: str, expected: bool):
    assert expected is is_quoted(text)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_id": "x" * 64, "client_secret": "y" * 32}, True),
        ({"client_id": "y" * 32, "client_secret": "x" * 64}, False),
        ({"client_id": "x" * 64, "client_secret": "y" * 64}, False),
        ({"client_id": "x" * 32}, False),
        ({}, False),
    ],
)
def test_an_id_and_a_secret_that_are_swapped_are_noticed(changes: dict[str, Any], expected: bool):
    assert expected is any("are swapped" in problem for problem in swapped_credentials(changes))
