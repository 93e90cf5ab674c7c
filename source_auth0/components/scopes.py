"""Which streams a token may read, and what it would take to read the others."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from source_auth0.components.problems import GRANT_PATH


def missing_scopes(required: Mapping[str, Iterable[str]], granted: frozenset[str]) -> dict[str, list[str]]:
    """Scope to the streams that it costs; `required` is stream to scopes, all of which it needs."""
    costs: defaultdict[str, list[str]] = defaultdict(list)
    for stream, scopes in required.items():
        for scope in scopes:
            if scope not in granted:
                costs[scope].append(stream)
    return dict(sorted(costs.items()))


def advice(costs: Mapping[str, list[str]]) -> list[str]:
    """A line for each missing scope."""
    return [
        f"The scope `{scope}` is not granted, which costs {', '.join(streams)}." for scope, streams in costs.items()
    ]


def how_to_grant(costs: Iterable[str]) -> str:
    """Where to grant, with the list to paste."""
    return f"Grant under {GRANT_PATH}: {' '.join(costs)}"
