"""The tool that tries loaders: what it sees in their tables, and how docs/run.md has it."""

from pathlib import Path
from typing import Any

import pytest

from auth0_simulator import Simulator
from source_auth0.manifest.assembly import load_stream, primary_key
from tools.loaders.loaders import LOADERS
from tools.loaders.table import BEGIN, END, read_table, written
from tools.loaders.tenant import KEYS, MERGED, TENANT, TOMBSTONE, TwoSyncs, observe

PAGE = (Path(__file__).parents[2] / "docs/run.md").read_text(encoding="utf-8")
SEEN = {"key of `users`": "text; every row", "deleted user": "gone"}


def test_the_page_has_a_column_for_each_loader_and_an_answer_in_each_cell() -> None:
    table = read_table(PAGE)
    assert [loader.title for loader in LOADERS.values()] == [*table]
    (questions,) = {tuple(seen) for seen in table.values()}
    assert len(questions) == 12
    assert [] == [title for title, seen in table.items() for answer in seen.values() if not answer]


def test_a_table_is_read_as_it_was_written() -> None:
    page = written(f"before\n{BEGIN}\nan old one\n{END}after\n", {"one": SEEN, "two": {"deleted user": "stays"}})
    assert {"one": SEEN, "two": {"key of `users`": "", "deleted user": "stays"}} == read_table(page)
    assert page.startswith(f"before\n{BEGIN}\n| ")
    assert page.endswith(f"\n{END}after\n")
    assert "an old one" not in page
    assert {} == read_table("no table")


def test_keys_and_modes_are_those_of_the_streams() -> None:
    for name, key in KEYS.items():
        assert list(key) == primary_key(load_stream(name))
        assert ("cursor_field" in load_stream(name)) == (name in MERGED)


@pytest.fixture(scope="module")
def syncs() -> Any:
    with Simulator(**TENANT) as sim:
        found = TwoSyncs(sim)
        found.change()
        yield found


class Tables:
    """A database that has these rows, by stream, and answers the questions of `observe`."""

    def __init__(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        self.rows = rows

    def __call__(self, sql: str) -> list[dict[str, Any]]:
        if "information_schema" in sql:
            columns = {(name, column) for name, rows in self.rows.items() for row in rows for column in row}
            return [{"table_name": name, "column_name": column, "data_type": "TEXT"} for name, column in columns]
        name = sql.partition(" FROM some.")[2].split()[0]
        if not sql.startswith("SELECT count(*)"):
            return self.rows[name]
        wanted = dict(pair.split(" = ") for pair in sql.partition(" WHERE ")[2].split(" AND ") if " = " in pair)
        marked = "IS NOT NULL" in sql
        found = [
            row
            for row in self.rows[name]
            if all(row.get(column) == value.strip("'") for column, value in wanted.items())
            and (not marked or row.get(TOMBSTONE))
        ]
        return [{"n": len(found)}]


def tables(syncs: TwoSyncs, **more: list[dict[str, Any]]) -> Tables:
    """What a loader leaves that does everything right."""
    rows = {name: [dict(zip(KEYS[name], key, strict=True)) for key in syncs.keys(name)] for name in KEYS}
    return Tables({name: [*found, *more.get(name, [])] for name, found in rows.items()})


def test_tables_with_every_row_are_seen_as_right(syncs: TwoSyncs) -> None:
    seen = observe(syncs, tables(syncs), "some")
    assert all(answer == "text; every row" for question, answer in seen.items() if question.startswith("key of "))
    assert "gone" == seen["deleted user"]
    assert "gone" == seen["role that was taken away"]


def test_rows_that_are_lost_doubled_or_left_are_seen(syncs: TwoSyncs) -> None:
    org_id, user_id, role_id = syncs.removed_role
    left = {"org_id": org_id, "user_id": user_id, "id": role_id}
    tombstone = {"user_id": syncs.deleted_user, TOMBSTONE: "2026-01-01"}
    found = tables(syncs, users=[tombstone], organization_member_roles=[left])
    found.rows["logs"] = [{"log_id": "9.002e+52"}, {"log_id": "9.002e+52"}]
    found.rows["organization_members"] = found.rows["organization_members"][:2]
    seen = observe(syncs, found, "some")
    assert f"text; **0 of {len(syncs.keys('logs'))} rows**, some twice" == seen["key of `logs`"]
    assert f"text; **2 of {len(syncs.keys('organization_members'))} rows**" == seen["key of `organization_members`"]
    assert "stays, marked in `_ab_cdc_deleted_at`" == seen["deleted user"]
    assert "stays" == seen["role that was taken away"]


def test_a_role_is_not_called_gone_where_its_rows_were_lost(syncs: TwoSyncs) -> None:
    found = tables(syncs)
    found.rows["organization_member_roles"] = found.rows["organization_member_roles"][:1]
    assert "unknown: most rows are lost" == observe(syncs, found, "some")["role that was taken away"]


def test_a_table_that_is_not_there_is_said(syncs: TwoSyncs) -> None:
    found = tables(syncs)
    found.rows["logs"] = []
    assert "no such table" == observe(syncs, found, "some")["key of `logs`"]
