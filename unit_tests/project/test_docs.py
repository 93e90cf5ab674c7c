"""Generated pages and examples agree with the code."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from source_auth0.manifest.assembly import assemble, load_stream
from source_auth0.manifest.files import stream_files

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
AIRBYTE = (DOCS / "auth0.md").read_text(encoding="utf-8")
PLANNING = (DOCS / "planning.md").read_text(encoding="utf-8")
MIGRATIONS = (DOCS / "auth0-migrations.md").read_text(encoding="utf-8")
#: Headings that Airbyte's checks require of a connector's page, in this order.
HEADINGS = [
    "# Auth0",
    "## Prerequisites",
    "## Setup guide",
    "## Set up Auth0",
    "## Set up the Auth0 connector in Airbyte",
    "### For Airbyte Cloud:",
    "### For Airbyte Open Source:",
    "## Supported sync modes",
    "## Supported Streams",
    "## IP allow list",
    "### Performance considerations",
    "## Data type map",
    "## Limitations & Troubleshooting",
    "## Changelog",
]
SPEC = assemble([])["spec"]["connection_specification"]
METADATA = yaml.safe_load((ROOT / "metadata.yaml").read_text())["data"]


def script(name: str) -> ModuleType:
    """A script of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_streams_is_up_to_date_with_its_generator() -> None:
    """Otherwise: `make docs`."""
    assert (DOCS / "streams.md").read_text(encoding="utf-8") == script("generate").page()


def test_the_list_of_streams_in_airbytes_page_is_up_to_date_with_its_generator() -> None:
    """Otherwise: `make docs`."""
    assert script("generate").airbyte_page(AIRBYTE) == AIRBYTE
    assert set(stream_files()) <= set(re.findall(r"\[(\w+)\]\(https", AIRBYTE))


def test_airbytes_page_has_the_headings_that_its_checks_want() -> None:
    found = [line for line in AIRBYTE.splitlines() if line.startswith("#")]
    assert HEADINGS == [line for line in found if line in HEADINGS]
    assert "<HideInUI>" in AIRBYTE.partition("## Prerequisites")[0]


def test_airbytes_page_names_every_field_that_has_to_be_filled_before_it_is_set_up() -> None:
    prerequisites = AIRBYTE.partition("## Prerequisites")[2].partition("\n## ")[0]
    properties = SPEC["properties"]
    first = properties["credentials"]["oneOf"][0]
    titles = [properties[name]["title"] for name in SPEC["required"]]
    titles += [first["properties"][name]["title"] for name in first["required"]]
    assert [] == [title for title in titles if f"**{title}**" not in prerequisites]


def test_bold_words_of_airbytes_page_that_name_a_field_are_its_title() -> None:
    titles = {field["title"] for field in SPEC["properties"].values()}
    assert {"Start Date", "Excluded Fields of Users", "First Load of Users", "Secrets"} <= titles
    assert all(f"**{title}**" in AIRBYTE for title in ("Start Date", "Excluded Fields of Users", "Secrets"))


def test_the_changelog_and_the_migrations_know_the_version() -> None:
    version = METADATA["dockerImageTag"]
    assert re.search(rf"^\| {re.escape(version)} \| \d{{4}}-\d\d-\d\d \|", AIRBYTE, re.MULTILINE)
    for breaking, change in METADATA["releases"]["breakingChanges"].items():
        assert f"\n## Upgrading to {breaking}\n" in MIGRATIONS
        assert change["migrationDocumentationUrl"].endswith(f"#upgrading-to-{breaking.replace('.', '')}")


def test_the_estimate_of_a_first_sync_is_what_its_formula_gives() -> None:
    """Otherwise: paste what `python docs/estimate.py` prints."""
    estimate = script("estimate")
    assert estimate.table(estimate.TENANTS) in PLANNING


@pytest.mark.parametrize(
    ("numbers", "plan", "expected"),
    [
        ((0, 0, 0), "free", 1),
        ((100_000, 0, 0), "free", 11),
        ((100_000, 0, 0), "self_service", 3),
        ((100_000, 0, 0), "enterprise", 2),
        ((0, 2_000, 150), "self_service", 34),
    ],
)
def test_the_tightest_limit_decides(numbers: tuple[int, int, int], plan: str, expected: int) -> None:
    """1,120 requests for users at 2 or 16 a second or 500 a minute; three for each organization at 200 a minute."""
    estimate = script("estimate")
    assert expected == estimate.minutes_of(estimate.requests_of(*numbers), plan)


def test_the_streams_with_personal_data_are_named() -> None:
    """Those with a column for an address, besides users themselves and groups."""
    personal = {
        name
        for name in stream_files()
        if {"email", "invitee"} & set(load_stream(name)["schema_loader"]["schema"]["properties"])
    } - {"users", "connection_synchronized_groups"}
    paragraph = PLANNING.partition("Names and addresses of people are also in ")[2].partition("\n\n")[0]
    assert personal == set(re.findall(r"`(\w+)`", paragraph))


def test_every_numbered_fact_says_why_it_matters() -> None:
    text = (DOCS / "behavior.md").read_text(encoding="utf-8").partition("## What is left out")[0]
    numbers = [int(number) for number in re.findall(r"^(\d+)\. \*\*", text, re.MULTILINE)]
    facts = re.split(r"^\d+\. \*\*", text, flags=re.MULTILINE)[1:]
    assert sorted(set(numbers)) == numbers
    assert [] == [fact.partition("**")[0] for fact in facts if "*Why this matters:*" not in fact]


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_links_between_the_pages_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", (DOCS / page).read_text(encoding="utf-8")):
        assert (DOCS / link).exists(), link


def test_the_example_catalog_selects_streams_in_modes_they_have() -> None:
    catalog = json.loads((DOCS / "example/catalog.json").read_text())
    for configured in catalog["streams"]:
        stream = load_stream(configured["stream"]["name"])
        assert configured["sync_mode"] == "full_refresh" or "incremental_sync" in stream


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/where-to-change.md"])
def test_files_that_a_map_of_the_code_names_are_there(page: str) -> None:
    """A path is told from the root, or from the connector's package; `<…>` stands for any name."""
    text = re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)
    named = {path for path in re.findall(r"`([\w./<>-]+)`", text) if path.endswith((".py", ".yaml", "_simulator/"))}
    assert named
    for path in named:
        pattern = re.sub(r"<\w+>", "*", path)
        package = ROOT / "source_auth0"
        rooms = [ROOT, package, *(folder for folder in package.rglob("*") if folder.is_dir())]
        assert any(next(iter(room.glob(pattern)), None) for room in rooms), path
