import logging
from types import SimpleNamespace
from typing import Any

import pytest
from requests_mock import Mocker

from source_auth0.api.tenant import Tenant
from source_auth0.config.excluded_fields import (
    REQUIRED_FIELDS,
    ExcludedFields,
    excluded_fields_problems,
    misspelled_fields_problem,
)
from source_auth0.manifest.assembly import load_stream
from source_auth0.retrievers.cursors.work_items import slice_with
from source_auth0.retrievers.user_search.queries import QueryWindow
from source_auth0.retrievers.user_search.time_slices import TimeSlice
from source_auth0.retrievers.users.cursor import UsersWorkItem
from source_auth0.retrievers.users.export_job import EXPORTABLE_FIELDS, UserExport
from source_auth0.retrievers.users.keyset_retriever import KeysetUserRetriever
from testing.fakes.management_api import API
from testing.fakes.times import timestamp
from testing.fakes.user_search import UserDirectory, users_at


def searched(directory: UserDirectory) -> KeysetUserRetriever:
    return KeysetUserRetriever(config=directory.tenant.config, name="users", requester=directory, rows="users")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize("option", [None, [], ...])
def test_no_field_is_excluded_by_default(option: Any):
    directory = UserDirectory(users_at(1), **({} if option is ... else {"users_excluded_fields": option}))
    searched(directory).search.find(QueryWindow("created_at", 0, None))
    assert not {"fields", "include_fields"} & set(directory.queries[0])


def test_the_query_excludes_the_fields():
    directory = UserDirectory(users_at(1), users_excluded_fields=[" email", "last_ip", "email"])
    searched(directory).search.find(QueryWindow("created_at", 0, None))
    assert ("email,last_ip", "false") == (directory.queries[0]["fields"], directory.queries[0]["include_fields"])


def test_excluded_fields_in_a_response_are_dropped():
    """A recorded response had fields that the query excluded."""
    stream = searched(UserDirectory([], users_excluded_fields=["email"]))
    pages = (page for page in [[{"user_id": "a", "email": "a@example.com"}]])
    cursor = SimpleNamespace(pages_of=lambda _: pages)
    part = slice_with(UsersWorkItem(TimeSlice("created_at", 0, 1), cursor))
    assert [{"user_id": "a"}] == list(stream.read_records({}, part))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"users_excluded_fields": ["email", "department"]}, {"email"}),
        ({"users_excluded_fields": ["identities"]}, {"identities"}),
        ({"users_excluded_fields": ["email", "identities"], "users_connections": ["db"]}, {"email"}),
    ],
)
def test_an_export_requests_all_other_fields_and_those_it_filters_by(
    changes: dict[str, Any], expected: set[str], config: dict[str, Any], make_api: Any, requests_mock: Mocker
):
    job = {"id": "job_1", "status": "completed", "location": "https://a.example", "created_at": timestamp(5)}
    requests_mock.post(f"{API}/jobs/users-exports", json=job)
    tenant = Tenant({**config, "users_initial_load": "export", **changes})
    UserExport(make_api(config=tenant.config, name="users")).run()
    asked = {field["name"] for field in requests_mock.request_history[0].json()["fields"]}
    assert expected == set(EXPORTABLE_FIELDS) - asked


def test_an_undocumented_field_is_warned_of_once(caplog: pytest.LogCaptureFixture):
    directory = UserDirectory([], users_excluded_fields=["e_mail", "tenant", "last_ip"])
    for _ in range(2):
        searched(directory)
    (warning,) = warnings(caplog)
    assert "names `e_mail`, which Auth0 does not document" in warning


def test_undocumented_fields_are_in_one_warning(caplog: pytest.LogCaptureFixture):
    searched(UserDirectory([], users_excluded_fields=["e_mail", "last_ip", "fone"]))
    (warning,) = warnings(caplog)
    assert "names `e_mail`, `fone`, which Auth0 does not document" in warning


def test_documented_fields_give_no_warning(caplog: pytest.LogCaptureFixture):
    searched(UserDirectory([], users_excluded_fields=["email", "blocked_for"]))
    assert [] == warnings(caplog)


@pytest.mark.parametrize("name", REQUIRED_FIELDS)
def test_fields_that_the_connector_needs_cannot_be_excluded(name: str):
    expected = f"Excluded Fields of Users (`users_excluded_fields`) has `{name}`, which users are read by"
    assert [True] == [
        expected in problem for problem in excluded_fields_problems({"users_excluded_fields": ["email", name]})
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("additional_attributes", "which is gathered by the connector"),
        ("", "which is no name of an attribute"),
        ("email,name", "which is no name of an attribute"),
        ("user_metadata.phone", "which is a part of `user_metadata`. Only the whole can be left out"),
        ("app_metadata.plan.name", "which is a part of `app_metadata`. Only the whole can be left out"),
    ],
)
def test_a_name_that_would_exclude_nothing_is_refused(name: str, expected: str):
    (problem,) = excluded_fields_problems({"users_excluded_fields": [name]})
    assert expected in problem


@pytest.mark.parametrize("names", [None, "email", [1], ["https://example.com/claim.v2", "user_metadata", "department"]])
def test_no_other_name_is_refused(names: Any):
    """An identity provider's attribute may have any name; wrong types are left to the config's schema."""
    assert [] == list(excluded_fields_problems({"users_excluded_fields": names}))


def test_key_and_cursor_of_users_are_required_fields():
    users = load_stream("users")
    assert {users["primary_key"], users["cursor_field"]} <= set(REQUIRED_FIELDS)


def test_a_page_is_unchanged_where_nothing_is_excluded():
    assert [{"email": "a"}] == ExcludedFields().without([{"email": "a"}])


def test_a_row_may_lack_an_excluded_field():
    page: list[dict[str, Any]] = [{"user_id": "a"}, {"user_id": "b", "email": "b@example.com"}]
    assert [{"user_id": "a"}, {"user_id": "b"}] == ExcludedFields(("email", "phone_number")).without(page)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("e_mail", "email"),
        ("mail", "email"),
        ("Email", "email"),
        ("emial", "email"),
        ("last_pi", "last_ip"),
        ("lst_p", "last_ip"),
        ("phone_nuber", "phone_number"),
        ("user_metdata", "user_metadata"),
        ("email", None),
        ("age", None),
        ("date", None),
        ("department", None),
    ],
)
def test_a_name_within_two_edits_of_an_attribute_is_taken_for_it(name: str, meant: str | None):
    problem = misspelled_fields_problem({"users_excluded_fields": [name]}, EXPORTABLE_FIELDS)
    assert (meant is None) is (problem is None)
    assert problem is None or f"has `{name}` where Auth0 has `{meant}`" in problem
    assert problem is None or problem.endswith(f"Enter `{meant}`.")


def test_all_misspelled_names_are_in_one_error():
    problem = misspelled_fields_problem({"users_excluded_fields": ["e_mail", "city", "nme"]}, ["email", "name"])
    assert problem is not None
    assert "`e_mail` where Auth0 has `email` and `nme` where Auth0 has `name`" in problem


def test_nothing_is_misspelled_where_nothing_is_known_or_excluded():
    assert misspelled_fields_problem({}, ["email"]) is None
    assert misspelled_fields_problem({"users_excluded_fields": ["emal"]}, []) is None
