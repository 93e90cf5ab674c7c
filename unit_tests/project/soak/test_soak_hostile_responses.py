"""The comparison of the suite of hostile responses: it has to see every row that is missing, invented or altered."""

import json

import pytest

from soak.hostile_responses.comparison.answers import AlteredAnswer
from soak.hostile_responses.comparison.rows import differences
from soak.hostile_responses.comparison.verdict import judge
from testing.servers.intercepting_proxy import UpstreamResponse

ROWS = [{"id": f"rol_{number}", "name": f"Role {number}"} for number in range(3)]
TARGET = "/api/v2/roles?page=0&per_page=100&include_totals=true"


def found(rows, expected=ROWS):
    return [(one.kind, one.key, sorted(one.columns)) for one in differences(expected, rows, ["id"])]


def verdict(rows, *answers, stream="roles"):
    judged = judge(stream, ROWS, rows, list(answers), ["id"])
    return [loss.kind for loss in judged.losses], list(judged.untold)


def answer(rows, target=TARGET, status=200, true_more=None, **more):
    true_body = {"roles": ROWS, "total": 3, **(true_more or {})}
    upstream = UpstreamResponse("GET", target, 1, body=json.dumps(true_body).encode())
    body = {**true_body, "roles": rows, **more}
    return AlteredAnswer.of(upstream, upstream.raw(json.dumps(body).encode(), status=status))


def with_changes(number, **changes):
    return [{**row, **(changes if index == number else {})} for index, row in enumerate(ROWS)]


def test_the_same_rows_in_another_order_or_twice_differ_in_nothing():
    assert [] == found([*reversed(ROWS), ROWS[0]])


def test_a_missing_row_is_found():
    assert [("missing", ('"rol_2"',), [])] == found(ROWS[:2])


def test_an_invented_row_is_found():
    assert [("invented", ('"rol_9"',), [])] == found([*ROWS, {"id": "rol_9"}])


def test_an_altered_key_is_a_missing_row_and_an_invented_one():
    assert ["missing", "invented"] == [kind for kind, _, _ in found(with_changes(1, id="rol_9"))]


@pytest.mark.parametrize("value", ["Role 2", "role 1", None, ["Role 1"], 1, True, ""])
def test_an_altered_value_is_found(value):
    assert [("altered", ('"rol_1"',), ["name"])] == found(with_changes(1, name=value))


@pytest.mark.parametrize(("value", "other"), [(1, True), (1, 1.0), (0, False), (0, None), ("1", 1), ([], {})])
def test_values_of_different_types_are_not_equal(value, other):
    assert ["altered"] == [one[0] for one in found([{"id": "a", "n": other}], [{"id": "a", "n": value}])]


def test_a_missing_and_an_additional_column_are_altered_ones():
    assert [("altered", ('"rol_0"',), ["more", "name"])] == found([{"id": "rol_0", "more": None}, *ROWS[1:]])


def test_the_time_of_the_sync_is_no_difference():
    assert [] == found([{"id": "a", "read_at": "2026"}], [{"id": "a", "read_at": "2025"}])


@pytest.mark.parametrize("number", ["1e400", "-1e400", "18446744073709551616"])
def test_a_number_that_the_connector_has_as_a_text_is_no_invented_id(number):
    upstream = UpstreamResponse("GET", TARGET, 1, body=json.dumps({"roles": ROWS, "total": 3}).encode())
    came = upstream.body.replace(b'"rol_1"', number.encode())
    assert ([], []) == verdict(with_changes(1, id=number), AlteredAnswer.of(upstream, upstream.raw(came)))


def test_what_no_response_altered_is_a_loss():
    assert (["missing"], []) == verdict(ROWS[:2])
    assert (["invented"], []) == verdict([*ROWS, {"id": "rol_9"}])
    assert (["altered"], []) == verdict(with_changes(1, name="x"))


def test_a_value_that_a_response_altered_is_no_loss_but_another_one_is():
    told = answer(with_changes(1, name="x"))
    assert ([], []) == verdict(with_changes(1, name="x"), told)
    assert (["altered"], []) == verdict(with_changes(2, name="x"), told)
    assert (["missing"], []) == verdict([ROWS[0], ROWS[2]], told)


def test_a_key_that_a_response_altered_is_no_loss_but_another_one_is():
    told = answer(with_changes(1, id="rol_9"))
    assert ([], []) == verdict(with_changes(1, id="rol_9"), told)
    assert (["invented"], []) == verdict([*with_changes(1, id="rol_9"), {"id": "rol_8"}], told)
    assert (["missing"], []) == verdict([ROWS[0], {"id": "rol_9"}], told)


def test_a_row_that_was_left_out_is_a_loss_where_a_total_tells():
    assert (["missing"], []) == verdict(ROWS[:2], answer(ROWS[:2]))
    assert ([], ["rows left out where there is no total"]) == verdict(ROWS[:2], answer(ROWS[:2], total=None))


def test_another_next_page_and_no_rows_at_first_cannot_be_told():
    told = answer(ROWS[:2], true_more={"next": "a"}, next=None)
    assert ([], ["another `next`"]) == verdict(ROWS[:2], told)
    assert ([], ["no rows on a first page"]) == verdict([], answer([], total=0))
    assert (["missing"] * 3, []) == verdict([], answer([]))
    assert (["missing"], []) == verdict(ROWS[:2], answer([], target=TARGET.replace("page=0", "page=2"), total=0))


def test_a_status_cannot_be_told_where_it_came_twice_on_a_first_page():
    once = answer([], status=410)
    assert (["missing"] * 3, []) == verdict([], once)
    assert ([], ["`204`, `402`, `410`, `501` twice"]) == verdict([], once, once)
    later = answer([], status=410, target=TARGET.replace("page=0", "page=2"))
    assert (["missing"] * 3, []) == verdict([], later, later)
    for target in ("/api/v2/users?page=0", "/api/v2/clients?take=100"):
        everywhere = answer([], status=410, target=target)
        assert (["missing"] * 3, []) == verdict([], everywhere, everywhere)


def test_a_status_excuses_the_rows_of_its_own_parent_only():
    told = answer([], status=404, target="/api/v2/roles/rol_1/users?take=100")
    assert (["missing"], ["`404` below a parent"]) == verdict(ROWS[:1], told)
    assert (["missing"] * 3, []) == verdict([], answer([], status=404))


def test_a_cell_that_cannot_be_told_excuses_no_invented_row():
    once = answer([], status=410)
    assert (["invented"], []) == verdict([*ROWS, {"id": "rol_9"}], once, once)


def test_a_body_that_is_no_json_excuses_nothing():
    upstream = UpstreamResponse("GET", TARGET, 1, body=json.dumps({"roles": ROWS}).encode())
    told = AlteredAnswer.of(upstream, upstream.raw(b"{"))
    assert (["missing"] * 3, []) == verdict([], told)


def test_a_response_as_it_was_is_no_altered_one():
    upstream = UpstreamResponse("GET", TARGET, 1)
    assert AlteredAnswer.of(upstream, upstream.raw()) is None
