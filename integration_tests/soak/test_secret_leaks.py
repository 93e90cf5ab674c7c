"""The short version of `make soak SUITES=secret_leaks`: no secret leaks, and no token goes to another host."""

import base64
import json
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from auth0_simulator import Simulator
from soak.secret_leaks.canaries import Canaries
from soak.secret_leaks.configs import misplaced_secrets, refused_sign_ins
from soak.secret_leaks.hosts import TrialNetwork, trial_network
from soak.secret_leaks.machines import machines, signals, unhandled_exceptions
from soak.secret_leaks.planted_secrets import PLANTED_SECRET, SecretPlanter, declared_places
from soak.secret_leaks.processes.command_runs import CommandRunner, ConnectorCommand, command_runner
from soak.secret_leaks.redirects import bad_certificates, foreign_links, redirects
from soak.secret_leaks.suite import run_trial
from soak.secret_leaks.trial import Trial, TrialEnvironment, judge

if sys.platform == "win32":
    pytest.skip("needs fork", allow_module_level=True)

#: The suite's trials by name, from which the tests choose.
CHOSEN = {
    **{trial.name: trial for trial in misplaced_secrets()},
    **{f"sign-in: {trial.name}": trial for trial in refused_sign_ins()},
    **{f"redirect: {trial.name}": trial for trial in redirects()},
    **{f"{'file' if 'file' in trial.kind else 'next'}: {trial.name}": trial for trial in foreign_links()},
    **{f"certificate: {trial.name}": trial for trial in bad_certificates()},
    **{f"{trial.kind}: {trial.name}": trial for trial in machines()},
    **{trial.name: trial for trial in unhandled_exceptions()},
    **{trial.name: trial for trial in signals()},
}
FORKED = [
    "the client secret in base_url, by a token",
    "the private key in secrets, by a client secret",
    "the token in credentials.audience, by a private key",
    "a text, by a private key",
    "sign-in: another secret, a client secret, check",
    "sign-in: a key that is not registered, a private key, check",
    "sign-in: an answer that repeats the request (400), a client secret, check",
    "sign-in: an answer that repeats the request (403), a private key, check",
    "sign-in: an answer that repeats the request (401), a token, check",
    "sign-in: an answer that repeats the request (500), a token, read",
    "redirect: 307 of /oauth/token to another host by https, by a client secret",
    "redirect: 308 of /users to another port by http, by a token",
    "redirect: 302 of /user-exports/download to another host by https, by a private key",
    "next: another host by https that answers with a page, by a client secret",
    "file: another host by https that asks for a token, by a client secret",
    "file: another host by https that redirects to http, by a token",
    "certificate: expired, its own authority, a client secret, check",
    "certificate: another name, its own authority, a token, check",
    "certificate: another authority, REQUESTS_CA_BUNDLE empty, a private key, check",
    "certificate: unknown, CURL_CA_BUNDLE not there, check",
    "a .netrc: export, by a client secret",
    "a proxy: one that wants its password, by https",
    "a proxy: one that gets a wrong password, by https",
    "a proxy: one that would read along, by http",
    "source:SourceAuth0.__init__ with repr, by a private key",
    "source:SourceAuth0.check with chained, by a client secret",
    "api.client:ManagementApiRequester._attempt with lines, by a private key",
    "redaction.secret_fields:RedactSecretsTransformation.transform with json, by a client secret",
    "retrievers.events.connection:EventStreamConnection._read with repr, by a token",
]


@pytest.fixture(scope="module")
def trial_setup(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TrialNetwork, CommandRunner, Path]]:
    """The tenants' network, and a runner with its fork server."""
    folder = tmp_path_factory.mktemp("secret_leaks")
    (folder / "hosts").mkdir()
    with trial_network(folder / "hosts") as network, command_runner(folder) as runner:
        yield network, runner, folder


TrialSetup = tuple[TrialNetwork, CommandRunner, Path]


@pytest.mark.parametrize("name", FORKED)
def test_no_secret_leaks(trial_setup: TrialSetup, name: str) -> None:
    """Not printed, not written, not sent to another host; and the run ends as expected."""
    found = run_trial(CHOSEN[name], *trial_setup)
    assert ([], [], False) == (found.leaks, found.complaints, found.is_hung)


@pytest.mark.parametrize("name", ["SIGABRT, by a private key", "SIGTERM, by a client secret"])
def test_a_crash_leaks_no_secret(trial_setup: TrialSetup, name: str) -> None:
    """With the real command, whose command line is inspected too, on a machine that keeps core dumps."""
    found = run_trial(CHOSEN[name], *trial_setup)
    assert ([], [], False) == (found.leaks, found.complaints, found.is_hung)
    assert found.outcome.code in {-signal.SIGABRT, -signal.SIGTERM}
    assert any("cmdline" in source for source in found.outcome.evidence)


def test_a_config_on_the_command_line_is_not_repeated(trial_setup: TrialSetup) -> None:
    """Users sometimes pass the config itself instead of its file name."""

    def prepare(env: TrialEnvironment) -> ConnectorCommand:
        config = json.dumps(env.config("a client secret"))
        return env.connector_command("check", None, options=("--config", config), is_quick=True)

    found = run_trial(Trial("", "", prepare, "badly", may_reach_tenant=False), *trial_setup)
    assert ([], [], 1) == (found.leaks, found.complaints, found.outcome.code)


@pytest.mark.parametrize(("secrets", "expected"), [("withhold", False), ("hash", True)])
def test_no_secret_in_a_declared_field_is_emitted_in_clear(
    trial_setup: TrialSetup, secrets: str, expected: bool
) -> None:
    """Every declared field of every row holds one."""
    declared = set().union(*declared_places().values())
    planters: list[SecretPlanter] = []

    def prepare(env: TrialEnvironment) -> ConnectorCommand:
        planters.append(SecretPlanter(env.sim))
        env.canaries.plant("a planted secret", PLANTED_SECRET)
        return env.connector_command(
            "read", env.config("a token", secrets=secrets), *sorted({name for name, _ in declared})
        )

    found = run_trial(Trial("", "", prepare, "well"), *trial_setup)
    assert ([], [], False) == (found.leaks, found.complaints, found.is_hung)
    assert declared == planters[0].places
    assert expected == (
        f"sha256:{sha256(PLANTED_SECRET.encode()).hexdigest()}".encode() in found.outcome.evidence["standard output"]
    )


SECRET = "a+secret/of-the=tests" * 2
ENCODED = {
    "clear": SECRET,
    "small letters": SECRET.lower(),
    "JSON": json.dumps({"a": SECRET}),
    "a URL": quote(SECRET, safe=""),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 of more": base64.b64encode(f"id:{SECRET}:".encode()).decode(),
    "hexadecimals": SECRET.encode().hex(),
    "a part": SECRET[:30],
}


@pytest.mark.parametrize("written", ENCODED.values(), ids=ENCODED)
def test_a_secret_is_found_in_every_encoding(written: str) -> None:
    canaries = Canaries(**{"a secret": SECRET[:30] if written == SECRET[:30] else SECRET})
    assert ["a secret"] == canaries.found_in(f"before {written} after".encode())
    assert [] == canaries.found_in(b"before and after")


def test_leaks_are_found_in_output_files_and_requests(trial_setup: TrialSetup) -> None:
    network, runner, folder = trial_setup
    network.reset()
    with ExitStack() as stack:
        env = TrialEnvironment(stack.enter_context(Simulator(users=1, organizations=1)), network, folder, stack)
        connector_command = env.connector_command("check", env.config("a token"))
        trial = Trial("", "", lambda _: connector_command, "well", may_reach_tenant=False)
        outcome = runner.run(connector_command)
        assert [] == judge(trial, env, connector_command, outcome).complaints
        outcome.evidence["a file"] = env.token.encode()
        outcome.left, outcome.opened = ["tmp/a"], ["a database"]
        parts = urlsplit(network.plain.url)
        with socket.create_connection((parts.hostname, parts.port)) as sent:
            sent.sendall(b"GET / HTTP/1.1\r\nAuthorization: x\r\n\r\n")
            sent.recv(1)
        found = judge(trial, env, connector_command, outcome)
    assert [
        "['the token'] in a file",
        "a header went to an http host",
        "the tenant was asked through what should not be trusted",
    ] == found.leaks
    assert ["left tmp/a", "opened a database"] == found.complaints
