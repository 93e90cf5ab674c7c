"""How users are walked: pieces of time read in parallel, cut as workers fall idle, and the state they leave."""

import math
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.components.cutting import Cutting
from source_auth0.components.pagewise import PagewiseCursor
from source_auth0.components.pieces import Found, Piece
from source_auth0.components.problems import QueryTimeout
from source_auth0.components.progress import Progress
from source_auth0.components.saved_states import lies_ahead, verify_list, verify_moment, verify_pieces
from source_auth0.components.sharing import Page
from source_auth0.components.tombstones import DELETED_AT, Tombstones, verify_deletions
from source_auth0.components.windows import Milliseconds, Window, look_back, moment_of, safety_lag, text_of

if TYPE_CHECKING:
    from source_auth0.components.search import KeysetSearch

#: Before any user was made.
BEGINNING = 0
#: Milliseconds behind now at which a walk of everybody ends: no clock is that far off, and nobody is made any later.
AHEAD = 86_400_000
#: Pages between two states while the sync runs.
PAGES_PER_STATE = 4


class UserCursor(PagewiseCursor, Cutting[Piece]):
    """Cuts the users into pieces of time that workers read side by side, and remembers how far each has come.

    A full refresh walks `created_at`, which no login moves, and leaves no cursor behind. An incremental sync walks
    `updated_at`, whose movers reappear in the next one. The largest piece is cut in two whenever a worker is idle, by
    the number of users in it, so that a burst of imports does not end up with one worker. The framework's cursor
    needs to know the first date, cuts evenly from there, and parses each record's timestamp.
    """

    names = ("updated_at", "open", "until", "deletions")

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._is_disbelieved = False
        Cutting.__init__(self, self.tenant)
        self.search: KeysetSearch
        self.tombstones: Tombstones | None = None
        self._until: Milliseconds | None = None
        #: What an export holds users up to; the state may say so once its file is read to the end.
        self._exported: Milliseconds | None = None
        self._pages = 0
        self._progress = Progress(self._stream_name, self._message_repository)

    @property
    def attribute(self) -> str:
        """The timestamp that this sync walks along."""
        return self.cursor_field.cursor_field_key if self._incremental else "created_at"

    @property
    def until(self) -> Milliseconds:
        """Where this sync ends: now, but for the safety lag of an incremental one."""
        return self._until or BEGINNING

    def remembered(self) -> MutableMapping[str, Any]:
        """`{"updated_at": …}`, the low-water mark, as every published version saved it.

        While the sync runs, also `open`, the pieces still to be read as pairs of timestamps, and `until`, where the
        sync will end; a version that does not know them reads again from the low-water mark.
        """
        deletions = self.tombstones.state if self.tombstones else {}
        if self._until is None:
            return {**self.saved(), **deletions}
        open_pieces = sorted((p.position, p.end) for p in self.pieces if not p.closed)
        key = self.cursor_field.cursor_field_key
        if not open_pieces:
            return {key: text_of(self._until), **deletions}
        pairs = [[text_of(low), text_of(high)] for low, high in open_pieces]
        return {key: pairs[0][0], "open": pairs, "until": text_of(self._until), **deletions}

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice for each piece: those that the state asks for, then halves of the largest as workers fall idle."""
        if self._incremental and self.tenant.get("users_deletion_tombstones"):
            self.tombstones = Tombstones(self.search, super().saved())
            yield from self.tombstones.slices(self)
            if self.tombstones.has_begun_anew:
                self.send()  # ahead of the first row, whose user may be deleted after this sync was killed
        if self.search.export.is_wanted(from_nothing=not self.saved()) and (job := self.search.export.run()):
            self._exported = job.created_at - safety_lag(self.tenant)
            extra = {"export": job, "cursor": self}
            yield StreamSlice(partition={}, cursor_slice={"export": job.id}, extra_fields=extra)
            return
        for piece in self.to_read():
            yield self.slice_of(piece)

    def living(self, page: Page) -> Page:
        """The users of a page but for those who are known to have been deleted since."""
        for row in page:
            # Whoever decides on attributes at the root of a profile does not decide on who is deleted.
            row.pop(DELETED_AT, None)
        return self.tombstones.living(page) if self.tombstones else page

    def progressed(self, piece: Piece, rows: int) -> None:
        """All rows of a page are handed on to the destination; a state that says so may follow them."""
        with self.changed:
            piece.position = max(piece.position, piece.taken or piece.position)
            self._pages += 1
            if self._incremental and self._pages % PAGES_PER_STATE == 0:
                self.send()
            reading = sum(piece.being_read for piece in self.pieces)
            self._progress.passed(rows, reading)
            # Where all are busy, nothing can be cut, and waking the thread that cuts would only take their time.
            if reading < self.tenant.workers:
                self.changed.notify_all()

    def close_partition(self, partition: Partition) -> None:
        """A piece was read to its end; the state that says so follows its last row."""
        read = partition.to_slice().extra_fields  # type: ignore[union-attr] # a slice of this cursor's
        with self.changed:
            if "piece" in read:
                read["piece"].closed = True
            elif "export" in read:
                self._until = self._exported
            if self._incremental:
                self.send()

    def slice_of(self, piece: Piece) -> StreamSlice:
        """What a worker is told to read a piece."""
        bounds = {"start": text_of(piece.start), "end": text_of(piece.end)}
        return StreamSlice(partition={}, cursor_slice=bounds, extra_fields={"piece": piece, "cursor": self})

    def planned(self) -> Iterable[Piece]:
        """The pieces that a sync begins with: what the last one left open, and what is new since."""
        ranges, first = self._begun()
        if lies_ahead(self.tenant, self._resumed(), self._stream_name):
            self._is_disbelieved = True
            ranges, first = self._begun()
        # Only now: the answer has told the tenant's clock.
        lag = safety_lag(self.tenant) if self._incremental else -AHEAD
        until = max(self.tenant.moment - lag, self._resumed())
        if first is not None:
            self._progress.expect(first.known_total)
        (low, high), *others = [(low, until if high is None else high) for low, high in ranges]
        if first is not None and first.rows:
            low = min(max(moment_of(first.rows[0][self.attribute]), low), high)
        pieces = [Piece(self.attribute, low, high, first), *(Piece(self.attribute, *bound) for bound in others)]
        with self.changed:
            # At once: an end without pieces would say that everything up to there is read.
            self._until, self.pieces = until, [piece for piece in pieces if piece.start < piece.end]
            return self.pieces.copy()

    def _begun(self) -> tuple[list[tuple[Milliseconds, Milliseconds | None]], Found | None]:
        """What is to be read, and the first page of it, whose answer tells the tenant's clock."""
        ranges = self._ranges()
        return ranges, self._first_page(Window(self.attribute, ranges[0][0], None, self.search.conditions))

    def _ranges(self) -> list[tuple[Milliseconds, Milliseconds | None]]:
        """What is to be read, upwards; the last range ends where the sync does."""
        key, saved = self.cursor_field.cursor_field_key, self.saved()
        floor = moment_of(self.tenant["start_date"]) if self.tenant.get("start_date") else BEGINNING
        if not self._incremental:
            return [(BEGINNING, None)]
        if key not in saved:
            return [(floor, None)]
        open_pieces = [(moment_of(low), moment_of(high)) for low, high in saved.get("open", [])]
        return [*open_pieces, (max(self._resumed() - look_back(self.tenant), floor), None)]

    def _resumed(self) -> Milliseconds:
        """Where the sync before ended, which the state never falls behind; the beginning without one."""
        saved = self.saved()
        text = saved.get("until") or saved.get(self.cursor_field.cursor_field_key)
        return moment_of(text) if text else BEGINNING

    def _first_page(self, window: Window) -> Found | None:
        try:
            return self.search.find(window)
        except QueryTimeout:
            return None  # the reader narrows the window until Auth0 can answer in time

    def worth_cutting(self, reading: list[Piece], idle: int) -> tuple[Piece, list[Milliseconds]] | None:
        """The piece with the most rows to come, and where to cut it."""
        largest = max(reading, key=lambda p: (math.inf if p.left is None else p.left, p.end - (p.taken or p.start)))
        return (largest, cuts) if (cuts := largest.parts(idle + 1)) else None

    def cut(self, piece: Piece, cuts: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[Piece]:
        """The parts that could be cut off, from the last to the first; their first pages are asked for side by side."""
        bounds = pairwise([*cuts, piece.end])
        windows = [Window(self.attribute, low, high, self.search.conditions) for low, high in bounds]
        pages = list(pool.map(self._first_page, windows))
        for at in reversed(cuts):
            with self.changed:
                if (part := piece.cut(at, pages.pop())) is not None:
                    self.pieces.append(part)
            if part is not None:
                yield part

    def saved(self) -> Mapping[str, Any]:
        """The state of an earlier incremental sync; empty where none says anything of users that can be believed."""
        saved = super().saved()
        return {} if self._is_disbelieved or self.cursor_field.cursor_field_key not in saved else saved

    def verify(self, saved: Mapping[str, Any]) -> None:
        """Raise whatever comes of a state that no version has left."""
        verify_deletions(saved)
        if set(saved) == {"deletions"}:
            return  # of a sync that was killed ahead of its first row
        low = moment_of(saved[self.cursor_field.cursor_field_key])
        if "open" in saved or "until" in saved:
            pieces = [(verify_moment(start), verify_moment(end)) for start, end in verify_list(saved["open"])]
            verify_pieces(pieces, low, verify_moment(saved["until"]))
