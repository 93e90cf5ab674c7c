"""Which streams the demo syncs."""

import re

import pytest

from auth0_simulator import Simulator
from demo.streams import NotSyncedError, families, named, readable
from source_auth0.manifest.files import stream_files
from testing.tenants import config_of


def test_all_streams_are_meant_where_nobody_names_any() -> None:
    assert list(stream_files()) == named()


def test_names_are_in_the_order_of_the_catalog_whatever_the_order_typed() -> None:
    assert ["clients", "users"] == named("users, clients,")


def test_a_family_stands_for_its_streams_unless_a_stream_has_its_name() -> None:
    assert "users" in families().values()
    assert ["users"] == named("users")
    of_users = [name for name, family in families().items() if family == "users"]
    assert of_users == named(family="users")
    assert [name for name, family in families().items() if family == "security"] == named("security")
    assert {*of_users, "roles"} == set(named("roles", "users"))


@pytest.mark.parametrize(
    ("streams", "family", "sentence"),
    [
        ("usrs", "", "there is no stream `usrs`. Did you mean `users`?"),
        ("", "user", "there is no family `user`. There are actions, "),
    ],
)
def test_a_name_that_nothing_has_is_an_error_that_says_so(streams: str, family: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        named(streams, family)


def test_a_missing_scope_costs_its_streams() -> None:
    with Simulator(users=3, organizations=1, scopes={"read:users"}) as sim:
        selection = readable(["clients", "log_types", "users"], config_of(sim))
    assert ["log_types", "users"] == selection.streams
    assert {"clients": ["read:clients"]} == selection.lacking


def test_a_token_that_may_read_none_of_them_is_an_error_that_says_what_to_grant() -> None:
    with (
        Simulator(users=3, organizations=1, scopes={"read:users"}) as sim,
        pytest.raises(NotSyncedError, match=r"none of these streams\. Grant under .*: read:clients read:roles"),
    ):
        readable(["clients", "roles"], config_of(sim))


def test_a_token_that_does_not_tell_its_scopes_leaves_nothing_out() -> None:
    with Simulator(users=3, organizations=1, scopes={"read:users"}) as sim:
        sim.settings.opaque_tokens = True
        assert ["clients", "users"] == readable(["clients", "users"], config_of(sim)).streams


def test_a_wrong_password_is_one_sentence() -> None:
    with Simulator(users=3, organizations=1) as sim:
        config = config_of(sim)
        config["credentials"]["client_secret"] = "wrong"
        with pytest.raises(NotSyncedError, match="refused the Client ID or the Client Secret"):
            readable(["users"], config)
