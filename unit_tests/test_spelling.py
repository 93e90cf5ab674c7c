import pytest

from source_auth0.spelling import closest, did_you_mean, edit_distance


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("email", "email", 0),
        ("", "abc", 3),
        ("abc", "", 3),
        ("e_mail", "email", 1),
        ("emial", "email", 1),
        ("lst_ip", "last_ip", 1),
        ("lats_pi", "last_ip", 2),
        ("age", "name", 2),
        ("ab", "ba", 1),
    ],
)
def test_the_distance_counts_letters_that_differ_and_neighbours_that_are_swapped(one: str, other: str, distance: int):
    assert distance == edit_distance(one, other) == edit_distance(other, one)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("userz", "users"), ("Users", "users"), ("user-roles", "user_roles"), ("xyzzy", None), ("", None)],
)
def test_the_closest_name_is_suggested_whatever_its_case(name: str, expected: str | None):
    assert expected == closest(name, ["clients", "users", "user_roles"])


def test_a_suggestion_is_a_sentence_or_nothing():
    assert " Did you mean `users`?" == did_you_mean("userz", ["users"])
    assert "" == did_you_mean("xyzzy", ["users"])
