"""Redaction of events of the log: requests and responses by the marks of what they write, the rest by name."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from source_auth0.json_values import objects_in
from source_auth0.manifest.secret_marks import EntityMarks, entity_marks, marks_of_anything
from source_auth0.redaction.secret_fields import (
    ANY_KEY,
    FREE_FORM_MARK,
    SECRET_MARK,
    Path,
    RedactSecretsTransformation,
    SecretPaths,
    redact_by_name,
    redact_field,
    redact_named_field,
    redact_values,
)
from source_auth0.redaction.secret_names import has_secret_text, is_protocol_secret, is_secret_name
from source_auth0.redaction.urls import redact_urls
from source_auth0.retrievers.log_events.api_paths import UNKNOWN, parse_api_path

#: Places of requests and responses: what is there is a secret by the names of protocols too.
EVENT_PLACES, DETAILS_PLACES = ("body", "query"), ("body", "query", "qs", "headers")
#: The key of a one-time or authorization code, and of source code in the writes of what has some.
CODE = "code"
Node = Mapping[str, Any]


@dataclass
class RedactLogEventTransformation(RedactSecretsTransformation):
    """Redacts an event: places that are marked, bodies by what their path writes, everything else by name.

    A mark of a stream file holds wherever the same object stands in the body of a write, and what the file declares
    without a mark stays. https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._bodies: dict[str, BodyRedaction] = {}

    def transform(  # noqa: D102 - the framework's contract
        self,
        record: dict[str, Any],
        config: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_state: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_slice: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        self._marked.redact(record)
        details = record.get("details")
        calls = self._redact_call(details) if isinstance(details, dict) else []
        for place in _places(record, details):
            for parent in objects_in(place):
                redact_protocol_secrets(parent, is_hashing=self._is_hashing)
        for free_form in (details, record.get("body"), record.get("query")):
            # What a call has written is redacted already, and its declared settings are to stay.
            hidden = [(holder, holder.pop("body")) for holder in calls if free_form is details]
            redact_by_name(free_form, is_hashing=self._is_hashing)
            for holder, body in hidden:
                holder["body"] = body
        self._redact_urls(record)

    def _redact_call(self, details: dict[str, Any]) -> list[dict[str, Any]]:
        """Redact the bodies of a call of the Management API; the objects that hold them."""
        request, response = details.get("request"), details.get("response")
        holders = [holder for holder in (request, response) if isinstance(holder, dict) and "body" in holder]
        if not holders:
            return []
        path = request.get("path") if isinstance(request, dict) else None
        redaction = self._body_redaction(path if isinstance(path, str) else "")
        for holder in holders:
            redaction.redact(holder["body"])
        return holders

    def _body_redaction(self, path: str) -> "BodyRedaction":
        entity_type = parse_api_path(path).entity_type
        if entity_type not in self._bodies:
            marks = marks_of_anything() if entity_type == UNKNOWN else entity_marks(entity_type)
            self._bodies[entity_type] = BodyRedaction(marks, self.config, is_hashing=self._is_hashing)
        return self._bodies[entity_type]

    def _redact_urls(self, value: Any) -> None:
        pending = [value]
        while pending:
            container = pending.pop()
            items: Any = container.items() if isinstance(container, dict) else enumerate(container)
            for key, child in items:
                if isinstance(child, (dict, list)):
                    pending.append(child)
                elif isinstance(child, str) and ("=" in child or "%3" in child):
                    container[key] = redact_urls(child, is_hashing=self._is_hashing)


class BodyRedaction:
    """Redacts the bodies of writes of one kind of object, whose rows may lie at any depth of a body."""

    def __init__(self, marks: EntityMarks, config: Mapping[str, Any], *, is_hashing: bool) -> None:
        self._is_hashing = is_hashing
        self._marked = SecretPaths(marks.secrets, marks.source_code, config)
        self._written = marks.written
        self._row: Node = marks.schema
        self._has_source_code = (CODE,) in marks.source_code

    def redact(self, body: Any) -> None:
        """Redact a body in place: by marks, by the names of protocols, and by name what no stream declares."""
        for parent in objects_in(body):
            self._marked.redact(parent)
            for path in self._written:
                self._redact_written(parent, path)
            for name in [name for name, value in parent.items() if self._is_known_secret(name, value)]:
                redact_field(parent, name, is_hashing=self._is_hashing)
        self._redact_undeclared(body)

    def _is_known_secret(self, name: str, value: Any) -> bool:
        """Whether a field is a secret by its name alone; a one-time code, where the object has no source code."""
        return is_protocol_secret(name, value) or (
            name == CODE and not self._has_source_code and has_secret_text(value)
        )

    def _redact_written(self, parent: Any, path: Path) -> None:
        step, *rest = path
        if step == "[]":
            for element in parent if isinstance(parent, list) else []:
                self._redact_written(element, tuple(rest))
        elif not isinstance(parent, dict):
            return
        elif step == ANY_KEY:
            redact_values(parent, is_hashing=self._is_hashing)
        elif rest:
            self._redact_written(parent.get(step), tuple(rest))
        elif has_secret_text(parent.get(step)):
            redact_field(parent, step, is_hashing=self._is_hashing)

    def _redact_undeclared(self, body: Any) -> None:
        """Apply the net of names to what the row's schema does not declare; a list's wrapper holds rows."""
        pending: list[tuple[Any, Node]] = [(body, self._row)]
        while pending:
            value, declared = pending.pop()
            is_row = declared is self._row
            if isinstance(value, list):
                of_elements = declared.get("items") or (declared if is_row else {})
                pending += [(element, of_elements) for element in value]
            elif isinstance(value, dict):
                properties = declared.get("properties") or {}
                for name in list(value):
                    pending += self._redact_child(value, name, properties.get(name), is_row=is_row)

    def _redact_child(
        self, parent: dict[str, Any], name: str, declared: Node | None, *, is_row: bool
    ) -> list[tuple[Any, Node]]:
        """Redact a field, or return it with the declaration by which what is in it is to be redacted."""
        value = parent[name]
        if declared is not None and SECRET_MARK not in declared:
            if declared.get("properties") or declared.get("items"):
                return [(value, declared)]
            redact_by_name(value, is_hashing=self._is_hashing)
        elif declared is not None and declared[SECRET_MARK] == FREE_FORM_MARK:
            redact_by_name(value, is_hashing=self._is_hashing)
        elif declared is None and is_row and isinstance(value, list) and not is_secret_name(name):
            return [(value, self._row)]
        elif declared is None:
            redact_named_field(parent, name, is_hashing=self._is_hashing)
        return []


def redact_protocol_secrets(parent: dict[str, Any], *, is_hashing: bool) -> None:
    """Redact the fields of an object that are secrets by the names of protocols."""
    for name in [name for name, value in parent.items() if is_protocol_secret(name, value)]:
        redact_field(parent, name, is_hashing=is_hashing)


def _places(record: Mapping[str, Any], details: Any) -> Iterator[Any]:
    """The places of requests and responses in an event but for the bodies of a call of the Management API."""
    yield from (record.get(place) for place in EVENT_PLACES)
    if isinstance(details, dict):
        yield from (details.get(place) for place in DETAILS_PLACES)
        if isinstance(request := details.get("request"), dict):
            yield request.get("query")
