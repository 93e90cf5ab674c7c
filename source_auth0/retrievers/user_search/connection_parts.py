"""A search of users in many connections as several searches, each of which fits into a URL."""

from dataclasses import replace
from urllib.parse import quote

from source_auth0.retrievers.user_search.queries import (
    UserSearch,
    batches_of_terms,
    connection_condition,
    connection_term,
)

#: Characters of a percent-encoded condition of connections. Ranges, columns and ids stand beside it in a URL, for which
#: 4,000 are always little enough.
MAX_CONDITION_CHARACTERS = 2500
#: A batch of terms is counted with an OR behind its last one, where a condition has two parentheses.
MAX_BATCH_CHARACTERS = MAX_CONDITION_CHARACTERS + len(quote(" OR ")) - len(quote("()"))


def search_parts(search: UserSearch) -> list[UserSearch]:
    """The search itself, or one for each group of its connections, in the config's order; a user may be in several."""
    names = search.connection_names
    if len(quote(connection_condition(names))) <= MAX_CONDITION_CHARACTERS:
        return [search]
    groups = batches_of_terms(names, MAX_BATCH_CHARACTERS, connection_term)
    return [replace(search, connections=tuple(group)) for group in groups]


def halves(search: UserSearch) -> list[UserSearch]:
    """Two searches with half of the connections each."""
    names = search.connection_names
    half = (len(names) + 1) // 2
    return [replace(search, connections=group) for group in (names[:half], names[half:])]
