from source_auth0.progress.advice import single_users_advice
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.user_lists.outlook import SingleUsersOutlook
from source_auth0.retrievers.user_lists.user_pass import UserPass
from testing.fakes.event_log import FixedClockTenant


def test_the_users_of_all_passes_are_counted():
    """Of the rest of an interrupted sync first, and then of all that changed since: those who failed were asked too."""
    tenant = FixedClockTenant({})
    outlook = SingleUsersOutlook(tenant, "user_roles")
    first, second = UserPass(["a", "b", "c"], 0, LogPosition()), UserPass(["d", "e"], 0, LogPosition())
    outlook.pass_begun(first)
    first.dispatched = 3
    assert "0 of 3 users" == tenant.progress.figures("user_roles")
    first.finished = 2
    assert "2 of 3 users" == tenant.progress.figures("user_roles")
    first.finished = 3
    outlook.pass_begun(second)
    second.finished = 1
    assert "4 of 5 users" == tenant.progress.figures("user_roles")
    expected = tenant.progress._expectations["user_roles"]()
    assert (1, single_users_advice("user_roles", {})) == (expected.per_request, expected.advice)
