"""What a trial is made of, and what is asked of it once it is over."""

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

#: Streams that together ask for pages by number, by checkpoint, by search and behind an id.
FEW_STREAMS = ("users", "clients", "resource_servers", "logs")
#: What is asked for otherwise than by GET: a token, and an export.
POSTED_PATHS = {"/oauth/token", "/api/v2/jobs/users-exports"}
SIGN_INS = ("a client secret", "a private key", "a token")
#: The password of other hosts that the machine keeps, and the signature of a link to an export's file.
NETRC_PASSWORD, LINK_SIGNATURE = "n3trc-pa55word-of-another-host", "l1nk-signature-that-opens-the-file"


def representatives() -> list[str]:
    """One stream of each way in which streams are read."""
    found: dict[str, str] = {}
    for name in stream_files():
        found.setdefault(load_stream(name)["retriever"]["$ref"], name)
    return list(found.values())


@dataclass
class TrialEnvironment:
    """A tenant with what lies around it; `stack` holds what has to be closed."""

    sim: Simulator
    network: TrialNetwork
    folder: Path
    stack: ExitStack
    canaries: Canaries = field(init=False)

    def __post_init__(self) -> None:
        """Plant what the config and the machine hold."""
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
        """A config by one of the ways to sign in."""
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
        """The tenant's https address, and the file of the authority that vouches for it but for a flaw."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        base_url, authority = self.stack.enter_context(tls_reverse_proxy(self.sim.base_url, folder, flaw))
        return base_url, str(authority)

    def order(self, command: str, config: Any, *streams: str, **more: Any) -> ConnectorCommand:
        """A command for these streams; one of each kind where none are named."""
        catalog = catalog_of(*(streams or representatives())) if command == "read" else None
        return ConnectorCommand(command, config, catalog, **more)

    def inject_fault(self, kind: str, template: str | None = None, when: str = "always", **more: Any) -> None:
        """Put a fault in force."""
        self.sim.faults.add(Fault(kind, template, when, **more))


@dataclass(frozen=True)
class Trial:
    """Something that goes wrong for a sync.

    ends: "well", "badly", or "somehow". reaches: whether the tenant may be asked anything at all.
    """

    kind: str
    name: str
    prepare: Callable[[TrialEnvironment], ConnectorCommand]
    ends: str = "somehow"
    may_reach_tenant: bool = True


@dataclass
class Verdict:
    """What came of a trial: secrets found, and what else was amiss."""

    leaks: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    is_hung: bool = False
    rows: int = 0
    ran: CommandOutcome = field(default_factory=CommandOutcome)


def verdict(trial: Trial, scene: TrialEnvironment, order: ConnectorCommand, ran: CommandOutcome) -> Verdict:
    """Search all that came out for secrets, and hold the end against what was expected."""
    _plant_what_was_issued(scene)
    found = Verdict(ran=ran, is_hung=ran.code is None)
    found.leaks += [f"{secrets} in {name}" for name, secrets in _leaks(scene, ran.evidence).items()]
    for name, one in scene.network.hosts.items():
        data = b"\n".join(one.received)
        secrets = scene.canaries.found_in(data, but={"the link's signature"} if name != "a third host" else ())
        if secrets or b"authorization:" in data.lower() or b"cookie:" in data.lower():
            found.leaks.append(f"{secrets or 'a header'} went to {name}")
    if scene.network.beyond.received:
        found.leaks.append("a redirect was followed to a third host")
    if secrets := scene.canaries.found_in(b"\n".join(scene.network.proxy.received), but={"the proxy's password"}):
        found.leaks.append(f"{secrets} went to the proxy")
    if not trial.may_reach_tenant and scene.sim.journal:
        found.leaks.append("the tenant was asked through what should not be trusted")
    found.complaints += _complaints(trial, order, ran)
    found.complaints += [
        f"asked for a change: {one.method} {one.path}"
        for one in scene.sim.journal
        if one.method != "GET" and one.path not in POSTED_PATHS
    ]
    found.rows = sum(message["type"] == "RECORD" for message in ran.messages)
    return found


def _leaks(scene: TrialEnvironment, evidence: Mapping[str, bytes]) -> dict[str, list[str]]:
    return {name: secrets for name, data in evidence.items() if (secrets := scene.canaries.found_in(data))}


def _plant_what_was_issued(scene: TrialEnvironment) -> None:
    """The tokens, the assertions and the links of this run."""
    for token in scene.sim._dispatcher.tokens._known:  # noqa: SLF001 - nobody else is told them
        scene.canaries.plant("the token", token)
    for request in scene.sim.journal:
        if assertion := request.form.get("client_assertion"):
            scene.canaries.plant("an assertion", assertion)
        if signature := request.query.get("Signature"):
            scene.canaries.plant("the link's signature", signature)


def _complaints(trial: Trial, order: ConnectorCommand, ran: CommandOutcome) -> list[str]:
    found = [f"left {name}" for name in ran.left]
    found += [f"opened {name}" for name in ran.opened if not _is_expected(name)]
    if b"Traceback" in ran.evidence["standard error"]:
        found.append("printed a traceback to standard error")
    ended = "well" if _is_well(order, ran) else "badly"
    if trial.ends not in {"somehow", ended}:
        found.append(f"ended {ended}: {ran.messages[-1:]}")
    return found


def _is_expected(name: str) -> bool:
    """`tempfile` tries each folder with a file of a random name, and the framework asks it for one."""
    path = Path(name)
    return name == "/dev/null" or (path.parent.name == "tmp" and len(path.name) == len("xxxxxxxx"))


def _is_well(order: ConnectorCommand, ran: CommandOutcome) -> bool:
    if order.command == "check":
        return any(m["type"] == "CONNECTION_STATUS" and "SUCC" in str(m) for m in ran.messages)
    return ran.code == 0
