"""What a Lucene query means for a user's row: searchable fields, comparison by type, the bounds of a date range.

Searchable fields: https://auth0.com/docs/manage-users/user-search/user-search-query-syntax
Not searchable: https://auth0.com/docs/manage-users/user-accounts/user-profiles/user-profile-structure
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from auth0_simulator.accounts import Row
from auth0_simulator.clauses import Leaf, Predicate, combined
from auth0_simulator.clock import milliseconds, timestamp
from auth0_simulator.errors import invalid_search
from auth0_simulator.lucene import Clause, Exists, Range, Term, parse

DATES = frozenset({"created_at", "updated_at", "last_login"})
NUMBERS = frozenset({"logins_count"})
BOOLEANS = frozenset({"blocked", "email_verified", "phone_verified", "identities.isSocial"})
CASE_INSENSITIVE = frozenset({"email", "name", "given_name", "family_name", "nickname", "email.domain"})
STRINGS = frozenset(
    {"user_id", "username", "phone_number", "last_ip"}
    | {"identities.connection", "identities.provider", "identities.user_id"}
)
SORTABLE = DATES | NUMBERS | STRINGS | CASE_INSENSITIVE | {"blocked", "email_verified", "phone_verified"}
SEARCHABLE = SORTABLE | BOOLEANS
NOT_SEARCHABLE = frozenset(
    {"blocked_for", "guardian_authenticators", "last_password_reset", "multifactor", "multifactor_last_modified"}
    | {"picture", "tenant"}
)
SHORTEST_SUFFIX = 3

_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?\Z"
)


def compile_query(query: str) -> tuple[Clause, Predicate]:
    """The tree of a query and the test it puts to a row; refuses fields and values that cannot be searched."""
    clause = parse(query)
    return clause, predicate(clause)


def predicate(clause: Clause) -> Predicate:
    """The test that a clause puts to a row."""
    return combined(clause, _leaf_test)


def _leaf_test(clause: Leaf) -> Predicate:
    require_searchable(clause.field)
    field = clause.field
    if isinstance(clause, Exists):
        return lambda row: bool(values(row, field))
    test = range_test(clause) if isinstance(clause, Range) else term_test(clause)
    return lambda row: any(test(value) for value in values(row, field))


def require_searchable(field: str) -> None:
    """Refuse a field that the index does not hold."""
    if field in SEARCHABLE or field == "identities" or field.partition(".")[0] in {"app_metadata", "user_metadata"}:
        return
    if field.startswith("identities.profileData"):
        return
    if field in NOT_SEARCHABLE:
        raise invalid_search(f'field "{field}" is not searchable')
    raise invalid_search(f'unknown field "{field}"')


def values(row: Row, field: str) -> list[Any]:
    """The values at a path, through lists and objects; [] where there is none, as null and {} are not indexed."""
    if field == "email.domain":
        return [row["email"].partition("@")[2]] if row.get("email") else []
    found: list[Any] = [row]
    for key in field.split("."):
        found = [entry[key] for entry in found if isinstance(entry, dict) and key in entry]
        found = [item for entry in found for item in (entry if isinstance(entry, list) else [entry])]
    return [value for value in found if value is not None and value != {}]


def date_bounds(clause: Range) -> tuple[int, int]:
    """A date range as the first and last millisecond in it."""
    low = -(1 << 60) if clause.low is None else _instant(clause.low, clause.field, upper=not clause.low_inclusive)
    high = 1 << 60 if clause.high is None else _instant(clause.high, clause.field, upper=clause.high_inclusive)
    return (
        low if clause.low is None or clause.low_inclusive else low + 1,
        high if clause.high is None or clause.high_inclusive else high - 1,
    )


def _instant(text: str, field: str, *, upper: bool) -> int:
    """A date of any precision in milliseconds: its first one, or its last one where the bound takes it in whole."""
    match = _DATE.match(text)
    if match is None:
        raise invalid_search(f'failed to parse date field "{field}" with value "{text}"')
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        start = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            tzinfo=_zone(zone),
        )  # fmt: skip
    except ValueError as error:
        raise invalid_search(f'failed to parse date field "{field}" with value "{text}": {error}') from error
    base = milliseconds(start)
    if fraction:
        return base + int(fraction[:3].ljust(3, "0"))
    return base + _width(start, match) - 1 if upper else base


def _width(start: datetime, match: re.Match[str]) -> int:
    """How many milliseconds the least precise part that was written spans."""
    if match[2] is None:
        return (366 if calendar.isleap(start.year) else 365) * 86_400_000
    if match[3] is None:
        return calendar.monthrange(start.year, start.month)[1] * 86_400_000
    return 86_400_000 if match[4] is None else 3_600_000 if match[5] is None else 60_000 if match[6] is None else 1000


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return timezone.utc
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def range_test(clause: Range) -> Callable[[Any], bool]:
    """What a range asks of a value; strings are compared as they are."""
    field = clause.field
    if field in DATES:
        first, last = date_bounds(clause)
        low_text = timestamp(first) if clause.low is not None else ""
        high_text = timestamp(last) if clause.high is not None else "~"
        return lambda value: low_text <= value <= high_text
    if field.startswith("user_metadata") or field.count(".") > 1 or field in BOOLEANS:
        raise invalid_search(f'range operator is not supported on "{field}"')
    if field in NUMBERS:
        return _between(_number(clause.low, field), _number(clause.high, field), clause)
    fold = str.lower if field in CASE_INSENSITIVE else str
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
    if field in DATES:
        return range_test(Range(field, text, text, low_inclusive=True, high_inclusive=True))
    if field in NUMBERS:
        number = _number(text, field)
        return lambda value: bool(value == number)
    if field in BOOLEANS:
        if text not in {"true", "false"}:
            raise invalid_search(f'failed to parse boolean field "{field}" with value "{text}"')
        return lambda value: value is (text == "true")
    if "*" in text and not clause.quoted:
        return _wildcard_test(field, text)
    fold = str.lower if field in CASE_INSENSITIVE else str
    expected = fold(text)
    return lambda value: fold(_text(value)) == expected


def _wildcard_test(field: str, text: str) -> Callable[[Any], bool]:
    if field.startswith("user_metadata"):
        raise invalid_search(f'wildcards are not supported on "{field}"')
    if text.startswith("*") and len(text.strip("*")) < SHORTEST_SUFFIX:
        raise invalid_search(f"a leading wildcard needs {SHORTEST_SUFFIX} characters at least: {text}")
    flags = re.IGNORECASE if field in CASE_INSENSITIVE else 0
    parts = [re.escape(re.sub(r"\\(.)", r"\1", part)) for part in text.split("*")]
    pattern = re.compile(".*".join(parts), flags | re.DOTALL)
    return lambda value: pattern.fullmatch(_text(value)) is not None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
