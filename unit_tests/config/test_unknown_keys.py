from typing import Any

import pytest

from source_auth0.config.unknown_keys import unknown_key_warnings
from source_auth0.manifest.assembly import assemble
from testing.fakes.management_api import SECRET

SPEC = assemble([])["spec"]["connection_specification"]


def test_every_field_of_the_spec_is_known():
    config: dict[str, Any] = dict.fromkeys(SPEC["properties"])
    branches = SPEC["properties"]["credentials"]["oneOf"]
    config["credentials"] = {name: None for branch in branches for name in branch["properties"]}
    assert [] == list(unknown_key_warnings(config, SPEC))


@pytest.mark.parametrize("key", ["sourceType", "__injected_declarative_manifest"])
def test_what_others_add_is_known(key: str):
    assert [] == list(unknown_key_warnings({key: "auth0"}, SPEC))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            {"start_dat": 1},
            "`start_dat`, which is no field of this connector, so that it has no effect. Did you mean `start_date`?",
        ),
        (
            {"startDate": 1},
            "`startDate`, which is no field of this connector, so that it has no effect. Did you mean `start_date`?",
        ),
        ({"xyzzy": 1}, "`xyzzy`, which is no field of this connector, so that it has no effect."),
        ({"credentials": {"client_sceret": 1}}, "so that it has no effect. Did you mean `client_secret`?"),
        ({SECRET * 4: 1}, "`****`, which is no field"),
    ],
)
def test_an_unknown_key_is_named_without_its_value(config: dict[str, Any], expected: str):
    (warning,) = unknown_key_warnings(config, SPEC)
    assert expected in warning


def test_a_key_that_is_there_is_not_suggested():
    (warning,) = unknown_key_warnings({"start_date": "2024-01-31T00:00:00Z", "start_dat": 1}, SPEC)
    assert "Did you mean `start_date`" not in warning


@pytest.mark.parametrize("credentials", [None, "token", []])
def test_credentials_of_another_kind_are_left_to_the_validation(credentials: Any):
    assert [] == list(unknown_key_warnings({"credentials": credentials}, SPEC))
