import re
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.config.validation import validate_config
from source_auth0.manifest.assembly import assemble
from testing.fakes.management_api import SECRET
from testing.keys import pem_of, rsa_key

SPEC = assemble([])["spec"]["connection_specification"]


EXPECTED_LOAD = (
    "First Load of Users (`users_initial_load`) is `all`; it has to be one of ['search', 'export', 'export_only']."
)


def with_credentials(config: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The config with changed credentials; a change to ... leaves the field out."""
    changed = {**config["credentials"], **changes}
    return {**config, "credentials": {name: value for name, value in changed.items() if value is not ...}}


def error_message(config: dict[str, Any]) -> str:
    with pytest.raises(AirbyteTracedException) as caught:
        validate_config(config, SPEC)
    assert FailureType.config_error == caught.value.failure_type
    assert caught.value.message is not None
    return caught.value.message


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"start_date": "2023-08-05T00:43:59.244Z"},
        {"start_date": "2024-01-31T00:00:00Z"},
        {"start_date": "2024-01-31T00:00:00.123456Z"},
        {"secrets": "withhold"},
        {"secrets": "hash"},
        {"num_workers": 2},
        {"num_workers": 50},
        {"max_requests_per_second": 0.5, "rate_limit_share": 1},
        {"max_requests_per_second": 100, "rate_limit_share": 100},
        {"sourceType": "auth0", "something": {"new": None}},
        {"base_url": "acme.us.auth0.com"},
        {"credentials": {"auth_type": "oauth2_access_token", "access_token": "opaque", "extra": 1}},
    ],
)
def test_a_valid_config_passes(config: dict[str, Any], changes: dict[str, Any]):
    validate_config({**config, **changes}, SPEC)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"base_url": 7}, "Base URL (`base_url`) has to be of the type string."),
        ({"base_url": None}, "Base URL (`base_url`) has to be of the type string."),
        ({"credentials": None}, "Authentication Method (`credentials`) has to be of the type object."),
        ({"credentials": "token"}, "Authentication Method (`credentials`) has to be of the type object."),
        ({"credentials": [{}]}, "Authentication Method (`credentials`) has to be of the type object."),
        ({"start_date": None}, "Start Date (`start_date`) has to be of the type string."),
        ({"start_date": 5}, "Start Date (`start_date`) has to be of the type string."),
        ({"num_workers": None}, "Number of Workers (`num_workers`) has to be of the type integer."),
        ({"num_workers": True}, "Number of Workers (`num_workers`) has to be of the type integer."),
        ({"num_workers": "many"}, "Number of Workers (`num_workers`) has to be of the type integer."),
        ({"num_workers": 1}, "Number of Workers (`num_workers`) is `1`; it has to be at least 2."),
        ({"rate_limit_share": 0}, "Share of the Rate Limit (`rate_limit_share`) is `0`; it has to be at least 1."),
        (
            {"max_requests_per_second": 0},
            "Most Requests per Second (`max_requests_per_second`) is `0`; it has to be at least 0.1.",
        ),
        ({"num_workers": 51}, "Number of Workers (`num_workers`) is `51`; it has to be at most 50."),
        ({"users_initial_load": "all"}, EXPECTED_LOAD),
        ({"users_safety_lag": -1}, "Safety Lag of Users (`users_safety_lag`) is `-1`; it has to be at least 0."),
        (
            {"users_look_back": 2592001},
            "Look-Back of Users (`users_look_back`) is `2592001`; it has to be at most 2592000.",
        ),
        (
            {"users_connections": "db"},
            "Users of These Connections Only (`users_connections`) has to be of the type array.",
        ),
        ({"secrets": "show"}, "Secrets (`secrets`) is `show`; it has to be one of ['withhold', 'hash']."),
    ],
)
def test_an_invalid_value_is_named_with_the_rule(config: dict[str, Any], changes: dict[str, Any], expected: str):
    assert expected == error_message({**config, **changes})


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "2024-01-31",
        "2024-01-31T00:00:00",
        "2024-01-31 00:00:00Z",
        "2024-01-31T00:00:00+01:00",
        "2024-02-31T00:00:00Z",
        "2024-01-31T24:00:00Z",
        "2024-01-31T00:00:00.Z",
        "2024-01-31T00:00:00.12x4Z",
        "2024-01-31T00:00:00.²Z",
        "31-01-2024T00:00:00Z",
        "1706659200",
    ],
)
def test_an_invalid_start_date_is_quoted_with_an_example(config: dict[str, Any], date: str):
    assert (
        f"Start Date `{date}` is no UTC date and time. Enter one such as `2024-01-31T00:00:00Z`, or leave it out."
    ) == error_message({**config, "start_date": date})


@pytest.mark.parametrize("name", ["base_url", "credentials"])
def test_a_missing_field_is_named(config: dict[str, Any], name: str):
    del config[name]
    assert re.search(rf"\(`{name}`\) is missing", error_message(config))


@pytest.mark.parametrize("name", ["audience", "client_id", "client_secret"])
@pytest.mark.parametrize("value", [..., None, 7, [], {}, "", "  "])
def test_each_credential_has_to_be_a_text_that_is_not_empty(config: dict[str, Any], name: str, value: Any):
    message = error_message(with_credentials(config, **{name: value}))
    expected = (
        "is missing" if value is ... else "is empty" if isinstance(value, str) else "has to be of the type string"
    )
    assert f"(`credentials.{name}`) {expected}" in message
    assert 1 == message.count("(`")


@pytest.mark.parametrize("value", [..., None, 7, ""])
def test_a_static_token_has_to_be_a_text_that_is_not_empty(config: dict[str, Any], value: Any):
    credentials = {"auth_type": "oauth2_access_token"} | ({} if value is ... else {"access_token": value})
    assert "OAuth2 Access Token (`credentials.access_token`)" in error_message({**config, "credentials": credentials})


def signed(config: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The config with a private key instead of the client secret."""
    own = {"auth_type": "oauth2_private_key_jwt", "client_secret": ..., "private_key": pem_of(rsa_key())}
    return with_credentials(config, **{**own, **changes})


@pytest.mark.parametrize("algorithm", [..., "RS256", "RS384", "PS256"])
@pytest.mark.parametrize("key_id", [..., "", "my-key"])
def test_a_config_with_a_private_key_passes(config: dict[str, Any], algorithm: Any, key_id: Any):
    validate_config(signed(config, algorithm=algorithm, key_id=key_id), SPEC)


@pytest.mark.parametrize("name", ["audience", "client_id", "private_key"])
@pytest.mark.parametrize(
    ("value", "expected"), [(..., "is missing"), (7, "has to be of the type string"), (" ", "is empty")]
)
def test_invalid_fields_of_a_private_key_are_named(config: dict[str, Any], name: str, value: Any, expected: str):
    message = error_message(signed(config, **{name: value}))
    assert f"(`credentials.{name}`) {expected}" in message
    assert 1 == message.count("(`")


def test_the_error_for_an_unknown_algorithm_lists_the_known_ones(config: dict[str, Any]):
    expected = "Algorithm (`credentials.algorithm`) is `ES256`; it has to be one of ['RS256', 'RS384', 'PS256']."
    assert expected == error_message(signed(config, algorithm="ES256"))


def test_an_unusable_private_key_is_refused_without_quoting_it(config: dict[str, Any]):
    message = error_message(signed(config, private_key=SECRET))
    assert message.startswith("Private Key (`credentials.private_key`) is no key in PEM form.")
    assert SECRET not in message


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (..., "None"),
        (None, "None"),
        ("", ""),
        ("oauth2", "oauth2"),
        (7, "7"),
        (["oauth2_access_token"], "****"),
        ({}, "****"),
    ],
)
def test_the_error_for_an_unknown_method_lists_the_known_ones(config: dict[str, Any], value: Any, shown: str):
    expected = (
        f"Authentication Method (`credentials.auth_type`) is `{shown}`; it has to be one of "
        "`oauth2_confidential_application`, `oauth2_access_token`, `oauth2_private_key_jwt`."
    )
    assert expected == error_message(with_credentials(config, auth_type=value))


def test_all_missing_fields_are_named_together(config: dict[str, Any]):
    message = error_message({**with_credentials(config, client_id=..., client_secret=...)})
    assert "Client ID (`credentials.client_id`) is missing." in message
    assert "Client Secret (`credentials.client_secret`) is missing." in message


def test_an_empty_config_gets_an_example_where_there_is_one():
    assert (
        "Base URL (`base_url`) is missing. Enter it as in this example: `https://your-tenant.us.auth0.com`. "
        "Authentication Method (`credentials`) is missing."
    ) == error_message({})


def test_the_first_three_problems_are_named(config: dict[str, Any]):
    assert (
        "Secrets (`secrets`) is `show`; it has to be one of ['withhold', 'hash']. "
        "Number of Workers (`num_workers`) is `1`; it has to be at least 2. "
        "Share of the Rate Limit (`rate_limit_share`) is `0`; it has to be at least 1."
    ) == error_message({**config, "num_workers": 1, "rate_limit_share": 0, "secrets": "show", "start_date": "x"})


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": 7},
        {"client_id": ...},
        {"client_secret": [SECRET]},
        {"client_secret": {"nested": SECRET}},
        {"auth_type": "oauth2"},
        {"auth_type": ...},
        {"audience": ..., "client_id": None},
    ],
)
def test_no_error_quotes_a_secret(config: dict[str, Any], changes: dict[str, Any]):
    """Also when other fields are invalid too."""
    assert SECRET not in error_message({**with_credentials(config, **changes), "num_workers": "x", "start_date": "x"})
    assert SECRET not in error_message({"credentials": with_credentials(config, **changes)["credentials"]})


def test_a_secret_that_breaks_a_rule_is_masked(config: dict[str, Any]):
    """The spec has no such rule yet; its error would quote only the rule."""
    rule = {"properties": {"pin": {"title": "Pin", "type": "string", "minLength": 9, "airbyte_secret": True}}}
    spec = {**SPEC, "properties": {**SPEC["properties"], **rule["properties"]}}
    with pytest.raises(AirbyteTracedException) as caught:
        validate_config({**config, "pin": "hunter2"}, spec)
    assert "Pin (`pin`) is `****`; it breaks the rule `minLength`: 9." == caught.value.message
