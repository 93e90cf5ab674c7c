"""Jobs: create an export of users, and poll it until it is completed."""

from __future__ import annotations

from auth0_simulator.api.request_body import BodyProperty
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.state.identities import IDP_TOKENS_SCOPE
from auth0_simulator.wire.errors import ApiError, not_found
from auth0_simulator.wire.messages import HttpResponse

BODY = {
    "connection_id": BodyProperty(
        "string",
        "connection_id of the connection from which users will be exported.",
        pattern="^con_[A-Za-z0-9]{16}$",
    ),
    "format": BodyProperty("string", "Format of the file. Must be `json` or `csv`.", choices=("json", "csv")),
    "limit": BodyProperty("integer", "Limit the number of records.", minimum=1),
    "fields": BodyProperty(
        "array",
        "List of fields to be included in the CSV. Defaults to a predefined set of fields.",
        properties={
            "name": BodyProperty("string", "Name of the field in the profile.", max_length=100, required=True),
            "export_as": BodyProperty("string", "Title of the column in the exported CSV.", max_length=100),
        },
    ),
}


def _create(call: ApiCall) -> object:
    request = {"format": "json", **call.body}
    connection = None
    if "connection_id" in request:
        connection = call.tenant.find("connections", request["connection_id"])
        if connection is None:
            raise ApiError(400, "The connection does not exist.", "inexistent_connection")
    if request["format"] == "csv":
        raise ApiError(400, "This is a limit of the simulator, not Auth0's: exports as csv are not simulated.")
    name = connection["name"] if connection else None
    tokens = IDP_TOKENS_SCOPE in call.scopes
    exports = call.tenant.exports
    job = exports.create(request, name, call.tenant.users.snapshot(), tokens=tokens)
    return exports.describe(job, "pending")


def _job(call: ApiCall) -> object:
    job = call.tenant.exports.find(call.path_values[0])
    if job is None:
        # The error code follows the pattern of the others.
        raise not_found("The job does not exist.", "inexistent_job")
    return call.tenant.exports.describe(job)


def _errors(call: ApiCall) -> object:
    """No content: exports have no errors of single users."""
    _job(call)
    return HttpResponse(204, b"")


ROUTES = (
    Route("/jobs/users-exports", ("read:users",), method="POST", payload=BODY, handler=_create),
    Route("/jobs/{id}", ("create:users", "read:users"), handler=_job),
    Route("/jobs/{id}/errors", ("create:users", "read:users"), handler=_errors),
)
