"""The storage that serves export files: responses to signed links, which take no access token.

Documented is the shape of a link (`Expires`, `Key-Pair-Id`, `Signature`), as a content delivery network signs them; the
errors are that network's and its storage's, in XML. The file is sent in chunks, where storage would send its length.
"""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

from auth0_simulator.exports.file import export_file_chunks
from auth0_simulator.exports.store import ExportJobStore
from auth0_simulator.wire.messages import HttpRequest, HttpResponse

DOWNLOAD_TEMPLATE = "/user-exports/download"
SIGNED_URL_PARAMETERS = ("Expires", "Key-Pair-Id", "Signature")
MULTIPLE_AUTH_MESSAGE = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "
    "Signature query string parameter or the Authorization header should be specified"
)


def download_response(exports: ExportJobStore, request: HttpRequest, query: dict[str, str]) -> HttpResponse:
    """The file that a signed link points to, or the storage's error."""
    if request.method != "GET":
        return xml_error_response(405)
    if "authorization" in request.headers:
        exports.authorized_downloads += 1
        return xml_error_response(400, "InvalidArgument", MULTIPLE_AUTH_MESSAGE)
    missing = next((name for name in SIGNED_URL_PARAMETERS if name not in query), None)
    if missing is not None:
        return xml_error_response(403, "MissingKey", f"Missing {missing} query parameter or cookie value")
    job = exports.find(request.segments[0])
    if not exports.is_valid_link(request.path, query) or job is None or exports.status(job) != "completed":
        return xml_error_response(403)
    return HttpResponse(200, b"", "application/gzip", stream=partial(export_file_chunks, job))


def xml_error_response(status: int, code: str | None = None, text: str | None = None) -> HttpResponse:
    """An error in the XML of the storage."""
    phrase = HTTPStatus(status).phrase
    code = code or {403: "AccessDenied", 503: "SlowDown"}.get(status, phrase.replace(" ", ""))
    text = text or {403: "Access denied", 503: "Please reduce your request rate."}.get(status, phrase)
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{text}</Message></Error>'
    return HttpResponse(status, body.encode(), "application/xml")
