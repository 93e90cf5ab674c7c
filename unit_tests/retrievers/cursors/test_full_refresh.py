from collections.abc import Mapping, MutableMapping
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, SyncMode
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.cursors.full_refresh import Generation
from source_auth0.retrievers.cursors.page_cursor import PageCursor


def configured(**changes: Any) -> Any:
    """A stream of a catalog, in full refresh of generation 3."""
    fields = {"sync_mode": SyncMode.full_refresh, "generation_id": 3, "minimum_generation_id": 3, "sync_id": 9}
    return SimpleNamespace(**fields | changes)


OPTIONS = Generation.of(configured(), {}).options  # type: ignore[union-attr]


def left(page: int = 7, **changes: Any) -> dict[str, Any]:
    """The state that a full refresh of generation 3 left."""
    content = {"v": 1, "generation_id": 3, "sync_id": 8, "options": OPTIONS, "progress": {"page": page}}
    return {"full_refresh": content | changes}


class PagedCursor(PageCursor):
    """Reads ten pages, which its state counts."""

    resumes_full_refresh = True
    state_keys = ("page",)

    def __init__(self, saved: Mapping[str, Any] | None, in_catalog: Any, *, incremental: bool = False) -> None:
        manager = ConnectorStateManager([])
        if saved is not None:
            manager.update_state_for_stream("things", None, saved)
        super().__init__(
            config=Tenant({}).config,
            stream_name="things",
            cursor_field="page",
            incremental=incremental,
            state_manager=manager,
            message_repository=self,  # type: ignore[arg-type]
            configured=in_catalog,
        )
        self.page = self.initial_state().get("page", 0)
        self.emitted: list[dict[str, Any]] = []

    @property
    def has_progress(self) -> bool:
        return self.page < 10

    def current_state(self) -> MutableMapping[str, Any]:
        return {"page": self.page}

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        int(saved["page"]) + saved["page"].real

    def emit_message(self, message: AirbyteMessage) -> None:
        self.emitted.append(vars(message.state.stream.stream_state))


@pytest.mark.parametrize(
    "changes",
    [
        {"generation_id": None},
        {"minimum_generation_id": None},
        {"generation_id": None, "minimum_generation_id": None},
        {"minimum_generation_id": 0},
        {"sync_mode": SyncMode.incremental},
    ],
)
def test_only_a_full_refresh_whose_generation_is_the_least_one_kept_is_of_a_generation(changes: dict[str, Any]):
    assert Generation(3, 9, OPTIONS) == Generation.of(configured(), {})
    assert None is Generation.of(configured(**changes), {})
    assert None is Generation.of(None, {})


def test_options_that_decide_what_is_read_make_another_progress():
    of_access: list[dict[str, Any]] = [{}, {"num_workers": 3}, {"credentials": {"client_secret": "a"}}]
    configs = [*of_access, {"start_date": "2026-01-01T00:00:00Z"}, {"users_connections": ["a"]}]
    hashes = [Generation.of(configured(), config).options for config in configs]  # type: ignore[union-attr]
    assert (1, 3) == (len(set(hashes[:3])), len(set(hashes)))


def test_while_it_runs_the_state_has_the_progress_under_its_own_key_and_none_once_it_is_finished():
    cursor = PagedCursor(None, configured())
    assert cursor.saves_progress
    cursor.page = 4
    cursor.emit_state()
    assert left(4, sync_id=9) == cursor.emitted[0]
    assert ["full_refresh"] == list(cursor.emitted[0])
    cursor.page = 10
    assert not cursor.saves_progress
    cursor.ensure_at_least_one_state_emitted()
    assert {NO_CURSOR_STATE_KEY: True} == cursor.emitted[1]


def test_the_next_attempt_of_the_same_generation_goes_on():
    assert 7 == PagedCursor(left(), configured()).page


@pytest.mark.parametrize(
    ("saved", "in_catalog"),
    [
        (left(), configured(generation_id=4, minimum_generation_id=4)),
        (left(), configured(minimum_generation_id=0)),
        (left(), configured(generation_id=None, minimum_generation_id=None)),
        (left(), None),
        (left(v=2), configured()),
        (left(v=None), configured()),
        (left(generation_id=None), configured()),
        (left(options="another"), configured()),
        (left(generation_id=True), configured(generation_id=1, minimum_generation_id=1)),
        (left(progress=None), configured()),
        (left(progress=[7]), configured()),
        (left(progress={"pages": 7}), configured()),
        (left(progress={"page": "seven"}), configured()),
        ({"full_refresh": None}, configured()),
        ({"full_refresh": []}, configured()),
        ({"page": 7}, configured()),
        ({NO_CURSOR_STATE_KEY: True}, configured()),
        ({}, configured()),
    ],
)
def test_whatever_else_is_saved_everything_is_read(saved: dict[str, Any], in_catalog: Any):
    assert 0 == PagedCursor(saved, in_catalog).page


def test_an_incremental_sync_ignores_what_a_full_refresh_left():
    cursor = PagedCursor(left(), configured(sync_mode=SyncMode.incremental), incremental=True)
    assert (0, {"page": 0}) == (cursor.page, cursor.state)


def test_without_a_generation_no_progress_is_saved():
    cursor = PagedCursor(None, None)
    cursor.page = 4
    assert (False, {NO_CURSOR_STATE_KEY: True}) == (cursor.saves_progress, cursor.state)
