"""A secret in every place of every row where the stream files say that one may be."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from auth0_simulator import Simulator
from auth0_simulator.wire.messages import JSON_CONTENT_TYPE, HttpResponse
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from source_auth0.redaction.secret_fields import FREE_FORM_MARK, SECRET_MARK, marked_paths

PLANTED_SECRET = "Pl4nted-" * 6
#: What an object of unknown keys may hold.
FREE_FORM: dict[str, Any] = {
    "client_secret": PLANTED_SECRET,
    "apiKey": [PLANTED_SECRET],
    "deeper": [{"password": PLANTED_SECRET}],
    "headers": [{"name": "Authorization", "value": PLANTED_SECRET}],
}
#: What a path's template leaves open, as the connector writes it and as the tenant does.
OPEN = re.compile(r"{{.*?}}|{\w+}")
Place = tuple[str, tuple[str, ...]]


def declared_places() -> dict[str, set[Place]]:
    """Resource to the places of secrets of the streams that read it; those of events have tests of their own."""
    found = defaultdict[str, set[Place]](set)
    for name in stream_files():
        stream = load_stream(name)
        schema, parameters = stream["schema_loader"]["schema"], stream["$parameters"]
        places = {
            (name, path)
            for path in (*marked_paths(schema, mark=True), *marked_paths(schema, FREE_FORM_MARK))
            if name != "events"
        }
        for resource in (parameters["resource"], parameters["detail"]):
            if resource and places:
                found[OPEN.sub("{}", resource)] |= places
    return found


class SecretPlanter:
    """Has a tenant answer with a secret in each declared place; `places` are those where that was done."""

    def __init__(self, sim: Simulator) -> None:
        self.places: set[Place] = set()
        self._declared = declared_places()
        dispatcher = sim._dispatcher  # noqa: SLF001 - there is no setting for what no tenant does
        serve = dispatcher._serve  # noqa: SLF001 - as above

        def planted(request: Any, template: str, *rest: Any) -> HttpResponse:
            return self._in(serve(request, template, *rest), OPEN.sub("{}", template).removeprefix("/"))

        dispatcher._serve = planted  # type: ignore[assignment, method-assign] # noqa: SLF001 - as above

    def _in(self, response: HttpResponse, resource: str) -> HttpResponse:
        places = self._declared.get(resource)
        if not places or response.content_type != JSON_CONTENT_TYPE or not response.body:
            return response
        body = json.loads(response.body)
        for row in _rows(body):
            for name, path in places:
                _put(row, path, _is_net(name, path))
                self.places.add((name, path))
        return replace(response, body=json.dumps(body).encode())


def _rows(body: Any) -> Iterator[dict[str, Any]]:
    """The rows of a list, bare or wrapped, or the one that the body is."""
    lists = [body] if isinstance(body, list) else [v for v in body.values() if isinstance(v, list) and v]
    wrapped = isinstance(body, list) or any(key in body for key in ("limit", "total", "next"))
    for row in [row for rows in lists for row in rows] if wrapped else [body]:
        if isinstance(row, dict):
            yield row


def _is_net(name: str, path: Iterable[str]) -> bool:
    declared: Any = load_stream(name)["schema_loader"]["schema"]
    for step in path:
        if step != "*":
            declared = declared["items"] if step == "[]" else declared["properties"][step]
    return bool(declared.get(SECRET_MARK, declared.get("items", {}).get(SECRET_MARK)) == FREE_FORM_MARK)


def _put(holder: Any, path: tuple[str, ...], is_net: bool) -> None:  # noqa: FBT001 - which of the two marks it is
    step, *rest = path
    if step == "[]":
        holder[:] = [one for one in holder if isinstance(one, dict)] or [{}]
        for one in holder:
            _put(one, tuple(rest), is_net)
    elif rest:
        kind = list if rest[0] == "[]" else dict
        if not isinstance(holder.get(step), kind):
            holder[step] = kind()
        _put(holder[step], tuple(rest), is_net)
    elif is_net:
        known = holder.get(step)
        holder[step] = {**(known if isinstance(known, dict) else {}), **FREE_FORM}
    else:
        holder[step] = PLANTED_SECRET
