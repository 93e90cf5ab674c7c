"""The estimate of docs/planning.md, compared with a first sync."""

import importlib.util
from collections import Counter
from pathlib import Path

from auth0_simulator import Simulator
from testing.in_process import sync
from testing.tenants import config_of

ESTIMATE = Path(__file__).parents[2] / "docs/estimate.py"

#: Auth0 may send a short page although more follow; the simulated tenant does so for one page of six in a long list.
SHORT_PAGES = 1.2


def test_a_first_sync_takes_no_more_requests_than_estimated_and_not_far_fewer() -> None:
    spec = importlib.util.spec_from_file_location("estimate", ESTIMATE)
    assert spec is not None
    assert spec.loader is not None
    estimate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(estimate)
    with Simulator(users=6000, organizations=20) as sim:
        streams = ("users", "organizations", "organization_members", "organization_member_roles")
        assert sync(config_of(sim), *streams, full_refresh=True).error is None
        requests = Counter(request.template for request in sim.journal)
        sizes = [len(sim.tenant.rows("organization_members", row["id"])) for row in sim.tenant.rows("organizations")]
    expected = estimate.requests_of(6000, 20, 0)
    expected["/organizations/{id}/members"] = sum(
        estimate.requests_of(0, 1, size)["/organizations/{id}/members"] for size in sizes
    )
    for path, bound in expected.items():
        assert bound / 2 < requests[path] <= SHORT_PAGES * bound, path
