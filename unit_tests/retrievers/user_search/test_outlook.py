import pytest

from source_auth0.retrievers.user_search.outlook import USER_IDS, UsersOutlook
from source_auth0.retrievers.user_search.time_slices import TimeSlice
from source_auth0.retrievers.users.work import OtherUsers
from testing.fakes.event_log import FixedClockTenant


@pytest.fixture
def tenant() -> FixedClockTenant:
    return FixedClockTenant({})


def begun(outlook: UsersOutlook, counted: int | None, *slices: TimeSlice | OtherUsers, is_last: bool = True) -> None:
    outlook.part_begun(counted, lambda: slices, is_last=is_last, is_first_load=True)


def slice_with_remaining(remaining: int | None, *, being_read: bool = True) -> TimeSlice:
    time_slice = TimeSlice("created_at", 0, 100, being_read=being_read)
    time_slice.remaining = remaining
    return time_slice


def test_parts_add_up_and_only_the_last_one_tells_all(tenant: FixedClockTenant):
    outlook = UsersOutlook(tenant, "users")
    begun(outlook, 700, is_last=False)
    assert "0 of at least 700 rows" == tenant.progress.figures("users")
    outlook.rows = 700
    begun(outlook, 50)
    assert "0 of 750 rows" == tenant.progress.figures("users")


def test_a_total_that_may_be_capped_is_what_slices_still_have(tenant: FixedClockTenant):
    """Of those that are being read and know it."""
    slices = [slice_with_remaining(40), slice_with_remaining(None), slice_with_remaining(9, being_read=False)]
    outlook = UsersOutlook(tenant, "users")
    begun(outlook, None, *slices, OtherUsers("others", lambda: iter(())))
    assert "0 of at least 40 rows" == tenant.progress.figures("users")


def test_ids_alone_are_counted_in_users_by_the_outlook(tenant: FixedClockTenant):
    """No stream emits them."""
    outlook = UsersOutlook(tenant, USER_IDS)
    begun(outlook, 300)
    outlook.rows = 120
    assert "120 of 300 users" == tenant.progress.figures(USER_IDS)


@pytest.mark.parametrize(("share", "figures"), [(0.0, "0 rows so far"), (0.25, "0 of about 300 rows")])
def test_an_export_is_counted_by_the_share_of_its_file(share: float, figures: str, tenant: FixedClockTenant):
    """What is left follows from the rows that are read, as many as the progress counts."""
    outlook = UsersOutlook(tenant, "users")
    outlook.rows = 100
    outlook.export_begun(lambda: share)
    assert figures == tenant.progress.figures("users")


@pytest.mark.parametrize(("is_first_load", "is_advised"), [(True, True), (False, False)])
def test_an_export_is_advised_for_a_first_load(is_first_load: bool, is_advised: bool, tenant: FixedClockTenant):
    UsersOutlook(tenant, "users").part_begun(5, list, is_last=True, is_first_load=is_first_load)
    assert is_advised == ("`export`" in tenant.progress._expectations["users"]().advice)
