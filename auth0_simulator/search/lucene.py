"""A parser for the Lucene query syntax that user search v3 supports.

https://auth0.com/docs/manage-users/user-search/user-search-query-syntax
Not supported, and rejected as a syntax error: terms without a field, two clauses without an operator
between them, fuzzy search, boosts and the `>` shorthand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from auth0_simulator.wire.errors import ApiError, invalid_search


@dataclass(frozen=True)
class Term:
    """`field:value`; an unquoted value may contain wildcards, a quoted one is literal."""

    field: str
    value: str
    quoted: bool


@dataclass(frozen=True)
class Range:
    """`field:[low TO high}`; None is an unbounded end."""

    field: str
    low: str | None
    high: str | None
    low_inclusive: bool
    high_inclusive: bool


@dataclass(frozen=True)
class Exists:
    """`_exists_:field`."""

    field: str


@dataclass(frozen=True)
class Not:
    """`NOT clause`."""

    clause: Clause


@dataclass(frozen=True)
class And:
    """Clauses joined by AND."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class Or:
    """Clauses joined by OR."""

    clauses: tuple[Clause, ...]


Clause = Term | Range | Exists | Not | And | Or

_BARE = r'(?:\\.|[^\s()\[\]{}":\\])'
_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<range>(?P<open>[\[{{])\s*(?P<low>"(?:\\.|[^"\\])*"|[^\s\]}}]+)\s+TO\s+(?P<high>"(?:\\.|[^"\\])*"|[^\s\]}}]+)\s*(?P<close>[\]}}]))
    | (?P<quoted>"(?:\\.|[^"\\])*")
    | (?P<field>{_BARE}+):
    | (?P<paren>[()])
    | (?P<word>(?:{_BARE}|:)+)
    )""",
    re.VERBOSE,
)
OPERATORS = ("AND", "OR", "NOT")


def parse_lucene(query: str) -> Clause:
    """Parse a query into its syntax tree; raises `invalid_search` on a syntax error."""
    parser = _Parser(_tokens(query), query)
    clause = parser.disjunction(None)
    if parser.peek() is not None:
        raise parser.unexpected()
    return clause


def _tokens(query: str) -> list[re.Match[str]]:
    tokens: list[re.Match[str]] = []
    position, end = 0, len(query.rstrip())
    while position < end:
        match = _TOKEN.match(query, position)
        if match is None:
            raise invalid_search(f"syntax error near {query[position:].strip()!r}")
        tokens.append(match)
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent: OR binds weakest, then AND, then NOT; `field:( … )` applies the field to the terms inside."""

    def __init__(self, tokens: list[re.Match[str]], query: str) -> None:
        self._tokens = tokens
        self._query = query
        self._position = 0

    def peek(self) -> re.Match[str] | None:
        """The next token, without consuming it."""
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def unexpected(self) -> ApiError:
        """The error for an unexpected next token."""
        token = self.peek()
        where = "the end" if token is None else repr(token.group().strip())
        return invalid_search(f"syntax error near {where} in {self._query!r}")

    def disjunction(self, field: str | None) -> Clause:
        """Clauses joined by OR."""
        clauses = [self._conjunction(field)]
        while self._accept("word", "OR"):
            clauses.append(self._conjunction(field))
        return clauses[0] if len(clauses) == 1 else Or(tuple(clauses))

    def _conjunction(self, field: str | None) -> Clause:
        clauses = [self._negation(field)]
        while self._accept("word", "AND"):
            clauses.append(self._negation(field))
        return clauses[0] if len(clauses) == 1 else And(tuple(clauses))

    def _negation(self, field: str | None) -> Clause:
        if self._accept("word", "NOT"):
            return Not(self._negation(field))
        return self._primary(field)

    def _primary(self, field: str | None) -> Clause:
        if self._accept("paren", "("):
            clause = self.disjunction(field)
            if not self._accept("paren", ")"):
                raise self.unexpected()
            return clause
        token = self.peek()
        if token is not None and field is None and token["field"] is not None:
            self._position += 1
            name = _unescape(token["field"])
            if (after := self.peek()) is not None and after["paren"] == "(":
                return self._primary(name)
            return self._value(name)
        if field is None:
            raise self.unexpected()
        return self._value(field)

    def _value(self, field: str) -> Clause:
        token = self.peek()
        if token is None or token["paren"] or token["field"] or token["word"] in OPERATORS:
            raise self.unexpected()
        self._position += 1
        if token["range"]:
            return _range(field, token)
        if token["quoted"]:
            return Term(field, _unescape(token["quoted"][1:-1]), quoted=True)
        word = token["word"]
        if field == "_exists_":
            return Exists(word)
        if word.startswith((">", "<")) or re.search(r"[~^]", word):
            raise invalid_search(f"operator not supported in {field}:{word}")
        return Exists(field) if word == "*" else Term(field, word if "*" in word else _unescape(word), quoted=False)

    def _accept(self, group: str, text: str) -> bool:
        token = self.peek()
        if token is not None and token[group] == text:
            self._position += 1
            return True
        return False


def _range(field: str, token: re.Match[str]) -> Range:
    return Range(field, _bound(token["low"]), _bound(token["high"]), token["open"] == "[", token["close"] == "]")


def _bound(text: str) -> str | None:
    if text == "*":
        return None
    return _unescape(text[1:-1] if text.startswith('"') else text)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
