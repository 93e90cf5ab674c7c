"""The story: users, log, factors and statistics agree, and the days have their rhythm and their incidents."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import pytest

from auth0_simulator import Simulator
from auth0_simulator.state.clock import DAY_MILLISECONDS, timestamp
from auth0_simulator.story import calendar
from auth0_simulator.story.people import SECOND_FACTORS, People
from auth0_simulator.story.script import Script

USERS = 300


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(users=USERS, story=True) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def events(sim: Simulator) -> list[dict]:
    return sim.tenant.log.rows()


@pytest.fixture(scope="module")
def users(sim: Simulator) -> list[dict]:
    return [sim.tenant.users.get(user_id) for user_id in sim.tenant.users]


def day_of(event: dict) -> str:
    return event["date"][:10]


def test_the_last_sign_in_of_a_profile_is_the_last_one_in_the_log(users: list[dict], events: list[dict]):
    seen: dict[str, str] = {}
    for event in events:
        if event["type"] == "s":
            seen[event["user_id"]] = max(event["date"], seen.get(event["user_id"], ""))
    begins = events[0]["date"]
    told = {user["user_id"]: user["last_login"] for user in users if user.get("last_login", "") >= begins}
    assert told == seen
    assert 0.03 < sum("last_login" not in user for user in users) / USERS < 0.2


def test_statistics_are_what_the_log_says(sim: Simulator, events: list[dict]):
    logins = Counter(day_of(event) for event in events if event["type"] == "s")
    for row in sim.tenant.rows("daily_stats"):
        assert logins[row["date"][:10]] == row["logins"]
    since = timestamp(sim.tenant.made_at - 30 * DAY_MILLISECONDS)
    active = {event["user_id"] for event in events if event["type"] == "s" and event["date"] >= since}
    assert [{"count": len(active)}] == sim.tenant.rows("active_users_stats")


def test_the_flag_of_a_second_factor_is_wrong_of_few(sim: Simulator, users: list[dict]):
    wrong = 0
    for user in users:
        methods = sim.tenant.rows("user_authentication_methods", user["user_id"])
        factors = [row for row in methods if row["confirmed"] and row["type"] in SECOND_FACTORS]
        wrong += bool(factors) is not ("multifactor" in user)
    assert 0 < wrong / USERS < 0.05


def test_weekends_are_quiet_and_nobody_signs_in_during_the_outage(sim: Simulator):
    script = Script(People(7, 600, sim.tenant.made_at))
    by_weekday: defaultdict[bool, int] = defaultdict(int)
    for scene in script.scenes:
        if scene.kind == "s":
            by_weekday[calendar.is_weekend(scene.at // DAY_MILLISECONDS)] += 1
            assert not calendar.is_outage(scene.at, sim.tenant.made_at)
    assert by_weekday[True] / 2 < 0.7 * by_weekday[False] / 5
    assert any(scene.kind == "f" and calendar.is_outage(scene.at, sim.tenant.made_at) for scene in script.scenes)


def test_an_attack_and_a_spike_of_wrong_passwords_stand_out(sim: Simulator):
    script = Script(People(7, 600, sim.tenant.made_at))
    wrong = Counter(scene.at // DAY_MILLISECONDS for scene in script.scenes if scene.kind == "fp")
    saturday = calendar.attack_saturday(sim.tenant.made_at)
    spike = sim.tenant.made_at // DAY_MILLISECONDS - calendar.SPIKE_DAY
    usual = sorted(wrong.values())[len(wrong) // 2]
    assert all(count > 3 * usual for count in (wrong[spike], wrong[saturday] + wrong[saturday + 1]))
    unknown = {scene.at // DAY_MILLISECONDS for scene in script.scenes if scene.kind == "fu"}
    assert {saturday, saturday + 1} == unknown
    assert calendar.is_weekend(saturday)


def test_a_deletion_has_its_write_and_who_made_it(events: list[dict]):
    deleted = {event["description"].removeprefix("user_id: ") for event in events if event["type"] == "sdu"}
    writes = [
        event for event in events if event["type"] == "sapi" and event["details"]["request"]["method"] == "delete"
    ]
    named = {event["details"]["request"]["path"].rpartition("%7C")[2]: event.get("user_id") for event in writes}
    assert deleted == set(named)
    assert all(named.values())


def test_the_same_seed_tells_the_same_story_and_another_seed_another():
    scenes = [Script(People(seed, 50, 1_790_000_000_000)).scenes for seed in (7, 7, 8)]
    assert scenes[0] == scenes[1]
    assert scenes[0] != scenes[2]


def test_applications_have_weak_spots_and_machines_may_write_in_the_tenant(sim: Simulator):
    callbacks = [url for client in sim.tenant.rows("clients") for url in client["callbacks"]]
    assert {True, False} == {url.startswith("http://") for url in callbacks}
    assert any("*" in url for url in callbacks)
    grants = [row for row in sim.tenant.rows("client_grants") if row["audience"] == sim.tenant.audience]
    assert 3 == len(grants)
    assert any(not scope.startswith("read:") for row in grants for scope in row["scope"])


def test_some_users_have_a_linked_account(users: list[dict]):
    linked = [user for user in users if len(user["identities"]) > 1]
    assert 0 < len(linked) < USERS / 10
    assert all(identity["provider"] == "google-oauth2" for user in linked for identity in user["identities"][1:])


def test_rows_of_the_story_have_the_columns_that_their_collections_have(sim: Simulator):
    """Others are made of them, such as an organization's client grants."""
    with Simulator(users=5) as usual:
        for name in ("clients", "client_grants", "daily_stats", "active_users_stats"):
            columns = set.intersection(*(set(row) for row in usual.tenant.rows(name)))
            assert [] == [row for row in sim.tenant.rows(name) if columns - set(row)], name
    for organization in sim.tenant.rows("organizations"):
        sim.tenant.rows("organization_client_grants", organization["id"])
