"""Drips at every route: sign-in, each list, an export's job and file, the event stream; TLS handshakes; proxies."""

import os
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path

from soak.drips.checks import DrippedCheck, checkable, run_checks
from soak.drips.connections import connection_tallies
from soak.drips.dripped_tenant import DOWNLOAD, SIGN_IN, DrippedTenant, Route, dripped_tenant
from soak.drips.judgement import complaints, is_of_parents, losses, losses_after_next_sync
from soak.tally import Tally
from source_auth0.manifest.files import stream_files
from testing.servers.dripping_front import ANSWER_DRIPS, Drip


def suite(seed: int) -> Iterator[Tally]:  # noqa: ARG001 - nothing here is left to chance
    """A tally for each way in which an answer drips, and for those of whole connections."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, dripped_tenant() as tenant:
        # Its hundred thousand log lines. The tallies are printed in between.
        with redirect_stdout(nowhere):
            tenant.read_clean(list(stream_files()))
        for drip in ANSWER_DRIPS:
            with redirect_stdout(nowhere):
                tally = answers_that_drip(tenant, drip, checkable())
            yield tally
        for make in connection_tallies:
            with redirect_stdout(nowhere):
                tally = make(tenant)
            yield tally
    sys.stdout.flush()


def groups_of(routes: Collection[Route]) -> list[set[Route]]:
    """The routes in four groups that drip in one sync each.

    No route is together with that of its parents, which it would never be asked after, and beside each group most
    streams have to be complete.
    """
    lists = sorted(route for route in routes if "{" not in route[1] and route not in {SIGN_IN, DOWNLOAD})
    children = {route for route in routes if route[1].count("{") == 1}
    deeper = {route for route in routes if route[1].count("{") > 1} | {DOWNLOAD}.intersection(routes)
    return [group for group in (set(lists[::2]), set(lists[1::2]), children, deeper) if group]


def answers_that_drip(tenant: DrippedTenant, drip: Drip, checked: Sequence[str]) -> Tally:
    """Syncs of all streams while a group of routes drips, the next syncs, and checks."""
    tally, lists, of_parents = Tally(drip.name), [0.0], [0.0]
    asked: set[Route] = set()
    routes: set[Route] = set().union(*tenant.routes.values()) - {SIGN_IN}
    for dripping in groups_of(routes):
        done = tenant.sync(dict.fromkeys(dripping, drip))
        resumed = tenant.resume(done)
        tally.runs += 2
        tally.records += 2 * sum(map(len, tenant.keys.values()))
        missing = [*losses(tenant, done), *losses_after_next_sync(tenant, done, resumed)]
        tally.losses, tally.hangs = tally.losses + len(missing), tally.hangs + done.hung
        tally.complaints += missing
        tally.complaints += complaints(tenant, done, dripping)
        asked |= done.dripped
        for name in done.errors:
            (of_parents if is_of_parents(tenant, name, dripping) else lists).append(done.seconds.get(name, 0.0))
    if silent := routes - asked:
        tally.complaints.append(f"no request was sent to {sorted(silent)}")
    checks = [*checks_of(tenant, drip, checked), *checks_of(tenant, drip, checked[:1], sign_in=True)]
    tally.runs += len(checks)
    # Of an event stream it is enough that it opens.
    problems = (check.problem(may_succeed=check.stream == "events") for check in checks)
    tally.complaints += [problem for problem in problems if problem]
    tally.more = (
        f"ended after at most {max(lists):.0f} s for a list, {max(of_parents):.0f} s for one of many parents, "
        f"{max(check.seconds for check in checks):.0f} s for a check"
    )
    return tally


def checks_of(
    tenant: DrippedTenant, drip: Drip, streams: Sequence[str], *, sign_in: bool = False
) -> list[DrippedCheck]:
    """Checks of these streams, each as of an application that may read it alone."""
    with tenant.dripping(lambda route: drip if (route == SIGN_IN) == sign_in else None):
        return list(run_checks(tenant.config(), streams))
