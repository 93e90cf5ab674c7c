"""A search of users in many connections as several searches, each of which fits into a URL."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import quote

from source_auth0.retrievers.user_search.queries import UserSearch, connection_condition

#: Characters of a percent-encoded condition of connections. Ranges, columns and ids stand beside it in a URL, for which
#: 4,000 are always little enough.
MAX_CONDITION_CHARACTERS = 2500


def search_parts(search: UserSearch) -> list[UserSearch]:
    """The search itself, or one for each group of its connections, in the config's order; a user may be in several."""
    names = search.connection_names
    if len(quote(connection_condition(names))) <= MAX_CONDITION_CHARACTERS:
        return [search]
    return [replace(search, connections=group) for group in _groups(names)]


def halves(search: UserSearch) -> list[UserSearch]:
    """Two searches with half of the connections each."""
    names = search.connection_names
    half = (len(names) + 1) // 2
    return [replace(search, connections=group) for group in (names[:half], names[half:])]


def _groups(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    group: tuple[str, ...] = ()
    for name in names:
        if group and len(quote(connection_condition((*group, name)))) > MAX_CONDITION_CHARACTERS:
            yield group
            group = ()
        group = (*group, name)
    yield group
