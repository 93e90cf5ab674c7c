"""The log: checkpoint pagination, which never ends, search, which ends at 1,000 events, and one event by id.

https://auth0.com/docs/deploy-monitor/logs/retrieve-log-events-using-mgmt-api
Not simulated, and rejected: the parameter `search`, which predates `q`, and sorting by anything but the date.
"""

from __future__ import annotations

import re

from auth0_simulator.api.paging import Paging
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.api.route_responses import render_rows
from auth0_simulator.wire.errors import invalid_query, not_found
from auth0_simulator.wire.messages import HttpResponse

SCOPES = ("read:logs", "read:logs_users")
PAGING = Paging(checkpoint=True, minimum=0, cap=1000, totals=("start", "limit", "length", "total"))
NEWEST_FIRST = "date:-1"


def _logs(call: ApiCall) -> object:
    return _after(call) if "from" in call.query else _search(call)


def _after(call: ApiCall) -> HttpResponse:
    """A checkpoint page: other parameters are ignored, and a Link header always has the next page."""
    log, take = call.tenant.log, call.query.get("take", PAGING.default)
    slots = log.page(log.slot_after(call.query["from"]), min(take, call.page_limit))
    last = log.id(slots[-1]) if slots else call.query["from"]
    link = f'<{call.tenant.audience}logs?from={last}&take={take}>; rel="next"'
    return HttpResponse(200, _array(call, slots), headers={"link": link})


def _search(call: ApiCall) -> object:
    """A page of search results; `take` is ignored without `from`."""
    sort = call.query.get("sort", NEWEST_FIRST)
    if not re.fullmatch("date:-?1", sort):
        problem = f"Query validation error: 'Invalid sort: {sort}' on property sort (Field to use for sorting)."
        raise invalid_query(problem)
    start, size = PAGING.offset_window(call.query, call.page_limit)
    slots = call.tenant.log_index.find(call.query.get("q"), start, size, reverse=sort == NEWEST_FIRST)
    if not call.query.get("fields") and not call.query.get("include_totals"):
        return _array(call, slots)
    rows = render_rows(call, (call.tenant.log.row(slot) for slot in slots))
    # Deprecated: the total is that of the page.
    return PAGING.offset_body("logs", call.query, rows, len(rows), size)


def _array(call: ApiCall, slots: list[int]) -> bytes:
    return b"[" + b",".join(call.tenant.log.json(slot) for slot in slots) + b"]"


def _one(call: ApiCall) -> object:
    slot = call.tenant.log.slot(call.path_values[0])
    if slot is None:
        raise not_found("Log not found.")
    return call.tenant.log.row(slot)


ROUTES = (
    Route(
        "/logs",
        SCOPES,
        wrapper="logs",
        paging=PAGING,
        fields=True,
        params=(QueryParameter("q"), QueryParameter("sort")),
        handler=_logs,
    ),
    Route("/logs/{id}", SCOPES, handler=_one),
)
