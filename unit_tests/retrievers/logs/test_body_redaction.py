import copy
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from source_auth0.json_values import dumps
from source_auth0.manifest.assembly import assemble
from source_auth0.manifest.files import stream_files
from source_auth0.manifest.secret_marks import entity_marks
from source_auth0.redaction.secret_fields import RedactSecretsTransformation
from source_auth0.retrievers.log_events.api_paths import parse_api_path
from source_auth0.retrievers.log_events.api_routes import ROUTES
from source_auth0.retrievers.logs.body_redaction import RedactLogEventTransformation

SECRETS = Path(__file__).parents[4] / "shared/reference/auth0/secrets.yaml"
CANARY, KEPT = "C4n4ry-in-a-body", "kept-value"
Event = dict[str, Any]
#: Type of what is written to a path of it.
WRITE_PATHS = {
    parse_api_path(path).entity_type: f"/api/v2/{path}"
    for route in ROUTES
    for path in ([route[:-1], f"{route[:-1]}/*"] if route.endswith("+") else [route])
    for path in [path.replace("*", "id1")]
}
#: Where a row may lie in a body.
WRAPPERS: list[Callable[[Any], Any]] = [
    lambda row: row,
    lambda row: [row],
    lambda row: {"rows": [row], "next": "x"},
    lambda row: {"deep": {"er": [row]}},
]
#: The redactions of all streams, as the assembled manifest has them.
REDACTIONS = {
    definition["name"]: {key: value for key, value in part.items() if key != "$ref"}
    for definition in assemble(list(stream_files()))["streams"]
    for part in definition.get("transformations", [])
    if "paths" in part
}


def redacted(event: Event, **config: Any) -> Event:
    RedactLogEventTransformation(config, **REDACTIONS["logs"]).transform(event)
    return event


def write_event(path: str, body: Any, response: Any = None) -> Event:
    request = {"method": "patch", "path": path, "query": {}, "body": body}
    return {
        "log_id": "1",
        "type": "sapi",
        "details": {"request": request, "response": {"statusCode": 200, "body": response}},
    }


def place(path: str, value: Any) -> Any:
    """An object with a value at a dotted path; `[]` stands for a list of one element, `*` for any key."""
    step, _, rest = path.partition(".")
    inner = place(rest, value) if rest else value
    name = step.replace("[]", "")
    for _ in range(step.count("[]")):
        inner = [inner]
    return {"any_key" if name == "*" else name: inner} if name else inner


def marked() -> Iterator[tuple[str, str]]:
    """Each marked place of each stream, and each secret that is only written."""
    for entity_type in WRITE_PATHS:
        marks = entity_marks(entity_type)
        for path in {*marks.secrets, *marks.source_code, *marks.written}:
            yield entity_type, ".".join(path).replace(".[]", "[]")


@pytest.mark.parametrize(("entity_type", "path"), sorted(marked()))
@pytest.mark.parametrize("config", [{}, {"secrets": "hash"}])
def test_what_a_stream_withholds_the_log_entry_of_its_write_withholds(
    entity_type: str, path: str, config: dict[str, Any]
):
    for wrap in WRAPPERS:
        row = place(path, CANARY)
        event = redacted(write_event(WRITE_PATHS[entity_type], wrap(row), wrap(copy.deepcopy(row))), **config)
        assert CANARY not in json.dumps(event)


def test_enough_places_are_marked():
    assert len(set(marked())) > 100
    assert ("log_streams", "sink.sumoSourceAddress") in set(marked())


@pytest.mark.parametrize("path", ["/api/v2/novelties/1", "/api/v2/log-streams/1/novelty", ""])
def test_an_unknown_write_is_searched_for_all_objects_that_have_secrets(path: str):
    event = redacted(write_event(path, {"stream": place("sink.sumoSourceAddress", CANARY)}, {"client_secret": CANARY}))
    assert CANARY not in json.dumps(event)


def test_a_refused_write_is_redacted_like_one_that_succeeds():
    event = redacted(write_event("/api/v2/rules-configs/KEY", {"value": CANARY}) | {"type": "fapi"})
    assert {} == event["details"]["request"]["body"]


def test_source_code_in_a_body_is_replaced_with_its_sha256():
    digest = hashlib.sha256(b"let x").hexdigest()
    body = {"code": "let x", "secrets": [{"name": "A", "value": CANARY}]}
    event = redacted(write_event("/api/v2/actions/actions/1", body))
    assert {"code_sha256": digest, "secrets": [{"name": "A"}]} == event["details"]["request"]["body"]
    kept = redacted(write_event("/api/v2/actions/actions/1", {"code": "let x"}), source_code="keep")
    assert {"code": "let x", "code_sha256": digest} == kept["details"]["request"]["body"]


def test_the_names_of_a_hooks_secrets_stay():
    assert {"A": None} == redacted(write_event("/api/v2/hooks/1/secrets", {"A": CANARY}))["details"]["request"]["body"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v2/clients/1", {"refresh_token": {"rotation_type": KEPT, "policies": [{"audience": KEPT}]}}),
        ("/api/v2/resource-servers/1", {"token_dialect": KEPT, "token_encryption": {"encryption_key": {"pem": KEPT}}}),
        ("/api/v2/tenants/settings", {"change_password": {"html": KEPT}, "session_cookie": {"mode": KEPT}}),
        ("/api/v2/clients/1/credentials", {"pem": KEPT, "kid": KEPT}),
        ("/api/v2/event-streams", place("destination.configuration.webhook_authorization.method", KEPT)),
        ("/api/v2/users", {"custom_password_hash": {"hash": {"encoding": KEPT}, "password": {"encoding": KEPT}}}),
        ("/api/v2/guardian/policies", [KEPT]),
    ],
)
def test_settings_in_a_body_are_kept(path: str, body: Any):
    for wrap in WRAPPERS[:3]:
        event = write_event(path, wrap(copy.deepcopy(body)), wrap(copy.deepcopy(body)))
        assert event == redacted(copy.deepcopy(event))


@pytest.mark.parametrize(
    "details",
    [
        {"accessedSecrets": ["client_secret"], "access_token_jti": KEPT, "token_thumbprint": KEPT},
        {"request": {"auth": {"credentials": {"jti": KEPT, "scopes": ["read:users"]}}}},
        {"refresh_token": {"access": "online", "session_id": KEPT}, "session": {"cookie": {"mode": "persistent"}}},
        {"response": "Too many requests"},
        {"return_to": "https://app.example/?state=x"},
        [KEPT],
        KEPT,
        None,
    ],
)
def test_what_an_audit_reads_is_kept(details: Any):
    event = {"log_id": "1", "type": "s", "details": details, "scope": ["openid"]}
    assert event == redacted(copy.deepcopy(event))


@pytest.mark.parametrize(
    "event",
    [
        {"details": {"resetUrl": CANARY, "body": {"newPassword": CANARY}}},
        {"details": {"verificationUrl": CANARY, "body": {"verificationUrl": CANARY, "ticket": CANARY}}},
        {"details": {"link": CANARY, "code": CANARY, "qs": {"code": CANARY}, "query": {"ticket": CANARY}}},
        {"details": {"invitation": {"ticket_id": CANARY}}},
        {"details": {"request": {"body": {"code": CANARY, "otp": CANARY}, "query": {"id_token_hint": CANARY}}}},
        {"details": {"response": {"body": {"ticket": CANARY, "ticket_url": CANARY, "invitation_url": CANARY}}}},
        {"details": {"response": {"body": [{"client_secret": CANARY}, {"recovery_code": CANARY}]}}},
        {"details": {"headers": {"Authorization": CANARY, "Cookie": CANARY, "X-Api-Key": CANARY}}},
        {"details": {"return_to": f"https://app.example/?id_token={CANARY}"}},
        {"details": {"prompts": [{"url": f"https://app.example/#access_token={CANARY}"}]}},
        {"body": {"ticket": CANARY, "code": CANARY}, "query": {"code": CANARY, "deep": [{"otp": CANARY}]}},
        {"description": f"Callback https://app.example/cb?code={CANARY} is not allowed"},
    ],
)
@pytest.mark.parametrize("config", [{}, {"secrets": "hash"}])
def test_links_codes_and_parameters_of_protocols_are_withheld(event: Event, config: dict[str, Any]):
    result = redacted({"log_id": "1", "type": "fv", "ip": KEPT, **copy.deepcopy(event)}, **config)
    assert CANARY not in json.dumps(result)
    assert KEPT == result["ip"]


@pytest.mark.parametrize("levels", [1000, 5000])
@pytest.mark.parametrize(
    "wrap",
    [lambda inner: {"more": inner}, lambda inner: [inner], lambda inner: [{"rows": [inner]}]],
    ids=["objects", "lists", "both"],
)
@pytest.mark.parametrize("config", [{}, {"secrets": "hash"}])
@pytest.mark.parametrize("holder", ["call", "unknown call", "details", "body", "query"])
def test_secrets_at_any_depth_are_withheld(holder: str, config: Event, wrap: Callable[[Any], Any], levels: int):
    """Bodies may be nested deeper than calls."""
    value: Any = {"client_secret": CANARY, "u": f"https://a.example/cb?code={CANARY}", "name": KEPT}
    for _ in range(levels):
        value = wrap(value)
    events = {
        "call": write_event("/api/v2/clients/id1", value, value),
        "unknown call": write_event("/api/v2/of-tomorrow", value, value),
        "details": {"log_id": "1", "type": "s", "details": {"prompts": value}},
        "body": {"log_id": "1", "type": "s", "body": value},
        "query": {"log_id": "1", "type": "s", "query": value},
    }
    text = dumps(redacted(events[holder], **config)).decode()
    assert CANARY not in text
    assert KEPT in text


def alternatives(path: str) -> list[str]:
    """The paths that a path with braces stands for."""
    if not (braces := re.search(r"\{([^{}]*)\}", path)):
        return [path]
    ends = path[: braces.start()], path[braces.end() :]
    return [one for inner in braces[1].split(",") for one in alternatives(inner.strip().join(ends))]


@pytest.mark.skipif(not SECRETS.exists(), reason="the reference is not part of the package")
def test_every_secret_that_the_reference_names_is_withheld_in_bodies():
    bodies = yaml.safe_load(SECRETS.read_text())["log_bodies"]
    for entity_type, paths in bodies["by_write"].items():
        for path, wrap in itertools.product(paths, WRAPPERS):
            event = redacted(write_event(WRITE_PATHS[entity_type], wrap(place(path, CANARY))))
            assert CANARY not in json.dumps(event), (entity_type, path)
    for known in bodies["by_event"]:
        for path in known["paths"]:
            assert CANARY not in json.dumps(redacted({"type": known["types"][0], **place(path, CANARY)})), known
    for name, where in itertools.product(itertools.chain(*bodies["any"]), bodies["places"]):
        url = f"https://app.example/?x=1&{name}={CANARY}"
        for path, value in ((f"{where}.{name}", CANARY), (f"{where}.x[].{name}", CANARY), ("details.url", url)):
            assert CANARY not in json.dumps(redacted({"type": "s", **place(path, value)})), path


@pytest.mark.skipif(not SECRETS.exists(), reason="the reference is not part of the package")
def test_everything_that_the_reference_wants_kept_arrives():
    tried = 0
    for known in yaml.safe_load(SECRETS.read_text())["must_be_kept"]:
        for path in itertools.chain.from_iterable(map(alternatives, re.split(r", (?![^{]*\})", known["path"]))):
            pattern, _, below = re.sub(r" \(.*", "", path).partition(".")
            names = [name for name in stream_files() if re.fullmatch(pattern.replace("*", ".*"), name)]
            for name in names if " " not in pattern + below else []:
                row = place(below, KEPT)
                if name == "logs":
                    redacted(row)
                elif name in REDACTIONS:
                    RedactSecretsTransformation({}, **REDACTIONS[name]).transform(row)
                assert KEPT in json.dumps(row), path
                for wrap in WRAPPERS[:3] if name in WRITE_PATHS else []:
                    event = redacted(write_event(WRITE_PATHS[name], wrap(place(below, KEPT)), wrap(place(below, KEPT))))
                    assert json.dumps(event).count(KEPT) == 2, path
                tried += 1
    assert tried > 100
