"""How many users a stream of single users has to ask for."""

from source_auth0.api.tenant import Tenant
from source_auth0.progress.advice import single_users_advice
from source_auth0.progress.expectation import Expectation
from source_auth0.retrievers.user_lists.user_pass import UserPass


class SingleUsersOutlook:
    """The users of all passes of a sync, and how many of them were asked for, told to the progress of the sync."""

    def __init__(self, tenant: Tenant, stream: str) -> None:
        self._tenant, self._stream = tenant, stream
        self._users_before = 0

    def pass_begun(self, user_pass: UserPass, unit: str = "users") -> None:
        """Tell of a pass over users, or over other parents, which begins once the one before it is over."""
        before, number = self._users_before, len(user_pass.users)
        self._users_before += number
        advice = single_users_advice(self._stream, self._tenant.config) if unit == "users" else ""
        self._tenant.progress.expect(
            self._stream,
            lambda: Expectation(
                before + number, done=before + user_pass.finished, unit=unit, per_request=1, advice=advice
            ),
        )
