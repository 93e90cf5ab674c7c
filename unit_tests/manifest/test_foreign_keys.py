"""Columns that hold a key of another stream name it in `foreign_keys`, which documents draw and models join by."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import pytest

from source_auth0.manifest.assembly import assemble, load_stream, primary_key
from source_auth0.manifest.files import stream_files

NAMES = list(stream_files())
#: Words in the name of a column that make it a key, of its own stream or of another.
KEY_WORDS = {"id", "ids", "kid", "identifier", "audience", "connection", "directory"}
#: Names of lists of keys that have none of these words: those of the streams that most others refer to.
LISTS_OF_KEYS = {"actions", "clients", "connections", "groups", "organizations", "owners", "roles", "users"}
#: Columns that look like a key of another stream and are none, as `stream.path` with `*` for anything, and why.
NO_REFERENCE = {
    "network_acls.tenant_id": "the tenant itself",
    "action_triggers.id": "the trigger itself; its key has the version too",
    "resource_servers.identifier": "the API itself, as others name it",
    "*.*.compatible_triggers[[]].id": "copied from the trigger, whose own row refers to them",
    "action_trigger_bindings.action.*": "copied from the action, whose own row refers to them",
    "action_versions.action.*": "copied from the action, which `action_id` names",
    "actions.deployed_version.*": "copied from the version, whose own row refers to them",
    "action*.errors[[]].id": "an error of a build",
    "actions.installed_integration_id": "Auth0's marketplace has no stream",
    "actions.integration.*": "Auth0's marketplace has no stream",
    "flows.actions[[]].id": "a step within the flow",
    "forms.nodes[[]].id": "a step within the form",
    "flow_executions.trace_id": "a trace within Auth0",
    "flow_executions.journey_id": "a user's way through a form, which has no stream",
    "flow_vault_connections.app_id": "a service that flows know, not an application",
    "clients.addons.*": "settings of other services",
    "clients.mobile.*": "identifiers of Apple's",
    "clients.owners[[]]": "undocumented; not known to be users of the tenant",
    "clients.external_client_id": "an address elsewhere",
    "clients.express_configuration.oin_submission_id": "an entry of the Okta Integration Network",
    "resource_servers.token_encryption.encryption_key.kid": "a key that only the API has",
    "resource_servers.authorization_policy.policy_id": "policies have no stream",
    "client_credentials.kid": "the same credential in the words of a token",
    "branding_default_theme.themeId": "the theme itself; the key is the tenant, which has one",
    "branding_phone_templates.id": "the template itself, missing until it is changed; the key is its type",
    "connections.options.*": "settings of the identity provider, in its words",
    "event_streams.destination.configuration.aws_account_id": "an account at AWS",
    "event_stream_deliveries.event.id": "the event of the delivery, whose identifier is the row's own",
    "segments.rules[[]].*match.connection[[]]": "not documented whether by name or by identifier",
    "*.external_id": "the group where it comes from",
    "agents.external_agent_id": "the agent where it comes from",
    "logs.external_agent_id": "the agent where it comes from; `agent_id` names it",
    "logs._id": "the event itself under an older name",
    "logs.identity_user_id": "the user at the identity provider",
    "logs.references.*": "what ties events to each other",
    "logs.transaction_linking_id": "what ties events to each other",
    "logs.tracking_id": "a case of Auth0's support",
    "*.*ticket_id": "a ticket, which is a secret",
    "changes.entity_id*": "of the stream that `entity_type` names",
    "changes.parent_id": "of the stream that `parent_type` names",
    "attack_protection_captcha*provider_id": "one of the providers that Auth0 knows",
    "attack_protection_captcha*project_id": "a project at Google",
    "guardian_factor_*bundle_id": "an app at Apple",
    "guardian_factor_push_sns.*": "a key at AWS, which is a secret",
    "guardian_factor_webauthn_*relyingPartyIdentifier": "a domain",
    "*.relying_party_identifier": "a domain",
    "hooks.triggerId": "a point that hooks knew; those of actions are others",
    "log_streams.sink.*": "accounts at other services",
    "device_credentials.device_id": "a device, which has no stream",
    "user_authentication_methods.authentication_methods[[]].id": "a method within the method",
    "user_authentication_methods.link_id": "not documented",
    "user_authentication_methods.key_id": "a key that only the device has",
    "user_authentication_methods.identity_user_id": "the account among the user's identities",
    "user_enrollments.identifier": "a device, which has no stream",
    "user_blocks.identifier": "what was typed in to log in",
    "user_roles.sources[[]].source_id": "not documented of what kind",
    "users.identities[[]].user_id": "the user at the identity provider",
}

each_stream = pytest.mark.parametrize("name", NAMES)


def within(declared: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, declared
    if "items" in declared:
        yield from within(declared["items"], f"{path}[]")
    for name, inner in declared.get("properties", {}).items():
        yield from within(inner, f"{path}.{name}")


def paths(name: str) -> dict[str, dict[str, Any]]:
    """Declarations by path, as `foreign_keys` names them."""
    columns = load_stream(name)["schema_loader"]["schema"]["properties"]
    return {path: inner for column, declared in columns.items() for path, inner in within(declared, column)}


def foreign_keys(name: str) -> dict[str, str]:
    return load_stream(name)["$parameters"]["foreign_keys"] or {}


def types(declared: dict[str, Any]) -> set[str]:
    return {declared["type"]} if isinstance(declared.get("type"), str) else set(declared.get("type", []))


def looks_like_a_key(path: str) -> bool:
    """By its name: `client_id`, `clientID`, `audience`; or a list named like a stream: `roles[]`."""
    leaf = path.rpartition(".")[2]
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", leaf.removesuffix("[]")).lower().split("_")
    return words[-1] in KEY_WORDS or leaf == "connection_name" or (leaf.endswith("[]") and words[-1] in LISTS_OF_KEYS)


def is_label(path: str, known: dict[str, Any]) -> bool:
    """Whether the row has the identifier beside this name: `connection` beside `connection_id`."""
    return f"{path}_id" in known or f"{path.removesuffix('_name')}_id" in known


def candidates(name: str) -> list[str]:
    """The paths of a stream that look like a key of another one.

    A row's own key is what is left of the primary key when its parents are taken out: its last column.
    """
    known = paths(name)
    own = primary_key(load_stream(name))[-1]
    return [
        path
        for path, declared in known.items()
        if "string" in types(declared) and looks_like_a_key(path) and path != own and not is_label(path, known)
    ]


@each_stream
def test_what_looks_like_a_key_of_another_stream_names_it(name: str) -> None:
    """Or is among those that are known to be none."""
    unknown = [
        path
        for path in candidates(name)
        if path not in foreign_keys(name)
        and not any(fnmatchcase(f"{name}.{path}", pattern) for pattern in NO_REFERENCE)
    ]
    assert [] == unknown


@each_stream
def test_a_last_column_of_the_key_that_is_another_streams_names_it(name: str) -> None:
    """Such as `user_roles.id`, "Identifier of the role.": its text names what the other stream is full of."""
    own = primary_key(load_stream(name))[-1]
    text = load_stream(name)["schema_loader"]["schema"]["properties"][own].get("description", "")
    thing = re.match(r"Identifier of the (\w+)(?:\.|, e\.g\.)", text)
    target = f"{thing[1]}s" if thing else ""
    assert target in {name, ""} or target not in NAMES or own in foreign_keys(name)


@each_stream
def test_a_foreign_key_leads_to_a_column_of_the_same_type(name: str) -> None:
    """A target names its column unless that is the whole key of its stream."""
    known = paths(name)
    for path, target in foreign_keys(name).items():
        stream, _, column = target.partition(".")
        assert stream in NAMES, target
        key = primary_key(load_stream(stream))
        assert bool(column) == (len(key) > 1 or column not in ("", *key)), f"{target}: name the column or leave it out"
        assert types(known[path]) == types(paths(stream)[column or key[0]]), path
        assert (name, path) != (stream, column or key[0]), path


def test_what_is_known_to_be_no_reference_is_there() -> None:
    """Neither a column that has gone, nor one that has a reference after all."""
    without = [f"{name}.{path}" for name in NAMES for path in candidates(name) if path not in foreign_keys(name)]
    assert [] == [pattern for pattern in NO_REFERENCE if not any(fnmatchcase(path, pattern) for path in without)]


def test_the_framework_does_not_get_them() -> None:
    whole = assemble(NAMES)
    assert not [stream["name"] for stream in whole["streams"] if "foreign_keys" in stream["$parameters"]]
    assert whole["definitions"]["parents"]
    assert not [
        name for name, parent in whole["definitions"]["parents"].items() if "foreign_keys" in parent["$parameters"]
    ]
