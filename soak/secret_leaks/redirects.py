"""Trials of URLs: redirects, pagination links and export files on other hosts, and certificates."""

import itertools
from collections.abc import Iterator, Mapping
from functools import partial

from soak.secret_leaks.processes.command_runs import ConnectorCommand
from soak.secret_leaks.trial import FEW_STREAMS, LINK_SIGNATURE, SIGN_INS, Trial, TrialEnvironment

STATUSES = (301, 302, 303, 307, 308)
#: The paths that redirect; None is every path.
REDIRECTED_PATHS = (
    None,
    "/oauth/token",
    "/users",
    "/clients",
    "/logs",
    "/jobs/users-exports",
    "/user-exports/download",
)
TARGETS = ("another host by https", "another host by http", "another port by http")
RESPONSES = ("asks for a token", "redirects", "redirects to http", "answers with a page")
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\n[]"
CERTIFICATE_FLAWS = ("expired", "another name", "another authority")
#: Environment variables that must not make a bad certificate acceptable.
SETTINGS: Mapping[str, Mapping[str, str]] = {
    "nothing set": {},
    "REQUESTS_CA_BUNDLE empty": {"REQUESTS_CA_BUNDLE": ""},
    "CURL_CA_BUNDLE empty": {"CURL_CA_BUNDLE": ""},
    "SSL_CERT_FILE empty": {"SSL_CERT_FILE": "", "SSL_CERT_DIR": ""},
    "REQUESTS_CA_BUNDLE an empty file": {"REQUESTS_CA_BUNDLE": "/dev/null"},
    "REQUESTS_CA_BUNDLE not there": {"REQUESTS_CA_BUNDLE": "nothing.pem"},
    "CURL_CA_BUNDLE not there": {"CURL_CA_BUNDLE": "nothing.pem"},
    "PYTHONHTTPSVERIFY off": {"PYTHONHTTPSVERIFY": "0"},
}


def redirects() -> Iterator[Trial]:
    """Redirects with every status, from every kind of path, to every kind of host."""
    for path, target, status, sign_in in itertools.product(REDIRECTED_PATHS, TARGETS, STATUSES, SIGN_INS):
        prepare = partial(_redirected, path=path, target=target, status=status, sign_in=sign_in)
        is_unused = sign_in == "a token" and path == "/oauth/token"
        # If the export fails, users are read by search.
        ends = "somehow" if path and ("export" in path or is_unused) else "badly"
        yield Trial("a redirect", f"{status} of {path or 'all'} to {target}, by {sign_in}", prepare, ends=ends)


def foreign_links() -> Iterator[Trial]:
    """`next`, `Link` and an export's `location` that point to another host, whatever its response."""
    for target, response, sign_in in itertools.product(TARGETS, RESPONSES, SIGN_INS):
        for export in (False, True):
            prepare = partial(_foreign_link, target=target, response=response, sign_in=sign_in, export=export)
            kind = "an export's file on another host" if export else "`next` and `Link` to another host"
            yield Trial(kind, f"{target} that {response}, by {sign_in}", prepare)


def bad_certificates() -> Iterator[Trial]:
    """Certificates that must not be trusted whatever the environment, and one that must be."""
    for flaw, setting, sign_in in itertools.product(CERTIFICATE_FLAWS, ("its own authority", *SETTINGS), SIGN_INS):
        for command in ("check", "read"):
            prepare = partial(_bad_certificate, flaw=flaw, setting=setting, sign_in=sign_in, command=command)
            name = f"{flaw}, {setting}, {sign_in}, {command}"
            yield Trial("a bad certificate", name, prepare, ends="badly", may_reach_tenant=False)
    for setting, command in itertools.product(SETTINGS, ("check", "read")):
        prepare = partial(_bad_certificate, flaw="", setting=setting, sign_in=SIGN_INS[0], command=command)
        yield Trial(
            "a bad certificate", f"unknown, {setting}, {command}", prepare, ends="badly", may_reach_tenant=False
        )
    prepare = partial(_bad_certificate, flaw="", setting="its own authority", sign_in=SIGN_INS[0], command="read")
    yield Trial("a bad certificate", "none: a good one", prepare, ends="well")


def _address(env: TrialEnvironment, target: str) -> str:
    if target == "another host by https":
        return env.network.trusted.url
    url = env.network.plain.url
    return url if target == "another host by http" else url.replace("localhost", "127.0.0.1")


def _redirected(env: TrialEnvironment, path: str | None, target: str, status: int, sign_in: str) -> ConnectorCommand:
    env.inject_fault("redirect", path, status=status, to=f"{_address(env, target)}/api/v2/users?page=1")
    load = "export" if path and "export" in path else "search"
    # The machine trusts the other host's certificate: otherwise TLS would already stop a client that follows.
    environment = {"REQUESTS_CA_BUNDLE": str(env.network.authority)}
    return env.connector_command(
        "read", env.config(sign_in, users_initial_load=load), *FEW_STREAMS, environment=environment
    )


def _foreign_link(env: TrialEnvironment, target: str, response: str, sign_in: str, *, export: bool) -> ConnectorCommand:
    beyond = env.network.beyond.url
    for host in (env.network.trusted, env.network.plain):
        if response.startswith("redirects"):
            host.redirects_to(beyond if response == "redirects" else beyond.replace("https", "http"))
        elif response == "answers with a page":
            host.response = PAGE
    # A `next` link is no secret, but the link to an export's file is.
    query = f"Signature={LINK_SIGNATURE}" if export else "page=1"
    env.inject_fault("lead_astray", to=f"{_address(env, target)}/file.json.gz?{query}")
    environment = {"REQUESTS_CA_BUNDLE": str(env.network.authority)}
    if export:
        return env.connector_command(
            "read", env.config(sign_in, users_initial_load="export"), "users", environment=environment
        )
    return env.connector_command("read", env.config(sign_in), environment=environment)


def _bad_certificate(env: TrialEnvironment, flaw: str, setting: str, sign_in: str, command: str) -> ConnectorCommand:
    base_url, authority = env.behind_tls(flaw)
    environment = SETTINGS.get(setting, {"REQUESTS_CA_BUNDLE": authority})
    # Connections are the same for all streams, so one stream is enough.
    return env.connector_command(command, env.config(sign_in, base_url), "roles", environment=environment)
