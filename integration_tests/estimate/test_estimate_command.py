"""What a person gets from `source-auth0 estimate`: a table, JSON, or one sentence."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auth0_simulator import Simulator
from source_auth0.commands.estimate.command import print_estimate
from source_auth0.manifest.files import stream_files
from testing.in_process import catalog_of
from testing.tenants import config_of

Printed = tuple[str, str]
Estimate = Callable[..., Printed]


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with Simulator(users=300, organizations=30, log_events=2000) as simulator:
        yield simulator


@pytest.fixture
def estimate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Estimate:
    """Runs the command for a config, streams (all for none) and further arguments; what it printed, and on stderr."""

    def run(config: dict[str, Any], *streams: str, more: tuple[str, ...] = ()) -> Printed:
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "catalog.json").write_text(json.dumps(catalog_of(*streams)))
        selected = ("--catalog", str(tmp_path / "catalog.json")) if streams else ()
        capsys.readouterr()
        print_estimate(["--config", str(tmp_path / "config.json"), *selected, *more])
        printed = capsys.readouterr()
        return printed.out, printed.err

    return run


def test_a_table_has_a_line_for_each_stream_then_for_its_parents_then_for_all(
    sim: Simulator, estimate: Estimate
) -> None:
    printed, _ = estimate(config_of(sim), "organization_members", "user_roles")
    names = [line.split("  ")[0] for line in printed.splitlines() if line][:6]
    assert [
        "Stream",
        "organization_members",
        "user_roles",
        "(ids of users)",
        "(organizations)",
        "all together",
    ] == names
    assert "Later syncs: one every 24 hours." in printed


def test_a_few_streams_cost_a_few_dozen_requests(sim: Simulator, estimate: Estimate) -> None:
    sim.clear_journal()
    _, aside = estimate(config_of(sim), "users", "organizations", "organization_members", "logs")
    assert len(sim.journal) - 1 <= 60
    assert f"{len(sim.journal) - 1} requests were sent for this." in aside
    assert {"GET", "POST"} == {request.method for request in sim.journal}
    assert ["/oauth/token"] == [request.path for request in sim.journal if request.method == "POST"]


def test_every_stream_is_estimated_without_a_catalog(sim: Simulator, estimate: Estimate) -> None:
    printed, _ = estimate(config_of(sim), more=("--json",))
    found = json.loads(printed)
    assert set(stream_files()) == {line["stream"] for line in found["streams"] if line["is_selected"]}
    assert [] == found["refused"]
    by_name = {line["stream"]: line["first_sync"]["rows"] for line in found["streams"]}
    assert {"from": 14, "to": 14} == by_name["actions"]
    assert {"from": 179, "to": 179} == by_name["log_types"]
    assert by_name["events"] is None
    assert found["total"]["first_sync"]["requests"]["to"] < 60_000


def test_the_rate_limit_that_decides_is_named(estimate: Estimate) -> None:
    with Simulator(users=3000, organizations=40, plan="self_service") as sim:
        printed, _ = estimate(config_of(sim), "users", "organization_members", more=("--json",))
    lines = {line["stream"]: line["first_sync"] for line in json.loads(printed)["streams"]}
    assert "`GET /users` (40, then 500 a minute)" == lines["users"]["decided_by"]
    assert "`GET /organizations/{}/members` (20, then 200 a minute)" == lines["organization_members"]["decided_by"]


def test_totals_that_are_capped_are_at_least_so_many(estimate: Estimate) -> None:
    with Simulator(users=60_000, organizations=1, total_cap=1000, log_events=10) as sim:
        printed, _ = estimate(config_of(sim), "users")
    assert any(line.startswith("users") and "at least" in line for line in printed.splitlines())


def test_a_missing_scope_is_a_line_about_that_stream_and_no_question(estimate: Estimate) -> None:
    with Simulator(users=50, organizations=2, scopes=["read:users"]) as sim:
        printed, aside = estimate(config_of(sim), "users", "user_roles", "logs", more=("--json",))
        assert all(request.status in {200, 201} for request in sim.journal)
    refused = json.loads(printed)["refused"]
    assert ["`user_roles` lacks `read:role_members` `read:roles`.", "`logs` lacks `read:logs`."] == refused
    assert all(sentence in aside for sentence in refused)
    assert ["users"] == [line["stream"] for line in json.loads(printed)["streams"]]


def test_a_scope_that_the_token_does_not_name_is_asked_for(estimate: Estimate) -> None:
    with Simulator(users=50, organizations=2, scopes=["read:users", "read:organizations"]) as sim:
        sim.settings.opaque_tokens = True
        printed, _ = estimate(config_of(sim), "users", "clients", "logs", "organization_members", more=("--json",))
    found = json.loads(printed)
    assert {"users"} == {line["stream"] for line in found["streams"] if line["is_selected"]}
    assert {"`clients`", "`logs`", "`organization_members`"} == {line.split(" ")[0] for line in found["refused"]}


def test_later_syncs_read_what_changed_in_between(sim: Simulator, estimate: Estimate) -> None:
    daily = json.loads(estimate(config_of(sim), "logs", "clients", more=("--json",))[0])["streams"]
    hourly = json.loads(estimate(config_of(sim), "logs", "clients", more=("--json", "--hours", "1"))[0])["streams"]
    assert daily[0]["later_syncs"]["rows"]["to"] >= hourly[0]["later_syncs"]["rows"]["to"]
    assert daily[0]["first_sync"]["rows"]["from"] > daily[0]["later_syncs"]["rows"]["from"]
    assert daily[1]["first_sync"] == daily[1]["later_syncs"]


@pytest.mark.parametrize(
    ("break_config", "sentence"),
    [
        (lambda config: config.pop("base_url"), "Base URL"),
        (lambda config: config["credentials"].update(client_secret="wrong"), "Client Secret"),
    ],
)
def test_a_wrong_config_is_one_sentence(
    sim: Simulator, estimate: Estimate, break_config: Callable[[dict[str, Any]], Any], sentence: str
) -> None:
    config = config_of(sim)
    break_config(config)
    with pytest.raises(SystemExit) as ended:
        estimate(config, "users")
    assert sentence.lower() in str(ended.value).lower()
    assert "\n" not in str(ended.value)


def test_a_wrong_file_or_stream_is_one_sentence(sim: Simulator, estimate: Estimate, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="The catalog selects"):
        estimate(config_of(sim), "userz")
    printed, aside = estimate(config_of(sim), "userz", "clients")
    assert "The catalog selects the stream `userz`, which does not exist." in aside
    assert "clients" in printed
    with pytest.raises(SystemExit, match=r"cannot be read: No such file"):
        print_estimate(["--config", str(tmp_path / "none.json")])


@pytest.mark.parametrize("hours", ["soon", "0", "-1", "inf", "nan"])
def test_hours_that_are_none_are_one_sentence(hours: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        print_estimate(["--config", "x", "--hours", hours])
    assert 2 == ended.value.code
    assert f"`{hours}` is no number of hours; write one such as 24 or 0.5" in capsys.readouterr().err
