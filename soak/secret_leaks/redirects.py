"""Trials of addresses: redirects, links that lead elsewhere, files on other hosts, and certificates."""

import itertools
from collections.abc import Iterator, Mapping
from functools import partial

from soak.secret_leaks.processes.command_runs import ConnectorCommand
from soak.secret_leaks.trial import FEW_STREAMS, LINK_SIGNATURE, SIGN_INS, Trial, TrialEnvironment

STATUSES = (301, 302, 303, 307, 308)
#: Where a redirect strikes; an address of None is each and every one.
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
ANSWERS = ("asks for a token", "redirects", "redirects to http", "answers with a page")
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\n[]"
CERTIFICATE_FLAWS = ("expired", "another name", "another authority")
#: Settings of a machine that must not make up for a bad certificate.
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
    """Redirects of every status, from every kind of address, to every kind of host."""
    for struck, target, status, sign_in in itertools.product(REDIRECTED_PATHS, TARGETS, STATUSES, SIGN_INS):
        prepare = partial(_redirected, struck=struck, target=target, status=status, sign_in=sign_in)
        never = sign_in == "a token" and struck == "/oauth/token"
        # Where the export fails, users are read by search.
        ends = "somehow" if struck and ("export" in struck or never) else "badly"
        yield Trial("a redirect", f"{status} of {struck or 'all'} to {target}, by {sign_in}", prepare, ends=ends)


def foreign_links() -> Iterator[Trial]:
    """`next`, `Link` and an export's `location` that name another host, whatever that host answers."""
    for target, answer, sign_in in itertools.product(TARGETS, ANSWERS, SIGN_INS):
        for export in (False, True):
            prepare = partial(_led_astray, target=target, answer=answer, sign_in=sign_in, export=export)
            kind = "an export's file on another host" if export else "`next` and `Link` to another host"
            yield Trial(kind, f"{target} that {answer}, by {sign_in}", prepare)


def bad_certificates() -> Iterator[Trial]:
    """Certificates that are not to be trusted, whatever the machine's settings, and one that is."""
    for flaw, setting, sign_in in itertools.product(CERTIFICATE_FLAWS, ("its own authority", *SETTINGS), SIGN_INS):
        for command in ("check", "read"):
            prepare = partial(_distrusted, flaw=flaw, setting=setting, sign_in=sign_in, command=command)
            name = f"{flaw}, {setting}, {sign_in}, {command}"
            yield Trial("a bad certificate", name, prepare, ends="badly", may_reach_tenant=False)
    for setting, command in itertools.product(SETTINGS, ("check", "read")):
        prepare = partial(_distrusted, flaw="", setting=setting, sign_in=SIGN_INS[0], command=command)
        yield Trial(
            "a bad certificate", f"unknown, {setting}, {command}", prepare, ends="badly", may_reach_tenant=False
        )
    prepare = partial(_distrusted, flaw="", setting="its own authority", sign_in=SIGN_INS[0], command="read")
    yield Trial("a bad certificate", "none: a good one", prepare, ends="well")


def _address(scene: TrialEnvironment, target: str) -> str:
    if target == "another host by https":
        return scene.network.trusted.url
    url = scene.network.plain.url
    return url if target == "another host by http" else url.replace("localhost", "127.0.0.1")


def _redirected(
    scene: TrialEnvironment, struck: str | None, target: str, status: int, sign_in: str
) -> ConnectorCommand:
    scene.inject_fault("redirect", struck, status=status, to=f"{_address(scene, target)}/api/v2/users?page=1")
    load = "export" if struck and "export" in struck else "search"
    # A host whose certificate the machine trusts is the one that a client would follow to.
    trust = {"REQUESTS_CA_BUNDLE": str(scene.network.authority)}
    return scene.order("read", scene.config(sign_in, users_initial_load=load), *FEW_STREAMS, environment=trust)


def _led_astray(scene: TrialEnvironment, target: str, answer: str, sign_in: str, *, export: bool) -> ConnectorCommand:
    beyond = scene.network.beyond.url
    for one in (scene.network.trusted, scene.network.plain):
        if answer.startswith("redirects"):
            one.redirects_to(beyond if answer == "redirects" else beyond.replace("https", "http"))
        elif answer == "answers with a page":
            one.answer = PAGE
    # A `next` is no secret, the link to a file is.
    query = f"Signature={LINK_SIGNATURE}" if export else "page=1"
    scene.inject_fault("lead_astray", to=f"{_address(scene, target)}/file.json.gz?{query}")
    trust = {"REQUESTS_CA_BUNDLE": str(scene.network.authority)}
    if export:
        return scene.order("read", scene.config(sign_in, users_initial_load="export"), "users", environment=trust)
    return scene.order("read", scene.config(sign_in), environment=trust)


def _distrusted(scene: TrialEnvironment, flaw: str, setting: str, sign_in: str, command: str) -> ConnectorCommand:
    base_url, authority = scene.behind_tls(flaw)
    environment = SETTINGS.get(setting, {"REQUESTS_CA_BUNDLE": authority})
    # Attempts are the same for all streams, so one will do.
    return scene.order(command, scene.config(sign_in, base_url), "roles", environment=environment)
