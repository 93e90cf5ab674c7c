"""`source-auth0 probe` against the simulated tenant in each of its readings: the answer is the reading that is set."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auth0_simulator import Fault, Simulator
from source_auth0.commands.probe.client import MAX_REQUESTS, ProbeClient
from source_auth0.commands.probe.command import NOT_ASKED, QUESTIONS
from source_auth0.commands.probe.findings import Finding, Outcome
from source_auth0.source import SourceAuth0
from testing.command import run
from testing.tenants import config_of

YES, NO, UNTOLD = Outcome.ESTABLISHED, Outcome.CONTRADICTED, Outcome.UNKNOWN
ASK = {question.name: question.ask for question in QUESTIONS}
TEN_DAYS = 864_000
PAGE = (Path(__file__).parents[2] / "docs/probe.md").read_text(encoding="utf-8")


def client_of(sim: Simulator) -> ProbeClient:
    config = config_of(sim)
    client = ProbeClient(*SourceAuth0(config=config).api_of(config))
    client.pause = lambda _: None  # type: ignore[method-assign]
    return client


def ask(sim: Simulator, name: str) -> Finding:
    return ASK[name](client_of(sim))


def changed(sim: Simulator, seconds: float) -> None:
    """Have a user log in, so many seconds ago."""
    sim.tenant.login(next(iter(sim.tenant.users)))
    sim.clock.advance(seconds)


def ended(path: str, status: int = 404) -> Callable[[Simulator], None]:
    return lambda sim: sim.faults.add(Fault("status", status=status, template=path))


def released(**settings: Any) -> Callable[[Simulator], None]:
    def release(sim: Simulator) -> None:
        for name, value in settings.items():
            setattr(sim.settings.release, name, value)

    return release


def remembering(too_old: str) -> Callable[[Simulator], None]:
    def remember(sim: Simulator) -> None:
        sim.events.history_seconds, sim.events.too_old = TEN_DAYS, too_old

    return remember


@dataclass(frozen=True)
class Reading:
    """A question, the answer, words of its evidence, and how the tenant is made and set so that it is the answer."""

    question: str
    outcome: Outcome
    evidence: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    change: Callable[[Simulator], Any] = lambda _: None


LATE = {"index_lag": 3600.0}
READINGS = [
    Reading("search_totals", YES, "is the sum", {"users": 2500}),
    Reading("search_totals", NO, "is less than", {"users": 2500, "total_cap": 1000}),
    Reading("search_totals", UNTOLD, "fewer than 1,000", {"total_cap": 1000}),
    Reading("search_page_size", YES, "the limit is 100"),
    Reading("search_page_size", NO, "the limit is 50", {"page_limit": 50}),
    Reading("search_later_totals", YES),
    Reading("search_later_totals", UNTOLD, options={"users": 1}),
    Reading("search_milliseconds", YES, options={"users": 350}),
    Reading("search_milliseconds", UNTOLD, "no user", {"users": 24, "spread": timedelta(days=1)}),
    Reading("search_negated_exists", YES),
    Reading("search_negated_exists", NO, "status 400", {"negated_exists": False}),
    Reading("users_have_dates", YES),
    Reading("users_have_dates", NO, options={"undated": lambda index: ["updated_at"] * (index == 3)}),
    Reading("users_have_dates", UNTOLD, options={"negated_exists": False}),
    Reading("search_id_ranges", YES),
    Reading("search_id_ranges", NO, "status 400", {"user_id_ranges": False}),
    Reading("search_page_across_bound", YES),
    Reading("search_page_across_bound", UNTOLD, options={"page_limit": 50}),
    Reading("longest_url", YES, "16,000 characters are served"),
    Reading("index_delay", YES, "0 of", change=lambda sim: changed(sim, 20)),
    Reading("index_delay", NO, "a change of 10 minutes ago is not shown", LATE, lambda sim: changed(sim, 600)),
    Reading("index_delay", UNTOLD, options=LATE, change=lambda sim: changed(sim, 20)),
    Reading("index_delay", UNTOLD, "the newest change is", change=lambda sim: sim.clock.advance(4000)),
    Reading(
        "search_rows_newer_than_index", YES, options={**LATE, "hydrated": True}, change=lambda sim: changed(sim, 99)
    ),
    Reading("search_rows_newer_than_index", NO, options=LATE, change=lambda sim: changed(sim, 99)),
    Reading("search_rows_newer_than_index", UNTOLD, options={"hydrated": True}, change=lambda sim: changed(sim, 99)),
    Reading("log_from_id_that_is_gone", YES, "an old event; for an id of another form status 400"),
    Reading("log_from_id_that_is_gone", NO, "status 400", {"log_expired": "error"}),
    Reading("log_from_id_that_is_gone", NO, "status 404", {"log_expired": "missing"}),
    Reading("log_search_by_type", YES),
    Reading("role_changes_move_users", NO),
    Reading("membership_changes_move_users", NO),
    Reading("roles_by_checkpoint", YES),
    Reading("roles_by_checkpoint", NO, "status 400", change=released(role_checkpoints=False)),
    Reading("roles_by_owner", YES),
    Reading("roles_by_owner", NO, "status 400", change=released(role_owners="refused")),
    Reading("roles_by_owner", NO, "with roles of others", change=released(role_owners="ignored")),
    Reading("roles_page_bound", NO, "status 200"),
    Reading("roles_page_bound", YES, "status 400 invalid_paging", change=released(role_page_cap=1000)),
    Reading("grants_page_bound", NO, "status 200"),
    Reading("grants_page_bound", YES, "status 400 invalid_paging", change=released(grant_page_cap=1000)),
    Reading("device_credentials_page_bound", YES, "status 400 invalid_paging"),
    Reading("device_credentials_page_bound", NO, "without rows", change=released(full_credentials="cut")),
    Reading("attribute_profiles_page_size", YES, "10: status 200"),
    Reading("scim_list", YES),
    Reading("scim_list", NO, "status 404", change=released(provisioning_collections="missing")),
    Reading("scim_list", NO, "status 403", change=released(provisioning_collections="disabled")),
    Reading("directory_list", YES),
    Reading("directory_list", NO, "status 404", change=released(provisioning_collections="missing")),
    Reading("checkpoint_beside_page", NO, "status 400"),
    Reading("sessions_refusal", UNTOLD, "the plan has them"),
    Reading("sessions_refusal", YES, "status 402", change=ended("/users/{user_id}/sessions", 402)),
    Reading("rules_after_end", NO, "status 200"),
    Reading("rules_after_end", YES, "status 410", change=ended("/rules", 410)),
    Reading("hooks_after_end", NO, "status 200"),
    Reading("hooks_after_end", YES, "status 404", change=ended("/hooks")),
    Reading("odd_user_id", NO, "status 404 inexistent_user"),
    Reading("captcha_policies_scope", UNTOLD, "status 200, with the scope"),
    Reading("captcha_policies_scope", YES, "read:attack_protection", {"scopes": {"read:users"}}),
    Reading("organization_templates_scope", UNTOLD, "status 404"),
    Reading("events_history", NO, "ten years ago is served", change=remembering("oldest")),
    Reading("events_history", YES, "7 days ago is served; 30 days ago: status 410", change=remembering("gone")),
    Reading("events_history", YES, "7 days ago is served; 30 days ago: status 400", change=remembering("refused")),
]


@pytest.mark.parametrize("reading", READINGS, ids=lambda each: f"{each.question}-{each.outcome.name}")
def test_the_answer_is_the_reading_that_is_set(reading: Reading) -> None:
    with Simulator(**{"users": 120, "organizations": 2, **reading.options}) as sim:
        reading.change(sim)
        finding = ask(sim, reading.question)
    assert reading.outcome is finding.outcome, finding
    assert reading.evidence in finding.evidence


def test_somebody_with_a_role_of_an_organization_is_looked_for_among_the_users_of_the_role() -> None:
    with Simulator(users=120, organizations=1) as sim:
        organization = sim.tenant.organizations[0]["id"]
        row = sim.tenant.rows("organization_members", organization)[0]
        role = sim.tenant.roles[0]
        role.update(type="organization", owner_id=organization)
        member, row["roles"] = row["user_id"], [role["id"]]
        for each in sim.tenant.rows("organization_members", organization)[1:]:
            each["roles"] = []
        listing = sim.tenant.rows("role_users", role["id"])
        listing[:] = [each for each in listing if each["user_id"] != member]
        missing = ask(sim, "role_users_of_organization_roles")
        listing.append({"user_id": member})
        listed = ask(sim, "role_users_of_organization_roles")
    assert (NO, YES) == (missing.outcome, listed.outcome)


def test_all_questions_are_asked_by_reading_alone_and_nothing_of_the_tenant_is_in_the_report() -> None:
    with Simulator(users=1200, organizations=3) as sim:
        changed(sim, 20)
        done = run("probe", config=config_of(sim, start_dat=f"Canary {sim.domain}"))
        journal, tenant = sim.journal, sim.tenant
        canaries = {sim.domain, tenant.name, sim.client_id, sim.client_secret, sim.base_url.partition("//")[2]}
        collections = ("organizations", "roles", "clients", "connections", "user_grants", "device_credentials")
        rows = [*map(tenant.users.get, list(tenant.users)), *tenant.log.rows()]
        rows += [row for name in collections for row in tenant.rows(name)]
    assert 0 == done.code, done.stderr
    assert {"GET"} == {request.method for request in journal if request.path != "/oauth/token"}
    assert len(QUESTIONS) < len(journal) <= MAX_REQUESTS
    names = [question.name for question in QUESTIONS] + [name for name, *_ in NOT_ASKED]
    assert names == [line.split("`")[1] for line in done.stdout.splitlines() if line.startswith("| `")]
    assert "WARNING: The config has the key `start_dat`" in done.stderr
    assert done.stdout.startswith("source-auth0 ")
    assert "Auth0's own words" in done.stderr
    assert "Auth0's own words" not in done.stdout
    canaries |= set(_canaries(rows))
    assert len(canaries) > 5000
    # But for what the statements themselves say.
    canaries -= set(_canaries([re.findall(r"[\w:-]+", line.split("|")[2]) for line in done.stdout.splitlines()[4:]]))
    words = set(done.stdout.replace("`", " ").split())
    assert [] == [canary for canary in canaries if canary in words or (len(canary) > 11 and canary in done.stdout)]
    assert not any(secret in done.stdout + done.stderr for secret in (sim.client_secret, "SECRET-"))


def _canaries(value: object) -> list[str]:
    """Texts of a tenant that tell it from others: all but words of the protocol."""
    if isinstance(value, dict):
        return [
            text
            for name, item in value.items()
            if name not in {"type", "scope", "grant_types"}
            for text in _canaries(item)
        ]
    if isinstance(value, list):
        return [text for item in value for text in _canaries(item)]
    return [value] if isinstance(value, str) and len(value) > 5 and not value.isalpha() else []


def test_the_page_has_every_question_once() -> None:
    asked = {question.name: question.statement for question in QUESTIONS} | {name: text for name, text, _ in NOT_ASKED}
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", PAGE, re.MULTILINE)
    assert sorted(asked.items()) == sorted(rows)


def test_a_sign_in_that_fails_is_one_sentence() -> None:
    with Simulator(users=1) as sim:
        config = config_of(sim)
        config["credentials"]["client_secret"] = "x" * 64
        done = run("probe", config=config)
    assert (1, "") == (done.code, done.stdout)
    assert "refused the Client ID or the Client Secret" in done.stderr
    assert 1 == len(done.stderr.strip().splitlines())


def test_without_scopes_no_question_is_asked_that_needs_them() -> None:
    with Simulator(users=3, scopes={"read:roles"}) as sim:
        done = run("probe", config=config_of(sim))
        paths = {request.path for request in sim.journal}
    assert not any("users" in path or "logs" in path for path in paths)
    line = next(line for line in done.stdout.splitlines() if "`search_totals`" in line)
    assert line.endswith("| not decided | not asked: needs read:users |")
