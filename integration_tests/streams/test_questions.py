"""The example questions of the streams' pages, asked of a simulated tenant's rows in DuckDB."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from auth0_simulator import Simulator
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from testing.command import configured_catalog, discovered_streams, run
from testing.tenants import config_of

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-demo/bin/python"
QUESTIONS = {path.stem: path.read_text() for path in sorted((ROOT / "tools/pages/questions").glob("*.sql"))}
#: A column's type in the stream file to its type in the table, as PyAirbyte's cache has it.
TYPES = {
    "object": "JSON",
    "array": "JSON",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "number": "DOUBLE",
    "string": "VARCHAR",
}

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="`make demo` makes the environment that has DuckDB")


def tables_of(sql: str) -> list[str]:
    """The streams that a question reads."""
    return sorted(set(re.findall(r"\b(?:FROM|JOIN) (\w+)", sql)) & set(stream_files()))


def column_types(name: str) -> dict[str, str]:
    """The columns of a stream's table, with their types in DuckDB."""
    columns = {}
    for column, declared in load_stream(name)["schema_loader"]["schema"]["properties"].items():
        kinds = [declared["type"]] if isinstance(declared["type"], str) else declared["type"]
        columns[column] = "TIMESTAMP" if "format" in declared else TYPES[kinds[0]]
    return columns


@pytest.fixture(scope="module")
def answers() -> dict[str, list[Any]]:
    """The rows that each question finds."""
    names = sorted({name for sql in QUESTIONS.values() for name in tables_of(sql)})
    with Simulator(users=60, organizations=3, seed=7) as sim:
        config = config_of(sim)
        streams = [stream for stream in discovered_streams(config) if stream["name"] in names]
        records = run("read", config=config, catalog=configured_catalog(streams)).records
    assert names == sorted(records)
    tables = {name: {"columns": column_types(name), "rows": records[name]} for name in names}
    done = subprocess.run(
        [str(PYTHON), str(Path(__file__).with_name("questions_job.py"))],
        input=json.dumps({"tables": tables, "questions": QUESTIONS}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    found: dict[str, list[Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("family", QUESTIONS)
def test_a_question_finds_rows(family: str, answers: dict[str, list[Any]]) -> None:
    assert [row for row in answers[family] if any(cell is not None for cell in row)]
