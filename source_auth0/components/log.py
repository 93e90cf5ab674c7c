"""The tenant's log as Auth0 hands it out: what follows an id, and what happened from a moment on."""

import contextlib
import copy
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from source_auth0.components.api import ManagementApi
from source_auth0.components.log_requests import LogRequests
from source_auth0.components.problems import Refusal, system_error
from source_auth0.components.sharing import Page, Row
from source_auth0.components.windows import Milliseconds, moment_of

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Before every event.
BEGINNING = ""
#: A search hands out no more pages than these, of 100 events each.
SEARCH_PAGES = 10
#: Milliseconds by which an event may reach the log later than one that happened after it: recordings show 4.6 seconds.
LATENESS = 600_000
#: Events that are looked at for one that arrived in time.
SOME = 10
#: Milliseconds that every tenant's log goes back at least, with half a day to spare: the shortest retention is a day
#: (https://auth0.com/docs/deploy-monitor/logs/log-data-retention).
SURELY_KEPT = 43_200_000

Order = tuple[int, str]


def order_of(log_id: str) -> Order:
    """What the log is ordered by: ids are numbers in text, of one length as far as recordings go."""
    return len(log_id), log_id


def moment_of_event(event: Mapping[str, Any]) -> Milliseconds:
    """When an event happened."""
    return moment_of(event["date"])


@dataclass(frozen=True)
class Spot:
    """A place in the log: everything up to this id. The date is the event's, for people and for searches."""

    log_id: str = BEGINNING
    date: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Spot":
        """The place right behind an event."""
        return cls(event["log_id"], event["date"])

    @classmethod
    def saved_in(cls, state: Mapping[str, Any]) -> "Spot":
        """The place that a state names; the beginning where it names none."""
        return cls(state.get("log_id", ""), state.get("date", ""))

    @property
    def saved(self) -> dict[str, Any]:
        """What a state names it by."""
        return {"log_id": self.log_id, "date": self.date}

    @property
    def order(self) -> Order:
        """Where it is among others."""
        return order_of(self.log_id)


class TenantLog(LogRequests):
    """What follows a place in the log, where this sync ends, and what is found by date.

    Nothing slips into a place that was passed already, since an event that arrives late gets a later id. So everything
    is read behind ids, and searches only serve to find them.
    """

    def __init__(self, requester: ManagementApi) -> None:
        super().__init__(requester)
        self.tenant = requester.tenant

    def following(self, spot: Spot) -> Page:
        """The next events behind a place, at most 100, in the order of their ids; none where the log ends."""
        if not spot.log_id:
            # A copy, since secrets are taken out of rows in place.
            return copy.deepcopy(self.tenant.once("beginning of the log", self._first))
        page, before = self._behind(spot), spot.order
        for event in page:
            if order_of(event["log_id"]) <= before:
                raise system_error(
                    f"Auth0 sent events of `{self.requester.name}` out of order: {event['log_id']} behind {before[1]}."
                )
            before = order_of(event["log_id"])
        return page

    def first_from(self, moment: Milliseconds) -> Row | None:
        """The event with the earliest date from a moment on, to the second; None where there is none."""
        return next(iter(self.earliest_from(moment)), None)

    @property
    def end(self) -> Spot:
        """Where this sync ends, the same for everything that is made of the log; the beginning where it is empty."""
        return self.tenant.once("end of the log", self._end)

    def before(self, spot: Spot, milliseconds: Milliseconds) -> Spot:
        """A place that lies earlier by at least as long, or the beginning."""
        if not spot.date:
            return spot
        earlier = _lowest(self.newest_until(moment_of(spot.date) - milliseconds, SOME))
        if not earlier:
            self.reaches_back_to(spot)  # for its warning: from the beginning on, no gap can be seen
        return min(Spot.of(earlier[0]) if earlier else Spot(), spot, key=lambda at: at.order)

    def reaches_back_to(self, spot: Spot) -> bool:
        """Whether the log still reaches back to a place; where it does not, a warning names the gap."""
        if not spot.date or self.tenant.moment - moment_of(spot.date) < SURELY_KEPT:
            return True
        oldest = self.search(per_page=1)
        if (oldest and moment_of_event(oldest[0]) <= moment_of(spot.date)) or self.begins_before(spot):
            return True
        self._warn_of_gap(spot, oldest)
        return False

    def begins_before(self, spot: Spot) -> bool:
        """Whether whoever reads from the beginning comes past a place."""
        if not spot.log_id:
            return True
        first = self.following(Spot())
        return bool(first) and order_of(first[0]["log_id"]) <= spot.order

    def _behind(self, spot: Spot) -> Page:
        """The page behind a place; where Auth0 refuses its id, perhaps since the event is gone, what is kept."""
        try:
            return self.behind(spot.log_id)
        except Refusal as refusal:
            if refusal.status not in {requests.codes.bad_request, requests.codes.not_found}:
                raise
        page = self._first()
        if not page or order_of(page[0]["log_id"]) > spot.order:
            self._warn_of_gap(spot, page)
        while page and order_of(page[-1]["log_id"]) <= spot.order:
            page = self.behind(page[-1]["log_id"])
        return [event for event in page if order_of(event["log_id"]) > spot.order]

    def _first(self) -> Page:
        """Where to begin: an event from long enough before the start date, or the oldest of all.

        The event with the earliest date may have arrived late, so the lowest id is looked for among those that follow.
        """
        start_date = self.tenant.get("start_date")
        if start_date and (earlier := self.newest_until(moment_of(start_date) - LATENESS, SOME)):
            return _lowest(earlier)
        seen: Page = []
        for number in range(SEARCH_PAGES):
            page = self.search(page=number)
            if page and page[-1] in seen:
                raise system_error(f"Auth0 sent the same page of `{self.requester.name}` twice.")
            seen += page
            if not page or moment_of_event(page[-1]) - moment_of_event(seen[0]) > LATENESS:
                return _lowest(seen)
        return self._oldest(_lowest(seen))

    def _oldest(self, found: Page) -> Page:
        """What follows an id below all others: where Auth0 takes it, the beginning of a log too busy to search."""
        log_id = found[0]["log_id"]
        with contextlib.suppress(Refusal):
            page = self.behind(log_id[:3].ljust(len(log_id), "0"), take=1)
            if page and order_of(page[0]["log_id"]) <= order_of(log_id):
                return page
        LOGGER.warning(
            f"`{self.requester.name}`: so much happened in the first minutes of the log that Auth0 keeps that some of "
            "it may be missing. Everything from then on is complete; a start date avoids this."
        )
        return found

    def _end(self) -> Spot:
        """The last event: the newest that a search shows, and what the log has behind it."""
        began = self.tenant.moment
        newest = self.search(sort="date:-1", per_page=1)
        spot = Spot.of(newest[0]) if newest else Spot()
        while spot.log_id and (page := self.following(spot)):
            spot = Spot.of(page[-1])
            if moment_of(spot.date) >= began:
                break
        return spot

    def _warn_of_gap(self, spot: Spot, kept: Page) -> None:
        until = kept[0]["date"] if kept else "now"
        warning = (
            f"`{self.requester.name}`: Auth0 no longer keeps the log back to {spot.date}, where the last sync ended. "
            f"What happened between {spot.date} and {until} cannot be read any more. Sync more often than your plan's "
            "log retention, which is 1 to 30 days."
        )
        if self.tenant.first_time(warning):
            LOGGER.warning(warning)


def _lowest(page: Page) -> Page:
    return [min(page, key=lambda event: order_of(event["log_id"]))] if page else []
