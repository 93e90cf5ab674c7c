"""Jobs: an export of users is asked for, and looked at until it is completed."""

from __future__ import annotations

from auth0_simulator.accounts import TOKENS_SCOPE
from auth0_simulator.errors import Refusal, not_found
from auth0_simulator.payload import Property
from auth0_simulator.route import Call, Route

BODY = {
    "connection_id": Property(
        "string",
        "connection_id of the connection from which users will be exported.",
        pattern="^con_[A-Za-z0-9]{16}$",
    ),
    "format": Property("string", "Format of the file. Must be `json` or `csv`.", choices=("json", "csv")),
    "limit": Property("integer", "Limit the number of records.", minimum=1),
    "fields": Property(
        "array",
        "List of fields to be included in the CSV. Defaults to a predefined set of fields.",
        properties={
            "name": Property("string", "Name of the field in the profile.", max_length=100, required=True),
            "export_as": Property("string", "Title of the column in the exported CSV.", max_length=100),
        },
    ),
}


def _create(call: Call) -> object:
    request = {"format": "json", **call.body}
    connection = None
    if "connection_id" in request:
        connection = call.tenant.find("connections", request["connection_id"])
        if connection is None:
            raise Refusal(400, "The connection does not exist.", "inexistent_connection")
    if request["format"] == "csv":
        raise Refusal(400, "This is a limit of the simulator, not Auth0's: exports as csv are not simulated.")
    name = connection["name"] if connection else None
    tokens = TOKENS_SCOPE in call.scopes
    exports = call.tenant.exports
    job = exports.create(request, name, call.tenant.users.snapshot(), tokens=tokens)
    return exports.describe(job, "pending")


def _job(call: Call) -> object:
    job = call.tenant.exports.find(call.values[0])
    if job is None:
        # The code follows the pattern of the others.
        raise not_found("The job does not exist.", "inexistent_job")
    return call.tenant.exports.describe(job)


ROUTES = (
    Route("/jobs/users-exports", ("read:users",), method="POST", payload=BODY, answer=_create),
    Route("/jobs/{id}", ("create:users", "read:users"), answer=_job),
)
