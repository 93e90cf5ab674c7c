import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from airbyte_cdk.sources.declarative.concurrent_declarative_source import (
    get_declarative_component_schema,
    validate_manifest,
)
from airbyte_cdk.sources.declarative.parsers.manifest_component_transformer import ManifestComponentTransformer
from airbyte_cdk.sources.declarative.parsers.manifest_reference_resolver import ManifestReferenceResolver
from jsonschema import Draft7Validator, ValidationError

from source_auth0.conformance.loose_columns import ID_MARK, LOOSE_MARK, loose_columns
from source_auth0.manifest import assembly
from source_auth0.manifest.assembly import (
    STREAM_PARAMETERS,
    assemble,
    json_schema,
    load_manifest,
    load_stream,
    primary_key,
)
from source_auth0.manifest.files import YAML_LOADER, stream_files
from source_auth0.records import UNCONFORMING
from source_auth0.redaction.secret_fields import marked_paths
from source_auth0.retrievers.log_events.facts import TYPES_NAMING_USERS

PACKAGE = Path(assembly.__file__).parents[1]
LIBRARY = load_manifest()["definitions"]
NAMES = list(stream_files())
SCHEMA = get_declarative_component_schema()
#: What the framework's schema asks for, and the connector does in code.
CHECK = {"type": "CheckStream", "stream_names": ["users"]}
SCALARS = {"string", "number", "integer", "boolean"}

each_stream = pytest.mark.parametrize("name", NAMES)


@cache
def raw(name: str) -> dict[str, Any]:
    """A stream file as YAML, without what loading adds."""
    return yaml.load(stream_files()[name].read_text(), Loader=YAML_LOADER)  # noqa: S506 - one of the safe loaders


def declared_in(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Path and declaration of every property and of every kind of element."""
    for name, declared in schema.get("properties", {}).items():
        yield f"{path}.{name}".lstrip("."), declared
        yield from declared_in(declared, f"{path}.{name}")
    if "items" in schema:
        yield f"{path}.[]", schema["items"]
        yield from declared_in(schema["items"], f"{path}.[]")


def columns(name: str) -> dict[str, dict[str, Any]]:
    return dict(declared_in(raw(name)["schema_loader"]["schema"]))


def routers(router: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The partition routers of a stream, with the members of a cartesian product one by one."""
    if "$ref" in router:
        router = LIBRARY["partitions"][router["$ref"].rpartition("/")[2]]
    if "stream_slicers" in router:
        for part in router["stream_slicers"]:
            yield from routers(part)
    elif router:
        yield router


def routers_of(name: str) -> list[dict[str, Any]]:
    return list(routers(raw(name)["retriever"].get("partition_router", {})))


def is_of_users(name: str) -> bool:
    """Whether a stream is partitioned by user, which its cursor does instead of a partition router."""
    return raw(name)["retriever"]["$ref"].startswith("#/definitions/user_")


def parents_of(name: str) -> list[str]:
    """The parent streams of a stream."""
    return ["users"] * is_of_users(name) + [
        parent["stream"]["$ref"].rpartition("/")[2]
        for router in routers_of(name)
        for parent in router.get("parent_stream_configs", [])
    ]


def partition_fields(name: str) -> list[str]:
    """The partition fields of a stream."""
    return ["user_id"] * is_of_users(name) + [
        named
        for router in routers_of(name)
        for named in [parent["partition_field"] for parent in router.get("parent_stream_configs", [])]
        or ([] if "request_option" in router else [router["cursor_field"]])
    ]


def inherited_fields(name: str) -> set[str]:
    """The partition fields of a stream and of its parents."""
    renamed = {old: new for router in routers_of(name) for old, new in router.get("renamed", {}).items()}
    above = {field for parent in parents_of(name) for field in inherited_fields(parent)}
    return {*partition_fields(name), *(renamed.get(field, field) for field in above)}


def test_the_documented_streams_exist():
    assert {
        "users",
        "clients",
        "organizations",
        "organization_members",
        "organization_member_roles",
        "roles",
        "role_users",
        "role_permissions",
        "connections",
        "resource_servers",
        "client_grants",
        "log_streams",
        "tenant_settings",
    } <= set(NAMES)


def test_no_two_files_have_one_name():
    assert len(NAMES) == len(list(PACKAGE.glob("streams/**/*.y*ml")))


@each_stream
def test_a_stream_has_the_name_of_its_file(name: str):
    definition = raw(name)
    assert (name, "DeclarativeStream") == (definition["name"], definition["type"])
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
    assert re.fullmatch(r"[a-z]+", stream_files()[name].parent.name)


@each_stream
def test_the_parameters_of_a_stream_are_known_and_complete(name: str):
    """A misspelt one would be ignored silently, and a missing one would be inherited from the child stream."""
    parameters = raw(name)["$parameters"]
    assert {"resource", "required_scopes", "reference"} <= set(parameters) <= set(STREAM_PARAMETERS) - {"name"}
    loaded = load_stream(name)["$parameters"]
    assert set(STREAM_PARAMETERS) == set(loaded)
    assert name == loaded["name"]
    assert parameters == {key: loaded[key] for key in parameters}


@each_stream
def test_what_is_on_every_plan_is_a_whole_stream_that_no_release_lacks(name: str):
    """Of one parent, such as a user, a refusal may be true."""
    parameters = load_stream(name)["$parameters"]
    assert parameters["on_every_plan"] in {None, True}
    assert not (parameters["on_every_plan"] and parameters["may_be_missing"])
    assert not (parameters["on_every_plan"] and "stream_partition" in parameters["resource"])


@each_stream
def test_a_list_knows_its_primary_key(name: str):
    """By which it drops repeats."""
    assert primary_key(raw(name)) == load_stream(name)["$parameters"]["key_columns"]


@each_stream
def test_a_resource_is_a_path_below_the_management_api(name: str):
    resource = raw(name)["$parameters"]["resource"]
    plain = re.sub(r"\{\{ stream_partition\.([a-z_]+) \}\}", "X", resource)
    assert re.fullmatch(r"[a-z]([a-zA-Z0-9_/-]*[a-zA-Z])?", plain), resource
    named = re.findall(r"stream_partition\.([a-z_]+)", f"{resource} {raw(name)['$parameters'].get('query')}")
    assert set(partition_fields(name)) <= set(named) <= inherited_fields(name)


@each_stream
def test_scopes_are_for_reading_only(name: str):
    parameters = raw(name)["$parameters"]
    scopes = [*parameters["required_scopes"], *parameters.get("optional_scopes", [])]
    needs_no_request = raw(name)["retriever"]["$ref"] in {"#/definitions/log_types", "#/definitions/readings"}
    assert needs_no_request != bool(parameters["required_scopes"])
    assert len(scopes) == len(set(scopes))
    assert all(re.fullmatch(r"read:[a-z_]+", scope) for scope in scopes)


@each_stream
def test_the_last_scope_is_that_of_the_streams_own_route(name: str):
    """By it a stream whose token lacks it fails without a request; parents' scopes stand before it."""
    parameters = raw(name)["$parameters"]
    assert parameters.get("scope_unconfirmed") in {None, True}
    of_parents = {scope for parent in parents_of(name) for scope in raw(parent)["$parameters"]["required_scopes"]}
    own = set(parameters["required_scopes"]) - of_parents
    assert not own or parameters["required_scopes"][-1] in own


@each_stream
def test_a_child_requires_the_scopes_of_its_parents(name: str):
    needed = set(raw(name)["$parameters"]["required_scopes"])
    for parent in parents_of(name):
        assert set(raw(parent)["$parameters"]["required_scopes"]) <= needed


@each_stream
def test_a_streams_reference_is_a_page_of_auth0s_documents(name: str):
    reference = raw(name)["$parameters"]["reference"]
    assert re.fullmatch(r"https://auth0\.com/docs/[a-z0-9/-]+[a-z0-9]", reference)


def test_no_two_streams_have_one_reference():
    references = [raw(name)["$parameters"]["reference"] for name in NAMES]
    assert len(references) == len(set(references))


@each_stream
def test_the_keys_columns_are_declared_as_plain_values(name: str):
    properties = raw(name)["schema_loader"]["schema"]["properties"]
    key = primary_key(raw(name))
    assert key
    assert len(key) == len(set(key))
    assert all(properties[column]["type"] in SCALARS for column in key)


@each_stream
def test_the_parents_keys_are_columns_of_the_child(name: str):
    """But for the views of a parent's pages the other way around, which give the keys other names.

    They are part of the key, unless a user's rows have ids that are the tenant's.
    """
    if is_of_users(name):
        assert ["user_id", "read_at"] == list(raw(name)["schema_loader"]["schema"]["properties"])[:2]
        assert "user_id" == primary_key(raw(name))[0] or ["id"] == primary_key(raw(name))
        return
    turned_around = raw(name)["retriever"]["$ref"].rpartition("/")[2] in {"role_members", "role_groups"}
    assert turned_around or set(partition_fields(name)) <= set(primary_key(raw(name)))


@each_stream
def test_a_per_user_list_has_the_cursor_read_at(name: str):
    """It names the write paths and event types that change it; only `readings`, which tells of them, has it too."""
    stream = raw(name)
    assert (is_of_users(name) or name == "readings") == ("read_at" == stream.get("cursor_field"))
    paths, types = (stream["retriever"].get(field, []) for field in ("named_by", "named_by_types"))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*(/(\*|[a-z]+(-[a-z]+)*))*", path) for path in paths)
    assert set(types) <= TYPES_NAMING_USERS
    assert len(paths) + len(types) == len({*paths, *types})
    assert is_of_users(name) == (["read:logs"] == stream["$parameters"].get("optional_scopes"))


@each_stream
def test_the_cursor_is_a_column_with_a_date(name: str):
    """Except for streams derived from the log, which are in the order of log ids."""
    if cursor_field := raw(name).get("cursor_field"):
        of_the_log = raw(name)["retriever"]["$ref"].startswith("#/definitions/log")
        assert of_the_log == (["log_id"] == primary_key(raw(name)) == [cursor_field])
        assert of_the_log or "date-time" == columns(name)[cursor_field]["format"]
    else:
        assert "users" != name


@each_stream
def test_dates_are_declared_with_their_time_zone(name: str):
    for path, declared in columns(name).items():
        assert ("format" in declared) == ("airbyte_type" in declared), path
        if "format" in declared:
            expected = ("string", "date-time", "timestamp_with_timezone")
            assert expected == (declared["type"], declared["format"], declared["airbyte_type"]), path
        elif path.rpartition(".")[2] in {"created_at", "updated_at", "expires_at", "last_login"}:
            raise AssertionError(f"{path} is no date")


@each_stream
def test_loose_columns_have_one_type_and_a_place_for_what_does_not_fit(name: str):
    """They are at the root, no part of the key, and no secret: what is set aside is not looked at again."""
    schema = raw(name)["schema_loader"]["schema"]
    loose = {path: declared for path, declared in columns(name).items() if LOOSE_MARK in declared}
    assert loose == loose_columns(schema)
    assert not set(loose) & set(primary_key(raw(name)))
    for declared in loose.values():
        assert isinstance(declared["type"], str)
        assert declared[LOOSE_MARK] is True or (declared["type"], declared[LOOSE_MARK]) == ("string", ID_MARK)
        assert not [*marked_paths({"properties": {"it": declared}}, mark=True)]
    assert bool(loose) == (UNCONFORMING in schema["properties"])
    assert not loose or "object" == schema["properties"][UNCONFORMING]["type"]


@each_stream
def test_loose_columns_are_conformed_behind_all_else(name: str):
    """A stream without any has no transformation for them."""
    (definition,) = assemble([name])["streams"]
    conforming = [t["$ref"] for t in definition.get("transformations", []) if t.get("$ref") == "#/definitions/conform"]
    assert bool(loose_columns(raw(name)["schema_loader"]["schema"])) == bool(conforming)
    assert not conforming or definition["transformations"][-1]["$ref"] == conforming[0]


@each_stream
def test_a_catalog_shows_an_open_schema(name: str):
    schema = json_schema(load_stream(name))
    Draft7Validator.check_schema(schema)
    key = primary_key(load_stream(name))
    for column, declared in schema["properties"].items():
        assert ("null" in declared.get("type", [])) == (column not in key)
    assert "x-" not in str(schema).replace("x-ms", "")


@pytest.mark.parametrize(
    ("names", "with_schemas"), [([], False), (NAMES, False), (NAMES, True), *(([name], False) for name in NAMES)]
)
def test_the_manifest_of_any_streams_is_valid(names: list[str], with_schemas: bool):
    """As the framework runs it: remaining references have a definition, and the resolved manifest is valid.

    But for its check, which is code here.
    """
    whole = assemble(names, with_schemas=with_schemas)
    assert names == [stream["name"] for stream in whole["streams"]]
    for reference in references_in(whole):
        node: Any = whole
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    validate_manifest({**as_the_framework_runs(whole), "check": CHECK}, SCHEMA)


def test_tools_that_run_manifests_refuse_this_one():
    """It would not do in them what it does here."""
    with pytest.raises(ValidationError) as refused:
        validate_manifest(as_the_framework_runs(assemble(["clients"])), SCHEMA)
    assert "'check' is a required property" == refused.value.__cause__.message


def test_no_part_of_the_framework_is_named_but_those_that_run():
    """No retriever, requester, paginator, error handler or cursor of the framework's, nor threads or rate limits."""
    whole = as_the_framework_runs(assemble(NAMES))
    assert {"version", "type", "definitions", "spec", "streams"} == set(whole)
    assert {
        *("CustomRetriever", "CustomRequester", "CustomAuthenticator", "CustomPartitionRouter", "CustomTransformation"),
        *("DeclarativeStream", "InlineSchemaLoader", "SelectiveAuthenticator", "RequestOption"),
        *("ParentStreamConfig", "SubstreamPartitionRouter", "ListPartitionRouter"),
    } == set(types_in(whole["streams"]))


def as_the_framework_runs(manifest: dict[str, Any]) -> dict[str, Any]:
    """An assembled manifest with its references resolved, and its parameters passed down."""
    resolved = ManifestReferenceResolver().preprocess_manifest(manifest)
    return dict(ManifestComponentTransformer().propagate_types_and_parameters("", resolved, {}))


def types_in(node: Any) -> Iterator[str]:
    """The type of each component; a schema's types are none."""
    if isinstance(node, dict):
        if isinstance(kind := node.get("type"), str):
            yield kind
        node = [value for key, value in node.items() if key not in {"schema", "$parameters"}]
    for value in node if isinstance(node, list) else ():
        yield from types_in(value)


def references_in(node: Any) -> Iterator[str]:
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if key == "$ref":
            yield value
        else:
            yield from references_in(value)


@pytest.mark.parametrize(
    ("names", "definitions", "parents"),
    [
        ([], {"requester", "authenticator"}, set()),
        (["clients"], {"requester", "authenticator", "checkpointed", "withhold"}, set()),
        (["signing_keys"], {"requester", "authenticator", "unpaged", "conform"}, set()),
        (["tenant_settings"], {"requester", "authenticator", "singleton"}, set()),
        (["role_users"], {"requester", "authenticator", "checkpointed", "owned_roles"}, {"roles"}),
        (
            ["organization_member_roles"],
            {"requester", "authenticator", "checkpointed", "owned_roles", "member_roles"},
            {"roles", "organizations"},
        ),
    ],
)
def test_only_what_is_needed_is_assembled(names: list[str], definitions: set[str], parents: set[str]):
    whole = assemble(names)["definitions"]
    assert definitions == set(whole) - {"partitions", "parents"}
    assert parents == set(whole["parents"])


def test_schemas_are_assembled_on_request():
    bare, full = assemble(["roles"])["streams"][0], assemble(["roles"], with_schemas=True)["streams"][0]
    assert {"type": "object"} == bare["schema_loader"]["schema"]
    assert json_schema(load_stream("roles")) == full["schema_loader"]["schema"]


def test_each_assembled_manifest_is_a_copy():
    assemble(["roles"])["streams"][0]["$parameters"]["resource"] = "changed"
    assert "roles" == assemble(["roles"])["streams"][0]["$parameters"]["resource"]


def test_the_whole_is_printed_as_one_manifest(capsys: pytest.CaptureFixture[str]):
    runpy.run_module("source_auth0.manifest", run_name="__main__")
    printed = capsys.readouterr().out
    assert assemble(NAMES, with_schemas=True) == yaml.safe_load(printed)
    assert "&id" not in printed


def test_every_archetype_of_the_library_is_used():
    """One that no stream names is dead code."""
    whole = assemble(NAMES)["definitions"]
    assert set(LIBRARY) <= set(whole)
    assert set(LIBRARY["partitions"]) == set(whole["partitions"])
