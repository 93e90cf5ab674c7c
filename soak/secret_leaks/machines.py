"""Trials of the machine and of crashes: .netrc passwords, proxies, debug settings, exceptions, signals, faults."""

import itertools
import signal
from collections.abc import Iterator, Mapping
from functools import partial

from auth0_simulator.control.faults import FAULT_KINDS
from soak.secret_leaks.hosts import PROXY_PASSWORD
from soak.secret_leaks.processes.command_runs import ConnectorCommand
from soak.secret_leaks.processes.failure_injection import INJECTION_POINTS, MESSAGES
from soak.secret_leaks.trial import FEW_STREAMS, NETRC_PASSWORD, SIGN_INS, Trial, TrialEnvironment

NETRC_FILE = "".join(f"machine {name} login me password {NETRC_PASSWORD}\n" for name in ("127.0.0.1", "localhost"))
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "warnings and development mode": {"PYTHONWARNINGS": "always", "PYTHONDEVMODE": "1"},
    "LOG_LEVEL of debug": {"LOG_LEVEL": "debug"},
    "fault handler": {"PYTHONFAULTHANDLER": "1"},
    "memory traces": {"PYTHONTRACEMALLOC": "5", "PYTHONASYNCIODEBUG": "1"},
}
PROXIES = ("wants its password, by https", "gets a wrong password, by https", "would read along, by http")
SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGABRT", "SIGSEGV")
#: Faults of the tenant that take no time; they are tried at debug level.
QUICK_FAULTS = sorted(set(FAULT_KINDS) - {"hang", "slow", "redirect", "lead_astray", "echo", "status"})
STATUSES = (400, 401, 403, 404, 429, 500, 502, 503)


def machines() -> Iterator[Trial]:
    """Passwords in .netrc, proxies, and settings that make Python verbose."""
    for sign_in, export in itertools.product(SIGN_INS, ("search", "export")):
        prepare = partial(_netrc, sign_in=sign_in, load=export)
        yield Trial("a .netrc", f"{export}, by {sign_in}", prepare, ends="well")
    for proxy in PROXIES:
        ends = "badly" if "wrong" in proxy else "well"
        yield Trial("a proxy", f"one that {proxy}", partial(_through_proxy, proxy=proxy), ends=ends)
    for setting, sign_in, fault in itertools.product(SETTINGS, SIGN_INS, ("none", "truncated_gzip", "echo")):
        prepare = partial(_verbose_python, setting=setting, sign_in=sign_in, fault=fault)
        yield Trial("a talkative Python", f"{setting}, {fault}, by {sign_in}", prepare)


def unhandled_exceptions() -> Iterator[Trial]:
    """Unhandled exceptions, with the config in their message or locals."""
    for place, message, sign_in in itertools.product(INJECTION_POINTS, MESSAGES, SIGN_INS):
        prepare = partial(_unhandled_exception, place=place, message=message, sign_in=sign_in)
        # If the thread that reads events dies, the stream counts as silent and the sync may succeed.
        ends = "somehow" if "events.connection" in place else "badly"
        yield Trial("an accident", f"{place} with {message}, by {sign_in}", prepare, ends=ends)


def signals() -> Iterator[Trial]:
    """Signals during a sync, on a machine that keeps core dumps."""
    for name, sign_in in itertools.product(SIGNALS, SIGN_INS):
        yield Trial(
            "a signal", f"{name}, by {sign_in}", partial(_with_signal, name=name, sign_in=sign_in), ends="badly"
        )


def faults() -> Iterator[Trial]:
    """Faults of the tenant in a sync of one stream of each archetype, at debug level."""
    for kind, when, sign_in in itertools.product(QUICK_FAULTS, ("every:4", "after:30"), SIGN_INS):
        yield Trial(
            "a fault, at debug level", f"{kind} {when}, by {sign_in}", partial(_with_fault, kind, when, sign_in, 0)
        )
    for status, kind, sign_in in itertools.product(STATUSES, ("status", "echo"), SIGN_INS):
        prepare = partial(_with_fault, kind, "every:4", sign_in, status)
        yield Trial("a fault, at debug level", f"{kind} {status}, by {sign_in}", prepare)


def _netrc(env: TrialEnvironment, sign_in: str, load: str) -> ConnectorCommand:
    config = env.config(sign_in, users_initial_load=load)
    return env.connector_command(
        "read", config, *FEW_STREAMS, netrc=f"{NETRC_FILE}default login me password {NETRC_PASSWORD}\n"
    )


def _through_proxy(env: TrialEnvironment, proxy: str) -> ConnectorCommand:
    address = env.network.proxy.url
    if "wrong" in proxy:
        address = address.replace(PROXY_PASSWORD, "")
    if "http:" in proxy or proxy.endswith("by http"):
        return env.connector_command("read", env.config(SIGN_INS[0]), *FEW_STREAMS, environment={"HTTP_PROXY": address})
    base_url, authority = env.behind_tls()
    environment = {"HTTPS_PROXY": address, "REQUESTS_CA_BUNDLE": authority}
    return env.connector_command("read", env.config(SIGN_INS[0], base_url), *FEW_STREAMS, environment=environment)


def _verbose_python(env: TrialEnvironment, setting: str, sign_in: str, fault: str) -> ConnectorCommand:
    if fault != "none":
        env.inject_fault(fault, when="nth:7")
    return env.connector_command(
        "read", env.config(sign_in), *FEW_STREAMS, environment=SETTINGS[setting], is_quick=False
    )


def _unhandled_exception(env: TrialEnvironment, place: str, message: str, sign_in: str) -> ConnectorCommand:
    checks = place.endswith((".check", ".validate")) or "token_claims" in place
    failure = {"place": place, "message": message}
    streams = ("users", "events", "user_roles", "roles", "logs", "organization_members", "clients")
    return env.connector_command("check" if checks else "read", env.config(sign_in), *streams, failure=failure)


def _with_signal(env: TrialEnvironment, name: str, sign_in: str) -> ConnectorCommand:
    env.sim.latency = 0.05
    number = getattr(signal, name)
    return env.connector_command("read", env.config(sign_in), environment={"PYTHONFAULTHANDLER": "1"}, signal=number)


def _with_fault(kind: str, when: str, sign_in: str, status: int, env: TrialEnvironment) -> ConnectorCommand:
    env.inject_fault(kind, when=when, status=status or None)
    return env.connector_command("read", env.config(sign_in), options=("--debug",))
