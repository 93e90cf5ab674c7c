"""A sample of the drips that `make soak` tries at every route, and some of them with the true timeouts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from auth0_simulator import Simulator
from soak.drips.checks import checkable
from soak.drips.dripped_tenant import DOWNLOAD, SIGN_IN, DrippedTenant, Route, dripped_tenant, route_of
from soak.drips.judgement import complaints, losses, losses_after_next_sync
from soak.drips.suite import checks_of
from soak.faults.archetypes import ARCHETYPES
from testing.command import CommandResult, configured_catalog, run
from testing.servers.dripping_front import ANSWER_DRIPS, DrippingFront
from testing.tenants import config_of

HEADER, BODY, CHUNK, ERROR, HALF_CLOSED = ANSWER_DRIPS
#: A way to drip for one route of each sort.
DRIPS = {
    ("GET", "/organizations"): HEADER,
    DOWNLOAD: BODY,
    ("GET", "/log-streams"): CHUNK,
    ("GET", "/events"): ERROR,
    ("GET", "/branding"): HALF_CLOSED,
}
FAILING = {"organizations", "organization_enabled_connections", "users", "log_streams", "events", "branding"}
COMPLETE = {"roles", "actions", "client_profiles", "logs"}
#: The patience of one request: five minutes of retries, the last of them with its minute, and the start of the process.
MAX_READ_SECONDS, MAX_CHECK_SECONDS = 400, 60


@pytest.fixture(scope="module")
def tenant() -> Iterator[DrippedTenant]:
    with dripped_tenant() as made:
        made.read_clean(sorted(FAILING | COMPLETE))
        yield made


@pytest.mark.slow
def test_streams_that_drip_end_by_name_and_others_are_complete(tenant: DrippedTenant) -> None:
    done = tenant.sync(DRIPS)
    assert not done.hung
    assert set(DRIPS) == done.dripped
    assert set(done.errors) == FAILING
    resumed = tenant.resume(done)
    problems = [*complaints(tenant, done, DRIPS), *losses(tenant, done), *losses_after_next_sync(tenant, done, resumed)]
    assert [] == problems


@pytest.mark.parametrize("sign_in", [True, False])
@pytest.mark.parametrize("drip", ANSWER_DRIPS, ids=lambda drip: drip.name)
def test_a_check_ends_within_a_minute(tenant: DrippedTenant, drip: Any, sign_in: bool) -> None:
    streams = ["events", "roles", "users"]
    assert set(streams) <= set(checkable())
    checks = checks_of(tenant, drip, streams, sign_in=sign_in)
    opens = {"events"} if not sign_in and drip in {BODY, CHUNK, HALF_CLOSED} else set()
    assert [] == [problem for one in checks if (problem := one.problem(may_succeed=one.stream in opens))]


@pytest.mark.accept
def test_every_sort_of_stream_ends_while_all_its_routes_drip() -> None:
    with dripped_tenant() as made:
        made.read_clean(sorted({archetype.stream for archetype in ARCHETYPES}))
        routes = set().union(*made.routes.values()) - {SIGN_IN}
        drips = {
            route: ANSWER_DRIPS[n % len(ANSWER_DRIPS)] for n, route in enumerate(sorted(routes)) if _is_list(route)
        }
        done = made.sync(drips)
        assert [] == [*complaints(made, done, drips), *losses(made, done)]
        assert done.errors


def _is_list(route: Route) -> bool:
    return "{" not in route[1]


@pytest.mark.accept
def test_with_the_true_timeouts_check_ends_in_a_minute_and_read_in_its_patience() -> None:
    """A byte every two seconds; an answer that is whole after a minute is not waited for any longer."""
    with (
        Simulator(users=30, organizations=3, export_seconds=0) as sim,
        DrippingFront(sim.base_url, 2.0).listening() as api,
        DrippingFront(sim.download_url, 2.0, lambda *_: BODY).listening() as downloads,
        ThreadPoolExecutor(4) as pool,
    ):
        sim.exports.base_url = downloads.base_url
        api.drip_of = lambda method, path: HEADER if route_of(method, path) == ("GET", "/roles") else None
        with DrippingFront(sim.base_url, 2.0, lambda *_: HEADER).listening() as all_drip:
            config = config_of(sim, base_url=api.base_url, users_initial_load="export_only")
            check = pool.submit(_run, "check", config={**config, "base_url": all_drip.base_url})
            catalog = _catalog("roles", "users", "organizations")
            read = pool.submit(_run, "read", timeout=MAX_READ_SECONDS, config=config, catalog=catalog).result()
            answer = check.result()
        organizations = {row["id"] for row in sim.tenant.rows("organizations")}
    assert "FAILED" == answer.of_type("CONNECTION_STATUS")[0]["status"]
    assert {"roles", "users"} == set(read.stream_errors)
    assert "`roles` could not be read" in read.stream_errors["roles"]
    assert "`users` could not be downloaded in 5 attempts" in read.stream_errors["users"]
    assert organizations == {row["id"] for row in read.records["organizations"]}


def _run(command: str, *, timeout: float = MAX_CHECK_SECONDS, **files: Any) -> CommandResult:
    return run(command, timeout=timeout, **files)


def _catalog(*names: str) -> dict[str, Any]:
    return configured_catalog(
        [{"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]} for name in names]
    )
