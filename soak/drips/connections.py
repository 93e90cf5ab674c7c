"""Drips before any route can be told: sign-in, its renewal, TLS handshakes, proxies."""

import itertools
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

from soak.drips.checks import run_checks
from soak.drips.dripped_tenant import DRIP_SECONDS, SIGN_IN, SPEED, DrippedSync, DrippedTenant, Route
from soak.drips.judgement import MAX_LIST_SECONDS, losses
from soak.tally import Tally
from testing.network import certificate
from testing.servers.dripping_front import ANSWER_DRIPS, HANDSHAKE, Drip, DrippingFront
from testing.servers.dripping_servers import HEADER, TLS_RECORD, TUNNEL, dripping_server
from testing.syncs.sync_probe import is_unreadable

#: The first sign-in is given up after half a minute, and a busy machine is given another.
MAX_SIGN_IN_SECONDS = 60.0
NO_PROXIES = {"NO_PROXY": "", "no_proxy": ""}


def renewal(tenant: DrippedTenant) -> Tally:
    """A token that lasts a minute, and whose renewals drip."""
    tally, settings, seconds = Tally("the renewal of a token"), tenant.sim.settings, [0.0]
    lifetime, settings.token_lifetime = settings.token_lifetime, 60
    for drip in ANSWER_DRIPS[:2]:
        with tenant.dripping(_sign_in_drips(drip, after=1)):
            done = tenant.read()
        tally.records += _count(tally, tenant, done, seconds)
    settings.token_lifetime = lifetime
    return _told(tally, seconds)


def handshakes(tenant: DrippedTenant) -> Tally:
    """Every third TLS handshake, with which all streams are complete; then all of them but the first."""
    tally, seconds = Tally("TLS handshakes, every third and all but the first"), [0.0]
    schedules: tuple[Callable[[int], bool], ...] = (lambda n: n % 3 == 2, lambda n: n > 0)
    for drips in schedules:
        with _tls_front(tenant, drips) as front:
            done = tenant.read(base_url=front.base_url, users_initial_load="search")
        tally.records += _count(tally, tenant, done, seconds)
        if drips(2) and not drips(1) and done.synced.error is not None:
            tally.complaints.append(f"handshakes that drip now and then fail {done.errors}")
    return _told(tally, seconds)


def proxies(tenant: DrippedTenant) -> Tally:
    """A proxy whose answer to CONNECT drips, and one whose tunnel does."""
    tally, seconds, checks = Tally("a proxy: its answer, and its tunnel"), [0.0], [0.0]
    for parts in ((HEADER,), (TUNNEL, TLS_RECORD)):
        with (
            dripping_server(*parts) as address,
            patch.dict(os.environ, {**NO_PROXIES, "HTTPS_PROXY": f"http://{address}"}),
        ):
            base_url = "https://acme.us.auth0.com"
            done = tenant.read(base_url=base_url, users_initial_load="search")
            (check,) = run_checks(tenant.config(base_url=base_url), ["roles"])
        tally.records += _count(tally, tenant, done, seconds, limit=MAX_SIGN_IN_SECONDS)
        tally.runs += 1
        checks.append(check.seconds)
        tally.complaints += filter(None, [check.problem(may_succeed=False)])
    return _told(tally, seconds, f", {max(checks):.0f} s for a check")


def first_sign_in(tenant: DrippedTenant) -> Tally:
    """The token endpoint, in every way."""
    tally, seconds = Tally("the first sign-in"), [0.0]
    for drip in ANSWER_DRIPS:
        with tenant.dripping(_sign_in_drips(drip)):
            done = tenant.read()
        tally.records += _count(tally, tenant, done, seconds, limit=MAX_SIGN_IN_SECONDS)
    return _told(tally, seconds)


def _sign_in_drips(drip: Drip, after: int = 0) -> Callable[[Route], Drip | None]:
    """Drips at the token endpoint alone, after so many requests."""
    requests = itertools.count()
    return lambda route: drip if route == SIGN_IN and next(requests) >= after else None


#: What of connections drips, in order.
connection_tallies: tuple[Callable[[DrippedTenant], Tally], ...] = (first_sign_in, renewal, handshakes, proxies)


def _count(
    tally: Tally, tenant: DrippedTenant, done: DrippedSync, seconds: list[float], limit: float = MAX_LIST_SECONDS
) -> int:
    """Count a sync whose every stream may fail, with a sentence and in time; returns the rows compared."""
    tally.runs += 1
    missing = list(losses(tenant, done))
    tally.losses, tally.hangs = tally.losses + len(missing), tally.hangs + done.hung
    tally.complaints += missing
    tally.complaints += [f"`{name}` says {text!r}" for name, text in done.errors.items() if is_unreadable(text)]
    tally.complaints += [f"`{name}` takes {took:.0f} seconds" for name, took in done.seconds.items() if took > limit]
    seconds.extend(done.seconds.values())
    return sum(map(len, tenant.keys.values()))


def _told(tally: Tally, seconds: list[float], more: str = "") -> Tally:
    return replace(tally, more=f"ended after at most {max(seconds):.0f} s for a stream{more}")


@contextmanager
def _tls_front(tenant: DrippedTenant, drips: Callable[[int], bool]) -> Iterator[DrippingFront]:
    """A front that speaks TLS; `drips` says of each connection, counted from 0, whether its handshake does."""
    numbers = itertools.count()
    with tempfile.TemporaryDirectory() as folder:
        authority = certificate(Path(folder))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(folder) / "server.pem")
        front = DrippingFront(
            tenant.sim.base_url,
            DRIP_SECONDS / SPEED,
            lambda method, _path: HANDSHAKE if not method and drips(next(numbers)) else None,
            context,
        )
        with (
            front.listening(),
            patch.dict(os.environ, {"REQUESTS_CA_BUNDLE": str(authority), "HTTPS_PROXY": "", "https_proxy": ""}),
        ):
            yield front
