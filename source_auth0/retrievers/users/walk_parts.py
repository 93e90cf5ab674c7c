"""The parts of a walk over users in many connections: which there are, and what each resumes from."""

from array import array
from collections.abc import Iterable, Mapping
from typing import Any

from source_auth0.records import Page
from source_auth0.retrievers.cursors.state_validation import validate_list
from source_auth0.retrievers.user_search.connection_parts import halves, search_parts
from source_auth0.retrievers.user_search.queries import UserSearch
from source_auth0.retrievers.users.state import PART_KEYS, VERSION, UserFilter, UserState
from source_auth0.timestamps import to_iso


class WalkParts:
    """The searches of a walk, which are walked one after the other; mostly one.

    A user with identities in connections of two parts is in both; a full refresh, which nothing deduplicates, leaves
    out whoever an earlier part had.
    """

    def __init__(self, search: UserSearch) -> None:
        self.searches = search_parts(search)
        self._earlier_users: set[int] = set()
        self._users = array("q")

    @property
    def are_several(self) -> bool:
        """Whether each has a part of the state to itself."""
        return len(self.searches) > 1

    def fitting(self, number: int) -> UserSearch:
        """The part of this number; halved, more come after it, until its queries are not refused for their length."""
        while len(self.searches[number].connection_names) > 1 and not self.searches[number].fits_into_url():
            # A new list, since a state may be made of the old one meanwhile.
            self.searches = [
                *self.searches[:number],
                *halves(self.searches[number]),
                *self.searches[number + 1 :],
            ]
        return self.searches[number]

    def saved_state(self, saved: Mapping[str, Any], search: UserSearch) -> UserState:
        """What a part resumes from, by the state of the last sync, whose parts may have been others."""
        wanted = UserFilter.of(search.tenant, search.connection_names)
        if not self.are_several and "parts" not in saved:
            return UserState.of(saved)
        return _state_of_part([UserState.of(part) for part in saved.get("parts", [saved])], wanted)

    def end_part(self) -> None:
        """Take the users of this part for those of an earlier one."""
        self._earlier_users.update(self._users)
        self._users = array("q")

    def without_earlier(self, page: Page) -> Page:
        """The rows of a page whose users no earlier part had; called by one thread at a time."""
        if not self.are_several:
            return page
        self._users.extend([hash(row["user_id"]) for row in page])
        return [row for row in page if hash(row["user_id"]) not in self._earlier_users]


def combined_state(states: list[UserState]) -> dict[str, Any]:
    """The state of several parts as a message holds it; a part without a state begins from nothing."""
    begun = [state for state in states if state.updated_at is not None]
    if not begun:
        return {}
    # Versions that know no parts resume from `updated_at` alone, before which all has to be read.
    low = min((state.updated_at or 0) for state in states)
    parts = [{key: value for key, value in state.as_json.items() if key != "v"} for state in begun]
    return {"updated_at": to_iso(low), "v": VERSION, "parts": parts}


def validate_parts(saved: Mapping[str, Any]) -> None:
    """Raise KeyError, ValueError, TypeError or AttributeError for parts that no version can have saved."""
    parts = validate_list(saved.get("parts", []))
    if "parts" in saved and not parts:
        raise ValueError
    for part in parts:
        if not set(part) <= PART_KEYS or part["updated_at"] is None:
            raise ValueError
        UserState.of(part)


def _state_of_part(states: Iterable[UserState], wanted: UserFilter) -> UserState:
    """The state of a part: the saved one of the same connections, else the least of those that cover them all."""
    begun = [state for state in states if state.updated_at is not None]
    names = wanted.connections
    for state in begun:
        if state.last_filter is not None and state.last_filter.connections == names:
            return state
    covering = [state for state in begun if _concerns(state, names)]
    known = [None if state.last_filter is None else state.last_filter.connections for state in covering]
    is_covered = None in known or (names is not None and names <= frozenset().union(*filter(None, known)))
    if not covering or not is_covered:
        return UserState()
    filters = [state.last_filter for state in covering if state.last_filter is not None]
    dates = [read_with.start_date for read_with in filters if read_with.start_date is not None]
    deep = [state.deep_at for state in covering if state.deep_at is not None]
    return UserState(
        updated_at=min(state.updated_at or 0 for state in covering),
        deep_at=min(deep) if len(deep) == len(covering) else None,
        read_with=UserFilter(max(dates, default=None), names) if len(filters) == len(covering) else None,
    )


def _concerns(state: UserState, names: frozenset[str] | None) -> bool:
    """Whether a state says anything of users in these connections."""
    known = None if state.last_filter is None else state.last_filter.connections
    return known is None or (names is not None and not known.isdisjoint(names))
