"""Requests to `GET /logs`, by id or by search, and validation of the events in the response."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.bodies import excerpt, json_type
from source_auth0.errors import system_error
from source_auth0.records import PAGE_SIZE, Page
from source_auth0.retrievers.cursors.state_validation import MAX_ID_LENGTH
from source_auth0.timestamps import Milliseconds, to_iso


class LogClient:
    """Requests pages of events, after an id or by a search.

    With `from` and `take`, Auth0 returns the log in the order of `log_id`, without any cap. A search goes by date and
    ends at 1,000 rows (https://auth0.com/docs/deploy-monitor/logs/retrieve-log-events-using-mgmt-api).
    """

    def __init__(self, requester: ManagementApiRequester) -> None:
        self.requester = replace(
            requester,
            resource="logs",
            required_scopes=["read:logs"],
            query=None,
            query_withholding=None,
            may_be_missing=None,
            # A token with `read:logs_users` alone may read some of it.
            scope_unconfirmed=True,
        )

    def after(self, log_id: str, take: int = PAGE_SIZE) -> Page:
        """The events after an id."""
        return self._get({"from": log_id, "take": take})

    def search(self, query: str = "", *, sort: str = "date:1", page: int = 0, per_page: int = PAGE_SIZE) -> Page:
        """The events that match a query, by default in ascending order of date."""
        parameters = {"sort": sort, "page": page, "per_page": per_page}
        return self._get({**parameters, "q": query} if query else parameters)

    def earliest_from(self, timestamp: Milliseconds) -> Page:
        """The event with the earliest date from a timestamp on, to the second."""
        return self.search(f"date:[{_to_the_second(timestamp)} TO *]", per_page=1)

    def newest_until(self, timestamp: Milliseconds, limit: int) -> Page:
        """Up to `limit` events with the newest dates until a timestamp, to the second."""
        return self.search(f"date:[* TO {_to_the_second(timestamp)}]", sort="date:-1", per_page=limit)

    def by_id(self, log_id: str) -> Page:
        """The event with an id, as the search shows it; none where it does not."""
        return [event for event in self.search(f'log_id:"{log_id}"') if event["log_id"] == log_id]

    def between(self, low: Milliseconds, high: Milliseconds) -> Page:
        """The first events with dates between two timestamps, to the second."""
        return self.search(f"date:[{_to_the_second(low)} TO {_to_the_second(high)}]")

    def _get(self, query: Mapping[str, Any]) -> Page:
        # Every tenant has a log: an answer of nothing would end it, or hide the event that it begins with.
        body = self.requester.get_existing(None, query)
        page = body.get("logs") if isinstance(body, dict) else body
        if not isinstance(page, list):
            raise system_error(f"Auth0 answered `{self.requester.name}` with something else than a list of events.")
        for number, event in enumerate(page, 1):
            self._validate(event, number)
        return page

    def _validate(self, event: Any, number: int) -> None:
        """Give an event its `log_id` as text; raises where it has none that a state may store.

        The log is in the order of that field, and its rows are told apart by it. Any other may be odd.
        """
        if not isinstance(event, dict):
            raise self._row_error(number, f"is {json_type(event)} and no event")
        log_id = event.get("log_id")
        if log_id is None:
            log_id = event.get("_id")
        if isinstance(log_id, int) and not isinstance(log_id, bool):
            log_id = str(log_id)
        if not isinstance(log_id, str):
            raise self._row_error(number, f"has no `log_id` that is text or a whole number, but {json_type(log_id)}")
        if not (log_id.isalnum() and log_id.isascii() and len(log_id) <= MAX_ID_LENGTH):
            raise self._row_error(number, f"has a `log_id` that is no identifier: `{excerpt(log_id)}`")
        event["log_id"] = log_id

    def _row_error(self, number: int, fault: str) -> AirbyteTracedException:
        return system_error(
            f"Auth0 answered `{self.requester.name}` with something else than a list of events: row {number} of the "
            f"page {fault}."
        )


def _to_the_second(timestamp: Milliseconds) -> str:
    # Documented to the second: https://auth0.com/docs/deploy-monitor/logs/log-search-query-syntax
    return to_iso(timestamp)[:19]
