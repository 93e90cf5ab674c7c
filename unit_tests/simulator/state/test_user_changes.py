"""Users who are touched on a schedule: computed from the clock, in searches, in the log."""

from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth0_simulator import Simulator
from auth0_simulator.search.indexing_queue import seeded_lateness
from auth0_simulator.state.clock import Clock, timestamp
from auth0_simulator.state.tenant_options import TenantOptions
from auth0_simulator.tenant import Tenant

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
ALL = "updated_at:[* TO *]"
HOUR = 3600


def make_tenant(users: int = 20, **options) -> Tenant:
    tenant = Tenant(3, Clock(NOW), TenantOptions(users=users, spread=timedelta(days=2), **options), frozenset())
    tenant.clock.freeze(NOW)
    return tenant


def shown(tenant: Tenant, query: str = ALL, sort: str = "updated_at:1") -> dict:
    """The rows that a search shows by id, in order."""
    found = tenant.user_index.search(query, sort, 0, 100_000)
    rows = [tenant.user_index.row(slot) for slot in found.slots]
    assert found.total == len(rows) == len({row["user_id"] for row in rows})
    return {row["user_id"]: row for row in rows}


def present(tenant: Tenant) -> dict:
    return {user_id: tenant.users.get(user_id) for user_id in tenant.users}


def test_a_touched_user_logs_in_again_and_again():
    tenant = make_tenant()
    user_id, other = list(tenant.users)[:2]
    before = tenant.users.get(user_id)
    tenant.touch_users([user_id], every=10, together=True)
    assert before == tenant.users.get(user_id)
    tenant.clock.advance(9.75)
    assert before == tenant.users.get(user_id)
    for seconds, count in ((0.25, 1), (9.75, 1), (0.25, 2), (HOUR + 5, 362)):
        tenant.clock.advance(seconds)
        moment = timestamp(int(NOW.timestamp() * 1000) + count * 10_000)
        logins = before.get("logins_count", 0) + count
        touched = {"updated_at": moment, "last_login": moment, "logins_count": logins, "last_ip": "203.0.113.7"}
        assert {**before, **touched} == tenant.users.get(user_id) == shown(tenant)[user_id]
        assert user_id == list(shown(tenant))[-1]
    assert tenant.users.get(other) == shown(tenant)[other]


def test_an_update_on_a_schedule_moves_updated_at_alone():
    tenant = make_tenant()
    user_id = next(iter(tenant.users))
    before = tenant.users.get(user_id)
    tenant.touch_users([user_id], every=0.5, by="update", together=True)
    tenant.clock.advance(2)
    assert {**before, "updated_at": "2026-03-01T12:00:02.000Z"} == tenant.users.get(user_id)


def test_users_take_turns_unless_they_are_touched_together():
    for together in (False, True):
        tenant = make_tenant(300)
        tenant.touch_users(tenant.users, every=60, together=together)
        tenant.clock.advance(120)
        moments = {row["updated_at"] for row in shown(tenant).values()}
        assert (len(moments) == 1) == together
        assert together or (
            len(moments) > 250 and min(moments) < "2026-03-01T12:01:02" and max(moments) > "2026-03-01T12:01:58"
        )


def test_other_changes_of_touched_users_are_kept():
    tenant = make_tenant()
    ids = list(tenant.users)
    logins = tenant.users.get(ids[0]).get("logins_count", 0)
    tenant.touch_users(ids[:3], every=10, together=True)
    tenant.clock.advance(15)
    tenant.update_user(ids[0], nickname="changed")
    tenant.delete_user(ids[1])
    assert "2026-03-01T12:00:15.000Z" == tenant.users.get(ids[0])["updated_at"]
    tenant.clock.advance(6)
    row = tenant.users.get(ids[0])
    assert ("changed", "2026-03-01T12:00:20.000Z") == (row["nickname"], row["updated_at"])
    tenant.login(ids[0])
    tenant.stop_touching([ids[0]])
    tenant.clock.advance(HOUR)
    row = tenant.users.get(ids[0])
    assert (logins + 3, "2026-03-01T12:00:21.000Z") == (row["logins_count"], row["updated_at"])
    assert [ids[2]] == tenant.users.scheduled()
    tenant.stop_touching()
    before = present(tenant)
    tenant.clock.advance(HOUR)
    assert before == present(tenant) == shown(tenant)


def test_a_touched_user_in_a_late_index_is_as_at_the_indexed_time():
    tenant = make_tenant(index_lag=60)
    user_id = next(iter(tenant.users))
    tenant.touch_users([user_id], every=1, together=True)
    history = {}
    for second in range(1, 200):
        tenant.clock.advance(1)
        history[second] = tenant.users.get(user_id)
        if second > 61:
            assert history[second - 60] == shown(tenant)[user_id]
    tenant.user_index.indexing.stalled = True
    tenant.clock.advance(3 * HOUR)
    assert history[139] == shown(tenant)[user_id]
    tenant.user_index.indexing.stalled = False
    tenant.user_index.indexing.lag = 0
    assert tenant.users.get(user_id) == shown(tenant)[user_id]


class SecondBySecond:
    """Does to a tenant what a test says, and keeps every version of every user with the time when it is due."""

    def __init__(self, tenant, delay, every):
        self.tenant, self.delay, self.every = tenant, delay, every
        self.versions = {user_id: [(float("-inf"), tenant.users.get(user_id))] for user_id in tenant.users}
        self.indexed = dict.fromkeys(self.versions, 0)
        self.touched: dict = {}
        self.stalled = False

    def act(self, action, number):
        ids = sorted(self.tenant.users)
        if action in {"stall", "resume"}:
            self.tenant.user_index.indexing.stalled = self.stalled = action == "stall"
        elif action == "wait":
            for _ in range(number**2):
                self.wait_a_second()
        elif ids:
            self.change(action, ids[number % len(ids)])
        self.take_in()

    def wait_a_second(self):
        self.tenant.clock.advance(1)
        for user_id, since in self.touched.items():
            if (self.tenant.clock.epoch() - since) % self.every == 0:
                self.record(user_id)
        self.take_in()

    def change(self, action, user_id):
        if action == "touch":
            self.tenant.touch_users([user_id], every=self.every, together=True)
            self.touched[user_id] = self.tenant.clock.epoch()
        elif action == "stop":
            self.tenant.stop_touching([user_id])
        else:
            methods = {"login": "login", "delete": "delete_user", "update": "update_user"}
            getattr(self.tenant, methods[action])(user_id)
        if action in {"stop", "delete"}:
            self.touched.pop(user_id, None)
        self.record(user_id)

    def record(self, user_id):
        known = self.versions[user_id]
        known.append((self.tenant.clock.epoch() + self.delay(user_id, len(known)), self.tenant.users.get(user_id)))

    def take_in(self):
        if not self.stalled:
            for user_id, known in self.versions.items():
                due = [number for number, (at, _) in enumerate(known) if at <= self.tenant.clock.epoch()]
                self.indexed[user_id] = max([self.indexed[user_id], *due])

    def shown(self):
        rows = {user_id: known[self.indexed[user_id]][1] for user_id, known in self.versions.items()}
        return {user_id: row for user_id, row in rows.items() if row is not None}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["update", "login", "delete", "touch", "stop", "wait", "wait", "stall", "resume"]),
            st.integers(0, 9),
        ),
        max_size=30,
    ),
    st.sampled_from([0.0, 5.0]),
    st.sampled_from([0.0, 40.0]),
    st.sampled_from([1.0, 7.0]),
)
def test_an_index_of_touched_users_holds_the_newest_version_that_is_due(actions, lag, maximum, every):
    """Compared with one change a touch, made second by second."""
    tenant = make_tenant(6, index_lag=lag, index_lateness=maximum)
    model = SecondBySecond(tenant, lambda user_id, number: lag + (seeded_lateness(3, maximum)(user_id, number)), every)
    for action, number in [*actions, ("wait", 3)]:
        model.act(action, number)
    assert model.shown() == shown(tenant)


@pytest.mark.parametrize("lateness", [0.0, 6.0 * HOUR])
def test_hours_of_touches_every_second_cost_no_more_than_the_users(lateness):
    """A third of 3,000 users, each touched 10,800 times, and every one of them in the index once it had time."""
    tenant = make_tenant(3000, index_lateness=lateness)
    tenant.touch_users(list(tenant.users)[::3], every=1)
    for _ in range(3):
        tenant.clock.advance(HOUR)
        assert 3000 == len(shown(tenant))
    recent = timestamp(tenant.clock.milliseconds() - 999)
    assert (1000 if lateness == 0 else 0) == len(shown(tenant, f"updated_at:[{recent} TO *]"))
    tenant.stop_touching()
    tenant.clock.advance(lateness)
    assert present(tenant) == shown(tenant)


def test_touches_are_logged_where_that_is_wanted(connect):
    with Simulator(users=20, now=NOW) as sim:
        sim.clock.freeze(NOW)
        client = connect(sim)
        ids = list(sim.tenant.users)
        known = len(sim.tenant.log)
        sim.tenant.touch_users(ids[:1], every=10, together=True, log=True)
        sim.tenant.touch_users(ids[1:2], every=15, by="update", together=True, log=True)
        sim.tenant.touch_users(ids[2:3], every=1)
        sim.clock.advance(35)
        sim.tenant.login(ids[0])
        sim.clock.advance(10)
        sim.tenant.delete_user(ids[0], events="none")
        sim.clock.advance(15)
        sim.tenant.stop_touching()
        sim.clock.advance(HOUR)
        events = sim.tenant.log.rows()[known:]
        expected = [
            ("s", 10),
            ("sapi", 15),
            ("s", 20),
            ("s", 30),
            ("sapi", 30),
            ("s", 35),
            ("s", 40),
            ("sapi", 45),
            ("sapi", 60),
        ]
        dates = [(event["type"], event["date"]) for event in events]
        assert [(kind, f"2026-03-01T12:0{at // 60}:{at % 60:02}.000Z") for kind, at in expected] == dates
        assert {ids[0]} == {event["user_id"] for event in events if event["type"] == "s"}
        counts = [event["details"]["prompts"][0]["stats"]["loginsCount"] for event in events if event["type"] == "s"]
        assert counts == list(range(counts[0], counts[0] + 5))
        assert sorted(event["log_id"] for event in events) == [event["log_id"] for event in events]
        assert 5 == len(client.get("/logs", q="type:s AND date:[2026-03-01T12:00:00 TO *]", per_page=100).json)


def test_the_control_plane_touches_users(connect):
    with Simulator(users=20, now=NOW) as sim:
        sim.clock.freeze(NOW)
        client = connect(sim)
        user_id = next(iter(sim.tenant.users))
        assert 200 == client.control("POST", "/users", {"touch": {"user_ids": [user_id], "every": 1}}).status
        client.control("POST", "/clock", {"advance": 60})
        row = client.get(f"/users/{quote(user_id, safe='')}").json
        assert "2026-03-01T12:00:59" < row["updated_at"] == row["last_login"]
        assert row == client.search(ALL, sort="updated_at:-1").json[0]
        before = client.get(f"/users/{quote(user_id, safe='')}/sessions").json["sessions"]
        client.control("POST", "/users", {"stop_touching": None})
        client.control("POST", "/clock", {"advance": 60})
        assert row == client.get(f"/users/{quote(user_id, safe='')}").json
        assert before == client.get(f"/users/{quote(user_id, safe='')}/sessions").json["sessions"]
        refused = client.control("POST", "/users", {"touch": {"user_ids": [user_id], "every": 0}})
        assert (400, "every 0 seconds is too often") == (refused.status, refused.json["error"].partition(";")[0])


def test_an_unknown_kind_of_touch_is_refused():
    with pytest.raises(ValueError, match="known are login, update"):
        make_tenant().touch_users([], every=1, by="delete")
