import copy
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.json_values import dumps, loads
from source_auth0.manifest.assembly import assemble, load_stream
from source_auth0.manifest.files import stream_files
from source_auth0.redaction.hashes import hash_leaves
from source_auth0.redaction.secret_fields import (
    FREE_FORM_MARK,
    SECRET_MARK,
    SOURCE_CODE_MARK,
    VALUES_MARK,
    RedactSecretsTransformation,
    is_hashing_secrets,
    marked_paths,
)
from source_auth0.redaction.secret_names import is_secret_name

SHARED = Path(__file__).parents[3] / "shared/reference/auth0"
NAMED = SHARED / "secrets.yaml"


def sha(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def without_source_code(row: Any, paths: list[str], **config: Any) -> Any:
    """A row whose source code at dotted paths is withheld, or kept."""
    RedactSecretsTransformation(config, [], [], [path.split(".") for path in paths]).transform(row)
    return row


@pytest.mark.parametrize(
    ("config", "kept"), [({}, False), ({"source_code": "withhold"}, False), ({"source_code": "keep"}, True)]
)
def test_source_code_is_replaced_with_its_sha256_or_kept_beside_it(config: dict[str, Any], kept: bool):
    row = {"code": "let x", "v": [{"code": "y"}, {"code": None}, {}], "customScripts": {"login": "z", "token": None}}
    digest = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("let x", "y", "z")}
    hashes = {
        "code_sha256": digest["let x"],
        "v": [{"code_sha256": digest["y"]}, {"code_sha256": None}, {}],
        "custom_scripts_sha256": {"login": digest["z"], "token": None},
    }
    result = without_source_code(copy.deepcopy(row), ["code", "v.[].code", "customScripts"], **config)
    if kept:
        versions = [{**old, **new} for old, new in zip(row["v"], hashes["v"], strict=True)]
        assert {**row, **hashes, "v": versions} == result
    else:
        assert hashes == result


def test_hashes_of_source_code_are_neither_secrets_nor_hashed():
    code = {"options": {"customScripts": {"change_password": "x"}}}
    RedactSecretsTransformation({"secrets": "hash"}, [], [["options"]], [["options", "customScripts"]]).transform(code)
    assert {"options": {"custom_scripts_sha256": {"change_password": hashlib.sha256(b"x").hexdigest()}}} == code


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"upstream_params": '{"login_hint": {"alias": "x"}}'}, True),
        ({"upstream_params": '{"client_secret": "s"}'}, False),
        ({"text": '[{"token": "s"}]'}, False),
        ({"text": '\n {"token": "s"}'}, False),
        ({"text": '{"token": "s", "name": "\\ud83d"}'}, False),
        ({"text": '{"token": "s", "id": 115912345678901234567}'}, False),
        ({"text": json.dumps({"text": '{"token": "s"}'})}, False),
        ({"text": json.dumps({"text": '{"name": "s"}'})}, True),
        ({"text": "{no json"}, True),
    ],
)
def test_json_in_a_text_is_withheld_whole_where_it_holds_a_secret(options: dict[str, Any], expected: bool):
    assert (options if expected else {}) == withheld({"o": {**options}}, free_form=["o"])["o"]


@pytest.mark.parametrize(
    "options",
    [
        {"refresh_token": {"access": "online", "session_id": "x", "policies": [{"audience": "a", "scope": ["s"]}]}},
        {"credentials": {"jti": "x", "scopes": ["read:users"]}, "accessedSecrets": ["client_secret"]},
        {"custom_password_hash": {"action_id": "x", "algorithm": "md5", "hash": {"encoding": "hex"}}},
        {"assertion_decryption_settings": {"algorithm_profile": "v2026-1", "algorithm_exceptions": ["RSA1_5"]}},
        {"last_password_reset": "2026-11-23T12:00:00.000Z", "password_changed": "2026-11-23", "newPassword": "*****"},
        {"webhook_authorization": {"method": "basic", "username": "x", "header_key": "X-Api-Key"}},
        {"token_thumbprint": "x", "credential_id": "x", "issued_token_type": "x", "tokenCounter": "7"},
    ],
)
def test_what_is_about_a_secret_is_kept(options: dict[str, Any]):
    assert {"o": options} == withheld({"o": copy.deepcopy(options)}, free_form=["o"])


@pytest.mark.parametrize(
    "options",
    [
        {"custom_password_hash": {"hash": {"value": "s", "key": {"value": "s"}}, "salt": {"value": "s"}}},
        {"credentials": {"smtp_pass": "s", "extra": ["s"], "deep": [{"er": "s"}]}},
        {"customHeaders": {"X-Anything": "s"}},
        {"customHeaders": '{"X-Anything": "s"}'},
        {"twilio_sid": "s", "ticket_id_token": "s"},
    ],
)
def test_nothing_is_left_of_an_object_of_secrets(options: dict[str, Any]):
    assert "'s'" not in str(withheld({"o": copy.deepcopy(options)}, free_form=["o"]))


def withheld(row: Any, paths: list[str] = (), free_form: list[str] = (), **config: Any) -> Any:  # type: ignore[assignment]
    """A row without the values at dotted paths, and without names that look like secrets below free-form ones."""
    split = [[path.split(".") for path in some] for some in (paths, free_form)]
    RedactSecretsTransformation(config, *split).transform(row)
    return row


def test_marks_are_found_at_any_depth():
    schema = {
        "properties": {
            "secret": {SECRET_MARK: True},
            "plain": {"type": "string"},
            "deep": {"properties": {"er": {"properties": {"key": {SECRET_MARK: True}}}}},
            "list": {"items": {"properties": {"token": {SECRET_MARK: True}, "free": {SECRET_MARK: FREE_FORM_MARK}}}},
            "lists": {"items": {"items": {"properties": {"token": {SECRET_MARK: True}}}}},
            "free": {SECRET_MARK: FREE_FORM_MARK, "properties": {"inside": {SECRET_MARK: True}}},
            "anything": {"items": {}},
            "items": {"type": "string"},
            "properties": {"type": "object", "properties": {"properties": {SECRET_MARK: True}}},
        }
    }
    assert [
        ("secret",),
        ("deep", "er", "key"),
        ("list", "[]", "token"),
        ("lists", "[]", "[]", "token"),
        ("free", "inside"),
        ("properties", "properties"),
    ] == list(marked_paths(schema, True))  # noqa: FBT003
    assert [("list", "[]", "free"), ("free",)] == list(marked_paths(schema, FREE_FORM_MARK))
    assert [] == list(marked_paths({}, FREE_FORM_MARK))


def test_each_value_of_an_object_whose_values_are_secrets_is_marked_by_a_star():
    schema = {"properties": {"settings": {"type": "object", SECRET_MARK: VALUES_MARK}}}
    assert [("settings", "*")] == list(marked_paths(schema, True))  # noqa: FBT003
    assert [] == list(marked_paths(schema, FREE_FORM_MARK))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, {"KEY": None, "deep": None}),
        ({"secrets": "hash"}, {"KEY": sha("s"), "deep": {"er": sha("t")}}),
    ],
)
def test_the_names_of_secret_values_are_kept(config: dict[str, Any], expected: dict[str, Any]):
    """They say what is configured; `nothing` of another kind than an object is left as it is."""
    row = {"options": {"configuration": {"KEY": "s", "deep": {"er": "t"}}}}
    assert {"options": {"configuration": expected}} == withheld(row, ["options.configuration.*"], **config)
    assert {"options": {"configuration": "x"}} == withheld(
        {"options": {"configuration": "x"}}, ["options.configuration.*"], **config
    )


def test_nothing_below_a_marked_secret_needs_a_mark():
    schema = {"properties": {"credentials": {SECRET_MARK: True, "properties": {"password": {SECRET_MARK: True}}}}}
    assert [("credentials",)] == list(marked_paths(schema, True))  # noqa: FBT003


@pytest.mark.parametrize(
    ("path", "row", "expected"),
    [
        ("a", {"a": "s", "b": 1}, {"b": 1}),
        ("a", {"a": {"deep": ["s"]}, "b": 1}, {"b": 1}),
        ("a", {"a": None}, {}),
        ("a", {"b": 1}, {"b": 1}),
        ("a.b", {"a": {"b": "s", "c": 1}}, {"a": {"c": 1}}),
        ("a.b", {"a": None}, {"a": None}),
        ("a.b", {"a": "text"}, {"a": "text"}),
        ("a.b", {"a": [{"b": "s"}]}, {"a": [{"b": "s"}]}),
        ("a.[].b", {"a": [{"b": "s", "c": 1}, {"c": 2}, {"b": None}]}, {"a": [{"c": 1}, {"c": 2}, {}]}),
        ("a.[].b", {"a": []}, {"a": []}),
        ("a.[].b", {"a": None}, {"a": None}),
        ("a.[].b", {"a": {"b": "kept"}}, {"a": {"b": "kept"}}),
        ("a.[].b", {"a": ["text", 7, None, {"b": "s"}]}, {"a": ["text", 7, None, {}]}),
        ("a.[].[].b", {"a": [[{"b": "s"}], [{"c": 1}], []]}, {"a": [[{}], [{"c": 1}], []]}),
        ("a.[].b.c", {"a": [{"b": {"c": "s"}}, {"b": None}]}, {"a": [{"b": {}}, {"b": None}]}),
    ],
)
def test_a_marked_secret_is_left_out_at_any_path(path: str, row: dict[str, Any], expected: dict[str, Any]):
    assert expected == withheld(row, [path])


def test_an_array_whose_elements_are_secrets_is_marked_as_a_whole():
    schema = {"properties": {"codes": {"type": "array", "items": {"type": "string", SECRET_MARK: True}}}}
    assert [("codes",)] == list(marked_paths(schema, True))  # noqa: FBT003
    assert {"b": 1} == withheld({"codes": ["s", "s"], "b": 1}, ["codes"])


@pytest.mark.parametrize("marked_path", ["sink.http_authorization", "sink.http_authorization.token", "sink.address"])
@pytest.mark.parametrize("secret", ["x", ["x", "y"], {"token": "x"}, {"method": "y", "token": {"a": "x"}}])
def test_a_secret_found_by_mark_and_by_name_is_hashed_once(marked_path: str, secret: Any):
    """A hash of the hash could not be compared with that of the secret."""
    name = marked_path.split(".")[1]
    row = withheld({"sink": {name: copy.deepcopy(secret)}}, [marked_path], ["sink"], secrets="hash")
    expected = hash_leaves(secret)
    if isinstance(secret, dict) and "method" in secret and len(marked_path.split(".")) > 2:
        expected["method"] = secret["method"]  # what is about a secret is none, unless the whole object is marked
    assert {"sink": {name: expected}} == row


def test_a_secret_that_looks_like_a_hash_is_hashed():
    assert {"s": sha(sha("x"))} == withheld({"s": sha("x")}, ["s"], secrets="hash")


@pytest.mark.parametrize(
    "pair",
    [
        {"header": "Authorization", "value": "s"},
        {"name": "api_key", "value": "s"},
        {"header": "X-Api-Key", "value": ["s"]},
        {"key": "X-Api-Key", "value": "s"},
        {"key": "Authorization", "value": "s"},
        {"value": "s", "key": "token"},
    ],
)
def test_the_value_of_a_pair_is_a_secret_where_its_name_says_so(pair: dict[str, Any]):
    """`key` holds the name here, although it is the name of secrets elsewhere."""
    kept = {name: value for name, value in pair.items() if name != "value"}
    row = {"o": {"list": [{**pair}], "one": {**pair}}}
    assert {"o": {"list": [kept], "one": kept}} == withheld(row, free_form=["o"])
    hashed_pair = {**kept, "value": hash_leaves(pair["value"])}
    assert {"o": hashed_pair} == withheld({"o": {**pair}}, free_form=["o"], secrets="hash")


@pytest.mark.parametrize(
    ("holder", "expected"),
    [
        ({"name": "x", "value": "y", "client_secret": "s"}, {"name": "x", "value": "y"}),
        ({"key": "x", "value": "y", "token": "s"}, {"key": "x", "value": "y"}),
        ({"name": "x", "value": None, "password": "s"}, {"name": "x", "value": None}),
        ({"name": "api_key", "value": "s", "client_secret": "s"}, {"name": "api_key"}),
        ({"header": "x", "value": {"token": "s", "id": "y"}}, {"header": "x", "value": {"id": "y"}}),
        ({"key": "s", "name": None, "id": "y"}, {"name": None, "id": "y"}),
    ],
)
def test_a_secret_beside_a_pair_or_within_its_value_is_one_too(holder: dict[str, Any], expected: dict[str, Any]):
    assert {"o": expected} == withheld({"o": holder}, free_form=["o"])


@pytest.mark.parametrize("pair", [{"header": "Accept", "value": "s"}, {"name": None, "value": "s"}, {"value": "s"}])
def test_the_value_of_another_pair_is_kept(pair: dict[str, Any]):
    assert {"o": pair} == withheld({"o": {**pair}}, free_form=["o"])


def test_names_inside_source_code_of_custom_databases_are_functions():
    scripts = {"login": "function () { var password = 1 }", "get_token": "kept"}
    row = copy.deepcopy({"o": {"customScripts": scripts, "custom_scripts": scripts, "token": "s"}})
    assert {"o": {"customScripts": scripts, "custom_scripts": scripts}} == withheld(row, free_form=["o"])


@pytest.mark.parametrize("value", [True, False, 7, 1.5, None, [], {}, [1, None], {"a": [True]}])
def test_flags_and_numbers_are_no_secrets(value: Any):
    row = {"o": {"secret_base64_encoded": value, "client_secret": value}}
    assert row == withheld(copy.deepcopy(row), free_form=["o"])


def test_settings_of_a_password_are_kept_but_for_the_secrets_among_them():
    settings = {"enabled": True, "api_behavior": "required", "signup_behavior": "allow"}
    row = {"o": {"password": {**settings, "client_secret": "s"}}}
    assert {"o": {"password": settings}} == withheld(row, free_form=["o"])


def test_a_printed_transformation_shows_no_secret():
    assert "hunter2" not in repr(RedactSecretsTransformation({"credentials": {"client_secret": "hunter2"}}))


def test_names_of_secrets_are_found_at_any_depth_and_the_rest_is_kept():
    row = {
        "options": {
            "client_id": "kept",
            "client_secret": "s",
            "gateway_authentication": {"method": "bearer", "secret": "s", "secret_base64_encoded": True},
            "list": [{"password": "s", "name": "kept"}, ["text", {"token": "s"}]],
            "authentication_methods": {"password": {"enabled": True}, "passkey": {"enabled": False}},
            "ext_access_token": True,
            "signing_key": {"cert": "s", "key": "s"},
            "api_keys": ["s", "s"],
            "refresh_token": None,
        },
        "client_secret": "outside the net",
    }
    expected = {
        "options": {
            "client_id": "kept",
            "gateway_authentication": {"method": "bearer", "secret_base64_encoded": True},
            "list": [{"name": "kept"}, ["text", {}]],
            "authentication_methods": {"password": {"enabled": True}, "passkey": {"enabled": False}},
            "ext_access_token": True,
            "refresh_token": None,
        },
        "client_secret": "outside the net",
    }
    assert expected == withheld(row, free_form=["options"])


@pytest.mark.parametrize("config", [{}, {"secrets": "hash"}])
def test_names_of_secrets_are_found_below_any_number_of_levels(config: dict[str, Any]):
    """A value may be nested deeper than Python calls."""
    secret = '{"kept":"x","api_key":"hidden","token":' + "[" * 5000 + '"hidden"' + "]" * 5000 + "}"
    text = '{"in":[' * 5000 + secret + "]}" * 5000
    shown = dumps(withheld({"free": loads(text.encode())}, free_form=["free"], **config))
    assert (b"hidden" in shown, b'"kept":"x"' in shown) == (False, True)
    assert (b"sha256:" in shown) == bool(config)


@pytest.mark.parametrize("levels", [200, 500, 1000, 1020, 1030, 20_000])
@pytest.mark.parametrize(("name", "is_kept"), [("note", True), ("token", False)])
def test_json_in_a_text_may_be_nested_to_any_depth(levels: int, name: str, is_kept: bool):
    """Python compares no values of a thousand levels, and orjson reads none."""
    text = "[" * levels + f'{{"{name}":"s"}}' + "]" * levels
    assert ({"text": text} if is_kept else {}) == withheld({"o": {"text": text}}, free_form=["o"])["o"]


@pytest.mark.parametrize("value", [None, "text", 7, [], {}, ["client_secret"]])
def test_values_without_names_are_unchanged(value: Any):
    assert {"options": value} == withheld({"options": copy.deepcopy(value)}, free_form=["options", "missing"])


@pytest.mark.parametrize("setting", [None, "withhold", "", "HASH", "replicate", True])
def test_any_other_setting_leaves_secrets_out(setting: Any):
    assert not is_hashing_secrets({"secrets": setting})
    assert {"a": {}} == withheld({"s": "x", "a": {"token": "y"}}, ["s"], ["a"], secrets=setting)


def test_hashes_keep_the_shape_and_are_the_same_every_time():
    row = {"s": "x", "list": [{"s": 7}], "free": {"token": {"a": ["x", None, {"b": True}], "c": {}}, "kept": "x"}}
    paths, free_form = ["s", "list.[].s", "missing"], ["free"]
    first = withheld(copy.deepcopy(row), paths, free_form, secrets="hash")
    assert first == withheld(copy.deepcopy(row), paths, free_form, secrets="hash")
    assert {
        "s": sha("x"),
        "list": [{"s": sha("7")}],
        "free": {"token": {"a": [sha("x"), None, {"b": sha("true")}], "c": {}}, "kept": "x"},
    } == first


def test_a_secret_that_is_null_stays_null_under_hashes():
    assert {"s": None, "free": {"token": None}} == withheld(
        {"s": None, "free": {"token": None}}, ["s"], ["free"], secrets="hash"
    )


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def has_text(value: Any) -> bool:
    return any(isinstance(leaf, str) for leaf in leaves(value))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_every_leaf_of_a_hashed_value_differs(value: Any):
    before = list(leaves(value))
    after = list(leaves(hash_leaves(value)))
    assert len(before) == len(after)
    assert [leaf is None for leaf in before] == [leaf is None for leaf in after]
    assert all(leaf is None or (leaf.startswith("sha256:") and len(leaf) == 71) for leaf in after)


#: Names that say nothing of what is below them; those of settings, ids and the names of pairs are kept on purpose.
PLAIN_NAMES = st.sampled_from(["", "a", "list", "nested", "value", "x y", "token", "password", "client_secret"])
#: Texts that may be secrets: neither masked by Auth0 nor a date.
TELLING_TEXT = st.text().filter(lambda text: set(text) != {"*"} and not text[:4].isdigit())
OF_SECRETS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TELLING_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN_NAMES, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(PLAIN_NAMES, OF_SECRETS, max_size=4))
def test_no_text_below_a_name_of_a_secret_is_kept(options: dict[str, Any]):
    """But for the names of settings and of pairs, masked texts and dates, each of which has a test of its own."""
    row = withheld({"options": copy.deepcopy(options)}, free_form=["options"])["options"]
    for name in ("client_secret", "token"):
        assert not has_text(row.get(name))
    assert isinstance(row.get("password"), dict) or not has_text(row.get("password"))


@pytest.mark.parametrize("text", ["*", "*****", "2026-11-23", "2026-11-23T12:00:00.000Z"])
def test_a_text_that_tells_nothing_is_kept_below_a_name_of_a_secret(text: str):
    options = {"client_secret": text, "token": [text], "password": {"a": text}}
    assert options == withheld({"options": copy.deepcopy(options)}, free_form=["options"])["options"]


def test_a_stream_that_marks_secrets_withholds_them():
    for definition in assemble(list(stream_files()))["streams"]:
        schema = load_stream(definition["name"])["schema_loader"]["schema"]
        marks = {"paths": True, "free_form": FREE_FORM_MARK, "source_code": SOURCE_CODE_MARK}
        expected = {key: [list(path) for path in marked_paths(schema, mark)] for key, mark in marks.items()}
        reference = "#/definitions/withhold_log" if definition["name"] == "logs" else "#/definitions/withhold"
        found = [part for part in definition.get("transformations", []) if part.get("$ref") == reference]
        assert found == ([{"$ref": reference, **expected}] if any(expected.values()) else [])


@pytest.mark.skipif(not NAMED.exists(), reason="the reference is not part of the package")
def test_every_secret_that_auth0_documents_is_marked():
    named = yaml.safe_load(NAMED.read_text())
    expected, found = set(), set()
    for name in stream_files():
        schema = load_stream(name)["schema_loader"]["schema"]
        for kind, mark in (("paths", True), ("free_form", FREE_FORM_MARK)):
            expected |= {(kind, f"{name}.{path}".replace("[]", ".[]")) for path in named[kind].get(name, [])}
            found |= {(kind, ".".join((name, *path))) for path in marked_paths(schema, mark)}
    assert set() == expected - found
    assert ("paths", "clients.signing_keys.[].cert") in found


@pytest.mark.skipif(not NAMED.exists(), reason="the reference is not part of the package")
def test_the_query_excludes_top_level_secrets_where_auth0_allows_it():
    asked = yaml.safe_load(NAMED.read_text())["server_side_exclusion"]
    for name in stream_files():
        stream = load_stream(name)
        query = stream["$parameters"]["query_withholding"] or {}
        assert asked.get(name) in (None, "&".join(f"{key}={value}" for key, value in query.items()))
        schema = stream["schema_loader"]["schema"]
        secrets = {path[0] for mark in (True, FREE_FORM_MARK) for path in marked_paths(schema, mark)}
        fields = set(query.get("fields", "").split(",")) - {""}
        if query.get("include_fields") == "false":
            assert fields <= secrets
        else:
            assert fields.isdisjoint({path[0] for path in marked_paths(schema, True) if len(path) == 1})  # noqa: FBT003


@pytest.mark.skipif(not NAMED.exists(), reason="the reference is not part of the package")
def test_every_connection_option_documented_as_a_secret_is_recognised():
    """By its description in the OpenAPI document."""
    (document,) = SHARED.glob("openapi.*.json.gz")
    schemas = json.loads(gzip.decompress(document.read_bytes()))["components"]["schemas"]
    names = {
        name
        for title, schema in schemas.items()
        if "Options" in title or "Addon" in title or title.endswith("Sink")
        for name, declared in (schema.get("properties") or {}).items()
        if name.lower().endswith(("secret", "password", "privatekey", "private_key", "apikey", "api_key", "accesskey"))
        and resolved(declared, schemas).get("type") != "boolean"
    }
    assert len(names) >= 8
    assert [] == sorted(name for name in names if not is_secret_name(name))


def resolved(declared: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return schemas[declared["$ref"].rpartition("/")[2]] if "$ref" in declared else declared
