"""Predicates over users: the searchable fields, and comparison by type.

Searchable fields: https://auth0.com/docs/manage-users/user-search/user-search-query-syntax
Not searchable: https://auth0.com/docs/manage-users/user-accounts/user-profiles/user-profile-structure
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from auth0_simulator.search.date_ranges import date_bounds
from auth0_simulator.search.lucene import Clause, Exists, Range, Term, parse_lucene
from auth0_simulator.search.predicates import Leaf, Predicate, combine_predicates
from auth0_simulator.state.clock import timestamp
from auth0_simulator.wire.errors import invalid_search
from auth0_simulator.wire.rows import Row

DATE_FIELDS = frozenset({"created_at", "updated_at", "last_login"})
NUMBER_FIELDS = frozenset({"logins_count"})
BOOLEAN_FIELDS = frozenset({"blocked", "email_verified", "phone_verified", "identities.isSocial"})
CASE_INSENSITIVE_FIELDS = frozenset({"email", "name", "given_name", "family_name", "nickname", "email.domain"})
STRING_FIELDS = frozenset(
    {"user_id", "username", "phone_number", "last_ip"}
    | {"identities.connection", "identities.provider", "identities.user_id"}
)
SORTABLE_FIELDS = (
    DATE_FIELDS
    | NUMBER_FIELDS
    | STRING_FIELDS
    | CASE_INSENSITIVE_FIELDS
    | {"blocked", "email_verified", "phone_verified"}
)
SEARCHABLE = SORTABLE_FIELDS | BOOLEAN_FIELDS
UNSEARCHABLE_FIELDS = frozenset(
    {"blocked_for", "guardian_authenticators", "last_password_reset", "multifactor", "multifactor_last_modified"}
    | {"picture", "tenant"}
)
MIN_SUFFIX_LENGTH = 3


def compile_query(query: str) -> tuple[Clause, Predicate]:
    """A query's syntax tree and predicate; raises `invalid_search` for fields and values that cannot be searched."""
    clause = parse_lucene(query)
    return clause, user_predicate(clause)


def user_predicate(clause: Clause) -> Predicate:
    """The predicate of a clause."""
    return combine_predicates(clause, _leaf_test)


def _leaf_test(clause: Leaf) -> Predicate:
    require_searchable(clause.field)
    field = clause.field
    if isinstance(clause, Exists):
        return lambda row: bool(field_values(row, field))
    test = range_test(clause) if isinstance(clause, Range) else term_test(clause)
    return lambda row: any(test(value) for value in field_values(row, field))


def require_searchable(field: str) -> None:
    """Raise `invalid_search` for a field that is not indexed."""
    if field in SEARCHABLE or field == "identities" or field.partition(".")[0] in {"app_metadata", "user_metadata"}:
        return
    if field.startswith("identities.profileData"):
        return
    if field in UNSEARCHABLE_FIELDS:
        raise invalid_search(f'field "{field}" is not searchable')
    raise invalid_search(f'unknown field "{field}"')


def field_values(row: Row, field: str) -> list[Any]:
    """The values at a dotted path, through lists and objects; null and {} are not indexed."""
    if field == "email.domain":
        return [row["email"].partition("@")[2]] if row.get("email") else []
    found: list[Any] = [row]
    for key in field.split("."):
        found = [entry[key] for entry in found if isinstance(entry, dict) and key in entry]
        found = [item for entry in found for item in (entry if isinstance(entry, list) else [entry])]
    return [value for value in found if value is not None and value != {}]


def range_test(clause: Range) -> Callable[[Any], bool]:
    """The predicate of a range over a value; strings are compared lexicographically."""
    field = clause.field
    if field in DATE_FIELDS:
        first, last = date_bounds(clause)
        low_text = timestamp(first) if clause.low is not None else ""
        high_text = timestamp(last) if clause.high is not None else "~"
        return lambda value: low_text <= value <= high_text
    if field.startswith("user_metadata") or field.count(".") > 1 or field in BOOLEAN_FIELDS:
        raise invalid_search(f'range operator is not supported on "{field}"')
    if field in NUMBER_FIELDS:
        return _between(_number(clause.low, field), _number(clause.high, field), clause)
    fold = str.lower if field in CASE_INSENSITIVE_FIELDS else str
    bounds = [None if bound is None else fold(bound) for bound in (clause.low, clause.high)]
    test = _between(bounds[0], bounds[1], clause)
    return lambda value: isinstance(value, str) and test(fold(value))


def _between(low: Any, high: Any, clause: Range) -> Callable[[Any], bool]:
    def test(value: Any) -> bool:
        above = low is None or value > low or (clause.low_inclusive and value == low)
        return bool(above and (high is None or value < high or (clause.high_inclusive and value == high)))

    return test


def _number(text: str | None, field: str) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise invalid_search(f'failed to parse number field "{field}" with value "{text}"') from error


def term_test(clause: Term) -> Callable[[Any], bool]:
    """What a term asks of a value: the same value, or one that fits its wildcards."""
    field, text = clause.field, clause.value
    if field in DATE_FIELDS:
        return range_test(Range(field, text, text, low_inclusive=True, high_inclusive=True))
    if field in NUMBER_FIELDS:
        number = _number(text, field)
        return lambda value: bool(value == number)
    if field in BOOLEAN_FIELDS:
        if text not in {"true", "false"}:
            raise invalid_search(f'failed to parse boolean field "{field}" with value "{text}"')
        return lambda value: value is (text == "true")
    if "*" in text and not clause.quoted:
        return _wildcard_test(field, text)
    fold = str.lower if field in CASE_INSENSITIVE_FIELDS else str
    expected = fold(text)
    return lambda value: fold(_text(value)) == expected


def _wildcard_test(field: str, text: str) -> Callable[[Any], bool]:
    if field.startswith("user_metadata"):
        raise invalid_search(f'wildcards are not supported on "{field}"')
    if text.startswith("*") and len(text.strip("*")) < MIN_SUFFIX_LENGTH:
        raise invalid_search(f"a leading wildcard needs {MIN_SUFFIX_LENGTH} characters at least: {text}")
    flags = re.IGNORECASE if field in CASE_INSENSITIVE_FIELDS else 0
    parts = [re.escape(re.sub(r"\\(.)", r"\1", part)) for part in text.split("*")]
    pattern = re.compile(".*".join(parts), flags | re.DOTALL)
    return lambda value: pattern.fullmatch(_text(value)) is not None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
