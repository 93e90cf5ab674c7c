"""The host that export files are downloaded from: it applies faults and journals requests, as the API does."""

from __future__ import annotations

from auth0_simulator.api.dispatcher import Dispatcher
from auth0_simulator.control.fault_effects import FaultContext, apply_after, apply_before
from auth0_simulator.exports.downloads import DOWNLOAD_TEMPLATE, download_response, xml_error_response
from auth0_simulator.wire.errors import ApiError
from auth0_simulator.wire.messages import HttpRequest, HttpResponse, json_response


class DownloadHost:
    """Serves the files of completed jobs; faults and journal know it under the template DOWNLOAD_TEMPLATE."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def latency(self) -> float:
        """Seconds to wait before a response."""
        return self._dispatcher.latency()

    def handle(self, request: HttpRequest) -> HttpResponse:
        """The file, or an error in XML."""
        with self._dispatcher.tenant.lock:
            query = {name: raw[-1] for name, raw in request.query.items()}
            return self._dispatcher.record(request, DOWNLOAD_TEMPLATE, query, self._handle(request, query))

    def _handle(self, request: HttpRequest, query: dict[str, str]) -> HttpResponse:
        dispatcher = self._dispatcher
        context = FaultContext(request, None, dispatcher.clock, dispatcher.tokens, None)
        due = dispatcher.faults.due(DOWNLOAD_TEMPLATE, query)
        for fault in due:
            if fault.kind == "status":
                return xml_error_response(fault.status or 500)
            try:
                replacement = apply_before(fault, context)
            except ApiError as error:
                return json_response(error.status, error.body())
            if replacement is not None:
                return replacement
        response = download_response(dispatcher.tenant.exports, request, query)
        for fault in due:
            response = apply_after(fault, context, response)
        return response
