"""Reads a tenant with auth0-python, in that package's own environment, and prints a line of JSON for each call.

Standard input has the domain, credentials, the values for the placeholders of each template, and required parameters.
The client's methods, and the path of each, are taken from its source, so that a newer release needs no list.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from auth0.management import ManagementClient
from auth0.management.core.api_error import ApiError

REQUEST = re.compile(r'\.request\(\s*f?"([^"]*)",\s*method="GET"')
PLACEHOLDER = re.compile(r"\{(?:quote_path_param|jsonable_encoder|encode_path_param)\((\w+)\)\}")
#: More pages than any list of the small tenant has: a list that does not end is an error.
MAX_PAGES = 100


def readers(resource: Any, name: str = "") -> Iterator[tuple[str, Any, str, list[str]]]:
    """The name, method, template and path parameters of everything that reads, of a resource and of those below it."""
    raw = getattr(resource, "with_raw_response", None)
    for member in dir(resource):
        if member.startswith("_") or member == "with_raw_response":
            continue
        value = getattr(resource, member, None)
        if type(value).__name__.endswith("Client"):
            yield from readers(value, f"{name}{member}.")
        elif callable(value) and (method := getattr(type(raw), member, None)):
            found = REQUEST.search(inspect.getsource(method))
            if found:
                parameters = PLACEHOLDER.findall(found[1])
                yield name + member, value, "/" + PLACEHOLDER.sub("{}", found[1]), parameters


def count(answer: Any) -> int:
    """The rows of all pages."""
    pages = answer.iter_pages() if hasattr(answer, "iter_pages") else [answer]
    rows = 0
    for number, page in enumerate(pages):
        if number > MAX_PAGES:
            raise RuntimeError(f"more than {MAX_PAGES} pages")
        items = getattr(page, "items", None)
        rows += len(items) if isinstance(items, list) else 1
    return rows


def _message(error: Exception) -> str:
    """What the answer said, or where it did not fit."""
    body = getattr(error, "body", None)
    said = body.get("message") if isinstance(body, dict) else None
    return str(said or getattr(error, "cause", None) or error)[:400]


def main() -> None:
    """Call every reading method for each of its values."""
    task = json.load(sys.stdin)
    client = ManagementClient(
        domain=task["domain"],
        client_id=task["client_id"],
        client_secret=task["client_secret"],
        **({"audience": task["audience"]} if "audience" in inspect.signature(ManagementClient).parameters else {}),
    )
    for name, method, template, parameters in sorted(readers(client), key=lambda reader: reader[0]):
        needed = task["required"].get(template, {})
        known = inspect.signature(method).parameters
        options = {key: value for key, value in needed.items() if key in known}
        for values in task["values"].get(template, []):
            call: dict[str, Any] = {"template": template, "method": name, "values": values}
            try:
                call["rows"] = count(method(**dict(zip(parameters, values, strict=True)), **options))
            except ApiError as error:
                # A body that does not fit its model is an ApiError too, with the status of a success.
                kind = "parse" if error.status_code and error.status_code < 300 else "status"  # noqa: PLR2004
                call |= {kind: error.status_code, "message": _message(error)}
            except Exception as error:  # noqa: BLE001 - whatever a stranger raises is a finding
                call |= {"parse": type(error).__name__, "message": _message(error)}
            print(json.dumps(call), flush=True)
        if template not in task["values"]:
            print(json.dumps({"template": template, "method": name, "values": None}), flush=True)


if __name__ == "__main__":
    main()
