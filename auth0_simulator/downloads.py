"""The host that export files are downloaded from: storage behind signed links, which knows nothing of tokens.

Documented is the shape of a link (`Expires`, `Key-Pair-Id`, `Signature`), as a content network signs them; the errors
are that network's and its storage's, in XML. The file is sent in chunks, where storage would tell its length.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from auth0_simulator.errors import Refusal
from auth0_simulator.export_file import pieces
from auth0_simulator.message import Message, Reply, json_reply
from auth0_simulator.mishaps import Scene, after, before

if TYPE_CHECKING:
    from auth0_simulator.surface import Surface

DOWNLOAD = "/user-exports/download"
SIGNED = ("Expires", "Key-Pair-Id", "Signature")
ONE_MECHANISM = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
    "Signature query string parameter or the Authorization header should be specified"
)


class Downloads:
    """Serves the files of completed jobs; faults strike it under the template DOWNLOAD, the journal shows it."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def latency(self) -> float:
        """Seconds that an answer takes."""
        return self._surface.latency()

    def answer(self, message: Message) -> Reply:
        """The file, or an error in XML."""
        with self._surface.tenant.lock:
            query = {name: raw[-1] for name, raw in message.query.items()}
            return self._surface.record(message, DOWNLOAD, query, self._answer(message, query))

    def _answer(self, message: Message, query: dict[str, str]) -> Reply:
        surface = self._surface
        scene = Scene(message, None, surface.clock, surface.tokens, None)
        due = surface.faults.due(DOWNLOAD, query)
        for fault in due:
            if fault.kind == "status":
                return xml_error(fault.status or 500)
            try:
                instead = before(fault, scene)
            except Refusal as refusal:
                return json_reply(refusal.status, refusal.body())
            if instead is not None:
                return instead
        reply = self._serve(message, query)
        for fault in due:
            reply = after(fault, scene, reply)
        return reply

    def _serve(self, message: Message, query: dict[str, str]) -> Reply:
        exports = self._surface.tenant.exports
        if message.method != "GET":
            return xml_error(405)
        if "authorization" in message.headers:
            exports.authorized_downloads += 1
            return xml_error(400, "InvalidArgument", ONE_MECHANISM)
        lacking = next((name for name in SIGNED if name not in query), None)
        if lacking is not None:
            return xml_error(403, "MissingKey", f"Missing {lacking} query parameter or cookie value")
        job = exports.find(message.segments[0])
        if not exports.opened_by(message.path, query) or job is None or exports.status(job) != "completed":
            return xml_error(403)
        return Reply(200, b"", "application/gzip", stream=partial(pieces, job))


def xml_error(status: int, code: str | None = None, text: str | None = None) -> Reply:
    """An error as storage writes it."""
    phrase = HTTPStatus(status).phrase
    code = code or {403: "AccessDenied", 503: "SlowDown"}.get(status, phrase.replace(" ", ""))
    text = text or {403: "Access denied", 503: "Please reduce your request rate."}.get(status, phrase)
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'
    return Reply(status, body.encode(), "application/xml")
