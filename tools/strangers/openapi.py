"""Holds a tenant's answers against Auth0's OpenAPI document.

Auth0 publishes it at https://auth0.com/docs/oas/management/v2/management-api-oas.json; it is Auth0's and not kept here.
"""

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from http.client import NO_CONTENT, OK
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tools.strangers.tenant_paths import TenantAnswer, TenantPaths, TenantReader, anonymous, fill, rows_of

#: Where the document is in the registry of schemas.
URI = "urn:openapi"
#: A hyphen beside a class of characters, which ECMAScript takes as it is and Python refuses as a broken range.
HYPHEN = re.compile(r"(\\[wds])-(?!\])")
#: The largest page, and where page numbers end at Auth0.
PAGE_SIZE, MAX_PAGES = 100, 10
Disagreements = Counter[tuple[str, str, str]]


class OpenApiDocument:
    """The document's readable paths: what it says of the answers, and of the parameters."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        document = _for_python(document)
        self._registry: Registry[Any] = Registry().with_resource(
            URI, Resource.from_contents(document, default_specification=DRAFT202012)
        )
        self._operations = {
            anonymous(path): operations["get"] for path, operations in document["paths"].items() if "get" in operations
        }
        self.templates = sorted(self._operations)

    @classmethod
    def load(cls, path: Path) -> "OpenApiDocument":
        """The document in a file, which may be compressed."""
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return cls(json.loads(text))

    def parameters(self, template: str) -> set[str]:
        """The names of the query parameters of a path."""
        named = [entry for entry in self._operations[template].get("parameters", []) if entry.get("in") == "query"]
        return {entry["name"] for entry in named}

    def errors(self, answer: TenantAnswer) -> Iterator[tuple[str, str]]:
        """Where an answer differs from the document, and how; an error that the document knows does not."""
        responses = self._operations[answer.template]["responses"]
        if str(answer.status) not in responses:
            yield "", f"status {answer.status} is not among {', '.join(responses)}"
            return
        if answer.status == NO_CONTENT:
            return
        schema = responses[str(answer.status)].get("content", {}).get("application/json", {}).get("schema")
        if schema is not None:
            validator = Draft202012Validator(schema, registry=self._registry)
            for error in validator.iter_errors(answer.body):
                for leaf in _leaves(error):
                    yield _place(leaf), _problem(leaf)


def ask(reader: TenantReader, paths: TenantPaths, document: OpenApiDocument) -> Iterator[TenantAnswer]:
    """The answers to every readable path with some ids, in each form that its parameters give a list."""
    for template in document.templates:
        if template == "/events":
            continue  # a stream that does not end, of another media type
        known = document.parameters(template)
        forms: list[dict[str, str]] = [{}]
        forms += [{"include_totals": "true"}] if "include_totals" in known else []
        forms += [{"take": "2"}] if "take" in known else []
        required = paths.query(template)
        for values in paths.values(template):
            path = fill(template, values)
            yield from (reader.get(template, path, {**required, **form}) for form in forms)
            if "per_page" in known:
                yield from _further_pages(reader, template, path, required)


def _further_pages(reader: TenantReader, template: str, path: str, required: dict[str, str]) -> Iterator[TenantAnswer]:
    for page in range(MAX_PAGES):
        answer = reader.get(template, path, {**required, "per_page": str(PAGE_SIZE), "page": str(page)})
        yield answer
        if answer.status != OK or len(list(rows_of(answer.body))) < PAGE_SIZE:
            return


def hold(answers: Iterator[TenantAnswer], document: OpenApiDocument) -> tuple[Disagreements, Counter[str]]:
    """The disagreements (template, where, what) with how often, and how many answers each template gave by status."""
    found: Disagreements = Counter()
    statuses: Counter[str] = Counter()
    for answer in answers:
        statuses[f"{answer.template} {answer.status}"] += 1
        found.update((answer.template, where, what) for where, what in document.errors(answer))
    return found, statuses


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """What is wrong within the alternative that an answer comes closest to."""
    if not error.context:
        yield error
        return
    by_alternative: defaultdict[Any, list[ValidationError]] = defaultdict(list)
    for part in error.context:
        by_alternative[part.schema_path[0]].append(part)
    closest = min(by_alternative.values(), key=_distance)
    for part in closest:
        yield from _leaves(part)


def _distance(parts: list[ValidationError]) -> tuple[bool, int, int]:
    """How far an alternative is off: of another type, of another kind (a constant differs), or by so many errors."""
    names = [part.validator for part in parts if len(part.relative_path) <= 1]
    return any(part.validator == "type" and not part.relative_path for part in parts), names.count("enum"), len(parts)


def _place(error: ValidationError) -> str:
    return ".".join("[]" if isinstance(part, int) else str(part) for part in error.absolute_path)


def _problem(error: ValidationError) -> str:
    """What is wrong, without the value: a kind of disagreement is counted once, whatever the rows hold."""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        unknown = sorted(set(cast("dict[str, Any]", error.instance)) - set(known))
        return f"has no {', '.join(unknown)}"
    if error.validator == "required":
        return f"requires {error.message.split(' ')[0]}"
    if error.validator == "type":
        return f"is {error.validator_value}, not {type(error.instance).__name__}"
    return f"{error.validator} {str(error.validator_value)[:80]}"


def _for_python(node: Any) -> Any:
    """The document with absolute references, patterns that Python can compile, and alternatives that may overlap."""
    if isinstance(node, list):
        return [_for_python(value) for value in node]
    if not isinstance(node, dict):
        return node
    # Several alternatives of a list fit an empty one, so that "exactly one" cannot hold.
    made = {"anyOf" if key == "oneOf" else key: _for_python(value) for key, value in node.items()}
    reference, pattern = made.get("$ref"), made.get("pattern")
    if isinstance(reference, str) and reference.startswith("#"):
        made["$ref"] = URI + reference
    if isinstance(pattern, str):
        made["pattern"] = HYPHEN.sub(r"\1\\-", pattern)
    return made
