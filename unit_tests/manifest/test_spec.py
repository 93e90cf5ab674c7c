import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from source_auth0.manifest.assembly import assemble

UPSTREAM = Path(__file__).parents[3] / "shared/reference/upstream/spec.json"
SPEC = assemble([])["spec"]["connection_specification"]
BRANCHES = SPEC["properties"]["credentials"]["oneOf"]
FORBIDDEN = {
    "not",
    "anyOf",
    "allOf",
    "patternProperties",
    "prefixItems",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "dependentRequired",
    "$ref",
}


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The spec itself, and each object and `oneOf` branch within."""
    yield schema
    for declared in schema.get("properties", {}).values():
        if declared["type"] == "object":
            yield from objects(declared)
    for branch in schema.get("oneOf", []):
        yield from objects(branch)


def fields() -> Iterator[tuple[str, dict[str, Any]]]:
    for one in objects(SPEC):
        yield from one.get("properties", {}).items()


def keywords(schema: Any) -> Iterator[str]:
    """Keywords of a schema and of all within, without the names of properties."""
    for key, value in schema.items() if isinstance(schema, dict) else ():
        yield key
        for inner in value.values() if key == "properties" else value if isinstance(value, list) else [value]:
            yield from keywords(inner)


def test_the_root_is_an_open_object():
    Draft7Validator.check_schema(SPEC)
    assert ("object", True) == (SPEC["type"], SPEC["additionalProperties"])
    assert "http://json-schema.org/draft-07/schema#" == SPEC["$schema"]
    assert SPEC["title"]
    assert ["base_url", "credentials"] == SPEC["required"]


def test_no_keyword_is_used_that_the_form_does_not_know():
    assert set() == FORBIDDEN & set(keywords(SPEC))


@pytest.mark.parametrize(("name", "field"), list(fields()))
def test_every_field_has_a_title_an_order_and_one_type(name: str, field: dict[str, Any]):
    assert field["title"]
    assert isinstance(field["order"], int)
    assert isinstance(field["type"], str)
    assert "const" in field or re.search(r"\.$", field["description"].strip()), name
    assert field["type"] != "object" or field.get("oneOf") or field.get("properties")
    assert len(field.get("enum", [])) == len(set(field.get("enum", [])))
    assert field.get("default") is None or Draft7Validator(field).is_valid(field["default"])


@pytest.mark.parametrize(("name", "field"), [(name, field) for name, field in fields() if "const" not in field])
def test_every_field_that_is_typed_has_a_valid_example(name: str, field: dict[str, Any]):
    assert field["type"] == "object" or field["examples"], name
    plain = {key: value for key, value in field.items() if key != "format"}
    assert all(Draft7Validator(plain).is_valid(example) for example in field.get("examples", [])), name


def test_orders_are_unique():
    """Within a group for top-level fields, else within an object."""
    for one in objects(SPEC):
        places = [(field.get("group"), field["order"]) for field in one.get("properties", {}).values()]
        assert len(places) == len(set(places))


def test_only_top_level_fields_have_a_group_and_every_group_has_a_title():
    groups = {group["id"] for group in SPEC["groups"] if group["title"]}
    assert groups == {field["group"] for field in SPEC["properties"].values()}
    assert not any("group" in field for branch in BRANCHES for field in branch["properties"].values())


def test_advanced_fields_come_last_and_have_defaults():
    assert "advanced" == SPEC["groups"][-1]["id"]
    by_order = sorted(SPEC["properties"].values(), key=lambda field: field["order"])
    places = [[group["id"] for group in SPEC["groups"]].index(field["group"]) for field in by_order]
    assert sorted(places) == places
    for field in by_order:
        if field["group"] == "advanced" and field["type"] != "array":
            assert "default" in field or "Leave it empty" in field["description"]
    assert not any(
        field["group"] == "advanced" for name, field in SPEC["properties"].items() if name in SPEC["required"]
    )


def test_help_is_written_as_the_form_shows_it():
    """Airbyte's form knows a few tags and no Markdown."""
    texts = [text for _, field in fields() for text in (field["title"], field.get("description", ""))]
    assert not any("`" in text or "](" in text for text in texts)
    assert {"a", "code"} >= set(re.findall(r"</?(\w+)", " ".join(texts)))


def test_branches_differ_by_one_constant():
    for branch in BRANCHES:
        assert ("object", True, True) == (branch["type"], bool(branch["title"]), bool(branch["description"]))
        constants = [name for name, field in branch["properties"].items() if "const" in field]
        assert ["auth_type"] == constants
        assert "auth_type" in branch["required"]
        assert set(branch["required"]) <= set(branch["properties"])
        marker = branch["properties"]["auth_type"]
        assert "string" == marker["type"]
        assert {marker["const"]} >= {marker[key] for key in ("default",) if key in marker} | set(marker.get("enum", []))
    markers = [branch["properties"]["auth_type"]["const"] for branch in BRANCHES]
    assert len(markers) == len(set(markers))
    assert set.intersection(*(set(branch["properties"]) for branch in BRANCHES)) == {"auth_type"}


def test_branches_come_in_the_order_in_which_they_are_recommended():
    assert ["oauth2_confidential_application", "oauth2_private_key_jwt", "oauth2_access_token"] == [
        branch["properties"]["auth_type"]["const"] for branch in BRANCHES
    ]


@pytest.mark.parametrize(("name", "field"), list(fields()))
def test_every_field_named_like_a_secret_has_airbyte_secret(name: str, field: dict[str, Any]):
    sounds = re.search(r"token|secret|private_?key|password|api_?key|passphrase", name)
    assert bool(sounds) <= ("airbyte_secret" in field)
    assert isinstance(field.get("airbyte_secret", False), bool)
    assert not field.get("airbyte_secret") or field["type"] in {"string", "number", "integer"}


def test_the_credentials_are_secret():
    secret = {name for name, field in fields() if field.get("airbyte_secret")}
    assert {"client_secret", "access_token", "private_key"} <= secret
    assert not {"base_url", "audience", "client_id", "start_date", "auth_type"} & secret


def test_the_private_key_is_a_multiline_field():
    assert [True] == [field.get("multiline") for name, field in fields() if name == "private_key"]


def test_new_fields_are_optional():
    assert {"base_url", "credentials"} == set(SPEC["required"])


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2024-01-31T00:00:00Z", True),
        ("2023-08-05T00:43:59.244Z", True),
        ("2023-08-05T00:43:59.244999Z", True),
        ("2024-01-31", False),
        ("2024-01-31T00:00:00", False),
        ("2024-01-31T00:00:00.Z", False),
        ("2024-01-31T00:00:00+00:00", False),
        (" 2024-01-31T00:00:00Z", False),
    ],
)
def test_the_date_picker_accepts_fractions_of_a_second(date: str, expected: bool):
    field = SPEC["properties"]["start_date"]
    assert "date-time" == field["format"]
    assert field["pattern_descriptor"]
    assert expected is Draft7Validator({"pattern": field["pattern"]}).is_valid(date)


def test_no_default_start_date_hides_older_users():
    assert "default" not in SPEC["properties"]["start_date"]


@pytest.mark.skipif(not UPSTREAM.exists(), reason="the reference is not part of the package")
def test_the_form_is_a_superset_of_todays_connector():
    """Same names, constants, titles, types and required fields; only texts and examples may differ."""
    published = json.loads(UPSTREAM.read_text())["connectionSpecification"]
    assert set(published["required"]) >= set(SPEC["required"])
    assert published["title"] == SPEC["title"]
    pairs = [(published["properties"], SPEC["properties"])]
    ours = {branch["properties"]["auth_type"]["const"]: branch for branch in BRANCHES}
    for branch in published["properties"]["credentials"]["oneOf"]:
        mine = ours[branch["properties"]["auth_type"]["const"]]
        assert (branch["title"], set(branch["required"])) == (mine["title"], set(mine["required"]))
        pairs.append((branch["properties"], mine["properties"]))
    for theirs, mine in pairs:
        for name, field in theirs.items():
            for key in ("type", "title", "const", "airbyte_secret"):
                assert field.get(key) in (mine[name].get(key), False), (name, key)
