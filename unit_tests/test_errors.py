"""What people are told, to the letter where the grammar depends on what is missing."""

from collections.abc import Callable

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import (
    GRANT_PATH,
    MissingScopeError,
    QueryTimeoutError,
    RequestRefusedError,
    config_error,
    system_error,
    transient_error,
    unexpected_error,
)


@pytest.mark.parametrize(
    ("scopes", "lacks", "grant"),
    [
        (("read:roles",), "the scope `read:roles`", "it"),
        (("read:roles", "read:users"), "the scopes `read:roles` and `read:users`", "them"),
    ],
)
def test_missing_scopes_are_told_in_a_sentence(scopes: tuple[str, ...], lacks: str, grant: str):
    error = MissingScopeError("role_users", scopes)
    said = (
        f"Auth0 refused `role_users`: the application lacks {lacks}. Grant {grant} under {GRANT_PATH}, then sync again."
    )
    assert said == error.message
    assert f"missing scopes {scopes} for role_users" == error.internal_message


def test_whose_fault_it_is_decides_whether_a_platform_tries_again():
    """A platform shows a config error to people at once, and tries again after a transient one."""
    assert FailureType.config_error == config_error("Enter another domain.").failure_type
    assert FailureType.transient_error == transient_error("Auth0 is unwell.").failure_type
    assert FailureType.system_error == system_error("Auth0 sent a page twice.").failure_type


@pytest.mark.parametrize(
    "make",
    [
        lambda: config_error("Enter another domain."),
        lambda: QueryTimeoutError("users"),
        lambda: RequestRefusedError(400, "Auth0 refused `users`.", FailureType.system_error),
    ],
)
def test_the_logs_say_what_people_are_told(make: Callable[[], AirbyteTracedException]):
    error = make()
    assert error.message
    assert error.message == error.internal_message


def test_what_nobody_has_foreseen_is_told_with_its_stream_and_its_kind():
    error = unexpected_error("users", cause := KeyError("user_id"))
    assert "`users` met something that the connector does not know how to read (KeyError)." in str(error.message)
    assert ("KeyError in users", FailureType.system_error) == (error.internal_message, error.failure_type)
    assert cause is error._exception


def test_a_refusal_is_of_the_kind_that_it_was_made_for():
    error = RequestRefusedError(404, "Auth0 has nothing there.", FailureType.config_error)
    assert (404, FailureType.config_error) == (error.status, error.failure_type)


def test_a_search_that_takes_too_long_names_the_stream():
    assert "`users`" in str(QueryTimeoutError("users").message)
