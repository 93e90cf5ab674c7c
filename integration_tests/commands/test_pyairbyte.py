"""PyAirbyte and DuckDB, if `make demo` has created their environment."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from auth0_simulator import Simulator
from source_auth0.manifest.files import stream_files
from testing.tenants import config_of, users_of_overlap
from testing.warehouse.project import WITHOUT_DBT

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-demo/bin/python"
Results = dict[str, list[dict[str, Any]]]
#: A column's format or type in the catalog to its type in DuckDB.
TYPES = {
    "date-time": "TIMESTAMP",
    "date": "DATE",
    "object": "JSON",
    "array": "JSON",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "number": "DECIMAL(38,9)",
    "string": "VARCHAR",
}
QUESTIONS = [
    "Who has not logged in for 90 days",
    "Who holds an admin role in which organization",
    "Which applications still use a deprecated grant",
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="`make demo` makes the environment that PyAirbyte needs"),
]


@pytest.fixture
def pyairbyte(tmp_path: Path) -> Callable[..., Results]:
    """Runs a job with PyAirbyte, one DuckDB file and this environment's connector."""

    def run_job(**job: Any) -> Results:
        paths = {
            "file": str(tmp_path / "warehouse.duckdb"),
            "executable": str(Path(sys.executable).with_name("source-auth0")),
            "answers": str(tmp_path / "answers.json"),
        }
        command = [str(PYTHON), "-m", "integration_tests.commands.pyairbyte_job"]
        done = subprocess.run(
            command, input=json.dumps({**paths, **job}), capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert 0 == done.returncode, done.stderr
        results: Results = json.loads((tmp_path / "answers.json").read_text())
        return results

    return run_job


@contextmanager
def demo_files(sim: Simulator) -> Iterator[Path]:
    """The database that the demo makes of the tenant; it and what stands beside it are deleted afterwards."""
    file = ROOT / "build/demo" / f"127_0_0_1_{sim.base_url.rpartition(':')[2]}.duckdb"
    try:
        yield file
    finally:
        for left in file.parent.glob(f"{file.stem}.*"):
            left.unlink()


def single_value(rows: list[dict[str, Any]]) -> Any:
    """The only value of a query's result."""
    ((value,),) = (row.values() for row in rows)
    return value


@pytest.mark.accept
def test_a_second_sync_loads_only_changed_users(pyairbyte: Callable[..., Results], sim: Simulator) -> None:
    """A role that was removed is gone, which a merge by key would have kept."""
    sync = {"config": config_of(sim), "streams": ["users", "organization_member_roles"]}
    latest = "SELECT max(_airbyte_extracted_at) FROM users"
    first = pyairbyte(syncs=[sync], questions={"latest": latest, "roles": "SELECT * FROM organization_member_roles"})
    sim.clock.advance(3600)
    changed_user, again = next(iter(sim.tenant.users)), users_of_overlap(sim)
    sim.tenant.login(changed_user)
    created = sim.tenant.create_user(email="new@example.com")
    organization = sim.tenant.rows("organizations")[0]["id"]
    member = next(row for row in sim.tenant.rows("organization_members", organization) if row["roles"])
    removed_roles = len(member["roles"])
    member["roles"].clear()
    sim.clock.advance(3600)
    moved = f"SELECT user_id FROM users WHERE _airbyte_extracted_at > TIMESTAMP '{single_value(first['latest'])}'"
    second = pyairbyte(
        syncs=[sync],
        questions={
            "moved": moved,
            "held": "SELECT count(*) FROM users",
            "roles": "SELECT * FROM organization_member_roles",
        },
    )
    assert {changed_user, created, *again} == {row["user_id"] for row in second["moved"]}
    assert 351 == single_value(second["held"])
    assert removed_roles == len(first["roles"]) - len(second["roles"])


@pytest.mark.accept
def test_every_column_of_every_stream_has_its_type(
    pyairbyte: Callable[..., Results], catalog: list[dict[str, Any]]
) -> None:
    with Simulator(users=150, organizations=3) as sim:
        results = pyairbyte(
            syncs=[{"config": config_of(sim), "streams": list(stream_files())}],
            questions={"columns": "SELECT table_name, column_name, data_type FROM information_schema.columns"},
        )
    found = {(row["table_name"], row["column_name"]): row["data_type"] for row in results["columns"]}
    expected = {
        (stream["name"], re.sub(r"[^a-z0-9_]", "_", name.lower())): TYPES[type_of(declared)]
        for stream in catalog
        for name, declared in stream["json_schema"]["properties"].items()
    }
    assert {} == {column: (kind, found.get(column)) for column, kind in expected.items() if kind != found.get(column)}


def type_of(declared: dict[str, Any]) -> str:
    """A column's format, or its only type besides null; "string" if it has several."""
    kinds = [kind for kind in declared["type"] if kind != "null"] if isinstance(declared["type"], list) else []
    if len(kinds) > 1:
        return "string"
    return str(declared.get("format") or (kinds[0] if kinds else declared["type"]))


def test_a_limited_read_prints_no_traceback(sim: Simulator, tmp_path: Path) -> None:
    """PyAirbyte ends the connector with SIGTERM once it has enough; more than a pipe holds is left then."""
    script = (
        "import demo.warehouse, airbyte, json, sys\n"
        "job = json.load(sys.stdin)\n"
        "source = airbyte.get_source('source-auth0', config=job['config'], local_executable=job['executable'])\n"
        "source.select_streams(['users'])\n"
        "print(*(len(list(source.get_records('users', limit=limit))) for limit in (3, 2)))\n"
    )
    with Simulator(users=3000, organizations=1) as large:
        job = {"config": config_of(large), "executable": str(Path(sys.executable).with_name("source-auth0"))}
        done = subprocess.run(
            [str(PYTHON), "-c", script], input=json.dumps(job), capture_output=True, text=True, cwd=ROOT, check=False
        )
    assert "3 2" == done.stdout.splitlines()[-1], done.stderr
    assert 0 == done.returncode
    assert not re.search("Traceback|AirbyteSubprocessFailedError|Exception", done.stderr), done.stderr


@pytest.mark.accept
def test_values_are_stored_unchanged(pyairbyte: Callable[..., Results], sim: Simulator) -> None:
    results = pyairbyte(
        syncs=[{"config": config_of(sim), "streams": ["users"]}],
        questions={
            "users": "SELECT user_id, updated_at, logins_count, app_metadata ->> '$.account.number' AS number "
            "FROM users"
        },
    )
    loaded = {row["user_id"]: row for row in results["users"]}
    assert set(sim.tenant.users) == set(loaded)
    for user_id, row in loaded.items():
        user = sim.tenant.users.get(user_id)
        assert user["updated_at"].replace("T", " ")[:19] == row["updated_at"][:19]
        assert user.get("logins_count") == row["logins_count"]
        assert str(user["app_metadata"]["account"]["number"]) == row["number"]


@pytest.mark.accept
def test_a_config_and_a_state_of_the_published_connector_are_continued(
    pyairbyte: Callable[..., Results], sim: Simulator
) -> None:
    """The config has the start date that its form filled in, and the name that Airbyte's API client adds."""
    config = config_of(sim, start_date="2023-08-05T00:43:59.244Z", sourceType="auth0")
    saved = "2024-03-01T01:59:00.000000Z"
    states = {"users": {"updated_at": saved}, "clients": {"__ab_full_refresh_sync_complete": True}}
    streams = ["users", "clients", "organizations", "organization_members", "organization_member_roles"]
    results = pyairbyte(
        states=states,
        syncs=[{"config": config, "streams": streams}],
        questions={"state": "SELECT state_json FROM _airbyte_state WHERE stream_name = 'users'"}
        | {name: f"SELECT count(*) FROM {name}" for name in streams},
    )
    assert all(single_value(results[name]) > 0 for name in streams)
    queries = [request.query["q"] for request in sim.journal if request.template == "/users"]
    assert queries[0].startswith("updated_at:[2024-02-28T01:59:00.000Z TO")  # two days before: a deep look-back
    assert saved[:10] < single_value(results["state"]).partition('"updated_at":')[2].strip(' "')[:10]


@pytest.mark.accept
def test_the_view_over_several_tenants_keeps_users_of_the_same_id_apart(pyairbyte: Callable[..., Results]) -> None:
    """The view of docs/planning.md; each tenant has its own schema."""
    (view,) = re.findall(r"```sql\n(.*?);\n```", (ROOT / "docs/planning.md").read_text(), re.DOTALL)
    user = "SELECT 'auth0|1' AS user_id, 'a@example.com' AS email, now() AS last_login, now() AS updated_at"
    questions = {f"schema {name}": f"CREATE SCHEMA auth0_{name}" for name in ("eu", "us")}
    questions |= {f"table {name}": f"CREATE TABLE auth0_{name}.users AS {user}" for name in ("eu", "us")}
    results = pyairbyte(
        questions={**questions, "view": view, "tenants": "SELECT tenant FROM all_users ORDER BY tenant"}
    )
    assert [{"tenant": "eu"}, {"tenant": "us"}] == results["tenants"]


@pytest.mark.accept
@pytest.mark.skipif(bool(WITHOUT_DBT), reason=WITHOUT_DBT)
def test_the_demo_of_a_real_tenant_resumes_and_says_what_a_missing_scope_costs(tmp_path: Path) -> None:
    """From the tenant to the report: a token that may read users and applications, and all streams by default."""
    with (
        Simulator(users=40, organizations=2, scopes={"read:users", "read:clients"}) as sim,
        demo_files(sim) as database,
    ):
        (tmp_path / "config.json").write_text(json.dumps(config_of(sim)))
        command = [str(PYTHON), "-m", "demo", "--config", str(tmp_path / "config.json")]
        printed = [subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout for _ in "12"]
        report = database.with_suffix(".html").read_text()
        queries = [
            request.query["q"] for request in sim.journal if request.template == "/users" and "q" in request.query
        ]
    for text in printed:
        assert all(f"{question}?" in text for question in QUESTIONS)
        assert "streams are left out, whose scopes the token lacks: read:" in text
        assert f"The report: {database.with_suffix('.html').relative_to(ROOT)}" in text
    assert [False, True] == ["Resuming from what is in" in text for text in printed]
    assert queries[0] < queries[-1]
    assert queries[-1].endswith(" TO *]")
    assert '<h2>Users</h2><p class="number">40</p>' in report
    assert "Not known without logs (read:logs)." in report
    assert "Counted without client_grants (read:client_grants)" in report


@pytest.mark.accept
def test_the_demo_stops_with_a_sentence_when_somebody_presses_ctrl_c(tmp_path: Path) -> None:
    """A terminal sends the signal to the connector too."""
    with Simulator(users=40, organizations=2, latency=0.5) as sim, demo_files(sim):
        (tmp_path / "config.json").write_text(json.dumps(config_of(sim)))
        command = [str(PYTHON), "-m", "demo", "--config", str(tmp_path / "config.json"), "--streams", "users,roles"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, start_new_session=True
        ) as process:
            while not any(request.template == "/roles" for request in sim.journal):
                assert process.poll() is None
                time.sleep(0.05)
            os.killpg(process.pid, signal.SIGINT)
            printed, _ = process.communicate(timeout=60)
    assert 130 == process.returncode
    assert ["Stopped. The same command resumes from the last sync that was finished."] == printed.split("\n")[-2:-1]
    assert "Traceback" not in printed


def test_the_demo_says_which_stream_does_not_exist(tmp_path: Path) -> None:
    command = [str(PYTHON), "-m", "demo", "--streams", "usrs"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert 2 == done.returncode
    assert "there is no stream `usrs`. Did you mean `users`?" in done.stderr


@pytest.mark.accept
def test_the_demo_says_why_a_real_tenant_could_not_be_read(sim: Simulator, tmp_path: Path) -> None:
    config = config_of(sim)
    config["credentials"]["client_secret"] = "wrong"
    (tmp_path / "wrong.json").write_text(json.dumps(config))
    (tmp_path / "empty.json").write_text("{}")
    expected = {
        "wrong.json": (1, "refused the Client ID or the Client Secret"),
        "empty.json": (2, "empty.json has no `base_url`"),
        "none.json": (2, "none.json cannot be read: No such file or directory"),
    }
    for name, (code, sentence) in expected.items():
        command = [str(PYTHON), "-m", "demo", "--config", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
        assert code == done.returncode
        assert sentence in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
