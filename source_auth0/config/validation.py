"""Validates a config: one sentence for each problem, without quoting secrets."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from jsonschema import Draft7Validator, ValidationError

from source_auth0.config.excluded_fields import excluded_fields_problems
from source_auth0.config.normalization import LOOPBACK_HOSTS
from source_auth0.config.pasted_text import is_quoted, swapped_credentials
from source_auth0.config.private_key import parse_private_key
from source_auth0.config.start_date import start_date_problem
from source_auth0.errors import config_error
from source_auth0.redaction.log_masking import MASK, quote_input
from source_auth0.spelling import did_you_mean

#: JSON's types in words, each with an example.
TYPES: Mapping[str, str] = {
    "string": "a text in quotation marks",
    "integer": "a whole number without quotation marks",
    "number": "a number without quotation marks",
    "boolean": "`true` or `false`, without quotation marks",
    "array": "a list in square brackets",
    "object": "an object in curly brackets",
}

#: Where Auth0's dashboard shows what has to be entered.
PLACES: Mapping[str, str] = {
    "base_url": "Applications › your application › Settings, as Domain",
    "client_id": "Applications › your application › Settings",
    "client_secret": "Applications › your application › Settings",
    "audience": "Applications › APIs › Auth0 Management API, as Identifier",
}


def validate_config(config: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    """Raise a config error with the first three problems of a config.

    jsonschema's own message for a `oneOf` prints the whole object, secrets included, and does not say what to change.
    """
    if problems := list(_problems(config, spec)):
        raise config_error(" ".join(problems[:3]))


def _problems(config: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    schema = {**spec, "properties": {name: _without_branches(p) for name, p in spec["properties"].items()}}
    for error in Draft7Validator(schema).iter_errors(config):
        yield _sentence(error, schema)
    credentials = config.get("credentials")
    if isinstance(credentials, Mapping):
        yield from _credential_problems(credentials, spec["properties"]["credentials"]["oneOf"])
    if isinstance(url := config.get("base_url"), str) and (problem := _lone_name_problem(url)):
        yield problem
    if isinstance(date := config.get("start_date"), str) and (problem := start_date_problem(date)):
        yield problem
    yield from excluded_fields_problems(config)


def _lone_name_problem(base_url: str) -> str | None:
    """The error of a tenant's name where its domain belongs; a host with a port may have any name."""
    url = urlsplit(base_url)
    name = url.netloc
    if not name or not name.replace("-", "").isalnum() or name in LOOPBACK_HOSTS:
        return None
    return (
        f"Base URL (`base_url`) is `{quote_input(name)}`, which is a name without a domain. Enter the whole Domain "
        "that Auth0 shows under Applications › your application › Settings, such as "
        f"`https://{quote_input(name)}.us.auth0.com`."
    )


def _credential_problems(credentials: Mapping[str, Any], branches: list[Mapping[str, Any]]) -> Iterator[str]:
    by_type = {branch["properties"]["auth_type"]["const"]: branch for branch in branches}
    branch = by_type.get(str(credentials.get("auth_type")))
    if branch is None:
        typed = credentials.get("auth_type")
        what = "is missing" if typed is None else f"is `{quote_input(typed)}`"
        suggestion = did_you_mean(str(typed), by_type) if isinstance(typed, str) else ""
        yield f"Authentication Method (`credentials.auth_type`) {what}; it has to be {_one_of(by_type)}.{suggestion}"
        return
    for error in Draft7Validator(branch).iter_errors(credentials):
        yield _sentence(error, branch, "credentials.")
    for name in branch["required"]:
        if isinstance(value := credentials.get(name), str) and not value.strip():
            title = branch["properties"][name]["title"]
            yield f"{title} (`credentials.{name}`) is empty.{_example(branch, name)}{_where(name)}"
        elif isinstance(value, str) and is_quoted(value):
            title = branch["properties"][name]["title"]
            yield f"{title} (`credentials.{name}`) is in quotation marks. Enter it without them."
        elif name == "private_key" and isinstance(value, str):
            yield from _key_problems(value)
    yield from swapped_credentials(credentials)


def _key_problems(text: str) -> Iterator[str]:
    try:
        parse_private_key(text)
    except AirbyteTracedException as error:
        yield str(error.message)


def _sentence(error: ValidationError, schema: Mapping[str, Any], prefix: str = "") -> str:
    if error.validator == "required":
        name = error.message.split("'")[1]  # one error for each missing property, named only in the message
        return f"{_title(schema, name)} (`{prefix}{name}`) is missing.{_example(schema, name)}{_where(name)}"
    name = str(error.path[0])
    field = schema["properties"][name]
    subject = f"{_title(schema, name)} (`{prefix}{name}`)"
    if error.validator == "type":
        # The credentials as a text may be a secret.
        is_secret = bool(field.get("airbyte_secret")) or error.validator_value == "object"
        shown = _shown(error.instance, is_secret=is_secret)
        if len(error.path) > 1:
            what = f" has the item{shown}; each" if shown else " has an item of another kind; each"
        else:
            what = f" is{shown}; it" if shown else ""
        return f"{subject}{what} has to be {TYPES[str(error.validator_value)]}.{_example(schema, name)}"
    value = MASK if field.get("airbyte_secret") else quote_input(error.instance)
    return f"{subject} is `{value}`; {_violated_rule(error)}"


def _violated_rule(error: ValidationError) -> str:
    if error.validator == "enum":
        choices: Any = error.validator_value  # of the type that the rule has
        names = [str(name) for name in choices]
        suggestion = did_you_mean(error.instance, names) if isinstance(error.instance, str) else ""
        return f"it has to be {_one_of(names)}.{suggestion}"
    bounds = {"minimum": "it has to be at least", "maximum": "it has to be at most"}
    rule = bounds.get(str(error.validator), f"it breaks the rule `{error.validator}`:")
    return f"{rule} {error.validator_value}."


def _one_of(names: Iterable[str]) -> str:
    *others, last = [f"`{name}`" for name in names]
    return f"{', '.join(others)} or {last}" if others else last


def _shown(value: object, *, is_secret: bool) -> str:
    """A value of a wrong type as JSON writes it, since `8` and `"8"` differ in nothing but that."""
    if is_secret or isinstance(value, (dict, list)):
        return ""
    return f" `{json.dumps(quote_input(value) if isinstance(value, str) else value, ensure_ascii=False)}`"


def _title(schema: Mapping[str, Any], name: str) -> str:
    return str(schema["properties"][name]["title"])


def _example(schema: Mapping[str, Any], name: str) -> str:
    examples = schema["properties"][name].get("examples")
    if not examples:
        return ""
    example = examples[0] if isinstance(examples[0], str) else json.dumps(examples[0])
    return f" Enter it as in this example: `{example}`."


def _where(name: str) -> str:
    return f" Auth0 shows it under {PLACES[name]}." if name in PLACES else ""


def _without_branches(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A property without its choices and its pattern, for which this module has sentences of its own."""
    return {key: value for key, value in declared.items() if key not in {"oneOf", "pattern"}}
