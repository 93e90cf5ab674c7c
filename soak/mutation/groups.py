"""The modules in groups, and the table of mutation results for each group."""

from collections.abc import Sequence
from pathlib import Path

from soak.mutation.mutants import Count, Explanations, Mutant

SOURCES = Path(__file__).parents[2] / "source_auth0"
#: Modules that wire up the others: their tests run the whole connector, which is too slow for every mutant.
NOT_TRIED = {
    *("run", "source", "manifest.assembly", "manifest.files"),
    *("input_files.config_file", "retrievers.lists.roles", "engine.declarative_source", "engine.entrypoint"),
    *("engine.shutdown", "engine.stdout"),
    *("commands.estimate.command", "commands.estimate.survey", "commands.estimate.incremental"),
}
#: Subpackage of the connector to the name of its group, in the order of the table.
PACKAGES = {
    "config": "config",
    "commands": "commands for people",
    "commands.estimate": "an estimate before a sync",
    "commands.probe": "questions to a tenant",
    "costs": "what streams cost in requests",
    "input_files": "config, catalog and state files",
    "redaction": "secrets",
    "conformance": "values that do not fit their columns",
    "manifest": "schemas",
    "progress": "progress of long streams",
    "engine": "threads and pages",
    "api": "the Management API's client",
    "api.http": "what a response means",
    "api.rate_limit": "rate limits",
    "api.auth": "sign-in and scopes",
    "retrievers.lists": "lists and objects",
    "retrievers.cursors": "cursors",
    "retrievers.readings": "readings",
    "retrievers.user_search": "user search",
    "retrievers.users": "users",
    "retrievers.user_lists": "single users' lists",
    "retrievers.followed_parents": "streams that follow changes",
    "retrievers.logs": "the log",
    "retrievers.log_events": "what events of the log say",
    "retrievers.events": "the Events API",
    "": "the rest",
}


def _modules() -> set[str]:
    """Every tested module, by its dotted path below source_auth0."""
    paths = (path.relative_to(SOURCES).with_suffix("") for path in SOURCES.rglob("[!_]*.py"))
    return {".".join(path.parts) for path in paths} - NOT_TRIED


MODULES = _modules()
GROUPS = {
    name: " ".join(sorted(module for module in MODULES if module.rpartition(".")[0] == package))
    for package, name in PACKAGES.items()
}
HEAD = "| modules | mutants | refused by mypy | killed | explained | alive | score |\n|---|--:|--:|--:|--:|--:|--:|"


def describe(mutant: Mutant) -> str:
    """A mutant in the form of an entry in explained.yaml."""
    return f"{mutant.module}: {mutant.function} ({mutant.fate})\n  - {mutant.was}\n  + {mutant.now}"


def table(mutants: Sequence[Mutant], explanations: Explanations) -> str:
    """A row for each group of modules, and their sum."""
    rows = [
        row(_name(name, in_group), explanations.count(in_group))
        for name, modules in GROUPS.items()
        if (in_group := [one for one in mutants if one.module in modules.split()])
    ]
    return "\n".join([HEAD, *rows, row("all", explanations.count(mutants))])


def _name(group: str, mutants: Sequence[Mutant]) -> str:
    """A group's name, with the tested modules if not all of its modules were."""
    tried = {one.module for one in mutants}
    return group if tried == {*GROUPS[group].split()} else f"{group}: only {', '.join(sorted(tried))}"


def untried(mutants: Sequence[Mutant]) -> str:
    """A sentence on the modules that have no results."""
    tried = {one.module for one in mutants}
    missing = sorted(MODULES - tried)
    return f"Nothing to change, or not tried: {', '.join(f'`{name}`' for name in missing)}." if missing else ""


def row(name: str, count: Count) -> str:
    """A row of the table."""
    figures = (count.mutants, count.ill_typed, count.killed, count.explained, count.alive)
    return f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} | {count.score:.1%} |"
