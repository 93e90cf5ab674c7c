"""The tool that lets strangers read the simulated tenant: what it asks for, and what it takes for a difference."""

import os
from collections import Counter
from pathlib import Path

import pytest

from auth0_simulator import Simulator
from tools.strangers.__main__ import client_problems, simulated_templates, streamed_templates
from tools.strangers.expectations import Deviation, deviations, left_out, sort_out
from tools.strangers.official_clients import ClientReport
from tools.strangers.openapi import OpenApiDocument, ask, hold
from tools.strangers.tenant_paths import TenantAnswer, TenantPaths, TenantReader, anonymous, fill, rows_of

#: A file with Auth0's OpenAPI document, which is not part of this project.
OPENAPI = Path(os.environ.get("AUTH0_OPENAPI", "/nowhere"))
THING = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {"id": {"type": "string", "pattern": r"^[\w-\.]+$"}, "kind": {"$ref": "#/components/schemas/Kind"}},
}
PAGE = {"type": "object", "required": ["things"], "properties": {"things": {"type": "array", "items": THING}}}
DOCUMENT = OpenApiDocument(
    {
        "paths": {
            "/things": {
                "get": {
                    "parameters": [{"name": "take", "in": "query"}],
                    "responses": {
                        "200": {
                            "content": {
                                "application/json": {"schema": {"oneOf": [{"type": "array", "items": THING}, PAGE]}}
                            }
                        },
                        "403": {},
                    },
                }
            }
        },
        "components": {"schemas": {"Kind": {"type": "string", "enum": ["a", "b"]}}},
    }
)


def differences(body, status=200):
    return list(DOCUMENT.errors(TenantAnswer("/things", "/things", status, body)))


@pytest.fixture(scope="module")
def sim():
    with Simulator(users=20) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def paths(sim):
    return TenantPaths(TenantReader(sim.base_url, sim.mint_token()))


@pytest.mark.parametrize("body", [[], [{"id": "x-1"}], {"things": []}, {"things": [{"id": "x.1", "kind": "a"}]}])
def test_an_answer_that_fits_one_of_several_forms_does_not_differ(body):
    assert [] == differences(body)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([{"id": 1}], ("[].id", "is string, not int")),
        ([{"id": "x", "more": 1}], ("[]", "has no more")),
        ({"things": [{"kind": "a"}]}, ("things.[]", "requires 'id'")),
        ({"things": [{"id": "x", "kind": "c"}]}, ("things.[].kind", "enum ['a', 'b']")),
    ],
)
def test_a_difference_is_told_within_the_form_that_comes_closest_and_without_values(body, expected):
    assert [expected] == differences(body)


def test_errors_differ_only_where_the_document_does_not_know_them():
    assert [] == differences({"statusCode": 403}, 403)
    assert [("", "status 404 is not among 200, 403")] == differences({"statusCode": 404}, 404)


def test_differences_are_counted_by_kind():
    answers = [TenantAnswer("/things", "/things", 200, [{"id": number}]) for number in (1, 2)]
    found, statuses = hold(iter(answers), DOCUMENT)
    assert {("/things", "[].id", "is string, not int"): 2} == found
    assert {"/things 200": 2} == statuses


def test_ids_come_from_the_tenant(sim, paths):
    assert {ids[0] for ids in paths.values("/users/{}/roles")} <= set(sim.tenant.users)
    organizations = {row["id"] for row in sim.tenant.organizations}
    pairs = paths.values("/organizations/{}/members/{}/roles")
    assert pairs
    for organization, user_id in pairs:
        assert organization in organizations
        assert user_id in {row["user_id"] for row in sim.tenant.rows("organization_members", organization)}
    assert {"user_id"} == set(paths.query("/refresh-tokens"))


def test_every_list_of_a_stream_can_be_reached(paths):
    assert [] == [template for template in streamed_templates() if not paths.values(template)]


def test_ids_are_one_segment_of_a_path():
    assert "/users/a%7Cb%2Fc/roles" == fill("/users/{}/roles", ("a|b/c",))
    assert (
        "/users/{}/roles" == anonymous("users/{{ stream_partition.user_id }}/roles") == anonymous("/users/{id}/roles")
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([{"id": 1}], [{"id": 1}]),
        ({"things": [{"id": 1}], "next": "x"}, [{"id": 1}]),
        ({"id": 1, "name": "x"}, [{"id": 1, "name": "x"}]),
        ({"statusCode": 404, "message": "x"}, []),
        ("", []),
    ],
)
def test_rows_are_found_in_each_form(body, expected):
    assert expected == list(rows_of(body))


def test_deviations_explain_and_those_that_explain_nothing_are_told():
    found = Counter({("/a", "x", "has no y"): 2, ("/b", "", "is array, not dict"): 1})
    known = [Deviation("newer", "^/a$", "x . has no y", "a reason"), Deviation("newer", "^/c$", "has", "another")]
    explained, unexplained, unused = sort_out(found, known)
    assert {"newer": 1} == explained
    assert ["/b:  | is array, not dict (1 times)"] == unexplained
    assert known[1:] == unused


def test_every_deviation_has_a_reason_and_what_is_left_out_is_not_simulated():
    assert {entry.why for entry in deviations()} == {"newer", "recorded", "planted"}
    assert all(entry.reason for entry in deviations())
    assert set() == left_out().keys() & simulated_templates()


def test_a_client_that_reads_everything_has_no_problem(capsys):
    calls = [{"template": template, "method": "m", "values": [], "rows": 1} for template in streamed_templates()]
    assert [] == client_problems(ClientReport("client", calls))
    assert "0 parse errors" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({"template": "/roles", "parse": "E", "message": "wrong"}, "client: m []: wrong"),
        ({"template": "/nowhere", "values": None}, "client: /nowhere is neither simulated nor left out"),
        (
            {"template": "/agents/{}", "status": 400, "message": "Query validation error: 'x'"},
            "client: /agents/{} answered 400: Query validation error: 'x'",
        ),
        ({"template": "/roles", "status": 403, "message": "no"}, "client: no row of /roles could be read"),
    ],
)
def test_what_a_client_cannot_read_is_told(call, expected):
    calls = [{"template": template, "rows": 1} for template in streamed_templates() - {call["template"]}]
    assert expected in client_problems(ClientReport("client", [*calls, {"method": "m", "values": [], **call}]))


def test_a_client_that_ended_early_is_told():
    assert ["client failed: no module"] == client_problems(ClientReport("client", [], "no module"))


@pytest.mark.skipif(not OPENAPI.is_file(), reason="AUTH0_OPENAPI names no file with Auth0's OpenAPI document")
def test_every_answer_is_as_auth0s_document_has_it_but_for_what_is_listed(sim, paths):
    document = OpenApiDocument.load(OPENAPI)
    found, _ = hold(ask(TenantReader(sim.base_url, sim.mint_token()), paths, document), document)
    assert [] == sort_out(found, deviations())[1]
    assert set() == set(document.templates) - simulated_templates() - left_out().keys()
