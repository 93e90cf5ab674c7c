"""Validates a config: one sentence for each problem, without quoting secrets."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from jsonschema import Draft7Validator, ValidationError

from source_auth0.config.excluded_fields import excluded_fields_problems
from source_auth0.config.private_key import parse_private_key
from source_auth0.errors import config_error
from source_auth0.redaction.log_masking import MASK, quote_input

START_DATE_PATTERN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z")


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
    if isinstance(date := config.get("start_date"), str) and not _is_date(date):
        yield (
            f"Start Date `{quote_input(date)}` is no UTC date and time. Enter one such as `2024-01-31T00:00:00Z`, or "
            "leave it out."
        )
    yield from excluded_fields_problems(config)


def _credential_problems(credentials: Mapping[str, Any], branches: list[Mapping[str, Any]]) -> Iterator[str]:
    by_type = {branch["properties"]["auth_type"]["const"]: branch for branch in branches}
    branch = by_type.get(str(credentials.get("auth_type")))
    if branch is None:
        yield (
            f"Authentication Method (`credentials.auth_type`) is `{quote_input(credentials.get('auth_type'))}`; it has "
            f"to be one of {', '.join(f'`{name}`' for name in by_type)}."
        )
        return
    for error in Draft7Validator(branch).iter_errors(credentials):
        yield _sentence(error, branch, "credentials.")
    for name in branch["required"]:
        if isinstance(value := credentials.get(name), str) and not value.strip():
            yield f"{branch['properties'][name]['title']} (`credentials.{name}`) is empty.{_example(branch, name)}"
        elif name == "private_key" and isinstance(value, str):
            yield from _key_problems(value)


def _key_problems(text: str) -> Iterator[str]:
    try:
        parse_private_key(text)
    except AirbyteTracedException as error:
        yield str(error.message)


def _sentence(error: ValidationError, schema: Mapping[str, Any], prefix: str = "") -> str:
    if error.validator == "required":
        name = error.message.split("'")[1]  # one error for each missing property, named only in the message
        return f"{_title(schema, name)} (`{prefix}{name}`) is missing.{_example(schema, name)}"
    name = str(error.path[0])
    if error.validator == "type":
        return f"{_title(schema, name)} (`{prefix}{name}`) has to be of the type {error.validator_value}."
    value = MASK if schema["properties"][name].get("airbyte_secret") else quote_input(error.instance)
    return f"{_title(schema, name)} (`{prefix}{name}`) is `{value}`; {_violated_rule(error)}."


def _violated_rule(error: ValidationError) -> str:
    bounds = {"minimum": "it has to be at least", "maximum": "it has to be at most", "enum": "it has to be one of"}
    return f"{bounds.get(str(error.validator), f'it breaks the rule `{error.validator}`:')} {error.validator_value}"


def _title(schema: Mapping[str, Any], name: str) -> str:
    return str(schema["properties"][name]["title"])


def _example(schema: Mapping[str, Any], name: str) -> str:
    examples = schema["properties"][name].get("examples")
    return f" Enter it as in this example: `{examples[0]}`." if examples else ""


def _without_branches(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A property without its choices and its pattern, for which this module has sentences of its own."""
    return {key: value for key, value in declared.items() if key not in {"oneOf", "pattern"}}


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return bool(START_DATE_PATTERN.fullmatch(text))
