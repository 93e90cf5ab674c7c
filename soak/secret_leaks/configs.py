"""Trials of configs and sign-ins: secrets in the wrong fields, and secrets that are rejected."""

import itertools
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from soak.secret_leaks.processes.command_runs import ConnectorCommand
from soak.secret_leaks.trial import FEW_STREAMS, SIGN_INS, Trial, TrialEnvironment
from source_auth0.manifest.assembly import assemble
from testing.keys import ec_key, pem_of, rsa_key

SPEC: Mapping[str, Any] = assemble([])["spec"]["connection_specification"]
PASTED = ("the client secret", "the private key", "the token")
#: How a sign-in is rejected, and the fault for it; without one, the credentials or the application are changed.
REFUSALS: Mapping[str, Mapping[str, Any]] = {
    "another secret": {},
    "a key that is not registered": {},
    "a key that cannot sign": {},
    "no grant": {},
    "a grant type that is off": {},
    "an answer that repeats the request (400)": {"kind": "echo", "status": 400},
    "an answer that repeats the request (401)": {"kind": "echo", "status": 401},
    "an answer that repeats the request (403)": {"kind": "echo", "status": 403},
    "an answer that repeats the request (500)": {"kind": "echo", "status": 500},
    "a page of HTML": {"kind": "html"},
    "nothing": {"kind": "empty"},
    "half a token": {"kind": "truncated_json"},
    "a reset connection": {"kind": "reset_before"},
    "a rate limit": {"kind": "status", "status": 429},
}


def misplaced_secrets() -> Iterator[Trial]:
    """A secret pasted into each field of the spec, and configs that are no objects."""
    inside = sorted({name for branch in SPEC["properties"]["credentials"]["oneOf"] for name in branch["properties"]})
    places = [*SPEC["properties"], *(f"credentials.{name}" for name in inside), "an unknown field"]
    for place, pasted, sign_in in itertools.product(places, PASTED, SIGN_INS):
        prepare = partial(_misplaced, place=place, pasted=pasted, sign_in=sign_in)
        name = f"{pasted} in {place}, by {sign_in}"
        yield Trial(
            "a secret in the wrong field", name, prepare, may_reach_tenant=place not in {"base_url", "credentials"}
        )
    for shape, sign_in in itertools.product(("a text", "a list", "a list in an object", "half of it"), SIGN_INS):
        prepare = partial(_misshapen, shape=shape, sign_in=sign_in)
        yield Trial("a secret in the wrong field", f"{shape}, by {sign_in}", prepare, may_reach_tenant=False)


def refused_sign_ins() -> Iterator[Trial]:
    """Sign-ins and API calls that are rejected, in every way."""
    for why, sign_in, command in itertools.product(REFUSALS, SIGN_INS, ("check", "read")):
        prepare = partial(_refused, why=why, sign_in=sign_in, command=command)
        # With a static token, no token is requested, and the API's malformed responses may be retried successfully.
        ends = "badly" if sign_in != "a token" or REFUSALS[why].get("kind") == "echo" else "somehow"
        if "key" in why or (why == "another secret" and sign_in != "a client secret"):
            ends = "somehow"
        yield Trial("a sign-in that is refused", f"{why}, {sign_in}, {command}", prepare, ends=ends)


def _secret(env: TrialEnvironment, name: str) -> str:
    return {"the client secret": env.sim.client_secret, "the private key": env.key, "the token": env.token}[name]


def _misplaced(env: TrialEnvironment, place: str, pasted: str, sign_in: str) -> ConnectorCommand:
    config, secret = env.config(sign_in), _secret(env, pasted)
    holder, name = (config["credentials"], place[12:]) if place.startswith("credentials.") else (config, place)
    is_list = SPEC["properties"].get(place, {}).get("type") == "array"
    holder[name] = [secret, f"identities.{secret}"] if is_list else secret
    return env.connector_command("check", config)


def _misshapen(env: TrialEnvironment, shape: str, sign_in: str) -> ConnectorCommand:
    whole = json.dumps(env.config(sign_in))
    shapes = {"a text": json.dumps(whole), "a list": f"[{whole}]", "a list in an object": f'{{"config": [{whole}]}}'}
    return env.connector_command("check", shapes.get(shape, whole[: -len(whole) // 3]))


def _refused(env: TrialEnvironment, why: str, sign_in: str, command: str) -> ConnectorCommand:
    config = env.config(sign_in)
    credentials, application = config["credentials"], env.sim.tenant.application
    if fault := REFUSALS[why]:
        template = None if sign_in == "a token" else "/oauth/token"
        env.inject_fault(template=template, **fault)
    elif why == "another secret" and "client_secret" in credentials:
        credentials["client_secret"] = "another-secret-" + "Zq3x" * 12
        env.canaries.plant("the wrong secret", credentials["client_secret"])
    elif "key" in why and "private_key" in credentials:
        credentials["private_key"] = pem_of(rsa_key(number=1) if "registered" in why else ec_key())
        env.canaries.plant("the wrong key", credentials["private_key"])
    elif why == "no grant":
        application.has_client_grant = False
    else:
        application.grant_types = []
    if sign_in == "a token" and not fault:
        env.sim.revoke_tokens()
    return env.connector_command(command, config, *FEW_STREAMS)
