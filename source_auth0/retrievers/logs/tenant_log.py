"""The tenant's log: pagination by id, searches by date, its end, and gaps from expired events."""

import contextlib
import logging

import requests

from source_auth0.api.client import ManagementApiRequester
from source_auth0.config.options import logs_first
from source_auth0.errors import RequestRefusedError, system_error
from source_auth0.json_values import dumps, loads
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
#: Pages of 100 events that a search returns at most.
MAX_SEARCH_PAGES = 10
#: Events to sample, so that most likely one of them did not arrive late.
SAMPLE_EVENTS = 10
#: Milliseconds that every tenant's log goes back at least, with half a day of margin: the shortest retention is a day
#: (https://auth0.com/docs/deploy-monitor/logs/log-data-retention).
MIN_RETENTION_MS = 43_200_000


class TenantLog(LogClient):
    """Reads the log in the order of ids, from a position on, up to where this sync ends.

    An event that arrives late gets a later id, so that none is ever inserted before a position already read. Therefore
    all events are read by id, and searches by date only serve to find ids.
    """

    def __init__(self, requester: ManagementApiRequester) -> None:
        super().__init__(requester)
        self.tenant = requester.tenant

    def following(self, position: LogPosition) -> Page:
        """The next events after a position, at most 100, in the order of their ids; none at the end of the log.

        Where Auth0 sends two in the wrong order, the second may come on the next page, and be before the position.
        """
        if not position.log_id:
            # A copy, since redaction changes rows in place.
            first: Page = loads(dumps(self.tenant.once("beginning of the log", self._first)))
            return first
        page = self._after(position)
        if page is None or (page and log_order(page[-1]["log_id"]) <= position.order):
            return self.following_from_before(position)
        return [event for event in page if event["log_id"] != position.log_id]

    def following_from_before(self, position: LogPosition) -> Page:
        """The same, read from an earlier event on: for a position whose own id gets no answer to go on with.

        Its event may have expired, or be one that only the search shows.
        """
        start = self._sampled_before(position)
        page = _in_order(self.after(start.log_id)) if start.log_id else self.following(start)
        if not start.log_id and (not page or log_order(page[0]["log_id"]) > position.order):
            self._warn_of_gap(position, page)
        while page and (last := log_order(page[-1]["log_id"])) <= position.order:
            page = _in_order(self.after(last[1]))
            if page and log_order(page[-1]["log_id"]) <= last:
                return []  # the same page again, or none but what stands in the wrong place
        return [event for event in page if log_order(event["log_id"]) > position.order]

    def first_from(self, timestamp: Milliseconds) -> Row | None:
        """The event with the earliest date from a timestamp on, to the second; None where there is none."""
        return next(iter(self.earliest_from(timestamp)), None)

    @property
    def end(self) -> LogPosition:
        """Where this sync ends, the same for all streams of the log; the beginning for an empty log."""
        return self.tenant.once("end of the log", self._end)

    @property
    def first_begin(self) -> LogPosition:
        """Where a sync without a state begins, the same for all streams of the log: by `logs_first_days`, if set.

        A real position, so that a sync that is killed resumes there, and not as many days before the next one.
        """
        return self.tenant.once("where a first sync of the log begins", self._first_begin)

    def before(self, position: LogPosition, milliseconds: Milliseconds) -> LogPosition:
        """A position that is earlier by at least `milliseconds`, or the beginning."""
        if not position.date:
            return position
        earlier = _lowest(self.newest_until(to_milliseconds(position.date) - milliseconds, SAMPLE_EVENTS))
        if not earlier:
            self.reaches_back_to(position)  # for its warning: from the beginning on, no gap can be seen
        return min(LogPosition.of(earlier[0]) if earlier else LogPosition(), position, key=lambda p: p.order)

    def reaches_back_to(self, position: LogPosition) -> bool:
        """Whether the log still reaches back to a position; where it does not, a warning names the gap."""
        if not position.date or self.tenant.now_ms - to_milliseconds(position.date) < MIN_RETENTION_MS:
            return True
        oldest = self.search(per_page=1)
        oldest_ms = event_milliseconds(oldest[0]) if oldest else None
        if oldest_ms is not None and oldest_ms <= to_milliseconds(position.date):
            return True
        if self.begins_before(position):
            return True
        self._warn_of_gap(position, oldest)
        return False

    def begins_before(self, position: LogPosition) -> bool:
        """Whether reading from the beginning starts at or before a position."""
        if not position.log_id:
            return True
        first = self.following(LogPosition())
        return bool(first) and log_order(first[0]["log_id"]) <= position.order

    def _after(self, position: LogPosition) -> Page | None:
        """The page after a position, in order; None where Auth0 refuses its id."""
        try:
            return _in_order(self.after(position.log_id))
        except RequestRefusedError as error:
            if error.status not in {requests.codes.bad_request, requests.codes.not_found}:
                raise
            return None

    def _sampled_before(self, position: LogPosition) -> LogPosition:
        """An event from long enough before a position to have a lower id; the beginning where none is shown."""
        until = to_milliseconds(position.date) - MAX_EVENT_LATENESS_MS
        found = _lowest(self.newest_until(until, SAMPLE_EVENTS))
        is_lower = found and log_order(found[0]["log_id"]) < position.order
        return LogPosition.of(found[0]) if is_lower else LogPosition()

    def _first(self) -> Page:
        """The first event to read: one from long enough before the start date, or the oldest of all.

        The event with the earliest date may have arrived late, so the lowest id among the following ones is taken.
        """
        start_date = self.tenant.config.get("start_date")
        if start_date and (
            earlier := self.newest_until(to_milliseconds(start_date) - MAX_EVENT_LATENESS_MS, SAMPLE_EVENTS)
        ):
            return _lowest(earlier)
        seen: Page = []
        for page_number in range(MAX_SEARCH_PAGES):
            page = self.search(page=page_number)
            if page and page[-1]["log_id"] in {event["log_id"] for event in seen}:
                raise system_error(f"Auth0 sent the same page of `{self.requester.name}` twice.")
            seen += page
            if not page or _span(seen) > MAX_EVENT_LATENESS_MS:
                return _lowest(seen)
        return self._oldest(_lowest(seen))

    def _oldest(self, lowest: Page) -> Page:
        """The oldest event of a log too busy to search, by an id below all others; `lowest` where Auth0 refuses it."""
        log_id = lowest[0]["log_id"]
        with contextlib.suppress(RequestRefusedError):
            page = self.after(log_id[:3].ljust(len(log_id), "0"), take=1)
            if page and log_order(page[0]["log_id"]) <= log_order(log_id):
                return page
        LOGGER.warning(
            f"`{self.requester.name}`: so much happened in the first minutes of the log that Auth0 keeps that some of "
            "it may be missing. Everything from then on is complete; a start date avoids this."
        )
        return lowest

    def _first_begin(self) -> LogPosition:
        """An event from long enough before the first day to have a lower id; the beginning where none is shown."""
        days = logs_first(self.tenant.config)
        if days is None:
            return LogPosition()
        since, start_date = self.tenant.now_ms - days, self.tenant.config.get("start_date")
        if start_date and to_milliseconds(start_date) >= since:
            return LogPosition()
        earlier = _lowest(self.newest_until(since - MAX_EVENT_LATENESS_MS, SAMPLE_EVENTS))
        return LogPosition.of(earlier[0]) if earlier else LogPosition()

    def _end(self) -> LogPosition:
        """The last event: the newest that a search returns, or what follows it by id, up to the time of this call."""
        started_at = self.tenant.now_ms
        newest = self.search(sort="date:-1", per_page=1)
        if newest and event_milliseconds(newest[0]) is None:
            # Where a search puts events without a date is not documented: perhaps before all others.
            newest = _in_order(self.search(sort="date:-1"))
        position = LogPosition.after(newest) if newest else LogPosition()
        while position.log_id and (page := self.following(position)):
            position = LogPosition.after(page, position)
            if to_milliseconds(position.date) >= started_at:
                break
        return position

    def _warn_of_gap(self, position: LogPosition, oldest: Page) -> None:
        begin = position.date
        until = (LogPosition.of(oldest[0]).date if event_milliseconds(oldest[0]) else "some time") if oldest else "now"
        warning = (
            f"`{self.requester.name}`: Auth0 no longer keeps the log back to {begin}, where the last sync ended. "
            f"What happened between {begin} and {until} cannot be read any more. Sync more often than your plan's "
            "log retention, which is 1 to 30 days."
        )
        if self.tenant.first_time(warning):
            LOGGER.warning(warning)


def _in_order(page: Page) -> Page:
    """The events in the order of their ids, which alone counts."""
    return sorted(page, key=lambda event: log_order(event["log_id"]))


def _span(events: Page) -> Milliseconds:
    """From the first to the last date of events that a search sorted by it."""
    dates = [ms for event in events if (ms := event_milliseconds(event)) is not None]
    return dates[-1] - dates[0] if dates else 0


def _lowest(page: Page) -> Page:
    return [min(page, key=lambda event: log_order(event["log_id"]))] if page else []
