"""What the marts say of a small tenant in which each case is there once."""

import importlib.util
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from testing.warehouse.postgres import WITHOUT_POSTGRES, postgres_server
from testing.warehouse.project import BIN, WITHOUT_DBT, Warehouse

HERE = Path(__file__).parent
spec = importlib.util.spec_from_file_location("small_tenant", HERE / "small_tenant.py")
small_tenant = importlib.util.module_from_spec(spec)
spec.loader.exec_module(small_tenant)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(WITHOUT_DBT), reason=WITHOUT_DBT)]
PAGE = HERE.parents[1] / "docs" / "warehouse.md"
MARTS = sorted(path.stem for path in (HERE.parents[1] / "dbt" / "models" / "marts").glob("*.sql"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = Warehouse(tmp_path_factory.mktemp("warehouse"), today=small_tenant.TODAY)
    warehouse.land(small_tenant.TABLES, without=["users.phone_number", "logs.agent_id"])
    warehouse.build()
    return warehouse


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as address:
        yield address


def test_users_are_those_who_are_there(built: Warehouse):
    """Cleo was deleted, Eve has a tombstone, Dan was deleted and is there again."""
    names = [row[0].removeprefix("auth0|") for row in built.rows("auth0__users", "user_id")]
    assert ["ada", "bruno", "dan", "fay", "gus", "hal", "ida", "jan", "kai"] == names


def test_roles_of_the_latest_reading_are_valid_and_no_others(built: Warehouse):
    """The example of docs/behavior.md: Admin was taken from Ada, Reader from Bruno."""
    held = built.rows("int_auth0__user_roles", "user_id", "role_id")
    assert [("auth0|ada", "rol_reader"), ("auth0|jan", "rol_admin"), ("auth0|kai", "rol_admin")] == held


def test_a_second_factor_is_a_confirmed_one(built: Warehouse):
    told = built.rows("auth0__user_mfa", "user_id", "mfa_status", "strongest_factor", "sources_disagree")
    assert [
        ("auth0|ada", "enrolled", "phishing_resistant", False),
        ("auth0|bruno", "none", None, False),
        ("auth0|dan", "none", None, False),
        ("auth0|fay", "federated", None, False),
        ("auth0|gus", "pending", None, False),
        ("auth0|hal", "passkey_only", None, False),
        ("auth0|ida", "enrolled", "phone_or_email", True),
        ("auth0|jan", "none", None, False),
        ("auth0|kai", "none", None, True),
    ] == told


def test_an_empty_user_id_is_nobody(built: Warehouse):
    months = built.rows("auth0__active_users_monthly", "month", "active_users", "logged_in_users", "is_complete")
    assert [("2026-01-01", 1, 1, False), ("2026-02-01", 2, 1, True), ("2026-03-01", 1, 1, False)] == months


def test_a_user_is_active_for_as_many_days_as_the_window_has(built: Warehouse):
    """Ada on 10 January and 5 February, Bruno on 6 February, Fay on 1 March; a day without an event has a row too."""
    found = {
        day: counts
        for day, *counts in built.rows(
            "auth0__active_users_daily",
            "day",
            "active_users_1d",
            "active_users_7d",
            "active_users_30d",
            "logged_in_users_30d",
        )
    }
    assert 51 == len(found)
    assert [1, 1, 1, 1] == found["2026-01-10"]
    assert [0, 1, 1, 1] == found["2026-01-16"]
    assert [0, 0, 1, 1] == found["2026-01-17"]
    assert [1, 2, 2, 1] == found["2026-02-06"]
    assert [0, 1, 2, 1] == found["2026-02-12"]
    assert [1, 1, 3, 2] == found["2026-03-01"]


def test_the_access_review_names_the_first_finding_that_applies(built: Warehouse):
    columns = ("user_id", "organization_id", "why_privileged", "finding", "last_assigned_at")
    assert [
        ("auth0|ada", "org_one", "name and permissions", "ok", None),
        ("auth0|jan", "", "name and permissions", "dormant", "2026-02-20 10:00:00"),
        ("auth0|kai", "", "name and permissions", "blocked_but_privileged", None),
    ] == built.rows("auth0__privileged_access_review", *columns)


def test_a_member_without_a_role_has_a_row(built: Warehouse):
    columns = ("user_id", "role_name", "is_direct", "is_by_group", "privileged_permissions")
    assert [("auth0|ada", "Admin", True, None, 1), ("auth0|fay", "(no role)", None, None, 0)] == built.rows(
        "auth0__org_access", *columns
    )


def test_who_deleted_a_user_is_found_in_the_write_of_the_same_minute(built: Warehouse):
    columns = ("user_id", "deleted_by", "is_back")
    assert [
        ("auth0|cleo", "ada@example.com", False),
        ("auth0|dan", "auth0|ada", True),
        ("auth0|lea", None, False),
    ] == built.rows("auth0__deleted_users", *columns)


def test_an_application_says_what_makes_it_risky(built: Warehouse):
    columns = ("client_id", "deprecated_grants", "insecure_callbacks", "local_callbacks", "wildcard_callbacks")
    assert [("machine", 0, 0, 0, 0), ("web", 1, 1, 1, 1)] == built.rows("auth0__applications", *columns)
    columns = ("client_id", "management_api_scopes", "management_api_writing_scopes", "secret_age_days_at_most", "risk")
    assert [("machine", 2, 1, 730, 3), ("web", 0, 0, 28, 10)] == built.rows("auth0__applications", *columns)


def test_a_check_whose_stream_was_not_synced_is_not_known(built: Warehouse):
    found = dict(built.rows("auth0__tenant_posture", "check_name", "status"))
    assert ("look", "ok", "not_known") == (found["mfa_policy"], found["no_rules"], found["no_hooks"])


def test_linked_accounts_are_rows_and_an_organization_without_members_is_one(built: Warehouse):
    accounts = built.rows("auth0__user_identities", "user_id", "position", "provider", "identity_id")
    assert [("auth0|ida", 1, "google-oauth2", "1180"), ("auth0|ida", 2, "auth0", "ida")] == [
        row for row in accounts if row[0] == "auth0|ida"
    ]
    assert [("one", 2, 1, 1), ("two", 0, 0, 0)] == built.rows(
        "auth0__organizations", "name", "members", "privileged_members", "logins"
    )


def test_two_spellings_of_a_column_are_one(built: Warehouse):
    assert [(True,), (True,)] == built.rows("stg_auth0__logs where is_mobile is not null", "is_mobile")


def test_the_questions_of_the_page_are_answered(built: Warehouse):
    questions = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    answers = [built.ask(re.sub(r"\b(auth0__\w+)", r"analytics.\1", question)) for question in questions]
    assert 15 == len(answers)
    assert [{"deleted_by": "ada@example.com", "users": 1}, {"deleted_by": None, "users": 1}] == answers[11]
    assert [
        {"name": "Terraform", "management_api_writing_scopes": 1, "last_used_at": "2026-01-10 12:00:00"}
    ] == answers[9]


def test_the_report_has_the_figures_of_the_marts(built: Warehouse, tmp_path: Path):
    pages = [tmp_path / name for name in ("one.html", "two.html")]
    for page in pages:
        command = [str(BIN / "python"), "-m", "demo.report", built.database, str(page)]
        subprocess.run(command, cwd=PAGE.parents[1], check=True, capture_output=True)
    one, two = (page.read_text(encoding="utf-8") for page in pages)
    assert one == two
    shown = re.findall(r'<h2>([^<]+)</h2><p class="number">([^<]+)</p>', one)
    assert {
        "Users": "9",
        "Active in 30 days": "3",
        "Use a second factor": "25.0%",
        "Privileged access to review": "2",
        "Applications at risk": "2",
    }.items() <= dict(shown).items()


@pytest.mark.skipif(bool(WITHOUT_POSTGRES), reason=WITHOUT_POSTGRES)
def test_postgresql_has_the_same_rows_in_every_mart(built: Warehouse, postgres: str, tmp_path: Path):
    """Its loader keeps the case of names, and its times have a zone."""
    other = Warehouse(tmp_path, today=small_tenant.TODAY, postgres=postgres)
    other.land(small_tenant.TABLES, without=["users.phone_number", "logs.agent_id"])
    other.build()
    for mart in MARTS:
        assert built.rows(mart) == other.rows(mart), mart
