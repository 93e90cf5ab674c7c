"""Streams below organizations, roles, connections and applications with `follow_changes`."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from auth0_simulator import Simulator
from testing.in_process import SyncResult, sync
from testing.syncs.followed_streams import FOLLOWED, follow, held, valid, without_empty
from testing.syncs.valid_rows import EVERYBODY, READINGS, Tables
from testing.tenants import config_of

MEMBERS, DOMAINS, GROUP_ROLES = "organization_members", "organization_discovery_domains", "organization_group_roles"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(users=60, organizations=8, log_events=40, log_lateness=0.1) as simulator:
        yield simulator


def synced_into(tables: Tables, sim: Simulator, *names: str, state: Any = None, **options: Any) -> SyncResult:
    synced = follow(sim, *names, READINGS, state=state, **options)
    assert (None, []) == (synced.error, synced.error_messages)
    tables.load(synced)
    sim.clock.advance(3600)
    return synced


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.getMessage().startswith("Everything below")]


def organization(sim: Simulator, index: int) -> str:
    return str(sim.tenant.rows("organizations")[index]["id"])


def test_the_first_sync_has_everything_and_the_next_one_only_parents_that_the_log_names(sim: Simulator) -> None:
    tables, changed = Tables(), organization(sim, 1)
    first = synced_into(tables, sim, *FOLLOWED)
    for stream in FOLLOWED:
        assert without_empty(held(sim, stream)) == valid(tables, stream), stream
    everybody = {r["stream"] for r in first.records[READINGS] if r["parent_id"] == EVERYBODY}
    assert set(FOLLOWED) == everybody
    assert max(len(json.dumps(s["stream"]["stream_state"])) for s in first.states) < 2000
    user = next(iter(sim.tenant.users))
    sim.tenant.add_row(MEMBERS, changed, row={"user_id": user, "roles": []})
    domain = sim.tenant.rows(DOMAINS, organization(sim, 0))[0]["id"]
    sim.tenant.remove_row(DOMAINS, organization(sim, 0), key=domain)
    role = sim.tenant.rows("roles")[0]["id"]
    taken = next(row["user_id"] for row in sim.tenant.rows("role_users", role))
    sim.tenant.remove_row("role_users", role, key=taken)
    second = synced_into(tables, sim, *FOLLOWED, state=first.state)
    # Those that events shortly before the first sync name are read again.
    assert {changed, organization(sim, 0), role} <= {r["parent_id"] for r in second.records[READINGS]}
    assert len(second.records[READINGS]) < len(first.records[READINGS]) / 3
    for stream in FOLLOWED:
        assert without_empty(held(sim, stream)) == valid(tables, stream), stream


def test_nothing_that_changed_costs_no_request_but_for_the_log(sim: Simulator) -> None:
    first = synced_into(Tables(), sim, *FOLLOWED)
    sim.tenant.log.add("s")  # behind which no event names a parent
    sim.clock.advance(3600)
    calm = synced_into(Tables(), sim, *FOLLOWED, state=first.state)
    sim.clear_journal()
    second = synced_into(Tables(), sim, *FOLLOWED, state=calm.state)
    assert {"/logs", "/oauth/token"} == {entry.template for entry in sim.journal}
    assert not any(second.records.values())


def test_a_deleted_parent_has_no_rows_by_the_log_and_one_of_whom_nothing_tells_by_the_next_full_reading(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    tables, told, untold = Tables(), organization(sim, 1), organization(sim, 4)
    first = synced_into(tables, sim, MEMBERS, DOMAINS)
    sim.tenant.delete_parent("organizations", told)
    sim.tenant.delete_parent("organizations", untold, recorded="none")
    second = synced_into(tables, sim, MEMBERS, DOMAINS, state=first.state)
    assert 0 == (tables.reading(MEMBERS, told) or {})["rows"]
    assert {untold} == set(valid(tables, MEMBERS)) - set(held(sim, MEMBERS))  # nothing tells
    sim.clock.advance(24 * 3600)
    synced_into(tables, sim, MEMBERS, DOMAINS, state=second.state)
    assert without_empty(held(sim, MEMBERS)) == valid(tables, MEMBERS)
    (line,) = lines(caplog)
    assert "last read as a whole" in line


@pytest.mark.parametrize("kind", ["organization_member_added", "si"])
def test_an_event_of_a_user_who_joined_names_the_organization(sim: Simulator, kind: str) -> None:
    tables, joined = Tables(), organization(sim, 2)
    first = synced_into(tables, sim, MEMBERS)
    user = next(iter(sim.tenant.users))
    sim.tenant.add_row(MEMBERS, joined, row={"user_id": user, "roles": []}, recorded="none")
    sim.tenant.log.add(kind, user_id=user, organization_id=joined)
    synced_into(tables, sim, MEMBERS, state=first.state)
    assert without_empty(held(sim, MEMBERS)) == valid(tables, MEMBERS)


def test_an_organization_is_read_with_all_its_groups(sim: Simulator) -> None:
    tables, changed = Tables(), organization(sim, 1)
    first = synced_into(tables, sim, GROUP_ROLES)
    group = sim.tenant.rows("organization_groups", changed)[0]["id"]
    role = sim.tenant.rows(GROUP_ROLES, changed, group)[0]["id"]
    sim.tenant.remove_row(GROUP_ROLES, changed, group, key=role)
    sim.clear_journal()
    second = synced_into(tables, sim, GROUP_ROLES, state=first.state)
    assert without_empty(held(sim, GROUP_ROLES)) == valid(tables, GROUP_ROLES)
    (reading,) = second.records[READINGS]
    assert (changed, len(second.records[GROUP_ROLES])) == (reading["parent_id"], reading["rows"])
    groups = len(sim.tenant.rows("organization_groups", changed))
    asked = Counter(entry.template for entry in sim.journal)
    assert groups <= asked["/organizations/{organization_id}/groups/{group_id}/roles"] <= 2 * groups
    assert len(sim.tenant.rows("organizations")) > 3


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("no scope", "lacks the scope `read:logs`"),
        ("retention", "no longer keeps the log back to"),
        ("late events", "events came over an hour late"),
        ("older log", "ends before the event"),
    ],
)
def test_where_the_log_cannot_tell_everything_is_read_and_one_line_says_why(
    sim: Simulator, why: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    tables = Tables()
    first = synced_into(tables, sim, MEMBERS, DOMAINS)
    state = first.state
    gone = next(row["user_id"] for row in sim.tenant.rows(MEMBERS, organization(sim, 0)))
    sim.tenant.remove_row(MEMBERS, organization(sim, 0), key=gone, recorded="none")
    if why == "no scope":
        sim.settings.scopes -= {"read:logs", "read:logs_users"}
    elif why == "retention":
        sim.tenant.log.retention = 0.5
        sim.clock.advance(20 * 3600)
        sim.tenant.log.add("s")
    elif why == "late events":
        sim.tenant.log_api_write("patch", f"/organizations/{organization(sim, 1)}", late=30 * 3600)
    else:
        for saved in state:
            content = saved["stream"]["stream_state"]
            if "log_id" in content:
                content["log_id"] = f"{int(content['log_id']) + 10**40}"
    synced_into(tables, sim, MEMBERS, DOMAINS, state=state)
    (line,) = lines(caplog)
    assert said in line
    assert without_empty(held(sim, MEMBERS)) == valid(tables, MEMBERS)


def test_without_the_option_streams_are_read_whole_as_they_were(sim: Simulator) -> None:
    plain = sync(config_of(sim), MEMBERS, full_refresh=True)
    assert not any("read_at" in row for row in plain.records[MEMBERS])
    assert {"__ab_no_cursor_state_message": True} == plain.state_of(MEMBERS)
    followed = follow(sim, MEMBERS)
    rows = [{name: value for name, value in row.items() if name != "read_at"} for row in followed.records[MEMBERS]]
    assert sorted(map(json.dumps, plain.records[MEMBERS])) == sorted(map(json.dumps, rows))


@pytest.mark.parametrize("stream", [MEMBERS, GROUP_ROLES])
def test_the_next_attempt_of_a_full_refresh_reads_what_is_left_and_what_changed(sim: Simulator, stream: str) -> None:
    first = follow(sim, stream, full_refresh=True, generation=7, num_workers=2)
    rows, state = cut_at(first, stream, 0.7)
    assert ["full_refresh"] == list(state[0]["stream"]["stream_state"])
    sim.clock.advance(3600)
    user = next(iter(sim.tenant.users))
    new = {**sim.tenant.rows("organizations")[0], "id": "org_00000000000000", "name": "new"}
    sim.tenant.create_parent("organizations", new)
    if stream == MEMBERS:
        sim.tenant.add_row(MEMBERS, new["id"], row={"user_id": user, "roles": []})
    second = follow(sim, stream, state=state, full_refresh=True, generation=7, num_workers=2)
    assert None is second.error
    tables = Tables()
    for synced_rows in (rows, second.records[stream]):
        done = SyncResult()
        done.records[stream] = synced_rows
        tables.load(done)
    columns = {"read_at"}
    again = follow(sim, stream, full_refresh=True, generation=8)
    expected = {
        json.dumps({k: v for k, v in r.items() if k not in columns}, sort_keys=True) for r in again.records[stream]
    }
    found = {
        json.dumps({k: v for k, v in r.items() if k not in columns}, sort_keys=True)
        for r in tables.rows[stream].values()
    }
    assert expected == found
    assert len(second.records[stream]) < len(first.records[stream])
    assert {"__ab_no_cursor_state_message": True} == second.state_of(stream)
    next_generation = follow(sim, stream, state=state, full_refresh=True, generation=8)
    assert len(again.records[stream]) == len(next_generation.records[stream])


def cut_at(synced: SyncResult, stream: str, part: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows that precede the last state emitted before this part of the rows, and that state."""
    total = len(synced.records[stream])
    before = [n for n, rows in enumerate(synced.own_rows_before) if rows <= part * total]
    return synced.records[stream][: synced.own_rows_before[before[-1]]], [synced.states[before[-1]]]


@pytest.mark.accept
def test_an_attempt_after_one_that_was_killed_at_90_percent_repeats_at_most_2_percent() -> None:
    with Simulator(users=10, organizations=1000, log_events=20) as sim:
        first = follow(sim, DOMAINS, full_refresh=True, generation=1)
        total = len(first.records[DOMAINS])
        _, state = cut_at(first, DOMAINS, 0.9)
        sim.clear_journal()
        second = follow(sim, DOMAINS, state=state, full_refresh=True, generation=1)
        asked = sum(entry.template == "/organizations/{id}/discovery-domains" for entry in sim.journal)
        print(f"{asked} of 1000 organizations, {len(second.records[DOMAINS])} of {total} rows")  # noqa: T201 - a measure
        assert asked <= 0.12 * 1000
