"""The tenant's log as Auth0 hands it out: what follows an id, and what happened from a moment on."""

import contextlib
import copy
import logging

import requests

from source_auth0.api.client import ManagementApiRequester
from source_auth0.errors import RequestRefusedError, system_error
from source_auth0.records import Page, Row
from source_auth0.retrievers.log_events.ordering import (
    MAX_EVENT_LATENESS_MS,
    LogPosition,
    event_milliseconds,
    log_order,
)
from source_auth0.retrievers.logs.client import LogClient
from source_auth0.timestamps import Milliseconds, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: A search hands out no more pages than these, of 100 events each.
MAX_SEARCH_PAGES = 10
#: Events that are looked at for one that arrived in time.
SAMPLE_EVENTS = 10
#: Milliseconds that every tenant's log goes back at least, with half a day to spare: the shortest retention is a day
#: (https://auth0.com/docs/deploy-monitor/logs/log-data-retention).
MIN_RETENTION_MS = 43_200_000


class TenantLog(LogClient):
    """What follows a place in the log, where this sync ends, and what is found by date.

    Nothing slips into a place that was passed already, since an event that arrives late gets a later id. So everything
    is read behind ids, and searches only serve to find them.
    """

    def __init__(self, requester: ManagementApiRequester) -> None:
        super().__init__(requester)
        self.tenant = requester.tenant

    def following(self, spot: LogPosition) -> Page:
        """The next events behind a place, at most 100, in the order of their ids; none where the log ends."""
        if not spot.log_id:
            # A copy, since secrets are taken out of rows in place.
            return copy.deepcopy(self.tenant.once("beginning of the log", self._first))
        page, before = self._behind(spot), spot.order
        for event in page:
            if log_order(event["log_id"]) <= before:
                raise system_error(
                    f"Auth0 sent events of `{self.requester.name}` out of order: {event['log_id']} behind {before[1]}."
                )
            before = log_order(event["log_id"])
        return page

    def first_from(self, moment: Milliseconds) -> Row | None:
        """The event with the earliest date from a moment on, to the second; None where there is none."""
        return next(iter(self.earliest_from(moment)), None)

    @property
    def end(self) -> LogPosition:
        """Where this sync ends, the same for everything that is made of the log; the beginning where it is empty."""
        return self.tenant.once("end of the log", self._end)

    def before(self, spot: LogPosition, milliseconds: Milliseconds) -> LogPosition:
        """A place that lies earlier by at least as long, or the beginning."""
        if not spot.date:
            return spot
        earlier = _lowest(self.newest_until(to_milliseconds(spot.date) - milliseconds, SAMPLE_EVENTS))
        if not earlier:
            self.reaches_back_to(spot)  # for its warning: from the beginning on, no gap can be seen
        return min(LogPosition.of(earlier[0]) if earlier else LogPosition(), spot, key=lambda at: at.order)

    def reaches_back_to(self, spot: LogPosition) -> bool:
        """Whether the log still reaches back to a place; where it does not, a warning names the gap."""
        if not spot.date or self.tenant.now_ms - to_milliseconds(spot.date) < MIN_RETENTION_MS:
            return True
        oldest = self.search(per_page=1)
        if (oldest and event_milliseconds(oldest[0]) <= to_milliseconds(spot.date)) or self.begins_before(spot):
            return True
        self._warn_of_gap(spot, oldest)
        return False

    def begins_before(self, spot: LogPosition) -> bool:
        """Whether whoever reads from the beginning comes past a place."""
        if not spot.log_id:
            return True
        first = self.following(LogPosition())
        return bool(first) and log_order(first[0]["log_id"]) <= spot.order

    def _behind(self, spot: LogPosition) -> Page:
        """The page behind a place; where Auth0 refuses its id, perhaps since the event is gone, what is kept."""
        try:
            return self.behind(spot.log_id)
        except RequestRefusedError as refusal:
            if refusal.status not in {requests.codes.bad_request, requests.codes.not_found}:
                raise
        page = self._first()
        if not page or log_order(page[0]["log_id"]) > spot.order:
            self._warn_of_gap(spot, page)
        while page and log_order(page[-1]["log_id"]) <= spot.order:
            page = self.behind(page[-1]["log_id"])
        return [event for event in page if log_order(event["log_id"]) > spot.order]

    def _first(self) -> Page:
        """Where to begin: an event from long enough before the start date, or the oldest of all.

        The event with the earliest date may have arrived late, so the lowest id is looked for among those that follow.
        """
        start_date = self.tenant.get("start_date")
        if start_date and (
            earlier := self.newest_until(to_milliseconds(start_date) - MAX_EVENT_LATENESS_MS, SAMPLE_EVENTS)
        ):
            return _lowest(earlier)
        seen: Page = []
        for number in range(MAX_SEARCH_PAGES):
            page = self.search(page=number)
            if page and page[-1] in seen:
                raise system_error(f"Auth0 sent the same page of `{self.requester.name}` twice.")
            seen += page
            if not page or event_milliseconds(page[-1]) - event_milliseconds(seen[0]) > MAX_EVENT_LATENESS_MS:
                return _lowest(seen)
        return self._oldest(_lowest(seen))

    def _oldest(self, found: Page) -> Page:
        """What follows an id below all others: where Auth0 takes it, the beginning of a log too busy to search."""
        log_id = found[0]["log_id"]
        with contextlib.suppress(RequestRefusedError):
            page = self.behind(log_id[:3].ljust(len(log_id), "0"), take=1)
            if page and log_order(page[0]["log_id"]) <= log_order(log_id):
                return page
        LOGGER.warning(
            f"`{self.requester.name}`: so much happened in the first minutes of the log that Auth0 keeps that some of "
            "it may be missing. Everything from then on is complete; a start date avoids this."
        )
        return found

    def _end(self) -> LogPosition:
        """The last event: the newest that a search shows, and what the log has behind it."""
        began = self.tenant.now_ms
        newest = self.search(sort="date:-1", per_page=1)
        spot = LogPosition.of(newest[0]) if newest else LogPosition()
        while spot.log_id and (page := self.following(spot)):
            spot = LogPosition.of(page[-1])
            if to_milliseconds(spot.date) >= began:
                break
        return spot

    def _warn_of_gap(self, spot: LogPosition, kept: Page) -> None:
        until = kept[0]["date"] if kept else "now"
        warning = (
            f"`{self.requester.name}`: Auth0 no longer keeps the log back to {spot.date}, where the last sync ended. "
            f"What happened between {spot.date} and {until} cannot be read any more. Sync more often than your plan's "
            "log retention, which is 1 to 30 days."
        )
        if self.tenant.first_time(warning):
            LOGGER.warning(warning)


def _lowest(page: Page) -> Page:
    return [min(page, key=lambda event: log_order(event["log_id"]))] if page else []
