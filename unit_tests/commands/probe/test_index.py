import pytest

from source_auth0.commands.probe import index
from source_auth0.commands.probe.client import Answer
from source_auth0.commands.probe.findings import Outcome
from source_auth0.timestamps import to_iso
from testing.probe_client import FakeProbeClient, Query, page, refused

YES, NO, UNTOLD = Outcome.ESTABLISHED, Outcome.CONTRADICTED, Outcome.UNKNOWN
MINUTE = 60_000


def client_of(ages: list[tuple[int, int | None]], *, finds: bool = True) -> FakeProbeClient:
    """A tenant whose log names a user for each pair: milliseconds since the last change, and since the one shown."""
    client = FakeProbeClient({})
    now = client.tenant.now_ms
    names = [f"auth0|{number}" for number in range(len(ages))]
    present = {name: to_iso(now - changed) for name, (changed, _) in zip(names, ages, strict=True)}
    shown = {name: to_iso(now - age) for name, (_, age) in zip(names, ages, strict=True) if age is not None}

    def search(query: Query) -> Answer:
        name = query["q"].split('"')[1]
        is_found = name in shown and (finds or "updated_at" not in query["q"])
        return page(*([{"user_id": name, "updated_at": shown[name]}] if is_found else []), total=1)

    answers = {f"users/{name}": Answer(200, {"user_id": name, "updated_at": date}) for name, date in present.items()}
    events = page({"type": "fp"}, *({"user_id": name} for name in names for _ in range(2)))
    client._scripted = {"users": search, "logs": events, **answers}
    return client


@pytest.mark.parametrize(
    ("ages", "expected", "evidence"),
    [
        ([(9_000, 9_000)], YES, "a change of 9 seconds ago is shown; 0 of 1 are late"),
        ([(9_000, 8_000)], YES, "0 of 1 are late"),
        ([(9_000, 9_000), (9_000, 90_000)], YES, "1 of 2 are late"),
        ([(5 * MINUTE, 9 * MINUTE)], NO, "a change of 5 minutes ago is not shown; 1 of 1 are late"),
        ([(9_000, 9_000), (180 * MINUTE, None)], NO, "a change of 3 hours ago is not shown"),
        ([(30_000, 90_000)], UNTOLD, "1 users that the log names last were looked at: the newest change is 30 seconds"),
        ([(5 * 1440 * MINUTE,) * 2], UNTOLD, "the newest change is 5 days old, 0 of them are late"),
        ([], UNTOLD, "0 users that the log names last were looked at"),
    ],
)
def test_present_rows_are_held_against_the_search(ages, expected: Outcome, evidence: str):
    found = index.index_delay(client_of(ages))
    assert expected is found.outcome
    assert evidence in found.evidence


@pytest.mark.parametrize(
    ("ages", "finds", "expected"),
    [
        ([(9_000, 9_000)], True, UNTOLD),
        ([(9_000, 9_000)], False, YES),
        ([(9_000, 90_000)], False, NO),
        ([(9_000, None)], False, UNTOLD),
        ([], False, UNTOLD),
    ],
)
def test_a_row_is_newer_where_the_search_does_not_find_its_own_date(ages, finds: bool, expected: Outcome):
    assert expected is index.search_rows_newer_than_index(client_of(ages, finds=finds)).outcome


def test_a_few_users_are_enough():
    client = client_of([(9_000, 9_000)] * 20)
    index.index_delay(client)
    assert 1 + 2 * index.MAX_USERS == client.counter.sent


def test_users_who_are_gone_are_left_out():
    client = client_of([(9_000, 9_000)])
    client._scripted = {**client._scripted, "users/auth0|0": refused(404, "inexistent_user")}
    assert index.index_delay(client).evidence.startswith("0 users")
