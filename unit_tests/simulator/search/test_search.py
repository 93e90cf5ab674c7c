"""The user search: Lucene queries compared with a naive filter, sort orders, errors."""

import json
import time
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth0_simulator import Simulator
from auth0_simulator.state.clock import Clock, timestamp
from auth0_simulator.state.profiles import KEYS
from auth0_simulator.state.tenant_options import TenantOptions
from auth0_simulator.tenant import Tenant
from auth0_simulator.wire.errors import ApiError

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
BASE = int((NOW - timedelta(days=3)).timestamp() * 1000)


def make_tenant(users: int = 200, **options) -> Tenant:
    return Tenant(3, Clock(NOW), TenantOptions(users=users, spread=timedelta(days=2), **options), frozenset())


def found(tenant: Tenant, query: str | None, sort: str | None = None) -> list[str]:
    result = tenant.user_index.search(query, sort, 0, 10_000)
    assert result.total == len(result.slots)
    return [tenant.user_index.row(slot)["user_id"] for slot in result.slots]


TENANT = make_tenant()
ROWS = [TENANT.users.get(user_id) for user_id in TENANT.users]
moments = st.sampled_from(sorted({row[key] for row in ROWS for key in ("created_at", "updated_at")})) | st.integers(
    BASE, BASE + 3 * 86_400_000
).map(timestamp)


@st.composite
def clauses(draw):
    """A query and the equivalent naive filter."""
    field = draw(st.sampled_from(["created_at", "updated_at", "last_login", "user_id", "logins_count"]))
    if field == "user_id":
        values = st.sampled_from(sorted(row["user_id"] for row in ROWS))
    elif field == "logins_count":
        values = st.integers(0, 260)
    else:
        values = moments
    low, high = draw(values), draw(values)
    low_in, high_in = draw(st.booleans()), draw(st.booleans())
    low_open, high_open = draw(st.booleans()), draw(st.booleans())
    quote = '"' if field == "user_id" else ""
    text = (
        f"{field}:{'[' if low_in else '{'}{'*' if low_open else f'{quote}{low}{quote}'} TO "
        f"{'*' if high_open else f'{quote}{high}{quote}'}{']' if high_in else '}'}"
    )

    def holds(row):
        if field not in row:
            return False
        value = row[field]
        above = low_open or value > low or (low_in and value == low)
        return above and (high_open or value < high or (high_in and value == high))

    return text, holds


@settings(max_examples=150, deadline=None)
@given(st.lists(clauses(), min_size=1, max_size=3), st.sampled_from(["AND", "OR"]), st.booleans())
def test_a_search_finds_what_a_naive_filter_finds(parts, operator, negated):
    query = f" {operator} ".join(text for text, _ in parts)
    combine = all if operator == "AND" else any
    query = f"NOT ({query})" if negated else query
    expected = {row["user_id"] for row in ROWS if combine(holds(row) for _, holds in parts) != negated}
    assert expected == set(found(TENANT, query))
    assert len(expected) == len(found(TENANT, query, "created_at:1"))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["login", "delete", "create", "update"]), st.integers(0, 59)), max_size=30))
def test_the_index_follows_any_sequence_of_changes(actions):
    tenant = make_tenant(60)
    tenant.clock.freeze()
    for action, number in actions:
        tenant.clock.advance(0.5)
        ids = sorted(tenant.users)
        if action == "create":
            tenant.create_user(email=f"new{number}@example.com")
        elif ids:
            chosen = ids[number % len(ids)]
            getattr(tenant, {"login": "login", "delete": "delete_user", "update": "update_user"}[action])(chosen)
    rows = [tenant.users.get(user_id) for user_id in tenant.users]
    assert len(tenant.users) == len(rows)
    for field in ("created_at", "updated_at"):
        for direction, reverse in ((1, False), (-1, True)):
            ids = found(tenant, f"{field}:[* TO *]", f"{field}:{direction}")
            assert sorted((row[field] for row in rows), reverse=reverse) == [
                tenant.users.get(user_id)[field] for user_id in ids
            ]
    assert {row["user_id"] for row in rows} == set(found(tenant, None))
    recent = timestamp(tenant.clock.milliseconds() - 5000)
    expected = {row["user_id"] for row in rows if row["updated_at"] >= recent}
    assert expected == set(found(tenant, f"updated_at:[{recent} TO *]"))


def test_pages_of_a_search_are_slices_of_one_order():
    for query, sort in ((None, None), ("updated_at:[* TO *]", "updated_at:-1"), ("logins_count:[3 TO *]", "email:1")):
        whole = TENANT.user_index.search(query, sort, 0, 1000).slots
        pages = [TENANT.user_index.search(query, sort, start, 7).slots for start in range(0, len(whole) + 7, 7)]
        assert whole == [slot for page in pages for slot in page]


def test_without_a_sort_the_order_is_neither_by_time_nor_by_id():
    ids = found(TENANT, None)
    rows = [TENANT.users.get(user_id) for user_id in ids]
    for key in ("created_at", "updated_at", "user_id"):
        column = [row[key] for row in rows]
        assert sorted(column) not in (column, column[::-1])
    assert ids == found(TENANT, None)


@pytest.mark.parametrize(
    ("query", "test"),
    [
        ('identities.connection:"google-oauth2"', lambda row: row["identities"][0]["connection"] == "google-oauth2"),
        ("identities.isSocial:true", lambda row: row["identities"][0]["isSocial"]),
        ("NOT _exists_:logins_count", lambda row: "logins_count" not in row),
        ("_exists_:email AND email_verified:false", lambda row: row.get("email_verified") is False),
        ("name:Ada*", lambda row: row["name"].startswith("Ada")),
        ("name:*eriksen", lambda row: row["name"].endswith("Eriksen")),
        ('app_metadata.plan:"pro"', lambda row: row["app_metadata"]["plan"] == "pro"),
        ('user_metadata.address.city:"Osaka"', lambda row: row["user_metadata"]["address"]["city"] == "Osaka"),
        ("email.domain:example.com", lambda row: "email" in row),
        ("blocked:true OR phone_verified:true", lambda row: row.get("blocked") or row.get("phone_verified")),
        ("given_name:(ada OR goran)", lambda row: row.get("given_name") in {"Ada", "Goran"}),
        ("created_at:2026-02-28", lambda row: row["created_at"].startswith("2026-02-28")),
        ("created_at:[* TO 2026-02-27]", lambda row: row["created_at"] < "2026-02-28"),
        ("created_at:[* TO 2026-02-28}", lambda row: row["created_at"] < "2026-02-28"),
        ("created_at:{2026-02-27 TO *]", lambda row: row["created_at"] >= "2026-02-28"),
        ("created_at:[2026-02-28T03 TO 2026-02-28T03]", lambda row: row["created_at"].startswith("2026-02-28T03")),
        ('updated_at:["2026-02-28T00:00:00+02:00" TO *]', lambda row: row["updated_at"] >= "2026-02-27T22:00:00.000Z"),
    ],
)
def test_a_query_means(query, test):
    expected = {row["user_id"] for row in ROWS if test(row)}
    assert 0 < len(expected) < len(ROWS)
    assert expected == set(found(TENANT, query))


def test_an_email_is_found_in_any_case_and_a_user_id_only_in_its_own():
    row = next(row for row in ROWS if row["user_id"].startswith("auth0|"))
    assert [row["user_id"]] == found(TENANT, f'email:"{row["email"].upper()}"')
    assert [row["user_id"]] == found(TENANT, f'user_id:"{row["user_id"]}"')
    assert [] == found(TENANT, f'user_id:"{row["user_id"].upper()}"')


@pytest.mark.parametrize(
    "query",
    [
        "",
        "jane",
        "email:",
        "picture:x",
        "tenant:x",
        "last_password_reset:[2020 TO *]",
        "department:Sales",
        "updated_at:[2020 TO",
        "updated_at:[x TO *]",
        "updated_at:2026-13-01",
        "created_at:>2020",
        "logins_count:many",
        "user_metadata.language:[a TO b]",
        "user_metadata.language:e*",
        "name:*ab",
        'email:"a" email:"b"',
        "(email:a",
        'email:"a" AND',
        "email:a~2",
        "email_verified:maybe",
    ],
)
def test_a_query_that_cannot_be_run_is_refused(client, query):
    answer = client.search(query)
    assert (400, "invalid_query_string") == (answer.status, answer.json["errorCode"])
    assert answer.json["message"].startswith("The search query string has an error")


def test_a_query_needs_the_third_search_engine(client):
    expected = "The 'q' parameter is available only if you specify 'search_engine=v2|v3'."
    assert expected == client.get("/users", q='email:"a"').json["message"]
    for engine in ("v1", "v2"):
        answer = client.get("/users", q='email:"a"', search_engine=engine)
        assert (400, True) == (answer.status, f"search_engine={engine}" in answer.json["message"])


@pytest.mark.parametrize("sort", ["created_at", "created_at:asc", "app_metadata.plan:1", "picture:1", "nope:1"])
def test_a_sort_is_by_one_searchable_field(client, sort):
    assert 400 == client.get("/users", sort=sort).status


def test_a_sort_by_any_attribute_puts_those_without_it_last(client):
    rows = client.search("created_at:[* TO *]", sort="logins_count:-1", per_page=100, page=9).json
    assert 100 == len(rows)
    ids = found(TENANT, None, "logins_count:1")
    counts = [TENANT.users.get(user_id).get("logins_count", 10**6) for user_id in ids]
    assert sorted(counts) == counts


def test_a_query_with_too_many_matches_times_out(connect):
    with Simulator(users=300, timeout_rows=200) as sim:
        client = connect(sim)
        answer = client.search("created_at:[* TO *]")
        assert (503, True) == (answer.status, answer.json["message"].startswith("The query exceeded the timeout."))
        assert 200 == client.search('identities.connection:"sms"').status


BURST = datetime(2026, 2, 2, 2, 2, 2, 222_000, tzinfo=timezone.utc)
INSTANT = '["2026-02-02T02:02:02.222Z" TO "2026-02-02T02:02:02.222Z"]'


@pytest.fixture(scope="module")
def burst_tenant():
    """100,000 users, of whom 5,000 were created in one millisecond."""
    first = BURST - timedelta(days=30)
    tenant = make_tenant(
        100_000, created_at=lambda index: BURST if index % 20 == 7 else first + timedelta(seconds=index)
    )
    ids = [tenant.users.profiles.user_id(index) for index in range(7, 100_000, 20)]
    return tenant, sorted(ids)


@pytest.mark.parametrize(
    ("rest", "holds"),
    [
        ("", lambda _: True),
        (' AND identities.connection:"sms"', lambda id_: id_.startswith("sms|")),
        (' AND NOT identities.connection:"sms"', lambda id_: not id_.startswith("sms|")),
        (
            ' AND (identities.connection:"sms" OR identities.connection:"google-oauth2")',
            lambda id_: id_.startswith(("sms|", "google-oauth2|")),
        ),
        (
            ' AND NOT identities.connection:"sms" AND NOT (identities.connection:"acme-okta")',
            lambda id_: not id_.startswith(("sms|", "okta|")),
        ),
        (' AND user_id:["auth0|8" TO *]', lambda id_: id_ >= "auth0|8"),
        (' AND user_id:{"auth0|2" TO "auth0|c"}', lambda id_: "auth0|2" < id_ < "auth0|c"),
        (
            ' AND updated_at:["2026-02-02T02:02:02.222Z" TO *] AND user_id:[* TO "auth0|c"]',
            lambda id_: id_ <= "auth0|c",
        ),
    ],
)
def test_users_of_one_millisecond_are_searched_quickly(burst_tenant, rest, holds):
    tenant, ids = burst_tenant
    expected = [user_id for user_id in ids if holds(user_id)]
    start = time.thread_time()
    result = tenant.user_index.search(f"created_at:{INSTANT}{rest}", "user_id:1", 0, 100)
    assert time.thread_time() - start < 1
    assert (len(expected), expected[:100]) == (
        result.total,
        [tenant.user_index.row(slot)["user_id"] for slot in result.slots],
    )


def test_the_key_fields_of_a_row_are_those_of_the_row():
    users = TENANT.users
    for slot in range(users.seeded):
        row = users.seeded_row(slot)
        assert {name: row[name] for name in KEYS} == users.seeded_key_row(slot)


def test_a_tenant_may_refuse_ranges_and_order_by_user_id(connect):
    with Simulator(users=20, user_id_ranges=False) as sim:
        client = connect(sim)
        user_id = next(iter(sim.tenant.users))
        for query in ('user_id:["auth0|x" TO *]', 'created_at:[* TO *] AND NOT (user_id:[* TO "b"] OR name:a)'):
            answer = client.search(query)
            assert (400, "invalid_query_string") == (answer.status, answer.json["errorCode"])
        assert 400 == client.search("created_at:[* TO *]", sort="user_id:1").status
        assert 1 == len(client.search(f'user_id:"{user_id}"').json)
        assert 20 == len(client.search("created_at:[* TO *]", sort="created_at:1").json)


def lacking(index: int) -> set[str]:
    """One user in ten has no `created_at`, one in ten no `updated_at`, one in a hundred neither."""
    return {name for name, share in (("created_at", index % 10 == 3), ("updated_at", index // 10 % 10 == 7)) if share}


UNDATED = make_tenant(undated=lacking)
UNDATED_ROWS = [UNDATED.users.get(user_id) for user_id in UNDATED.users]


@pytest.mark.parametrize("sort", [None, "created_at:1", "updated_at:-1", "email:1"])
@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("_exists_:updated_at", lambda row: "updated_at" in row),
        ("NOT _exists_:updated_at", lambda row: "updated_at" not in row),
        ("NOT _exists_:created_at", lambda row: "created_at" not in row),
        ("NOT (_exists_:created_at)", lambda row: "created_at" not in row),
        (
            "NOT _exists_:updated_at OR NOT _exists_:created_at",
            lambda row: not {"created_at", "updated_at"} <= set(row),
        ),
        ("NOT (_exists_:updated_at AND _exists_:created_at)", lambda row: not {"created_at", "updated_at"} <= set(row)),
        (
            "NOT _exists_:updated_at AND NOT _exists_:created_at",
            {"created_at", "updated_at"}.isdisjoint,
        ),
        (
            "NOT _exists_:updated_at AND created_at:[* TO *]",
            lambda row: "created_at" in row and "updated_at" not in row,
        ),
        ("(NOT _exists_:updated_at) AND (_exists_:email)", lambda row: "email" in row and "updated_at" not in row),
        ("updated_at:[* TO *]", lambda row: "updated_at" in row),
        ("NOT updated_at:[* TO *]", lambda row: "updated_at" not in row),
        ("created_at:[* TO 2099-01-01]", lambda row: "created_at" in row),
    ],
)
def test_users_without_dates_are_found_by_what_they_lack(query, holds, sort):
    expected = {row["user_id"] for row in UNDATED_ROWS if holds(row)}
    assert 0 < len(expected) < 200
    assert expected == set(found(UNDATED, query, sort))


def test_users_without_dates_lack_them_in_their_rows_and_come_last():
    lacks = {
        field: {row["user_id"] for row in UNDATED_ROWS if field not in row} for field in ("created_at", "updated_at")
    }
    assert [20, 20] == [len(ids) for ids in lacks.values()]
    for field, ids in lacks.items():
        for sort in (f"{field}:1", f"{field}:-1"):
            for query in (None, "NOT blocked:true OR blocked:true"):
                whole = found(UNDATED, query, sort)
                assert 200 == len(whole)
                assert ids == set(whole[180:])
            pages = [UNDATED.user_index.search(None, sort, start, 7).slots for start in range(0, 210, 7)]
            rows = [UNDATED.user_index.row(slot)["user_id"] for page in pages for slot in page]
            assert found(UNDATED, None, sort) == rows


def test_a_change_gives_and_takes_dates():
    tenant = make_tenant(undated=lacking)
    user_id = found(tenant, "NOT _exists_:updated_at AND _exists_:created_at")[0]
    tenant.login(user_id)
    assert user_id not in found(tenant, "NOT _exists_:updated_at")
    assert user_id in found(tenant, "updated_at:[2026-03-01 TO *]")
    tenant.update_user(user_id, updated_at=None, created_at=None)
    assert user_id in found(tenant, "NOT _exists_:updated_at AND NOT _exists_:created_at")
    assert {"created_at", "updated_at"}.isdisjoint(tenant.users.get(user_id))


def test_only_dates_can_be_lacking():
    with pytest.raises(ValueError, match="a user cannot lack email; only created_at, updated_at"):
        make_tenant(undated=lambda index: ["email"] if index == 3 else [])


def test_a_search_may_refuse_negated_exists():
    with Simulator(users=20, negated_exists=False) as sim:
        for query in ("NOT _exists_:updated_at", "blocked:true OR (email:a AND NOT (blocked:true OR _exists_:name))"):
            with pytest.raises(ApiError) as refused:
                sim.tenant.user_index.search(query, None, 0, 100)
            assert 400 == refused.value.status
        assert 20 == sim.tenant.user_index.search("_exists_:updated_at", None, 0, 100).total
        sim.tenant.user_index.negated_exists = True
        assert 0 == sim.tenant.user_index.search("NOT _exists_:updated_at", None, 0, 100).total


def test_a_hydrated_search_filters_by_its_entries_and_answers_with_the_rows_of_now():
    tenant = make_tenant(20, hydrated=True, index_lag=600)
    tenant.clock.freeze()
    query = "updated_at:[* TO *]"
    before = found(tenant, query, "updated_at:1")
    tenant.login(before[0])
    since = tenant.users.get(before[0])["updated_at"]
    page = tenant.user_index.search(query, "updated_at:1", 0, 100)
    assert since == json.loads(tenant.user_index.json(page.slots)[0])["updated_at"]
    assert before == found(tenant, query, "updated_at:1")
    assert [] == found(tenant, f"updated_at:[{since} TO *]")
    tenant.delete_user(before[1])
    assert [before[0], *before[2:]] == [
        tenant.user_index.row(slot)["user_id"] for slot in tenant.user_index.answered(page.slots)
    ]
    tenant.create_user(user_id=before[1], nickname="again")
    rows = [tenant.user_index.row(slot) for slot in tenant.user_index.answered(page.slots)]
    assert (before, "again") == ([row["user_id"] for row in rows], rows[1]["nickname"])
    tenant.user_index.hydrated = False
    assert "again" != tenant.user_index.row(page.slots[1])["nickname"]


def test_a_hydrated_page_lacks_who_is_deleted_though_the_total_counts_them(connect):
    with Simulator(users=20, hydrated=True, index_lag=600) as sim:
        client = connect(sim)
        first = client.search("updated_at:[* TO *]", sort="updated_at:1", include_totals="true").json["users"][0]
        sim.tenant.delete_user(first["user_id"])
        body = client.search("updated_at:[* TO *]", sort="updated_at:1", include_totals="true").json
        assert (20, 19, 19) == (body["total"], body["length"], len(body["users"]))
        client.control("PATCH", "/settings", {"hydrated": False})
        assert first == client.search("updated_at:[* TO *]", sort="updated_at:1").json[0]
