import logging
from typing import Any

import pytest

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.user_search.export_advice import LARGE_LOAD_USERS, ExportAdvice
from source_auth0.retrievers.users.export_job import NOT_EXPORTABLE_FIELDS


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "airbyte.source_auth0")


def advice(config: dict[str, Any], *, is_first_load: bool = True, **changes: Any) -> ExportAdvice:
    return ExportAdvice(Tenant({**config, **changes}), "users", is_first_load=is_first_load)


@pytest.mark.parametrize(
    ("total", "lines"), [(None, 0), (0, 0), (LARGE_LOAD_USERS, 0), (LARGE_LOAD_USERS + 1, 1), (2_000_000, 1)]
)
def test_a_total_above_fifty_thousand_is_said_once(
    config: dict[str, Any], caplog: pytest.LogCaptureFixture, total: int | None, lines: int
):
    told = advice(config)
    told.expect(total)
    told.expect(total)
    assert [f"`users`: {total:,} users are read by search." in m for m in caplog.messages] == [True] * lines


def test_without_a_total_the_rows_are_counted(config: dict[str, Any], caplog: pytest.LogCaptureFixture):
    told = advice(config)
    told.expect(None)
    for _ in range(LARGE_LOAD_USERS // 100):
        told.record_rows(100)
    assert [] == caplog.messages
    told.record_rows(1)
    told.record_rows(100)
    (message,) = caplog.messages
    assert "`users`: More than 50,000 users are read by search." in message


def test_it_says_what_to_set_and_what_an_export_lacks(config: dict[str, Any], caplog: pytest.LogCaptureFixture):
    advice(config).expect(60_000)
    (message,) = caplog.messages
    assert "First Load of Users (`users_initial_load`) to `export`" in message
    assert all(f"`{name}`" in message for name in NOT_EXPORTABLE_FIELDS)
    assert "attributes that identity providers add" in message


@pytest.mark.parametrize("mode", ["export", "export_only"])
def test_who_has_chosen_an_export_needs_no_advice(config: dict[str, Any], caplog: pytest.LogCaptureFixture, mode: str):
    """The search that follows a failed job has a warning of its own."""
    told = advice(config, users_initial_load=mode)
    told.expect(60_000)
    told.record_rows(60_000)
    assert [] == caplog.messages


def test_later_syncs_need_no_advice(config: dict[str, Any], caplog: pytest.LogCaptureFixture):
    told = advice(config, is_first_load=False)
    told.expect(60_000)
    told.record_rows(60_000)
    assert [] == caplog.messages
