"""The dbt package: its generated part is up to date, and its hand-written part keeps the package's rules."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from tools.warehouse import generate, picture
from tools.warehouse.columns import column_name, column_type, singular, staged

PACKAGE = Path(__file__).parents[2] / "dbt"
HAND_WRITTEN = sorted(path for kind in ("intermediate", "marts") for path in (PACKAGE / "models" / kind).glob("*.sql"))
STAGED = {name: staged(name) for name in stream_files()}
#: Words that one of the four databases reserves.
RESERVED = {
    "all",
    "current",
    "date",
    "from",
    "global",
    "group",
    "order",
    "primary",
    "references",
    "to",
    "use",
    "values",
}


def declared(path: Path) -> dict[str, dict]:
    return {model["name"]: model for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]}


def test_the_generated_files_are_up_to_date_with_the_stream_files() -> None:
    """Otherwise: `make docs`."""
    assert generate.expected() == generate.written()


def test_the_picture_is_up_to_date_with_the_stream_files() -> None:
    """Otherwise: `make docs`."""
    assert picture.picture() == generate.PICTURE.read_text(encoding="utf-8")


def test_every_reference_between_boxes_is_an_arrow_of_its_target_color_and_no_box_hides_another() -> None:
    boxes = {box.stream: box for box in picture._boxes()}
    references = [
        target.partition(".")[0]
        for name in boxes
        for column, target in (load_stream(name)["$parameters"].get("foreign_keys") or {}).items()
        if column in load_stream(name)["schema_loader"]["schema"]["properties"] and target.partition(".")[0] in boxes
    ]
    drawn = Counter(re.findall(r'class="arrow" stroke="(#\w+)"', picture.picture()))
    assert Counter(picture._color(target) for target in references) == drawn
    assert set(picture.HUBS) <= set(boxes)
    for column in range(len(picture.PLACES)):
        stacked = [box for box in boxes.values() if box.column == column]
        assert all(above.y + above.height + 10 <= below.y for above, below in pairwise(stacked))


@pytest.mark.parametrize("name", STAGED)
def test_the_columns_of_a_staging_model_have_names_of_their_own(name: str) -> None:
    names = [column.name for column in STAGED[name].columns]
    assert [] == [column for column, count in Counter([*names, "synced_at"]).items() if count > 1]
    assert set() == RESERVED & set(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", column) for column in names)
    assert set(STAGED[name].key) <= set(names)


def test_every_column_of_a_stream_is_in_its_staging_model() -> None:
    for name, model in STAGED.items():
        sources = [source for column in model.columns for source in column.sources]
        assert list(load_stream(name)["schema_loader"]["schema"]["properties"]) == sources or "isMobile" in sources


def test_what_readings_are_of_is_the_user() -> None:
    assert {"user_id"} == {model.parent for model in STAGED.values() if model.parent}
    assert 14 == sum(model.parent is not None for model in STAGED.values())


def test_names_say_whose_identifier_it_is() -> None:
    assert "role_id" == column_name("user_roles", "id", "roles", {})
    assert "client_grant_id" == column_name("client_grants", "id", None, {})
    assert "id" == column_name("client_grants", "id", None, {"client_grant_id": {}})
    assert ("is_mobile", "event_schema", "x5t_s256") == tuple(
        column_name("logs", source, None, {}) for source in ("isMobile", "$event_schema", "x5t#S256")
    )
    assert ("policy", "address", "user", "branding") == tuple(
        map(singular, ("policies", "addresses", "users", "branding"))
    )


def test_a_column_of_several_types_is_text_unless_all_are_json() -> None:
    assert "json" == column_type({"type": ["object", "array", "null"]})
    assert "text" == column_type({"type": ["string", "array"]})
    assert "timestamp" == column_type({"type": "string", "format": "date-time"})


def test_every_model_and_column_has_a_text() -> None:
    for path in (PACKAGE / "models").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            assert [] == [column["name"] for column in model["columns"] if not column.get("description")]
            assert model["description"]
    written = {path.stem for path in HAND_WRITTEN}
    texts = ("marts/_marts.yml", "intermediate/_intermediate.yml")
    assert written == {name for path in texts for name in declared(PACKAGE / "models" / path)}


@pytest.mark.parametrize("path", HAND_WRITTEN, ids=lambda path: path.stem)
def test_a_model_reads_models_and_is_written_for_four_databases(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower()
    assert "source(" not in text
    for unportable in ("::", "qualify", "group by all", "interval '", "filter (", "json_extract", "#>>"):
        assert unportable not in text


def test_nothing_is_sent_to_the_makers_of_dbt() -> None:
    project = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text(encoding="utf-8"))
    assert {"send_anonymous_usage_stats": False} == project["flags"]


def test_the_readme_has_the_variables_that_models_use() -> None:
    project = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text(encoding="utf-8"))
    readme = (PACKAGE / "README.md").read_text(encoding="utf-8")
    models = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.sql"))
    used = set(re.findall(r"var\('(auth0_\w+)'", models + (PACKAGE / "models/staging/_auth0__sources.yml").read_text()))
    assert set(project["vars"]) | {"auth0_database"} == used
    assert used == set(re.findall(r"^\| `(auth0_(?!_)\w+)`", readme, re.MULTILINE))


def test_the_page_has_each_variable_with_its_default_each_mart_and_each_value_of_a_status() -> None:
    page = (PACKAGE.parent / "docs" / "warehouse.md").read_text(encoding="utf-8")
    defaults = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    rows = dict(re.findall(r"^\| `(auth0_[a-z]\w+)` \| ([^|]+) \|", page, re.MULTILINE))
    shown = {name: rows.get(name, "").strip("`") for name in defaults}
    words = {"": "none", "None": "today in UTC", "True": "true", "False": "false"}
    lists = {name: str(value).replace("'", '"') for name, value in defaults.items() if isinstance(value, list)}
    assert {name: lists.get(name) or words.get(str(value), str(value)) for name, value in defaults.items()} == shown
    marts = yaml.safe_load((PACKAGE / "models/marts/_marts.yml").read_text(encoding="utf-8"))["models"]
    assert [mart["name"] for mart in marts if f"`{mart['name']}`" not in page] == []
    values = {
        value
        for mart in marts
        for column in mart.get("columns", [])
        if column["name"] in ("mfa_status", "finding", "told_by", "strongest_factor", "why_privileged")
        for test in column.get("data_tests", [])
        if isinstance(test, dict)
        for value in test["accepted_values"]["arguments"]["values"]
    }
    assert {value for value in values if f"`{value}`" not in page} == set()
