"""The log by search: date bounds, order, fields, the cap, and the lag of the index."""

from datetime import datetime, timezone

import pytest

from auth0_simulator import Simulator

NOW = datetime(2026, 9, 9, tzinfo=timezone.utc)
MIDDLE = "2026-09-07T12:00:00"


@pytest.fixture(scope="module")
def tenant():
    """A tenant with 1,500 events, 400 of which are within ten seconds."""
    start = int(NOW.timestamp())

    def moment(index):
        seconds = start - 129_600 + index * 0.025 if index < 400 else start - 172_800 + index * 100
        return datetime.fromtimestamp(seconds, timezone.utc)

    with Simulator(users=50, now=NOW, log_events=1500, log_at=moment) as simulator:
        simulator.clock.freeze(NOW)
        yield simulator


@pytest.fixture
def client(connect, tenant):
    return connect(tenant)


def all_events(tenant):
    return tenant.tenant.log.rows()


def search_all(client, query, **more):
    rows, page = [], 0
    while True:
        answer = client.get("/logs", q=query, per_page=100, page=page, **more)
        assert 200 == answer.status, answer.body
        rows += answer.json
        page += 1
        if len(answer.json) < 100:
            return rows


def test_the_newest_come_first_unless_asked_otherwise(client, tenant):
    dates = sorted(row["date"] for row in all_events(tenant))
    assert dates[:-51:-1] == [row["date"] for row in client.get("/logs").json]
    assert dates[:100] == [row["date"] for row in client.get("/logs", sort="date:1", per_page=100).json]
    assert dates[100:200] == [row["date"] for row in client.get("/logs", sort="date:1", per_page=100, page=1).json]


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        (f"date:[* TO {MIDDLE}]", lambda date: date <= f"{MIDDLE}.999Z"),
        (f"date:[* TO {MIDDLE}}}", lambda date: date < f"{MIDDLE}.000Z"),
        (
            "date:[2026-09-07T12:00:03 TO 2026-09-07T12:00:05]",
            lambda date: MIDDLE[:17] + "03" <= date < MIDDLE[:17] + "06",
        ),
        (
            "date:{2026-09-07T12:00:03 TO 2026-09-07T12:00:05}",
            lambda date: MIDDLE[:17] + "04" <= date < MIDDLE[:17] + "05",
        ),
        ("date:[2026-09-07 TO 2026-09-08}", lambda date: date.startswith("2026-09-07")),
        ("date:[2026-09 TO *] AND date:[* TO 2026-09-07T12:00:02]", lambda date: date < MIDDLE[:17] + "03"),
        ("NOT date:[* TO 2026-09-07T12:00:08]", lambda date: date >= MIDDLE[:17] + "09"),
    ],
)
def test_dates_are_bounded_to_the_second_on_either_side(client, tenant, query, holds):
    expected = sorted(
        row["log_id"] for row in all_events(tenant) if holds(row["date"]) and row["date"] < MIDDLE[:17] + "10"
    )
    rows = search_all(client, f"({query}) AND date:[* TO 2026-09-07T12:00:09]")
    assert expected == sorted(row["log_id"] for row in rows)
    assert expected


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("type:sapi", lambda row: row["type"] == "sapi"),
        ("type:(sdu OR fdu)", lambda row: row["type"] in {"sdu", "fdu"}),
        ("type:s*", lambda row: row["type"].startswith("s")),
        ("type:sapi AND NOT user_id:*", lambda row: row["type"] == "sapi" and "user_id" not in row),
        ('description:"Invalid authorization code"', lambda row: row["type"] == "feacft"),
        ("strategy_type:social OR strategy:okta", lambda row: row.get("strategy") in {"google-oauth2", "okta"}),
        ("_exists_:organization_id", lambda row: "organization_id" in row),
        ("type:SAPI", lambda row: row["type"] == "SAPI"),
    ],
)
def test_documented_fields_are_searched_case_sensitively_and_whole(client, tenant, query, holds):
    window = [row for row in all_events(tenant) if row["date"] < f"{MIDDLE[:17]}10"]
    rows = search_all(client, f"date:[* TO 2026-09-07T12:00:09] AND ({query})")
    assert sorted(row["log_id"] for row in window if holds(row)) == sorted(row["log_id"] for row in rows)
    assert rows or query == "type:SAPI"


def test_an_event_is_found_by_its_id_and_after_it(client):
    rows = client.get("/logs", sort="date:1", per_page=100).json
    log_id = rows[40]["log_id"]
    assert [rows[40]] == client.get("/logs", q=f'log_id:"{log_id}"').json
    later = client.get("/logs", q=f'log_id:{{"{log_id}" TO *]', sort="date:1", per_page=1).json
    assert later[0]["log_id"] > log_id
    user_id = next(row["user_id"] for row in rows if row.get("user_id"))
    assert {user_id} == {row["user_id"] for row in client.get("/logs", q=f'user_id:"{user_id}"').json}


@pytest.mark.parametrize(
    "query",
    [
        "details.prompts:x",
        "isMobile:true",
        "jane",
        "type:",
        "date:[x TO *]",
        "date:[2026-09-07T12:00:00.500Z TO *]",
        "type:*i",
    ],
)
def test_what_no_document_says_can_be_searched_is_refused(client, query):
    answer = client.get("/logs", q=query)
    assert (400, "invalid_query_string") == (answer.status, answer.json["errorCode"])


@pytest.mark.parametrize("sort", ["date", "date:2", "type:1", "-date"])
def test_only_dates_are_sorted_by(client, sort):
    assert 400 == client.get("/logs", sort=sort).status


def test_a_search_ends_at_a_thousand_events(client):
    assert 100 == len(client.get("/logs", page=9, per_page=100).json)
    for query in ({"page": 10, "per_page": 100}, {"page": 20}, {"page": 16, "per_page": 60}):
        refused = client.get("/logs", **query)
        assert (400, "invalid_paging") == (refused.status, refused.json["errorCode"])
    assert 400 == client.get("/logs", per_page=101).status


def test_the_total_is_that_of_the_page(client):
    body = client.get("/logs", include_totals="true", per_page=5, page=2).json
    assert {"start": 10, "limit": 5, "length": 5, "total": 5} == {name: body[name] for name in body if name != "logs"}
    assert body["logs"] == client.get("/logs", per_page=5, page=2).json


def test_a_search_has_no_link_and_knows_no_take(client):
    answer = client.get("/logs", take=3)
    assert "link" not in answer.headers
    assert 50 == len(answer.json)


def test_columns_can_be_included_and_excluded(client):
    assert {"date", "type"} == set(client.get("/logs", fields="date,type", per_page=1).json[0])
    row = client.get("/logs", fields="details,date", include_fields="false", per_page=1).json[0]
    assert {"details", "date"}.isdisjoint(row)
    assert "log_id" in row


def test_a_search_follows_what_is_added_in_order_of_date(connect):
    with Simulator(users=20, now=NOW, log_events=200) as sim:
        client = connect(sim)
        sim.clock.freeze(NOW)
        assert 50 == len(client.get("/logs").json)
        newest, late = sim.tenant.log.add("w"), sim.tenant.log.add("w", late=86_400)
        assert newest == client.get("/logs", per_page=1).json[0]["log_id"]
        assert [late, newest] == [row["log_id"] for row in client.get("/logs", q="type:w", sort="date:1").json]
        assert [late] == [
            row["log_id"] for row in client.get("/logs", q="date:[* TO 2026-09-08T00:00:00] AND type:w").json
        ]
        sim.reset()
        assert [] == client.get("/logs", q="type:w").json


def test_a_search_may_lag_and_a_checkpoint_does_not(connect):
    with Simulator(users=20, now=NOW, log_search_lag=30) as sim:
        client = connect(sim)
        sim.clock.freeze(NOW)
        shown = [row["log_id"] for row in client.get("/logs", per_page=5).json]
        added = sim.tenant.log.add("w", late=3600)
        sim.clock.advance(29)
        assert shown == [row["log_id"] for row in client.get("/logs", per_page=5).json]
        assert [] == client.get("/logs", q="type:w").json
        assert [] == client.get("/logs", q=f'log_id:"{added}"').json
        assert added == client.get("/logs", from_=shown[0], take=100).json[-1]["log_id"]
        sim.clock.advance(1)
        assert [added] == [row["log_id"] for row in client.get("/logs", q="type:w").json]
