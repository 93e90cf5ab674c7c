"""The components in groups, and the table that says what became of the mutants of each."""

from collections.abc import Sequence
from pathlib import Path

from soak.mutation.mutants import Count, Explanations, Mutant

SOURCES = Path(__file__).parents[2] / "source_auth0" / "components"
#: The components by what a mistake in them would cost, in the order of the table; what is not named is the rest.
NAMED = {
    "what an answer means": "answers api bodies problems refusals",
    "lists and objects": "connections lists members objects pages partitions reading repetition static",
    "streams and their schemas": "factory schemas",
    "users, searched and cut": "cutting pieces search ties windows",
    "users, resumed and exported": "cursor export pagewise progress saved_states",
    "the log": "log log_cursor log_events log_facts log_paths log_requests log_streams log_walk log_writes",
    "deletions": "deletions tombstones",
    "single users' lists": "moved_users per_user rounds user_ids",
    "the Events API": "bookmark cloud_events event_cursor events feed listening sse waiting",
    "secrets": "attributes excluded masking secrets",
    "sign-in, scopes, config": "authentication checking config held_token private_key scopes token_endpoint",
    "the tenant and its threads": "crew gate outages patience sharing tenant turns",
    "rate limits": "bucket buckets budget published refill",
}
COMPONENTS = {path.stem for path in SOURCES.glob("[!_]*.py")}
REST = COMPONENTS - {name for modules in NAMED.values() for name in modules.split()}
GROUPS = {**NAMED, "the rest": " ".join(sorted(REST))}
HEAD = "| components | mutants | refused by mypy | killed | explained | alive | score |\n|---|--:|--:|--:|--:|--:|--:|"


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
    """Which components the table does not speak of."""
    tried = {one.module for one in mutants}
    left = sorted(COMPONENTS - tried)
    return f"Nothing to change, or not tried: {', '.join(f'`{name}`' for name in left)}." if left else ""


def row(name: str, count: Count) -> str:
    """A line of the table."""
    figures = (count.mutants, count.ill_typed, count.killed, count.explained, count.alive)
    return f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} | {count.score:.1%} |"
