"""Keyset pagination of user search: each page begins at the timestamp of a row of the page before.

Page numbers over a sort key that changes lose rows (8 of 900 in an experiment with logins during the sync; keyset
pagination lost none), and end at 1,000 rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import QueryTimeoutError, transient_error
from source_auth0.records import Page
from source_auth0.retrievers.user_search.queries import QueryWindow, UserSearch
from source_auth0.retrievers.user_search.same_timestamp import read_same_timestamp
from source_auth0.retrievers.user_search.time_slices import SearchPage, TimeSlice
from source_auth0.timestamps import Milliseconds, to_iso

#: Which anchors of a page are tried in turn, counted from its end, where a page does not continue the one before.
ANCHORS_TRIED = (0, 1, 3, 10, 30)
#: Users of a page beyond the end of a slice that show that none of the slice follows: one may be fresher than its
#: index entry.
MIN_ROWS_BEYOND = 3
#: Rows by which a total may be lower than the page before told, besides a tenth of it: users are deleted.
TOLERATED_FALL = 10


@dataclass(frozen=True)
class Anchor:
    """A timestamp at which a query begins, and the users read already who have it: the page has to repeat one of them.

    due: the number of rows from here on up to `end`, by the total of the page before; None if unknown. had_rows: rows
    came from here on before, so that an empty page contradicts them.
    """

    at: Milliseconds
    user_ids: frozenset[str] = frozenset()
    due: int | None = None
    end: Milliseconds | None = None
    had_rows: bool = False

    def is_continued_by(self, page: SearchPage) -> bool:
        """Whether no row can be missing between the page that the anchor is from and this one.

        Somebody else's row with the anchor's timestamp is no sign of that: the anchor may be fresher than its index
        entry.
        """
        if not self.user_ids:
            return bool(page.rows) or not self.had_rows
        return any(row["user_id"] in self.user_ids for row in page.rows)


def anchors_of(page: SearchPage, attribute: str, start: Milliseconds) -> list[Anchor]:
    """The timestamps of a page at which the next one may begin, the latest first.

    A row that is dated after one behind it, or beyond the page's range, is fresher than its index entry: no anchor.
    """
    ids: dict[Milliseconds, list[str]] = {}
    rows_before: dict[Milliseconds, int] = {}
    lowest = None if page.end is None else page.end - 1
    for index, (row, at) in reversed(list(enumerate(zip(page.rows, page.times(attribute), strict=True)))):
        if at is not None and at >= start and (lowest is None or at <= lowest):
            lowest = at
            ids.setdefault(at, []).append(row["user_id"])
            rows_before[at] = index
    total = page.known_total
    return [
        Anchor(at, frozenset(user_ids), None if total is None else total - rows_before[at], page.end)
        for at, user_ids in ids.items()
    ]


class KeysetReader:
    """Reads one time slice upwards.

    A page counts as the continuation of the one before only if it repeats one of its rows. Where the last row has
    moved, or is fresher than its index entry, its timestamp is no bound, and that of an earlier row is taken. Where
    none holds, the range is read in steps that fit on a page, whose total tells that nothing is missing.
    """

    def __init__(self, search: UserSearch, time_slice: TimeSlice) -> None:
        self._search, self._slice = search, time_slice
        self._anchor = Anchor(time_slice.start)
        #: Anchors to try in turn where the page from `_anchor` on is no continuation.
        self._other_anchors: list[Anchor] = []
        #: Where a page began that was read again, as no timestamp on it held: not a third time.
        self._gone_back_to: Milliseconds | None = None
        #: The rows of the last page with their timestamps, which the next one may repeat.
        self._sent: set[tuple[str, Milliseconds | None]] = set()
        #: The width of a step, if the range is not read up to its end at once.
        self._width: Milliseconds | None = None
        self._reads_whole_steps = False
        #: Whether an empty answer to the next request is believed.
        self._is_asked_again = time_slice.may_be_empty

    def pages(self) -> Iterator[Page]:
        """The pages of the slice; a generator resumes after a `yield` only once that page is handed on."""
        page = self._slice.first_page
        if page is not None and not page.rows:
            page, self._is_asked_again = None, True
        while True:
            page = page or self._request()
            if not self._reads_whole_steps or page.is_last:
                self._slice.all_read_before = self._anchor.at
                yield self._new_rows(page)
                if page.is_last and self._reaches_end(page):
                    return
                if page.is_last:
                    self._begin_at(Anchor(page.end or 0))
                    self._width = None if self._width is None else 2 * self._width
                elif self._has_passed_end(page):
                    return
                else:
                    yield from self._advance(page)
            elif (self._width or 2) > 1:
                self._narrow_step(page)
            else:
                yield from self._same_timestamp()
            page = None

    def _advance(self, page: SearchPage) -> Iterator[Page]:
        """Set the anchor for the page after this one; yields the users of one millisecond if they are over a page."""
        anchors = anchors_of(page, self._slice.attribute, self._anchor.at)
        if not self._slice.is_open_ended:
            anchors = [anchor for anchor in anchors if anchor.at < self._slice.end]
        if not anchors and page.end is None:
            self._anchor = Anchor(self._anchor.at)  # the first page, whose users lie beyond the slice
        elif not anchors:
            self._read_whole_steps()
        elif anchors[0].at == self._anchor.at:
            yield from self._same_timestamp()
        else:
            later = [anchor for anchor in anchors if anchor.at > self._anchor.at]
            if self._slice.attribute == "updated_at" and len(later[0].user_ids) == 1:
                # The last row alone may be fresher than its index entry, and repeat only since the index caught up.
                if not later[1:] and page.known_total is not None and anchors[-1].at == self._anchor.at:
                    yield from self._same_timestamp()
                    return
                later = later[1:] or later
            back = replace(self._anchor, due=page.known_total, end=page.end, had_rows=True)
            self._other_anchors = [later[n] for n in ANCHORS_TRIED if n < len(later)] + [back]
            self._anchor = self._other_anchors.pop(0)

    def _has_passed_end(self, page: SearchPage) -> bool:
        """Whether a page shows that no user of the slice follows: it has users beyond its end, split off meanwhile.

        A single one may be fresher than its index entry; `created_at` never changes.
        """
        if self._slice.is_open_ended or page.end is None:
            return False
        beyond = sum(at is not None and self._slice.end <= at < page.end for at in page.times(self._slice.attribute))
        return beyond >= (1 if self._slice.attribute == "created_at" else MIN_ROWS_BEYOND)

    def _begin_at(self, anchor: Anchor) -> None:
        self._anchor, self._other_anchors = anchor, []
        self._sent.clear()

    def _new_rows(self, page: SearchPage) -> Page:
        """The rows of a page that lie in the slice, without those of the page before."""
        rows = self._slice.take(page)
        keys = list(zip((row["user_id"] for row in page.rows), page.times(self._slice.attribute), strict=True))
        new = keys if not self._sent else [key for key in keys if key not in self._sent]
        if len(new) < len(keys) or len(rows) < len(keys):
            wanted = {user_id for user_id, _ in new}
            rows = [row for row in rows if row["user_id"] in wanted]
        self._sent = set(keys)
        return rows

    def _reaches_end(self, page: SearchPage) -> bool:
        return page.end is None or (not self._slice.is_open_ended and page.end >= self._slice.end)

    def _window(self) -> QueryWindow:
        end = self._slice.query_end
        if self._width is not None and (step_end := self._anchor.at + self._width) < self._slice.end:
            end = step_end
        return QueryWindow(
            self._slice.attribute, self._anchor.at, end, self._search.conditions, self._slice.updated_since
        )

    def _request(self) -> SearchPage:
        """The next page: a continuation of the last one, or the first of a range that stands for itself."""
        while True:
            window = self._window()
            try:
                page = self._find_continuation(window)
            except QueryTimeoutError:
                if self._search.has_timed_out_for_good():
                    raise
                self._width = max(((window.end or self._slice.end) - self._anchor.at) // 2, 1)
                continue
            if page is not None:
                return page
            is_back = len(self._other_anchors) == 1
            if self._other_anchors:
                self._anchor = self._other_anchors.pop(0)
                if not is_back:
                    continue
            if is_back and self._anchor.at != self._gone_back_to:
                self._gone_back_to = self._anchor.at
            else:
                self._read_whole_steps()

    def _find_continuation(self, window: QueryWindow) -> SearchPage | None:
        """The page of a window, asked for twice if it does not continue the last one; None if it still does not."""
        anchor = self._anchor
        find = self._search.find if anchor.user_ids or self._is_asked_again else self._search.find_again_if_empty
        self._is_asked_again = False
        page = find(window, can_halve=True)
        if _is_short(anchor, page) or not anchor.is_continued_by(page):
            again = self._search.find(window, can_halve=True)
            page = max(page, again, key=lambda p: (anchor.is_continued_by(p), len(p.rows), p.total or 0))
        if not page.rows and page.total:
            raise self._contradiction_error()
        if not anchor.is_continued_by(page):
            return None
        if _is_short(anchor, page):
            self._raise_unless_moved(window, page)
        return page

    def _raise_unless_moved(self, window: QueryWindow, page: SearchPage) -> None:
        """Raise if users are missing who neither moved on since the page before nor are few enough to be deleted."""
        due, total = self._anchor.due or 0, page.known_total or 0
        if due - total <= max(TOLERATED_FALL, due // 10):
            return
        if window.field == "updated_at":
            from_here_on = QueryWindow(window.field, window.start, None, window.conditions)
            still_there = self._search.total(from_here_on.query)
            if still_there is None or still_there >= due - TOLERATED_FALL:
                return
        raise transient_error(
            f"`{self._search.name}`: Auth0's search counted {due} users from {to_iso(self._anchor.at)} on, and then of "
            f"{total}. Nobody was left out silently: the stream fails. The next sync resumes from the last state."
        )

    def _narrow_step(self, page: SearchPage) -> None:
        """Halve a step that does not fit on a page; raises if its total is unknown, which alone could tell."""
        if page.known_total is None:
            raise self._contradiction_error()
        self._width = max((self._width or (page.end or self._slice.end) - self._anchor.at) // 2, 1)

    def _read_whole_steps(self) -> None:
        """From the anchor on, believe only pages that hold all that their total tells of."""
        if (self._anchor.user_ids or self._anchor.had_rows) and self._anchor.due is None:
            raise self._contradiction_error()
        self._anchor = replace(self._anchor, user_ids=frozenset(), had_rows=False)
        self._reads_whole_steps = True

    def _contradiction_error(self) -> AirbyteTracedException:
        is_whole_load = self._slice.attribute == "created_at" and self._slice.updated_since is None
        advice = (
            " If it fails again, set First Load of Users (`users_initial_load`) to `export`, which does not search."
        )
        return transient_error(
            f"`{self._search.name}`: users from {to_iso(self._anchor.at)} on came in an order that contradicts their "
            f"{self._slice.attribute}, or not at all where they had come before. Nobody was left out silently: the "
            f"stream fails. The next sync resumes from the last state.{advice if is_whole_load else ''}"
        )

    def _same_timestamp(self) -> Iterator[Page]:
        """The users of one millisecond, when they are more than a page."""
        at, sent = self._anchor.at, {user_id for user_id, _ in self._sent}
        window = QueryWindow(self._slice.attribute, at, at + 1, self._search.conditions, self._slice.updated_since)
        is_empty = True
        for page in read_same_timestamp(self._search, window):
            is_empty = is_empty and not page
            yield [row for row in page if row["user_id"] not in sent]
            sent.update(row["user_id"] for row in page)
        if is_empty:
            raise self._contradiction_error()
        self._begin_at(Anchor(at + 1))


def _is_short(anchor: Anchor, page: SearchPage) -> bool:
    """Whether a page's total is lower than what the page before told of the same range."""
    total = page.known_total if page.rows else 0
    if anchor.due is None or total is None or page.end != anchor.end:
        return False
    return total < anchor.due - (0 if page.is_last else max(TOLERATED_FALL, anchor.due // 10))
