"""Questions, what was found, and the report; nothing in it comes from the tenant's data."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from source_auth0.commands.probe.client import Answer, ProbeClient

#: What Auth0's codes look like; anything else in their place is left out of the report.
CODE = re.compile(r"[a-z][a-z_]{2,59}")
#: A Management API scope that reads.
SCOPE = re.compile(r"\bread:[a-z_]{2,60}")


class Outcome(Enum):
    """Whether the tenant behaves as a statement says."""

    ESTABLISHED = "established"
    CONTRADICTED = "contradicted"
    UNKNOWN = "not decided"


@dataclass(frozen=True)
class Finding:
    """The answer to one question.

    evidence: for the report, so made of words of this program, numbers, statuses and Auth0's codes alone.
    words: Auth0's own words, for the person at the keyboard; they may name things of the tenant.
    """

    outcome: Outcome
    evidence: str
    words: str = ""


@dataclass(frozen=True)
class Question:
    """A statement about Auth0 that no document settles, and how to find out.

    name: as in the tables of docs/probe.md.
    scopes: those without which it is not asked, where the token tells what it has.
    """

    name: str
    statement: str
    ask: Callable[[ProbeClient], Finding]
    scopes: frozenset[str] = frozenset()


def established(evidence: str, *answers: Answer) -> Finding:
    """The finding that the statement holds."""
    return Finding(Outcome.ESTABLISHED, evidence, _words(answers))


def contradicted(evidence: str, *answers: Answer) -> Finding:
    """The finding that the statement does not hold."""
    return Finding(Outcome.CONTRADICTED, evidence, _words(answers))


def unknown(evidence: str, *answers: Answer) -> Finding:
    """The finding that this tenant cannot tell."""
    return Finding(Outcome.UNKNOWN, evidence, _words(answers))


def decided(*, holds: bool, evidence: str, answers: Iterable[Answer] = ()) -> Finding:
    """Established or contradicted."""
    return (established if holds else contradicted)(evidence, *answers)


def shown(answer: Answer) -> str:
    """A response in the report: its status and Auth0's code."""
    code = f" {answer.code}" if CODE.fullmatch(answer.code) else ""
    return f"status {answer.status}{code}"


def named_scopes(answer: Answer) -> list[str]:
    """The scopes that a refusal names; empty where it is about something else."""
    return SCOPE.findall(answer.text) if answer.lacks_scope else []


def refusal(answer: Answer) -> Finding | None:
    """The finding for a response that says nothing about the question: a missing scope; None for any other."""
    if not answer.lacks_scope:
        return None
    return unknown(f"{shown(answer)}: needs {' '.join(named_scopes(answer)) or 'another scope'}", answer)


def _words(answers: Iterable[Answer]) -> str:
    return " / ".join(dict.fromkeys(answer.text for answer in answers if answer.text))


def report(heading: str, rows: Iterable[tuple[Question, Finding]]) -> str:
    """The report as a table in Markdown."""
    lines = [
        f"| `{question.name}` | {question.statement} | {finding.outcome.value} | {finding.evidence} |"
        for question, finding in rows
    ]
    return "\n".join([heading, "", "| Question | Statement | Answer | Evidence |", "|---|---|---|---|", *lines])
