"""deploy/terraform: it parses, its streams and fields exist, and what it would send to Airbyte is what it says."""

import json
import re
import shutil
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
import pytest

from source_auth0.config.validation import validate_config
from source_auth0.manifest.assembly import assemble, load_stream
from source_auth0.manifest.files import stream_files

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "deploy/terraform"
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in {".tf", ".tfvars"})
SPEC = assemble([])["spec"]["connection_specification"]
INCREMENTAL = {name for name in stream_files() if "cursor_field" in load_stream(name)}
#: Required and optional attributes by the provider's documentation, version 1
#: (https://registry.terraform.io/providers/airbytehq/airbyte/latest/docs). `for_each` is Terraform's own.
ATTRIBUTES = {
    "airbyte_source_definition": (
        {"name", "workspace_id", "docker_repository", "docker_image_tag"},
        {"documentation_url"},
    ),
    "airbyte_source": (
        {"name", "workspace_id", "configuration"},
        {"definition_id", "resource_allocation", "secret_id", "for_each"},
    ),
    "airbyte_destination": ({"name", "workspace_id", "configuration"}, {"definition_id", "resource_allocation"}),
    "airbyte_connection": (
        {"source_id", "destination_id"},
        {
            *("name", "configurations", "schedule", "namespace_definition", "namespace_format", "prefix", "status"),
            *("non_breaking_schema_updates_behavior", "data_residency", "tags", "for_each"),
        },
    ),
}
PROVIDER = {"server_url", "token_url", "client_id", "client_secret", "bearer_auth", "username", "password"}
RESOURCES = {f"{kind}_{bound}" for kind in ("cpu", "memory", "ephemeral_storage") for bound in ("request", "limit")}
#: A reference to a resource's attribute; another provider's resource stands in for it below.
REFERENCE = re.compile(r"\b(airbyte_\w+\.\w+)(\[each\.key\])?\.\w*id\b")
STAND_IN = re.compile(
    r'^resource "(airbyte_\w+)" "(\w+)" \{\n(  for_each = [^\n]+\n)?(.*?)^\}', re.MULTILINE | re.DOTALL
)
TERRAFORM = shutil.which("terraform")


@cache
def parsed(path: Path) -> dict[str, Any]:
    """A file as plain values; expressions stay texts in `${…}`."""
    options = hcl2.SerializationOptions(strip_string_quotes=True, with_comments=False, explicit_blocks=False)
    with path.open(encoding="utf-8") as file:
        return dict(hcl2.load(file, serialization_options=options))


def blocks(kind: str) -> dict[str, dict[str, Any]]:
    """The blocks of a kind in all files by their last label, each resource by its type and name."""
    found: dict[str, dict[str, Any]] = {}
    for path in FILES:
        for block in parsed(path).get(kind, []) if path.suffix == ".tf" else []:
            for label, content in block.items():
                found.update(
                    {f"{label}.{n}": c for n, c in content.items()} if kind == "resource" else {label: content}
                )
    return found


CONNECTIONS: dict[str, Any] = parsed(FOLDER / "connections.tf")["locals"][0]["connections"]


def test_there_is_what_the_pages_name():
    assert {"connections.tf", "example.tfvars", "main.tf", "provider.tf", "variables.tf"} == {f.name for f in FILES}
    assert len(CONNECTIONS) > 1


def test_every_stream_is_in_one_connection():
    """A new stream goes into the connection whose schedule fits it."""
    named = Counter(name for c in CONNECTIONS.values() for name in (*c["incremental"], *c["full_refresh"]))
    assert dict.fromkeys(sorted(stream_files()), 1) == dict(sorted(named.items()))


@pytest.mark.parametrize("name", CONNECTIONS)
def test_streams_with_a_cursor_are_read_incrementally(name: str):
    assert set(CONNECTIONS[name]["incremental"]) <= INCREMENTAL
    assert INCREMENTAL.isdisjoint(CONNECTIONS[name]["full_refresh"])


@pytest.mark.parametrize("name", CONNECTIONS)
def test_options_are_fields_of_the_source(name: str):
    assert set(CONNECTIONS[name]["options"]) <= set(SPEC["properties"])


@pytest.mark.parametrize("name", CONNECTIONS)
def test_a_connection_has_a_schedule_and_resources(name: str):
    connection = CONNECTIONS[name]
    assert {"cron", "options", "resources", "incremental", "full_refresh"} == set(connection)
    assert set(connection["resources"]) <= RESOURCES
    assert all(re.fullmatch(r"\d+(m|Mi|Gi)?", amount) for amount in connection["resources"].values())
    assert re.fullmatch(r"0 \d+ (\*|\*/\d+|\d+) (\*|\?) \* (\?|[A-Z]{3})", connection["cron"])


def minutes_of_a_week(cron: str) -> set[int]:
    """The minutes of a week at which a schedule starts a sync; a day of the week counts as the first."""
    _, minute, hour, _, _, weekday = cron.split()
    step = int(hour.partition("/")[2] or 1)
    hours = range(0, 24, step) if hour.startswith("*") else [int(hour)]
    days = range(7) if weekday == "?" else [0]
    return {day * 1440 + h * 60 + int(minute) for day in days for h in hours}


def test_no_two_connections_start_together():
    starts = Counter(minute for c in CONNECTIONS.values() for minute in minutes_of_a_week(c["cron"]))
    assert {1} == set(starts.values())


def test_the_page_for_administrators_has_its_tokens_a_day():
    """One for the check and one for the sync, at each start; the weekly one is not counted."""
    starts = [len(minutes_of_a_week(c["cron"])) for c in CONNECTIONS.values()]
    daily = 2 * sum(number // 7 for number in starts)
    page = (ROOT / "docs/approve.md").read_text(encoding="utf-8")
    assert f"the {len(CONNECTIONS)} of [deploy/terraform]" in page
    assert f"take {daily} a day, and {2 * sum(number % 7 for number in starts)} a week more" in page


def test_the_page_for_airbyte_has_the_connections_and_their_schedules():
    page = (
        (ROOT / "docs/airbyte.md").read_text(encoding="utf-8").partition("## With Terraform\n")[2].partition("\n## ")[0]
    )
    rows = dict(re.findall(r"^\| `(\w+)` \| .+ \| (.+) \|$", page, re.MULTILINE))
    assert list(CONNECTIONS) == list(rows)
    for name, connection in CONNECTIONS.items():
        starts = minutes_of_a_week(connection["cron"])
        words = {7 * 24: "every hour", 7 * 4: "every six hours", 7: "every day", 1: "every Sunday"}
        time = f", {min(starts) // 60:02}:{min(starts) % 60:02}" if len(starts) <= 7 else ""
        assert words[len(starts)] + time == rows[name]
        assert connection["cron"].endswith(" SUN") == (len(starts) == 1)


@pytest.mark.parametrize("resource", blocks("resource"))
def test_resources_have_the_attributes_of_the_provider(resource: str):
    required, optional = ATTRIBUTES[resource.partition(".")[0]]
    assert required <= set(blocks("resource")[resource]) <= required | optional


def test_the_provider_is_that_of_a_self_managed_airbyte():
    """Its server is Airbyte's cloud unless it is named."""
    (terraform,) = parsed(FOLDER / "provider.tf")["terraform"]
    (required,) = terraform["required_providers"]
    assert {"airbyte": {"source": "airbytehq/airbyte", "version": "~> 1.0"}} == required
    provider = blocks("provider")["airbyte"]
    assert "${var.airbyte_api_url}" == provider["server_url"]
    assert set(provider) <= PROVIDER


def test_every_variable_is_declared_and_used():
    text = "".join(path.read_text(encoding="utf-8") for path in FILES if path.name != "variables.tf")
    assert set(re.findall(r"\bvar\.(\w+)", text)) == set(blocks("variable"))


def test_secrets_are_sensitive_and_the_example_has_none():
    variables = blocks("variable")
    secret = {name for name in variables if re.search("secret|password", name)}
    assert secret == {name for name, variable in variables.items() if variable.get("sensitive")}
    text = (FOLDER / "example.tfvars").read_text(encoding="utf-8")
    set_here, by_environment = set(parsed(FOLDER / "example.tfvars")), set(re.findall(r"TF_VAR_(\w+)", text))
    assert secret <= by_environment
    assert {name for name, variable in variables.items() if "default" not in variable} == set_here | by_environment


def test_the_image_is_of_this_version():
    version = re.findall(r'^version = "(.+?)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version == [blocks("variable")["image_tag"]["default"]]


def terraform(*arguments: str, folder: Path) -> str:
    """The output of a command of Terraform's, which has to succeed."""
    environment = {
        f"TF_VAR_{name}": f"a {name}" for name in re.findall(r"TF_VAR_(\w+)", (FOLDER / "example.tfvars").read_text())
    }
    command = [str(TERRAFORM), *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**environment, "CHECKPOINT_DISABLE": "1"}
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(TERRAFORM is None, reason="terraform is not installed")
def test_terraform_formats_it_so():
    assert "" == terraform("fmt", "-check", "-diff", "-recursive", str(ROOT / "deploy"), folder=ROOT)


@cache
def applied(folder: Path, *options: str) -> dict[str, dict[str, Any]]:
    """What would be sent to Airbyte: the attributes of each resource by its address.

    Terraform evaluates it all. A resource that Terraform has built in stands in for each of the provider's.
    """
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if path.name == "provider.tf":
            continue
        text = STAND_IN.sub(
            lambda m: f'resource "terraform_data" "{m[1]}_{m[2]}" {{\n{m[3] or ""}  input = {{\n{m[4]}  }}\n}}', text
        )
        text = REFERENCE.sub(lambda m: f"terraform_data.{m[1].replace('.', '_')}{m[2] or ''}.id", text)
        (folder / path.name).write_text(text, encoding="utf-8")
    terraform("init", "-input=false", folder=folder)
    terraform("apply", "-auto-approve", "-input=false", "-var-file=example.tfvars", *options, folder=folder)
    state = json.loads((folder / "terraform.tfstate").read_text(encoding="utf-8"))
    return {
        f"{resource['name']}.{instance.get('index_key', '')}": instance["attributes"]["input"]["value"]
        for resource in state["resources"]
        for instance in resource["instances"]
    }


@pytest.mark.skipif(TERRAFORM is None, reason="terraform is not installed")
def test_what_would_be_applied(tmp_path: Path):
    """The configs are ones that the connector takes; each connection has its streams, modes, schedule and resources."""
    resources = applied(tmp_path)
    assert 2 + 2 * len(CONNECTIONS) == len(resources)
    for name, connection in CONNECTIONS.items():
        source, target = resources[f"airbyte_source_auth0.{name}"], resources[f"airbyte_connection_auth0.{name}"]
        config = json.loads(source["configuration"])
        validate_config(config, SPEC)
        assert connection["options"] == {key: config[key] for key in connection["options"]}
        assert "a auth0_client_secret" == config["credentials"]["client_secret"]
        assert {"default": connection["resources"]} == source["resource_allocation"]
        modes = {stream["name"]: stream["sync_mode"] for stream in target["configurations"]["streams"]}
        assert modes == {
            **dict.fromkeys(connection["incremental"], "incremental_deduped_history"),
            **dict.fromkeys(connection["full_refresh"], "full_refresh_overwrite"),
        }
        assert {"schedule_type": "cron", "cron_expression": connection["cron"]} == target["schedule"]
        assert ("custom_format", "auth0") == (target["namespace_definition"], target["namespace_format"])


@pytest.mark.skipif(TERRAFORM is None, reason="terraform is not installed")
def test_streams_and_whole_connections_can_be_left_out_and_options_added(tmp_path: Path):
    left_out = ["users", *CONNECTIONS["events"]["incremental"]]
    resources = applied(
        tmp_path,
        f"-var=left_out_streams={json.dumps(left_out)}",
        '-var=auth0_options={users_excluded_fields=["last_ip"]}',
    )
    assert {f"airbyte_connection_auth0.{name}" for name in CONNECTIONS if name != "events"} == {
        address for address in resources if address.startswith("airbyte_connection_auth0")
    }
    streams = resources["airbyte_connection_auth0.activity"]["configurations"]["streams"]
    assert {*CONNECTIONS["activity"]["incremental"], *CONNECTIONS["activity"]["full_refresh"]} - {"users"} == {
        stream["name"] for stream in streams
    }
    config = json.loads(resources["airbyte_source_auth0.access"]["configuration"])
    assert ["last_ip"] == config["users_excluded_fields"]
    validate_config(config, SPEC)
