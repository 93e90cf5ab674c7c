"""Error messages, to the letter where their grammar depends on the number of scopes; and the tree of error classes."""

import ast
import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

import source_auth0
from source_auth0 import errors
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

#: A line of the drawing: the branches before it, an error class, and the modules that raise it.
DRAWN = re.compile(r"^((?:│   |    )*(?:├── |└── )?)(\w*(?:Error|Exception))(?:  +([a-z_., 0-9]+):)?")


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


def test_every_error_class_ends_in_error():
    assert [] == [error.__name__ for error in _error_classes() if not error.__name__.endswith("Error")]


def test_the_drawing_names_every_error_class_below_its_base_class():
    """One that is added, renamed or moved has to be drawn."""
    assert {(error.__name__, base.__name__) for error in _error_classes() for base in error.__bases__} == {
        (name, base) for name, base, modules in _drawn() if modules
    }


def test_the_drawing_names_every_module_that_raises_an_error():
    """So that somebody who has met an error finds where it came from."""
    raised = _raised()
    assert {name: modules for name, _, modules in _drawn() if modules} == {
        error.__name__: raised[error.__name__] for error in _error_classes()
    }


def _drawn() -> Iterator[tuple[str, str, set[str]]]:
    """Each class of the drawing, with the class that it is drawn below and the modules beside it."""
    above: list[str] = []
    for match in filter(None, map(DRAWN.match, str(errors.__doc__).splitlines())):
        branches, name, modules = match.groups()
        above[len(branches) // 4 :] = [name]
        yield name, above[-2] if len(above) > 1 else "", set(modules.split(", ")) if modules else set()


def _error_classes() -> list[type[BaseException]]:
    """The exceptions that the package's modules define."""
    return [
        value
        for name in _module_names()
        for value in vars(importlib.import_module(name)).values()
        if isinstance(value, type) and issubclass(value, BaseException) and value.__module__ == name
    ]


def _raised() -> dict[str, set[str]]:
    """The names of what is called or raised in each module, as in `raise OutputError` or `error=FullListError(…)`."""
    found = defaultdict[str, set[str]](set)
    for name in _module_names():
        for node in ast.walk(ast.parse(Path(str(importlib.import_module(name).__file__)).read_text("utf-8"))):
            raised = node.func if isinstance(node, ast.Call) else node.exc if isinstance(node, ast.Raise) else None
            if isinstance(raised, ast.Name):
                found[raised.id].add(name.removeprefix("source_auth0."))
    return found


def _module_names() -> list[str]:
    found = [module.name for module in pkgutil.walk_packages(source_auth0.__path__, "source_auth0.")]
    return [name for name in found if not name.endswith("__main__")]
