from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest

from source_auth0.retrievers.user_search.connection_parts import MAX_CONDITION_CHARACTERS, halves, search_parts
from source_auth0.retrievers.user_search.queries import UserSearch


def search_of(*names: str) -> UserSearch:
    requester: Any = SimpleNamespace(name="users", tenant=SimpleNamespace(config={"users_connections": list(names)}))
    return UserSearch(requester, lambda body: body["users"], {})


@pytest.mark.parametrize("names", [(), ("one",), tuple(f"c{number}" for number in range(40))])
def test_few_connections_are_one_search(names: tuple[str, ...]):
    search = search_of(*names)
    assert [search] == search_parts(search)
    assert names == search.connection_names


@pytest.mark.parametrize("name", ["customer-{}", 'a "quoted" name {}', "Ünïcode {}", "x" * 300 + "{}"])
def test_many_connections_are_searches_that_fit_into_a_url(name: str):
    names = [name.format(number) for number in range(250)]
    parts = search_parts(search_of(*names))
    assert names == [each for part in parts for each in part.connection_names]
    assert len(parts) > 1
    assert all(len(quote(part.conditions)) <= MAX_CONDITION_CHARACTERS for part in parts)


def test_halves_have_all_connections_in_order():
    search = search_of("a", "b", "c")
    assert [("a", "b"), ("c",)] == [part.connection_names for part in halves(search)]
