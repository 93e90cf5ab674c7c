from typing import Any, cast

import pytest

from source_auth0.commands.estimate.duration import Clock, Limit
from source_auth0.commands.estimate.estimates import StreamEstimate
from source_auth0.commands.estimate.report import Line, as_json, lines_of, longest, shown, shown_time, table
from source_auth0.commands.estimate.survey import Survey
from source_auth0.costs.spans import Span, exactly

PER_SECOND = Clock(lambda endpoint: [Limit(endpoint, 0, 1.0, 1.0)], 0.0)
ESTIMATES = {
    "clients": StreamEstimate("clients", exactly(5), {"GET /clients": exactly(1)}),
    "organization_members": StreamEstimate(
        "organization_members", Span(20, 40), {"GET /m": Span(90, 120)}, needs=frozenset({"organizations"})
    ),
    "organizations": StreamEstimate("organizations", exactly(60), {"GET /organizations": exactly(1)}),
    "events": StreamEstimate("events", None, {"GET /events": exactly(1, at_least=True)}),
    "logs": StreamEstimate("logs", None, refused="lacks `read:logs`", needs=frozenset({"roles"})),
}


class Known:
    """A survey that has asked already."""

    def estimate(self, name: str) -> StreamEstimate:
        """The estimate of a stream."""
        return ESTIMATES[name]


def lines(*selected: str) -> tuple[list[Line], list[str]]:
    return lines_of(cast("Survey", Known()), selected, PER_SECOND)


def test_parents_that_are_not_selected_have_a_line_in_brackets_and_count_once():
    found, refused = lines("organization_members", "clients")
    assert ["organization_members", "clients", "(organizations)", "all together"] == [line.name for line in found]
    assert Span(92, 122) == found[-1].requests
    assert Span(25, 45) == found[-1].rows, "rows of parents are not read out"
    assert [] == refused


def test_a_stream_that_is_refused_is_a_sentence_and_has_no_line():
    found, refused = lines("clients", "logs")
    assert ["clients"] == [line.name for line in found]
    assert ["`logs` lacks `read:logs`."] == refused


def test_a_table_has_a_head_and_aligned_columns():
    printed = table(lines("organization_members", "events")[0]).splitlines()
    assert printed[0].startswith("Stream ")
    assert printed[0].endswith("What decides")
    assert {printed[0].index("Rows")} == {
        line.index(rows) for line, rows in zip(printed[1:3], ("20", "unknown"), strict=True)
    }
    assert "at least 1" in printed[2]


def test_json_has_bounds_of_which_the_upper_one_is_null_for_at_least():
    printed: dict[str, Any] = as_json(*lines("organization_members", "events"))
    members, events, organizations = printed["streams"]
    assert {"from": 90, "to": 120} == members["first_sync"]["requests"]
    assert {"from": 1.48, "to": 2.0} == members["first_sync"]["minutes"]
    assert {"from": 1, "to": None} == events["first_sync"]["requests"]
    assert events["first_sync"]["rows"] is None
    assert [True, True, False] == [line["is_selected"] for line in (members, events, organizations)]
    assert printed["total"]["first_sync"]["requests"]["to"] is None
    assert as_json(*lines("clients"))["total"]["stream"] == "clients"


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (None, "unknown"),
        (exactly(7), "7"),
        (Span(7, 9), "7 to 9"),
        (exactly(1200, at_least=True), "at least 1,200"),
        (Span(12_345, 67_891), "12,300 to 67,900"),
    ],
    ids=str,
)
def test_large_numbers_have_the_digits_that_count(span: Span | None, text: str):
    assert text == shown(span)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (Span(0, 0.2), "0 to 1 s"),
        (Span(30, 59), "30 to 59 s"),
        (Span(30, 90), "30 s to 2 min"),
        (Span(120, 600), "2 to 10 min"),
        (Span(3600, 36_000), "60 min to 10 h"),
        (exactly(61, at_least=True), "at least 1 min"),
    ],
    ids=str,
)
def test_a_time_is_in_the_unit_that_fits(seconds: Span, text: str):
    assert text == shown_time(seconds)


def test_the_longest_time_is_rounded_up():
    assert "2 min" == longest(Span(1, 61))
