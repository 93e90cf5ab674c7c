from source_auth0.api.auth.scopes import (
    family_table,
    how_to_grant,
    missing_scope_warnings,
    missing_scopes,
    readable_table,
)
from source_auth0.errors import GRANT_PATH, MissingScopeError

REQUIRED = {
    "users": ["read:users"],
    "roles": ["read:roles"],
    "role_users": ["read:roles", "read:users", "read:role_members"],
    "open": [],
}


def test_a_missing_scope_lists_every_stream_that_needs_it():
    assert {
        "read:role_members": ["role_users"],
        "read:roles": ["roles", "role_users"],
        "read:users": ["users", "role_users"],
    } == missing_scopes(REQUIRED, frozenset())


def test_a_granted_scope_is_not_missing():
    assert {} == missing_scopes(REQUIRED, frozenset({"read:roles", "read:users", "read:role_members", "other"}))
    assert {"read:roles": ["roles", "role_users"]} == (
        missing_scopes(REQUIRED, frozenset({"read:users", "read:role_members"}))
    )


def test_each_missing_scope_has_a_line():
    costs = {"read:roles": ["roles", "role_users"], "read:users": ["users"]}
    assert [
        "The scope `read:roles` is not granted; these streams need it: roles, role_users.",
        "The scope `read:users` is not granted; these streams need it: users.",
    ] == missing_scope_warnings(costs)
    assert [] == missing_scope_warnings({})


def test_how_to_grant_lists_the_scopes_to_paste():
    assert f"Grant under {GRANT_PATH}: read:roles read:users" == how_to_grant(["read:roles", "read:users"])


def test_several_missing_scopes_are_named_in_one_sentence():
    assert (
        "Auth0 refused `role_users`: the application lacks the scopes `read:roles` and `read:users`. Grant them under "
        f"{GRANT_PATH}, then sync again."
    ) == MissingScopeError("role_users", ("read:roles", "read:users")).message


def test_the_family_table_shows_missing_scopes():
    families = {"users": "people", "open": "people", "role_users": "access", "roles": "access"}
    assert [
        "family  readable    scopes missing",
        "people    2 of   2  -",
        "access    0 of   2  read:role_members read:roles",
    ] == family_table(families, REQUIRED, frozenset({"read:users"})).splitlines()


def test_the_short_table_names_a_few_readable_streams_and_counts_many():
    families = {"users": "users", "user_roles": "users", "roles": "roles"} | dict.fromkeys("abcdefg", "letters")
    assert [
        "family   readable",
        "users      1 of   2  users",
        "letters    6 of   7",
        "others     0 of   1",
    ] == readable_table(families, ["users", *"abcdef"]).splitlines()
    assert "others" not in readable_table(families, families)
