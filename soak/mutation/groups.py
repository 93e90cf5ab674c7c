"""The modules in groups, and the table that says what became of the mutants of each."""

from collections.abc import Sequence
from pathlib import Path

from soak.mutation.mutants import Count, Explanations, Mutant

SOURCES = Path(__file__).parents[2] / "source_auth0"
#: Modules that put the others together: their tests run the whole, which takes too long for each of their mutants.
NOT_TRIED = {
    *("run", "source", "manifest.assembly", "manifest.files"),
    *("engine.declarative_source", "engine.entrypoint", "engine.shutdown", "engine.stdout"),
}
#: What each room of the connector is for, in the order of the table.
ROOMS = {
    "config": "config",
    "redaction": "secrets",
    "manifest": "schemas",
    "engine": "threads and pages",
    "api": "the Management API's client",
    "api.http": "what a response means",
    "api.rate_limit": "rate limits",
    "api.auth": "sign-in and scopes",
    "retrievers.lists": "lists and objects",
    "retrievers.cursors": "cursors",
    "retrievers.users": "users",
    "retrievers.user_lists": "single users' lists",
    "retrievers.logs": "the log",
    "retrievers.log_events": "what events of the log say",
    "retrievers.events": "the Events API",
    "": "the rest",
}


def _modules() -> set[str]:
    """Every module that is tried, by its path below source_auth0, with dots."""
    paths = (path.relative_to(SOURCES).with_suffix("") for path in SOURCES.rglob("[!_]*.py"))
    return {".".join(path.parts) for path in paths} - NOT_TRIED


MODULES = _modules()
GROUPS = {
    name: " ".join(sorted(module for module in MODULES if module.rpartition(".")[0] == room))
    for room, name in ROOMS.items()
}
HEAD = "| modules | mutants | refused by mypy | killed | explained | alive | score |\n|---|--:|--:|--:|--:|--:|--:|"


def told(mutant: Mutant) -> str:
    """A mutant as it would stand in explained.yaml."""
    return f"{mutant.module}: {mutant.function} ({mutant.fate})\n  - {mutant.was}\n  + {mutant.now}"


def table(mutants: Sequence[Mutant], explanations: Explanations) -> str:
    """A row a group of modules, and their sum."""
    rows = [
        row(_name(name, part), explanations.count(part))
        for name, modules in GROUPS.items()
        if (part := [one for one in mutants if one.module in modules.split()])
    ]
    return "\n".join([HEAD, *rows, row("all", explanations.count(mutants))])


def _name(group: str, mutants: Sequence[Mutant]) -> str:
    """A group's name, with its modules where not all of them were tried."""
    tried = {one.module for one in mutants}
    return group if tried == {*GROUPS[group].split()} else f"{group}: only {', '.join(sorted(tried))}"


def untried(mutants: Sequence[Mutant]) -> str:
    """Which modules the table does not speak of."""
    tried = {one.module for one in mutants}
    left = sorted(MODULES - tried)
    return f"Nothing to change, or not tried: {', '.join(f'`{name}`' for name in left)}." if left else ""


def row(name: str, count: Count) -> str:
    """A line of the table."""
    figures = (count.mutants, count.ill_typed, count.killed, count.explained, count.alive)
    return f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} | {count.score:.1%} |"
