import re
from datetime import datetime, timezone
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.config.normalization import normalize_config
from source_auth0.config.start_date import future_start_date_problem
from source_auth0.config.validation import validate_config
from source_auth0.manifest.assembly import assemble
from testing.fakes.management_api import SECRET
from testing.keys import pem_of, rsa_key

SPEC = assemble([])["spec"]["connection_specification"]


EXPECTED_LOAD = "First Load of Users (`users_initial_load`) is `all`; it has to be `search`, `export` or `export_only`."
CONNECTIONS = "Users of These Connections Only (`users_connections`)"
CONNECTIONS_EXAMPLE = 'Enter it as in this example: `["Username-Password-Authentication"]`.'
EXAMPLE = "Enter it as in this example"
WHOLE = "a whole number without quotation marks"
BOOLEAN = "`true` or `false`, without quotation marks"
TOMBSTONES = "Remove Deleted Users (`users_deletion_tombstones`)"
TEXT = "a text in quotation marks"
METHODS = "`oauth2_confidential_application`, `oauth2_private_key_jwt` or `oauth2_access_token`"


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
        (
            {"base_url": 7},
            f"Base URL (`base_url`) is `7`; it has to be {TEXT}. {EXAMPLE}: `https://your-tenant.us.auth0.com`.",
        ),
        ({"credentials": "token"}, "Authentication Method (`credentials`) has to be an object in curly brackets."),
        ({"credentials": [{}]}, "Authentication Method (`credentials`) has to be an object in curly brackets."),
        (
            {"start_date": 5},
            f"Start Date (`start_date`) is `5`; it has to be {TEXT}. {EXAMPLE}: `2024-01-31T00:00:00Z`.",
        ),
        (
            {"num_workers": True},
            f"Number of Workers (`num_workers`) is `true`; it has to be {WHOLE}. {EXAMPLE}: `8`.",
        ),
        (
            {"num_workers": "8"},
            f'Number of Workers (`num_workers`) is `"8"`; it has to be {WHOLE}. {EXAMPLE}: `8`.',
        ),
        (
            {"users_deletion_tombstones": "true"},
            f'{TOMBSTONES} is `"true"`; it has to be {BOOLEAN}. {EXAMPLE}: `true`.',
        ),
        (
            {"users_connections": [7]},
            f"{CONNECTIONS} has the item `7`; each has to be {TEXT}. {CONNECTIONS_EXAMPLE}",
        ),
        (
            {"users_connections": [{}]},
            f"{CONNECTIONS} has an item of another kind; each has to be {TEXT}. {CONNECTIONS_EXAMPLE}",
        ),
        ({"num_workers": 1}, "Number of Workers (`num_workers`) is `1`; it has to be at least 2."),
        ({"rate_limit_share": 0}, "Rate Limit Share (%) (`rate_limit_share`) is `0`; it has to be at least 1."),
        (
            {"max_requests_per_second": 0},
            "Maximum Requests per Second (`max_requests_per_second`) is `0`; it has to be at least 0.1.",
        ),
        ({"num_workers": 51}, "Number of Workers (`num_workers`) is `51`; it has to be at most 50."),
        ({"users_initial_load": "all"}, EXPECTED_LOAD),
        ({"users_safety_lag": -1}, "Users Safety Lag (seconds) (`users_safety_lag`) is `-1`; it has to be at least 0."),
        (
            {"users_look_back": 2592001},
            "Users Look-back Window (seconds) (`users_look_back`) is `2592001`; it has to be at most 2592000.",
        ),
        (
            {"users_connections": "db"},
            f'{CONNECTIONS} is `"db"`; it has to be a list in square brackets. {CONNECTIONS_EXAMPLE}',
        ),
        ({"secrets": "show"}, "Secrets (`secrets`) is `show`; it has to be `withhold` or `hash`."),
    ],
)
def test_an_invalid_value_is_named_with_the_rule(config: dict[str, Any], changes: dict[str, Any], expected: str):
    assert expected == error_message({**config, **changes})


@pytest.mark.parametrize("name", ["start_date", "num_workers", "users_connections", "secrets", "users_safety_lag"])
@pytest.mark.parametrize("value", [None, "", " ", "\u00a0"])
def test_an_optional_field_that_is_null_or_blank_is_one_that_was_left_out(
    config: dict[str, Any], name: str, value: Any
):
    normalized = normalize_config({**config, name: value})
    assert name not in normalized
    validate_config(normalized, SPEC)


@pytest.mark.parametrize("name", ["algorithm", "key_id"])
@pytest.mark.parametrize("value", [None, "", " "])
def test_an_optional_credential_that_is_null_or_blank_is_one_that_was_left_out(
    config: dict[str, Any], name: str, value: Any
):
    validate_config(normalize_config(signed(config, **{name: value})), SPEC)


@pytest.mark.parametrize("name", ["base_url", "credentials"])
def test_a_required_field_that_is_null_is_missing(config: dict[str, Any], name: str):
    assert f"(`{name}`) is missing." in error_message(normalize_config({**config, name: None}))


@pytest.mark.parametrize(
    ("date", "advice"),
    [
        ("yesterday", "Enter one such as `2024-01-31T00:00:00Z`"),
        ("2024-01-31", "Enter it as `2024-01-31T00:00:00Z`"),
        ("2024-01-31T00:00:00", "Enter it as `2024-01-31T00:00:00Z`"),
        ("2024-01-31 00:00:00Z", "Enter it as `2024-01-31T00:00:00Z`"),
        ("2024-01-31T00:00:00+01:00", "Enter it as `2024-01-30T23:00:00Z`"),
        ("2024-02-31T00:00:00Z", "Enter one such as `2024-01-31T00:00:00Z`"),
        ("2024-01-31T00:00:00.²Z", "Enter one such as `2024-01-31T00:00:00Z`"),
        ("31.01.2024", "Enter it as `2024-01-31T00:00:00Z`"),
        ("Jan 31, 2024", "Enter it as `2024-01-31T00:00:00Z`"),
        ("01/02/2024", "Enter one such as `2024-01-31T00:00:00Z`"),
        ("1706659200", "Enter it as `2024-01-31T00:00:00Z`"),
        ("1706659200000", "Enter it as `2024-01-31T00:00:00Z`"),
        ("170665920", "Enter one such as `2024-01-31T00:00:00Z`"),
    ],
)
def test_an_invalid_start_date_is_quoted_with_what_to_enter(config: dict[str, Any], date: str, advice: str):
    expected = f"Start Date (`start_date`) is `{date}`, which is no UTC date and time. {advice}, or leave it out."
    assert expected == error_message({**config, "start_date": date})


@pytest.mark.parametrize(
    ("date", "expected"),
    [("2026-11-30T12:00:00Z", False), ("2026-11-30T12:00:01Z", True), ("2062-01-31T00:00:00.5Z", True), (None, False)],
)
def test_a_start_date_in_the_future_is_noticed(date: str | None, expected: bool):
    problem = future_start_date_problem({"start_date": date}, datetime(2026, 11, 30, 12, tzinfo=timezone.utc))
    assert expected is bool(problem)
    assert problem is None or f"Start Date (`start_date`) is `{date}`, which lies in the future" in problem


@pytest.mark.parametrize("base_url", ["https://acme", "acme", "https://acme-2"])
def test_a_tenants_name_without_its_domain_is_refused(config: dict[str, Any], base_url: str):
    name = base_url.removeprefix("https://")
    message = error_message(normalize_config({**config, "base_url": base_url}))
    assert message.startswith(f"Base URL (`base_url`) is `{name}`, which is a name without a domain.")
    assert message.endswith(f"such as `https://{name}.us.auth0.com`.")


@pytest.mark.parametrize("base_url", ["http://localhost", "https://acme:8443", "https://login.acme.example"])
def test_any_other_host_passes(config: dict[str, Any], base_url: str):
    validate_config(normalize_config({**config, "base_url": base_url}), SPEC)


@pytest.mark.parametrize("name", ["audience", "client_id", "client_secret"])
@pytest.mark.parametrize("form", ['"{}"', "'{}'", "“{}”", "{}'"])
def test_a_credential_in_quotation_marks_is_named_and_not_quoted(config: dict[str, Any], name: str, form: str):
    message = error_message(with_credentials(config, **{name: form.format("hunter22")}))
    assert f"(`credentials.{name}`) is in quotation marks. Enter it without them." in message
    assert "hunter22" not in message


def test_an_id_and_a_secret_that_are_swapped_are_named(config: dict[str, Any]):
    message = error_message(with_credentials(config, client_id="x" * 64, client_secret="y" * 32))
    assert message.endswith("are swapped: an id has 32 characters, and a secret 64. Enter each in the other's field.")


@pytest.mark.parametrize("name", ["base_url", "credentials"])
def test_a_missing_field_is_named(config: dict[str, Any], name: str):
    del config[name]
    assert re.search(rf"\(`{name}`\) is missing", error_message(config))


@pytest.mark.parametrize("name", ["audience", "client_id", "client_secret"])
@pytest.mark.parametrize("value", [..., None, 7, [], {}, "", "  "])
def test_each_credential_has_to_be_a_text_that_is_not_empty(config: dict[str, Any], name: str, value: Any):
    message = error_message(with_credentials(config, **{name: value}))
    expected = "is missing" if value is ... else "is empty" if isinstance(value, str) else "has to be a text"
    subject, _, said = message.partition(" (`")
    assert subject
    assert said.startswith(f"credentials.{name}`)")
    assert expected in said
    assert "(`" not in said


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
    ("value", "expected"), [(..., "is missing"), (7, "is `7`; it has to be a text"), (" ", "is empty")]
)
def test_invalid_fields_of_a_private_key_are_named(config: dict[str, Any], name: str, value: Any, expected: str):
    message = error_message(signed(config, **{name: value}))
    expected = "has to be a text" if value == 7 and name == "private_key" else expected
    assert f"(`credentials.{name}`) {expected}" in message
    assert 1 == message.count("(`")


def test_the_error_for_an_unknown_algorithm_lists_the_known_ones(config: dict[str, Any]):
    rule = "it has to be `RS256`, `RS384` or `PS256`. Did you mean `RS256`?"
    assert f"Algorithm (`credentials.algorithm`) is `ES256`; {rule}" == error_message(signed(config, algorithm="ES256"))


def test_an_unusable_private_key_is_refused_without_quoting_it(config: dict[str, Any]):
    message = error_message(signed(config, private_key=SECRET))
    assert message.startswith("Private Key (`credentials.private_key`) is no key in PEM form.")
    assert SECRET not in message


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (..., "is missing"),
        (None, "is missing"),
        ("", "is ``"),
        ("oauth2", "is `oauth2`"),
        (7, "is `7`"),
        (["oauth2_access_token"], "is `****`"),
        ({}, "is `****`"),
    ],
)
def test_the_error_for_an_unknown_method_lists_the_known_ones(config: dict[str, Any], value: Any, shown: str):
    expected = f"Authentication Method (`credentials.auth_type`) {shown}; it has to be {METHODS}."
    assert error_message(with_credentials(config, auth_type=value)).startswith(expected)


@pytest.mark.parametrize("typed", ["oauth2_confidential_aplication", "OAuth2-Confidential-Application"])
def test_a_mistyped_method_is_answered_with_the_one_that_was_meant(config: dict[str, Any], typed: str):
    message = error_message(with_credentials(config, auth_type=typed))
    assert message.endswith("Did you mean `oauth2_confidential_application`?")


def test_all_missing_fields_are_named_together(config: dict[str, Any]):
    message = error_message({**with_credentials(config, client_id=..., client_secret=...)})
    assert "Client ID (`credentials.client_id`) is missing." in message
    assert "Client Secret (`credentials.client_secret`) is missing." in message


def test_an_empty_config_gets_an_example_where_there_is_one():
    assert (
        "Base URL (`base_url`) is missing. Enter it as in this example: `https://your-tenant.us.auth0.com`. "
        "Auth0 shows it under Applications › your application › Settings, as Domain. "
        "Authentication Method (`credentials`) is missing."
    ) == error_message({})


def test_the_first_three_problems_are_named(config: dict[str, Any]):
    assert (
        "Secrets (`secrets`) is `show`; it has to be `withhold` or `hash`. "
        "Number of Workers (`num_workers`) is `1`; it has to be at least 2. "
        "Rate Limit Share (%) (`rate_limit_share`) is `0`; it has to be at least 1."
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
