"""Error messages; to the letter where their grammar depends on the number of scopes."""

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
    first_of,
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
def test_the_message_names_the_missing_scopes_and_where_to_grant_them(scopes: tuple[str, ...], lacks: str, grant: str):
    error = MissingScopeError("role_users", scopes)
    expected = (
        f"Auth0 refused `role_users`: the application lacks {lacks}. Grant {grant} under {GRANT_PATH}, then sync again."
    )
    assert expected == error.message
    assert f"missing scopes {scopes} for role_users" == error.internal_message


def test_each_kind_of_error_has_its_failure_type():
    """A platform shows a config error to the user at once, and retries a sync after a transient one."""
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
def test_the_internal_message_is_the_message_shown_to_users(make: Callable[[], AirbyteTracedException]):
    error = make()
    assert error.message
    assert error.message == error.internal_message


def test_an_unexpected_error_names_its_stream_and_exception_type():
    error = unexpected_error("users", cause := KeyError("user_id"))
    assert "`users` met something that the connector does not know how to read (KeyError)." in str(error.message)
    assert ("KeyError in users", FailureType.system_error) == (error.internal_message, error.failure_type)
    assert cause is error._exception


def test_a_request_refused_error_keeps_its_status_and_failure_type():
    error = RequestRefusedError(404, "Auth0 has nothing there.", FailureType.config_error)
    assert (404, FailureType.config_error) == (error.status, error.failure_type)


def test_a_query_timeout_error_names_the_stream():
    assert "`users`" in str(QueryTimeoutError("users").message)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a, b"),
        (["a", "b", "c"], "a, b and 1 more"),
        (list("abcde"), "a, b and 3 more"),
    ],
)
def test_the_first_names_of_many_are_told_with_the_number_of_the_others(names: list[str], expected: str):
    assert expected == first_of(names, 2)
