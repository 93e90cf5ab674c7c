"""Scope diagnosis: which streams a token may read, and which scopes the others lack."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from source_auth0.errors import GRANT_PATH

#: Streams of a family that the short table names.
MAX_NAMED_STREAMS = 5


def missing_scopes(required: Mapping[str, Iterable[str]], granted: frozenset[str]) -> dict[str, list[str]]:
    """Missing scope to the streams that it costs; `required` is stream to the scopes, all of which it needs."""
    costs: defaultdict[str, list[str]] = defaultdict(list)
    for stream, scopes in required.items():
        for scope in scopes:
            if scope not in granted:
                costs[scope].append(stream)
    return dict(sorted(costs.items()))


def missing_scope_warnings(costs: Mapping[str, list[str]]) -> list[str]:
    """One log line for each missing scope."""
    return [
        f"The scope `{scope}` is not granted; these streams need it: {', '.join(streams)}."
        for scope, streams in costs.items()
    ]


def family_table(families: Mapping[str, str], required: Mapping[str, Iterable[str]], granted: frozenset[str]) -> str:
    """A table of all families: how many of each one's streams are readable, and the scopes that the others lack.

    `families` is stream to family, `required` stream to scopes.
    """
    missing: defaultdict[str, set[str]] = defaultdict(set)
    readable: Counter[str] = Counter()
    for stream, family in families.items():
        lacking = set(required[stream]) - granted
        missing[family] |= lacking
        readable[family] += not lacking
    sizes = Counter(families.values())
    width = max(map(len, sizes))
    lines = [
        f"{family:{width}}  {readable[family]:3} of {size:3}  {' '.join(sorted(missing[family])) or '-'}"
        for family, size in sizes.items()
    ]
    return "\n".join([f"{'family':{width}}  readable    scopes missing", *lines])


def readable_table(families: Mapping[str, str], readable: Iterable[str]) -> str:
    """A table of the families of which streams are readable, with the names of those streams where they are few.

    `families` is stream to family. The streams of all other families are counted in a last line.
    """
    names: defaultdict[str, list[str]] = defaultdict(list)
    for stream in readable:
        names[families[stream]].append(stream)
    sizes = Counter(families.values())
    width = max(map(len, [*names, "others"]))
    lines = [
        f"{family:{width}}  {len(names[family]):3} of {size:3}  "
        + (" ".join(names[family]) if len(names[family]) <= MAX_NAMED_STREAMS else "")
        for family, size in sizes.items()
        if family in names
    ]
    others = sum(size for family, size in sizes.items() if family not in names)
    rows = [*lines, *([f"{'others':{width}}    0 of {others:3}"] if others else [])]
    return "\n".join(row.rstrip() for row in [f"{'family':{width}}  readable", *rows])


def how_to_grant(costs: Iterable[str]) -> str:
    """Where to grant scopes, with the list to paste."""
    return f"Grant under {GRANT_PATH}: {' '.join(costs)}"
