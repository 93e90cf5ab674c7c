import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from source_auth0.retrievers.log_events.api_writes import ApiWrite

WRITES = Path(__file__).parents[4] / "shared/reference/auth0/writes.yaml"
SCREEN = {"prompt": "login", "screen": "login-id"}


def write(method: str, path: str, body: Any = None, response: Any = None) -> ApiWrite:
    request = {"method": method, "path": f"/api/v2/{path}", "body": body}
    details = {"request": request, "response": {"statusCode": 200, "body": response}}
    api_write = ApiWrite.of({"type": "sapi", "details": details})
    assert api_write is not None
    return api_write


@pytest.mark.parametrize(
    ("method", "path", "body", "response", "expected"),
    [
        ("post", "agents", {}, {"agent_id": "agt_1"}, ("agents", "agt_1", [])),
        ("post", "keys/network-acls", {}, {"id": "k1"}, ("network_acl_keys", "k1", [])),
        ("delete", "sessions/s1", {}, None, ("user_sessions", "s1", [])),
        ("post", "sessions/s1/revoke", {}, None, ("user_sessions", "s1", [])),
        ("delete", "guardian/enrollments/dev_1", {}, None, ("user_enrollments", "dev_1", [])),
        ("post", "experimentation/experiments/e1/advance-ramp", {}, {"id": "no"}, ("experiments", "e1", [])),
        ("post", "refresh-tokens/revoke", {"ids": ["r1", "r2"]}, None, ("user_refresh_tokens", None, ["r1", "r2"])),
        (
            "post",
            "organizations/o/clients",
            {"clients": [{"client_id": "a"}, {"client_id": "b"}]},
            [{"client_id": "a"}, {"client_id": "b"}],
            ("organization_clients", None, ["a", "b"]),
        ),
        ("post", "organizations/o/clients", None, [{"client_id": "a"}], ("organization_clients", None, ["a"])),
        ("put", "users/u/authentication-methods", [], [{"id": "m"}], ("user_authentication_methods", None, ["m"])),
        ("delete", "hooks/h/secrets", ["A", "B"], None, ("hook_secrets", None, ["A", "B"])),
        ("post", "hooks/h/secrets", {"A": "s"}, None, ("hook_secrets", None, [])),
        (
            "patch",
            "prompts/rendering",
            {"configs": [SCREEN, {}]},
            None,
            ("prompt_renderings", None, ["login|login-id"]),
        ),
        ("post", "organizations/o/client-grants", {"grant_id": "g"}, None, ("organization_client_grants", "g", [])),
        ("post", "organizations/o/connections", {"connection_id": "c"}, {}, ("organization_connections", "c", [])),
        ("post", "integrations/installed", {}, {"integration_id": "int_1"}, ("integrations", "int_1", [])),
        ("patch", "risk-assessment/config", {}, {"id": "no"}, ("risk_assessment_settings", None, [])),
        ("post", "network-acls", {}, None, ("network_acls", None, [])),
    ],
)
def test_a_write_names_its_entity_and_ids(
    method: str, path: str, body: Any, response: Any, expected: tuple[str, str | None, list[str]]
):
    api_write = write(method, path, body, response)
    assert expected == (api_write.target.entity_type, api_write.entity_id, list(api_write.related_ids()))


@pytest.mark.parametrize("path", ["sessions/s1", "refresh-tokens/r1"])
def test_the_response_names_the_user_of_a_session_or_a_token(path: str):
    assert ["auth0|1"] == list(write("patch", path, {}, {"user_id": "auth0|1"}).users())


def place(path: str, value: str) -> Any:
    """An object, or a list, with a value at a dotted path; `[]` stands for a list of one element."""
    step, _, rest = path.partition(".")
    inner = place(rest, value) if rest else value
    if step.endswith("[]"):
        return {step[:-2]: [inner]} if step[:-2] else [inner]
    return {step: inner}


def merged(parts: list[Any]) -> Any:
    """One object of several, their lists of one object merged too."""
    if not all(isinstance(part, dict) for part in parts):
        return parts[0]
    return {
        key: [merged([part[key][0] for part in parts])] if isinstance(parts[0][key], list) else parts[0][key]
        for key in parts[0]
    } | {key: value for part in parts[1:] for key, value in part.items() if key not in parts[0]}


@pytest.mark.skipif(not WRITES.exists(), reason="the reference is not part of the package")
def test_every_write_of_the_reference_has_its_type_and_its_id():
    writes = yaml.safe_load(WRITES.read_text())["writes"]
    assert len(writes) > 270
    for known in writes:
        where = re.split(r" \(|, |none: .*", known["id"])[0]
        keys = [
            key.strip().partition(":")[::2] for key in re.sub(r"(body|response)\[\][.:]?", r"\1:[].", where).split("+")
        ]
        kinds = {kind for kind, _ in keys}
        parts = {
            kind: [place(key.rstrip("."), f"made{n}") for n, (k, key) in enumerate(keys) if k == kind] for kind in kinds
        }
        bodies = [merged(parts[kind]) if kind in parts else {} for kind in ("body", "response")]
        made = write(known["method"], re.sub(r"\{(.*?)\}", r"\1%7C1", known["path"])[1:], *bodies)
        ids, single = list(made.related_ids()), made.entity_id
        assert known["entity_type"] == made.target.entity_type, known
        if "path" in kinds:
            assert "|".join(f"{key}|1" for _, key in keys) == single, known
        elif kinds <= {"response"} and isinstance(bodies[1], dict):
            assert single == "made0", known
        elif not kinds & {"body", "response"}:
            assert (single, ids) == (None, []), known
        else:
            assert [re.sub(r"\W", " ", one) for one in ids] == [" ".join(f"made{n}" for n in range(len(keys)))], known
        parent = tuple(re.split(" path:", known["parent"])) if "parent" in known else (None, None)
        assert (parent[0], parent[1] and f"{parent[1]}|1") == (made.target.parent_type, made.target.parent_id), known
