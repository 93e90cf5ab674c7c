"""Whether the search index is behind the tenant's log."""

import contextlib
import logging

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.retrievers.log_events.sign_ins import RecentSignIns
from source_auth0.retrievers.user_search.queries import UserSearch
from source_auth0.timestamps import timestamp_of, to_iso

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Milliseconds by which `last_login` and the log's event of one sign-in may differ.
TOLERANCE_MS = 60_000


def warn_if_index_is_behind(search: UserSearch) -> None:
    """Log a warning where most of the users who signed in over an hour ago have an older `last_login` in the index.

    Only where the log was read anyway; one request, whose refusal is no error. Users out of scope are not asked for.
    """
    signed_in = RecentSignIns.of(search.tenant).times
    if not signed_in or "last_login" in (search.tenant.config.get("users_excluded_fields") or []):
        return
    behind, shown = [], 0
    # What only warns must not fail the stream.
    with contextlib.suppress(AirbyteTracedException):
        for _, rows in search.with_one_attempt().find_by_ids(sorted(signed_in), search.conditions):
            for row in rows:
                at, last_login = signed_in.get(row["user_id"]), timestamp_of(row, "last_login")
                shown += at is not None
                if at is not None and (last_login is None or last_login < at - TOLERANCE_MS):
                    behind.append(at)
    if shown and 2 * len(behind) >= shown:
        LOGGER.warning(
            f"`{search.name}`: Auth0's search index is behind. {len(behind)} of {shown} users who signed in by "
            f"{to_iso(max(behind))} still have an older `last_login` in it. Changes that it does not show yet come in "
            "a later sync; the saved cursor waits for them."
        )
