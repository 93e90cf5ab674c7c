import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.retrievers.log_events.api_routes import ROUTES, guess_route, match_route


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("roles", "roles"),
        ("roles/rol_1", "roles/*"),
        ("custom-domains/default", "custom-domains/default"),
        ("custom-domains/default/verify", "custom-domains/*/verify"),
        ("guardian/factors/sms", "guardian/factors/*"),
        ("clients/cimd", "clients/*"),
        ("clients/cimd/register", "clients/cimd/register"),
        ("roles/a/b", None),
        ("novelties", None),
    ],
)
def test_words_come_before_ids(path: str, expected: str | None):
    route = match_route(path.split("/"))
    assert expected == (route and "/".join(route))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/b/c/d", "a/*/c/*"),
        ("users/u/novelty/n", "users/*/novelty/*"),
        ("users/u/roles/r", "users/*/roles/*"),
        ("attack-protection/novelty/n", "attack-protection/novelty/*"),
        ("users/u/identities/*/*/x", "users/*/identities/*/*/x"),
        ("a/*", "a/*"),
    ],
)
def test_an_unknown_path_is_guessed_as_far_as_routes_go_then_by_turns(path: str, expected: str):
    assert expected == "/".join(guess_route(path.split("/")))


@given(st.lists(st.sampled_from(["users", "roles", "*", "x", "settings", "keys"]), min_size=1, max_size=7))
def test_each_segment_has_one_word(segments: list[str]):
    assert len(segments) == len(guess_route(segments))
    assert len(segments) == len(match_route(segments) or segments)


def test_no_route_is_listed_twice():
    assert len(ROUTES) == len({route.rstrip("+") for route in ROUTES})
