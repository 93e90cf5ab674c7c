"""Plants a secret in every field that the stream files mark as secret."""

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
from source_auth0.redaction.secret_fields import FREE_FORM_MARK, SECRET_MARK, SOURCE_CODE_MARK, marked_paths

PLANTED_SECRET = "Pl4nted-" * 6
#: Contents for a field marked as free-form.
FREE_FORM: dict[str, Any] = {
    "client_secret": PLANTED_SECRET,
    "apiKey": [PLANTED_SECRET],
    "deeper": [{"password": PLANTED_SECRET}],
    "headers": [{"name": "Authorization", "value": PLANTED_SECRET}],
}
#: A parameter in a path template, in the connector's syntax and in the simulator's.
PATH_PARAMETER = re.compile(r"{{.*?}}|{\w+}")
Place = tuple[str, tuple[str, ...]]


def declared_places() -> dict[str, set[Place]]:
    """Resource to the secret fields of the streams that read it; `events` has its own tests."""
    found = defaultdict[str, set[Place]](set)
    for name in stream_files():
        stream = load_stream(name)
        schema, parameters = stream["schema_loader"]["schema"], stream["$parameters"]
        places = {
            (name, path)
            for mark in (True, FREE_FORM_MARK, SOURCE_CODE_MARK)
            for path in marked_paths(schema, mark)
            if name != "events"
        }
        for resource in (parameters["resource"], parameters["detail"]):
            if resource and places:
                found[PATH_PARAMETER.sub("{}", resource)] |= places
    return found


class SecretPlanter:
    """Makes a tenant return a secret in each declared field; `places` collects the fields that were planted."""

    def __init__(self, sim: Simulator) -> None:
        self.places: set[Place] = set()
        self._declared = declared_places()
        dispatcher = sim._dispatcher  # noqa: SLF001 - the simulator has no setting for this
        serve = dispatcher._serve  # noqa: SLF001 - as above

        def planted(request: Any, template: str, *rest: Any) -> HttpResponse:
            return self._plant(serve(request, template, *rest), PATH_PARAMETER.sub("{}", template).removeprefix("/"))

        dispatcher._serve = planted  # type: ignore[assignment, method-assign] # noqa: SLF001 - as above

    def _plant(self, response: HttpResponse, resource: str) -> HttpResponse:
        places = self._declared.get(resource)
        if not places or response.content_type != JSON_CONTENT_TYPE or not response.body:
            return response
        body = json.loads(response.body)
        for row in _rows(body):
            for name, path in places:
                _put(row, path, _is_free_form(name, path))
                self.places.add((name, path))
        return replace(response, body=json.dumps(body).encode())


def _rows(body: Any) -> Iterator[dict[str, Any]]:
    """The rows of a list, bare or wrapped, or the body itself as the only row."""
    lists = [body] if isinstance(body, list) else [v for v in body.values() if isinstance(v, list) and v]
    wrapped = isinstance(body, list) or any(key in body for key in ("limit", "total", "next"))
    for row in [row for rows in lists for row in rows] if wrapped else [body]:
        if isinstance(row, dict):
            yield row


def _is_free_form(name: str, path: Iterable[str]) -> bool:
    declared: Any = load_stream(name)["schema_loader"]["schema"]
    for key in path:
        if key != "*":
            declared = declared["items"] if key == "[]" else declared["properties"][key]
    return bool(declared.get(SECRET_MARK, declared.get("items", {}).get(SECRET_MARK)) == FREE_FORM_MARK)


def _put(parent: Any, path: tuple[str, ...], is_free_form: bool) -> None:  # noqa: FBT001 - which of the two marks it is
    key, *rest = path
    if key == "[]":
        parent[:] = [one for one in parent if isinstance(one, dict)] or [{}]
        for one in parent:
            _put(one, tuple(rest), is_free_form)
    elif rest:
        container_type = list if rest[0] == "[]" else dict
        if not isinstance(parent.get(key), container_type):
            parent[key] = container_type()
        _put(parent[key], tuple(rest), is_free_form)
    elif is_free_form:
        existing = parent.get(key)
        parent[key] = {**(existing if isinstance(existing, dict) else {}), **FREE_FORM}
    else:
        parent[key] = PLANTED_SECRET
