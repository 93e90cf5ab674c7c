"""Syncs under hostile responses, each compared with the tenant, and counted."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from soak.hostile_responses.comparison.answers import AlteredAnswer
from soak.hostile_responses.comparison.rows import Row, key_of, text_of
from soak.hostile_responses.comparison.verdict import Verdict, judge, key_columns
from soak.hostile_responses.trial_tenant import TrialTenant, count_sync
from soak.tally import Tally
from testing.servers.intercepting_proxy import RawResponse, RewriteResponse, UpstreamResponse
from testing.syncs.sync_probe import ProbedSync

#: How many losses of one sync are named.
NAMED = 3


class ComparedSyncs:
    """Counts syncs of a tenant under hostile responses in a tally.

    One that ends well must have all rows of the tenant, no other ones, and their values; one that fails must leave a
    state from which the next sync, without hostile responses, adds what is missing. What the responses themselves
    altered is no loss; what was left out because nobody can tell is counted by name.
    """

    def __init__(self, tenant: TrialTenant, tried: str, clean: RewriteResponse = UpstreamResponse.raw) -> None:
        """`clean` makes the responses of a sync that nothing interferes with."""
        self.tally = Tally(tried)
        self._tenant, self._clean = tenant, clean
        self._failed = 0
        self._untold: Counter[str] = Counter()

    def run(  # noqa: PLR0913 - what a sync is compared with
        self,
        stream: str,
        rewrite: RewriteResponse,
        what: str,
        expected: Sequence[Row] | None = None,
        *,
        told: Sequence[Row] = (),
        lacking: str = "",
        or_as: Sequence[Row] = (),
        **config: Any,
    ) -> ProbedSync:
        """Sync a stream, compare, and count.

        expected: the rows due of a sync that ends well where the responses replace the tenant's altogether; after a
        failure they may be there beside the tenant's. told: rows that are due beside the tenant's. lacking: why rows
        of the tenant may be missing beside those. or_as: the tenant's rows as another way of reading has them, which
        are as good.
        """
        clean = self._tenant.clean_rows(stream, self._clean, **config)
        answers: list[AlteredAnswer] = []

        def recorded(upstream: UpstreamResponse) -> RawResponse:
            raw = rewrite(upstream)
            if upstream.target.startswith("/api/") and (altered := AlteredAnswer.of(upstream, raw)):
                answers.append(altered)
            return raw

        done = self._tenant.sync(stream, recorded, **config)
        count_sync(self.tally, done, what)
        requests = self._tenant.proxy.requests
        if done.hung:
            return done
        rows: Sequence[Row] = done.rows
        due: Sequence[Row] = clean if expected is None else expected
        key = key_columns(stream)
        if not done.succeeded:
            rows, due = self._after_next_sync(done, clean, [*(expected or ()), *told], what, **config)
        elif told or lacking:
            rows, due = self._beside(done, clean, told, lacking, key)
        self.tally.records += len(due)
        others = {text_of(row): key_of(row, key) for row in or_as}
        by_key = {key_of(row, key): row for row in due}
        rows = [by_key.get(others.get(text_of(row), ()), row) for row in rows]
        self._count(judge(stream, due, rows, answers, key), what, is_resumed=not done.succeeded)
        self._tenant.proxy.requests = requests
        return done

    def _beside(
        self, done: ProbedSync, clean: Sequence[Row], told: Sequence[Row], lacking: str, key: Sequence[str]
    ) -> tuple[list[Row], list[Row]]:
        """The rows that came, those told cut to their own columns, and the rows due."""
        told_by_key = {key_of(row, key): row for row in told}
        rows: list[Row] = []
        for row in done.rows:
            columns = told_by_key.get(key_of(row, key), row).keys()
            rows.append({column: row.get(column) for column in columns})
        came = {key_of(row, key) for row in rows}
        due = [row for row in clean if not lacking or key_of(row, key) in came]
        self._untold[lacking] += len(due) < len(clean)
        return rows, [*due, *told]

    def finished(self) -> Tally:
        """The tally, with what became of the syncs."""
        failed = [f"{self._failed} failed by name and were complete after the next sync"] if self._failed else []
        untold = [f"{count} × {name}" for name, count in sorted((+self._untold).items())]
        told = f"{sum(self._untold.values())} short where nobody can tell: {', '.join(untold)}"
        self.tally.more = "; ".join([*failed, *([told] if untold else [])])
        return self.tally

    def _after_next_sync(
        self, done: ProbedSync, clean: Sequence[Row], told: Sequence[Row], what: str, **config: Any
    ) -> tuple[list[Row], list[Row]]:
        """The rows of a failed sync and of the next one together, and those that are due."""
        self._failed += 1
        stream, key = done.stream, key_columns(done.stream)
        saved = done.synced.state_of(stream) if done.synced.states else None
        resumed = self._tenant.sync(stream, self._clean, saved=saved, **config)
        if not resumed.succeeded:
            self.tally.complaints.append(f"{what[:300]}: the next sync fails: {resumed.errors}"[:900])
        rows: list[Row] = [*done.rows, *resumed.rows]
        told_columns = {key_of(row, key): row.keys() for row in told}
        rows = [{name: row.get(name) for name in told_columns.get(key_of(row, key), row.keys())} for row in rows]
        came = {key_of(row, key) for row in rows}
        return rows, [*(row for row in told if key_of(row, key) in came), *clean]

    def _count(self, verdict: Verdict, what: str, *, is_resumed: bool) -> None:
        self._untold.update(verdict.untold[:1])
        self.tally.losses += len(verdict.losses)
        self._failed -= bool(is_resumed and verdict.losses)
        where = " after the next sync" if is_resumed else ""
        for loss in verdict.losses[:NAMED]:
            self.tally.complaints.append(f"{what[:300]}: {loss}{where}, one of {len(verdict.losses)}")
