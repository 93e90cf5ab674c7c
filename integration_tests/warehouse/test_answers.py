"""The rows below the fifteen questions of the page are those that the models give."""

from pathlib import Path

import pytest

from testing.warehouse.project import WITHOUT_DBT
from tools.warehouse.answers import PAGE, told_warehouse, with_answers

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(WITHOUT_DBT), reason=WITHOUT_DBT)]


def test_the_rows_below_each_question_are_those_of_the_story(tmp_path: Path):
    """Otherwise: `python -m tools.warehouse.answers`."""
    page = PAGE.read_text(encoding="utf-8")
    assert 15 == page.count("```sql")
    assert page == with_answers(page, told_warehouse(tmp_path).ask)
