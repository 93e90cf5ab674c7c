"""What an hour in which few organizations changed costs: their own requests, whatever the number of the others."""

from collections import Counter

import pytest

from auth0_simulator import Simulator
from auth0_simulator.control.journal import JournalEntry
from testing.syncs.followed_streams import follow
from testing.syncs.valid_rows import READINGS

#: The streams below organizations, but for the one that asks for each role of each member.
STREAMS = (
    "organization_members",
    "organization_member_roles",
    "organization_role_members",
    "organization_member_effective_roles",
    "organization_groups",
    "organization_group_roles",
    "organization_role_groups",
    "organization_clients",
    "organization_client_grants",
    "organization_connections",
    "organization_enabled_connections",
    "organization_discovery_domains",
    "organization_invitations",
)
#: Requests beside those of the organizations that changed and of the log: the list of organizations, of roles, a token.
MAX_OTHERS = 100


@pytest.mark.parametrize(
    ("organizations", "changed", "events"), [(150, 5, 100), pytest.param(5000, 50, 1900, marks=pytest.mark.accept)]
)
def test_the_second_sync_asks_for_the_organizations_that_changed(organizations: int, changed: int, events: int) -> None:
    with Simulator(users=2, organizations=organizations, log_events=20, log_days=30) as sim:
        first = follow(sim, *STREAMS, READINGS)
        assert (None, []) == (first.error, first.error_messages)
        costs, total = requests_by_organization(sim.journal), len(sim.journal)
        ids = [row["id"] for row in sim.tenant.rows("organizations")][7 :: organizations // changed][:changed]
        for number in range(events):
            sim.clock.advance(3600 / events)
            if number % (events // changed) == 0 and ids[number // (events // changed) :]:
                domain = {"id": f"ord_new{number}", "domain": f"n{number}.example.com", "status": "pending"}
                organization = ids[number // (events // changed)]
                sim.tenant.add_row("organization_discovery_domains", organization, row=domain)
            else:
                sim.tenant.log.add("s", user_id=f"auth0|{number}")
        sim.clear_journal()
        second = follow(sim, *STREAMS, READINGS, state=first.state)
        assert (None, []) == (second.error, second.error_messages)
        asked = [entry for entry in sim.journal if entry.template != "/logs"]
        assert set(ids) == {row["parent_id"] for row in second.records[READINGS]}
        added = [row["id"] for row in second.records["organization_discovery_domains"] if "ord_new" in row["id"]]
        assert changed == len(added)
        print(  # noqa: T201 - what `make accept` reports
            f"{organizations} organizations: {total} requests at first, then {len(asked)} and "
            f"{len(sim.journal) - len(asked)} of the log, for {changed} that changed, which cost "
            f"{sum(costs[each] for each in ids)} at first"
        )
        assert len(asked) <= sum(costs[each] for each in ids) + MAX_OTHERS


def requests_by_organization(journal: list[JournalEntry]) -> Counter[str]:
    """How many requests were about each organization."""
    paths = (entry.path.removeprefix("/api/v2").split("/") for entry in journal)
    return Counter(parts[2] for parts in paths if parts[1:2] == ["organizations"] and len(parts) > 2)
