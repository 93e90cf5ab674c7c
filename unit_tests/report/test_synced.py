"""What the report says of streams that were not synced."""

import re
from pathlib import Path

import pytest

from demo.report.contents import CHARTS, FIGURES, QUERIES, Chart, Figure
from demo.report.synced import Synced

MODELS = Path(__file__).parents[2] / "dbt" / "models"
SQL = {path.stem: path.read_text(encoding="utf-8") for path in MODELS.rglob("*.sql")}
ROWS = [
    {"stream": "users", "scopes": "read:users", "is_landed": True},
    {"stream": "logs", "scopes": "read:logs", "is_landed": False},
    {"stream": "role_users", "scopes": "read:roles read:role_members", "is_landed": False},
    {"stream": "user_roles", "scopes": "read:roles", "is_landed": True},
    {"stream": "log_types", "scopes": "", "is_landed": False},
]


def streams_read(model: str) -> set[str]:
    """The streams of which a model is made, through whatever other models."""
    if model.startswith("stg_auth0__"):
        return {model.removeprefix("stg_auth0__")}
    return {stream for found in re.findall(r"ref\('(\w+)'\)", SQL[model]) for stream in streams_read(found)}


def test_what_is_missing_is_named_with_its_scopes() -> None:
    synced = Synced.told_by(ROWS)
    assert "Not known without logs (read:logs), log_types." == synced.not_known(("users", "logs", "log_types"))
    assert "Counted without logs (read:logs)." == synced.counted_without(("logs",))
    assert "" == synced.not_known(("users",)) == synced.counted_without(())


def test_either_of_two_streams_is_enough() -> None:
    assert "" == Synced.told_by(ROWS).not_known(("role_users|user_roles",))
    assert ["role_users"] == Synced.told_by([]).lacks(("role_users|user_roles",))


@pytest.mark.parametrize("shown", [*FIGURES, *CHARTS], ids=lambda shown: shown.file)
def test_figures_and_charts_name_streams_that_their_models_read(shown: Figure | Chart) -> None:
    marts = re.findall(r"auth0__\w+", (QUERIES / shown.file).read_text(encoding="utf-8"))
    read = {stream for mart in marts for stream in streams_read(mart)}
    assert {stream for need in (*shown.needs, *shown.counts) for stream in need.split("|")} <= read
