from typing import Any

import pytest
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.followed_parents.cursor import FollowedParentsCursor, ParentPass
from source_auth0.retrievers.log_events.ordering import LogPosition

NOON = "2026-11-30T12:00:00.000Z"
MARK = {"until": NOON, "log_id": "9001", "date": NOON, "everything_at": NOON}
OPEN = {"until": NOON, "log_id": "9002", "date": NOON, "asked": "org_1", "left": ["org_0"]}


def cursor_of(tenant: Tenant, saved: dict[str, Any]) -> FollowedParentsCursor:
    manager = ConnectorStateManager([])
    manager.update_state_for_stream("organization_members", None, saved)
    return FollowedParentsCursor(
        config=tenant.config,
        stream_name="organization_members",
        cursor_field="read_at",
        incremental=True,
        state_manager=manager,
        message_repository=None,  # type: ignore[arg-type] # nothing is emitted
    )


@pytest.mark.parametrize(
    "saved",
    [
        MARK,
        {**MARK, "log_id": "", "date": ""},
        {**MARK, "begun": NOON, "missed": ["org_1"], "refused": ["org_2"]},
        {**MARK, "open": OPEN},
        {**MARK, "open": {**OPEN, "everything_at": NOON, "begun": NOON}},
        {"open": {**OPEN, "everything_at": NOON}},
    ],
)
def test_a_state_that_can_have_been_saved_is_taken(tenant: Tenant, saved: dict[str, Any]) -> None:
    assert saved == cursor_of(tenant, saved).initial_state()


@pytest.mark.parametrize(
    "saved",
    [
        {**MARK, "until": "noon"},
        {**MARK, "everything_at": None},
        {**MARK, "log_id": ""},
        {**MARK, "updated_at": NOON},
        {**MARK, "missed": [1]},
        {**MARK, "begun": "noon"},
        {"open": OPEN},
        {**MARK, "open": {**OPEN, "left": "org_0"}},
        {**MARK, "open": {**OPEN, "everything_at": 1}},
        {**MARK, "open": {**OPEN, "since": NOON}},
        {**MARK, "readings": {"since": NOON}},
    ],
)
def test_any_other_fails_the_stream(tenant: Tenant, saved: dict[str, Any]) -> None:
    with pytest.raises(AirbyteTracedException, match="cannot be read"):
        cursor_of(tenant, saved).initial_state()


def test_a_pass_over_everything_says_so_in_its_state() -> None:
    some = ParentPass(["org_1", "org_2"], 0, LogPosition("9001", NOON))
    some.mark_done(0)
    assert "everything_at" not in some.state
    everything = ParentPass(["org_1", "org_2"], 0, LogPosition("9001", NOON), everything_at=NOON)
    assert NOON == everything.state["everything_at"]
    assert "org_1" == some.state["asked"]
