"""What the models make of tables that did not land, of `readings`, and of what loaders leave behind."""

import importlib.util
from pathlib import Path

import pytest

from testing.warehouse.project import WITHOUT_DBT, WITHOUT_NETWORK_NAMESPACES, Warehouse

spec = importlib.util.spec_from_file_location("small_tenant", Path(__file__).parent / "small_tenant.py")
small_tenant = importlib.util.module_from_spec(spec)
spec.loader.exec_module(small_tenant)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(WITHOUT_DBT), reason=WITHOUT_DBT)]
MONDAY, TUESDAY = small_tenant.MONDAY, small_tenant.TUESDAY
ROLES = ("stg_auth0__user_roles", "user_id", "role_id")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all, so that dbt reads the project once; each test has a database of its own."""
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture
def warehouse(folder: Path) -> Warehouse:
    (folder / "warehouse.duckdb").unlink(missing_ok=True)
    return Warehouse(folder, today=small_tenant.TODAY)


def test_nothing_but_users_is_enough(warehouse: Warehouse):
    """Everything is built, what is not known is null, and the second factor is told by the flag."""
    warehouse.land({"users": small_tenant.USERS})
    warehouse.build()
    assert [("auth0|ada", "enrolled", None, None)] == [
        row
        for row in warehouse.rows("auth0__users", "user_id", "mfa_status", "roles", "organizations")
        if row[0] == "auth0|ada"
    ]
    assert [("users.multifactor",)] == warehouse.rows("auth0__user_mfa group by told_by", "told_by")
    assert [] == warehouse.rows("auth0__active_users_daily")
    assert {"not_known"} == {status for (status,) in warehouse.rows("auth0__tenant_posture", "status")}


def test_the_rows_of_a_reading_are_valid_and_a_reading_that_found_nothing_has_none(warehouse: Warehouse):
    """Ada's last role was taken without a sign-in, Jan was deleted, and Kai has no reading: judged as without."""
    readings = [
        {"stream": "user_roles", "parent_id": "auth0|ada", "read_at": "2026-02-25T10:00:00.000Z", "rows": 0},
        {"stream": "user_roles", "parent_id": "auth0|bruno", "read_at": MONDAY, "rows": 1},
        {"stream": "user_roles", "parent_id": "auth0|jan", "read_at": "2026-02-25T10:00:00.000Z", "rows": 0},
        {"stream": "user_sessions", "parent_id": "auth0|kai", "read_at": "2026-02-25T10:00:00.000Z", "rows": 0},
    ]
    warehouse.land({**small_tenant.TABLES, "readings": readings})
    warehouse.build("stg_auth0__user_roles", command="run")
    assert [("auth0|bruno", "rol_reader"), ("auth0|kai", "rol_admin")] == warehouse.rows(*ROLES)


def test_ada_and_bruno_by_readings(warehouse: Warehouse):
    """The example of docs/behavior.md: the reading of Bruno found nothing; nobody else is there since Monday."""
    readings = [
        {"stream": "user_roles", "parent_id": "auth0|ada", "read_at": TUESDAY, "rows": 1},
        {"stream": "user_roles", "parent_id": "auth0|bruno", "read_at": "2026-02-24T10:00:01.000Z", "rows": 0},
        {"stream": "user_roles", "parent_id": "*", "read_at": MONDAY, "rows": None},
    ]
    roles = [row for row in small_tenant.USER_ROLES if row["user_id"] in ("auth0|ada", "auth0|bruno")]
    warehouse.land({"user_roles": roles, "readings": readings})  # `users` is not needed
    warehouse.build("stg_auth0__user_roles", command="run")
    assert [("auth0|ada", "rol_reader")] == warehouse.rows(*ROLES)


def test_whoever_was_last_read_before_everybody_was_is_gone(warehouse: Warehouse):
    """No event told that Bruno, Cleo and the first Ada were deleted; the full reading of Tuesday did not find them."""
    readings = [
        {"stream": "user_roles", "parent_id": row["user_id"], "read_at": row["read_at"], "rows": 1}
        for row in sorted(small_tenant.USER_ROLES, key=lambda row: row["read_at"])
    ]
    readings = list({row["parent_id"]: row for row in readings}.values())
    everybody = {"stream": "user_roles", "parent_id": "*", "read_at": TUESDAY, "rows": None}
    warehouse.land({"user_roles": small_tenant.USER_ROLES, "readings": [*readings, everybody]})
    warehouse.build("stg_auth0__user_roles", command="run")
    of_tuesday = [("auth0|ada", "rol_reader"), ("auth0|jan", "rol_admin"), ("auth0|kai", "rol_admin")]
    assert of_tuesday == warehouse.rows(*ROLES)


def test_rows_that_landed_ahead_of_their_reading_are_valid(warehouse: Warehouse):
    """Tables are written one after the other: Ada's rows of Tuesday are there, and their reading is not yet."""
    readings = [{"stream": "user_roles", "parent_id": "auth0|ada", "read_at": MONDAY, "rows": 2}]
    roles = [row for row in small_tenant.USER_ROLES if row["user_id"] == "auth0|ada"]
    warehouse.land({"user_roles": roles, "readings": readings})
    warehouse.build("stg_auth0__user_roles", command="run")
    assert [("auth0|ada", "rol_reader")] == warehouse.rows(*ROLES)


def test_all_rows_without_the_time_of_a_reading_are_valid(warehouse: Warehouse):
    roles = [{**row, "read_at": None} for row in small_tenant.USER_ROLES if row["user_id"] == "auth0|ada"]
    warehouse.land({"user_roles": roles, "readings": []})
    warehouse.build("stg_auth0__user_roles", command="run")
    assert [("auth0|ada", "rol_admin"), ("auth0|ada", "rol_reader")] == warehouse.rows(*ROLES)


def test_two_landed_tables_are_enough_for_what_is_made_of_them(warehouse: Warehouse):
    warehouse.land({"user_roles": small_tenant.USER_ROLES, "roles": small_tenant.TABLES["roles"]})
    warehouse.build()
    held = [row for row in warehouse.rows(*ROLES) if row[0] == "auth0|bruno"]
    assert [("auth0|bruno", "rol_reader")] == held  # without users nobody knows that Bruno changed
    assert ["roles", "user_roles"] == [
        name for name, there in warehouse.rows("auth0__streams", "stream", "is_landed") if there
    ]
    assert {"unknown_user"} == {row[0] for row in warehouse.rows("auth0__privileged_access_review", "finding")}
    assert [] == warehouse.rows("auth0__users")


@pytest.mark.skipif(bool(WITHOUT_NETWORK_NAMESPACES), reason=WITHOUT_NETWORK_NAMESPACES)
def test_nothing_is_fetched_while_building(warehouse: Warehouse):
    """Where not even loopback is up."""
    warehouse.land({"users": small_tenant.USERS})
    warehouse.build("+auth0__users", offline=True)
    assert 10 == len(warehouse.rows("auth0__users"))  # all but the tombstone: nothing tells of other deletions


def test_a_table_that_only_appends_has_one_valid_row_a_key(warehouse: Warehouse):
    """Extracted on Tuesday: blocked, and on Wednesday again: no longer. The tables have a prefix."""
    kai = next(row for row in small_tenant.USERS if row["user_id"] == "auth0|kai")
    copies = [
        {**kai, "_airbyte_extracted_at": "2026-02-24T00:00:00Z"},
        {**kai, "blocked": False, "_airbyte_extracted_at": "2026-02-25T00:00:00Z"},
    ]
    warehouse.land({"users": copies}, prefix="raw_")
    warehouse.build("stg_auth0__users", command="run", auth0_append=True, auth0_table_prefix="raw_")
    assert [("auth0|kai", False)] == warehouse.rows("stg_auth0__users", "user_id", "blocked")
