"""A trial: its environment, and the checks of its outcome."""

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auth0_simulator import Fault, Simulator
from soak.secret_leaks.canaries import Canaries
from soak.secret_leaks.hosts import PROXY_PASSWORD, TrialNetwork
from soak.secret_leaks.processes.command_runs import CommandOutcome, ConnectorCommand
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from testing.in_process import catalog_of
from testing.keys import modulus_of, pem_of, rsa_key
from testing.network import tls_reverse_proxy

#: Streams that together use pagination by page number, by checkpoint, by search and by log id.
FEW_STREAMS = ("users", "clients", "resource_servers", "logs")
#: The paths that may be requested by POST: a token, and an export job.
POSTED_PATHS = {"/oauth/token", "/api/v2/jobs/users-exports"}
SIGN_INS = ("a client secret", "a private key", "a token")
#: The password in .netrc for other hosts, and the signature in the link to an export's file.
NETRC_PASSWORD, LINK_SIGNATURE = "n3trc-pa55word-of-another-host", "l1nk-signature-that-opens-the-file"


def representatives() -> list[str]:
    """One stream of each archetype."""
    found: dict[str, str] = {}
    for name in stream_files():
        found.setdefault(load_stream(name)["retriever"]["$ref"], name)
    return list(found.values())


@dataclass
class TrialEnvironment:
    """A tenant with its surrounding network; `stack` closes what the trial opens."""

    sim: Simulator
    network: TrialNetwork
    folder: Path
    stack: ExitStack
    canaries: Canaries = field(init=False)

    def __post_init__(self) -> None:
        """Plant the secrets of the config and of the machine."""
        self.token = self.sim.mint_token()
        self.key = pem_of(rsa_key())
        self.canaries = Canaries(
            **{
                "the client secret": self.sim.client_secret,
                "the private key": self.key,
                "the token": self.token,
                "the proxy's password": PROXY_PASSWORD,
                "another host's password": NETRC_PASSWORD,
                "the link's signature": LINK_SIGNATURE,
            }
        )

    def config(self, sign_in: str, base_url: str | None = None, **more: Any) -> dict[str, Any]:
        """A config with one of SIGN_INS."""
        client = {"audience": self.sim.audience, "client_id": self.sim.client_id}
        if sign_in == "a token":
            credentials = {"auth_type": "oauth2_access_token", "access_token": self.token}
        elif sign_in == "a private key":
            self.sim.tenant.application.register(modulus_of(rsa_key()))
            credentials = {"auth_type": "oauth2_private_key_jwt", "private_key": self.key, **client}
        else:
            secret = self.sim.client_secret
            credentials = {"auth_type": "oauth2_confidential_application", "client_secret": secret, **client}
        return {"base_url": base_url or self.sim.base_url, "credentials": credentials, "events_idle_seconds": 1, **more}

    def behind_tls(self, flaw: str = "") -> tuple[str, str]:
        """The tenant's https address, and the CA file that verifies it unless the certificate has a flaw."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        base_url, authority = self.stack.enter_context(tls_reverse_proxy(self.sim.base_url, folder, flaw))
        return base_url, str(authority)

    def connector_command(self, command: str, config: Any, *streams: str, **more: Any) -> ConnectorCommand:
        """A command for these streams; by default one of each archetype."""
        catalog = catalog_of(*(streams or representatives())) if command == "read" else None
        return ConnectorCommand(command, config, catalog, **more)

    def inject_fault(self, kind: str, template: str | None = None, when: str = "always", **more: Any) -> None:
        """Add a fault to the tenant."""
        self.sim.faults.add(Fault(kind, template, when, **more))


@dataclass(frozen=True)
class Trial:
    """A command under some adverse condition.

    ends: "well", "badly", or "somehow" for either. may_reach_tenant: whether the tenant may get any request.
    """

    kind: str
    name: str
    prepare: Callable[[TrialEnvironment], ConnectorCommand]
    ends: str = "somehow"
    may_reach_tenant: bool = True


@dataclass
class Verdict:
    """The verdict on a trial: secrets found, and other problems."""

    leaks: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    is_hung: bool = False
    rows: int = 0
    outcome: CommandOutcome = field(default_factory=CommandOutcome)


def judge(trial: Trial, env: TrialEnvironment, connector_command: ConnectorCommand, outcome: CommandOutcome) -> Verdict:
    """Search the outcome for secrets, and compare how it ended with what was expected."""
    _plant_what_was_issued(env)
    found = Verdict(outcome=outcome, is_hung=outcome.code is None)
    found.leaks += [f"{secrets} in {name}" for name, secrets in _leaks(env, outcome.evidence).items()]
    for name, host in env.network.hosts.items():
        data = b"\n".join(host.received)
        secrets = env.canaries.found_in(data, excluding={"the link's signature"} if name != "a third host" else ())
        if secrets or b"authorization:" in data.lower() or b"cookie:" in data.lower():
            found.leaks.append(f"{secrets or 'a header'} went to {name}")
    if env.network.beyond.received:
        found.leaks.append("a redirect was followed to a third host")
    if secrets := env.canaries.found_in(b"\n".join(env.network.proxy.received), excluding={"the proxy's password"}):
        found.leaks.append(f"{secrets} went to the proxy")
    if not trial.may_reach_tenant and env.sim.journal:
        found.leaks.append("the tenant was asked through what should not be trusted")
    found.complaints += _complaints(trial, connector_command, outcome)
    found.complaints += [
        f"asked for a change: {request.method} {request.path}"
        for request in env.sim.journal
        if request.method != "GET" and request.path not in POSTED_PATHS
    ]
    found.rows = sum(message["type"] == "RECORD" for message in outcome.messages)
    return found


def _leaks(env: TrialEnvironment, evidence: Mapping[str, bytes]) -> dict[str, list[str]]:
    return {name: secrets for name, data in evidence.items() if (secrets := env.canaries.found_in(data))}


def _plant_what_was_issued(env: TrialEnvironment) -> None:
    """Plant the tokens, assertions and link signatures that were issued in this run."""
    for token in env.sim._dispatcher.tokens._known:  # noqa: SLF001 - there is no public access to them
        env.canaries.plant("the token", token)
    for request in env.sim.journal:
        if assertion := request.form.get("client_assertion"):
            env.canaries.plant("an assertion", assertion)
        if signature := request.query.get("Signature"):
            env.canaries.plant("the link's signature", signature)


def _complaints(trial: Trial, connector_command: ConnectorCommand, outcome: CommandOutcome) -> list[str]:
    found = [f"left {name}" for name in outcome.left]
    found += [f"opened {name}" for name in outcome.opened if not _is_expected(name)]
    if b"Traceback" in outcome.evidence["standard error"]:
        found.append("printed a traceback to standard error")
    ended = "well" if _is_well(connector_command, outcome) else "badly"
    if trial.ends not in {"somehow", ended}:
        found.append(f"ended {ended}: {outcome.messages[-1:]}")
    return found


def _is_expected(name: str) -> bool:
    """`tempfile`, which the framework uses, tests each folder with a file of a random name."""
    path = Path(name)
    return name == "/dev/null" or (path.parent.name == "tmp" and len(path.name) == len("xxxxxxxx"))


def _is_well(connector_command: ConnectorCommand, outcome: CommandOutcome) -> bool:
    if connector_command.command == "check":
        return any(m["type"] == "CONNECTION_STATUS" and "SUCC" in str(m) for m in outcome.messages)
    return outcome.code == 0
