"""What a stream is read for, as far as it was seen: how many lists there are, and the ids of some."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from source_auth0.commands.estimate.estimates import Seen, StreamEstimate
from source_auth0.costs.partitions import Factor, FixedNames, ParentRows
from source_auth0.costs.sampling import share_of
from source_auth0.costs.spans import Span, exactly
from source_auth0.retrievers.lists.partition_routers import belongs_to_organization, is_accepted

Ids = Mapping[str, Any]


class ParentSample:
    """How many lists a stream has, and some of their ids; of a combination of factors, combinations of some.

    estimate_of: the estimate of a parent. config: says whether roles of organizations are wanted.
    """

    def __init__(self, factors: list[Factor], estimate_of: Callable[[str], StreamEstimate], config: Ids) -> None:
        self._estimate_of, self._config = estimate_of, config
        self.lists = exactly(1)
        self.names: set[str] = set()
        self._ids: list[list[tuple[Ids, Ids]]] = []
        for factor in factors:
            known, ids = self._names(factor) if isinstance(factor, FixedNames) else self._rows(factor)
            self.lists *= known
            self._ids.append(ids)

    def some(self, count: int) -> list[tuple[Ids, Ids]]:
        """The ids in the path and the query parameters of so many lists; of all where there are no more.

        The first is the list of the parent that Auth0 names first, mostly the oldest, which tends to have the longest.
        """
        combined: list[tuple[Ids, Ids]] = [({}, {})]
        rng = random.Random(count)  # noqa: S311 - lists to look at
        for ids in self._ids:
            combined = [({**a, **c}, {**b, **d}) for a, b in combined for c, d in _chosen(ids, count, rng)]
        return _chosen(combined, count, rng)

    @staticmethod
    def _names(factor: FixedNames) -> tuple[Span, list[tuple[Ids, Ids]]]:
        columns: list[Ids] = [{factor.column: name} for name in factor.names]
        return exactly(len(columns)), [({}, c) if factor.is_parameter else (c, {}) for c in columns]

    def _rows(self, factor: ParentRows) -> tuple[Span, list[tuple[Ids, Ids]]]:
        parent = self._estimate_of(factor.stream)
        self.names |= {factor.stream, *parent.needs}
        seen, rows = list(parent.seen), parent.rows or exactly(0)
        if factor.elements_of:
            elements = [name for row, _ in seen for name in row.get(factor.elements_of) or ()]
            return exactly(len(elements)), [({factor.column: name}, {}) for name in elements]
        fitting = [(row, ids) for row, ids in seen if self._has_list(factor, row)]
        share = share_of(len(fitting), len(seen))
        is_whole = len(seen) >= rows.high and not rows.at_least
        lists = exactly(len(fitting)) if is_whole else rows if len(fitting) == len(seen) else rows * share
        return lists, [(ids, {}) for ids in self._ids_of(factor, fitting)]

    def _has_list(self, factor: ParentRows, row: Ids) -> bool:
        if factor.of_roles and not self._config.get("organization_roles") and belongs_to_organization(row):
            return False
        return all(is_accepted(row.get(name), values) for name, values in factor.where.items())

    @staticmethod
    def _ids_of(factor: ParentRows, seen: list[Seen]) -> Iterator[Ids]:
        found: dict[str, Ids] = {}
        for row, above in seen:
            renamed = {factor.renamed.get(name, name): value for name, value in above.items()}
            ids = {**renamed, factor.column: row.get(factor.key)}
            if ids[factor.column] is not None:
                found[str(ids)] = ids
        yield from found.values()


def _chosen(ids: list[tuple[Ids, Ids]], count: int, rng: random.Random) -> list[tuple[Ids, Ids]]:
    """The first, and others at random."""
    return [*ids[:1], *rng.sample(ids[1:], min(count - 1, len(ids[1:])))]
