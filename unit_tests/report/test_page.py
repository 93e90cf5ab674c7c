"""The report's page, of made-up rows: what is in it, what is not, and that equal data give equal bytes."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import ClassVar

import pytest

from demo.report import charts
from demo.report.contents import CHARTS, FIGURES, QUERIES
from demo.report.page import page

AS_OF = {"as_of": datetime(2026, 3, 1, 12, 30, tzinfo=UTC), "log_since": datetime(2026, 1, 1, tzinfo=UTC)}
SERIES = [{"label": "2026-02-27", "good": 3, "bad <i>": None}, {"label": "2026-02-28", "good": 5, "bad <i>": 2}]
APPLICATIONS = [{"label": "Web & more", "risk": 5, "note": "old grants"}]
NEEDED = {part for shown in (*FIGURES, *CHARTS) for need in (*shown.needs, *shown.counts) for part in need.split("|")}
STREAMS = [{"stream": name, "scopes": f"read:{name}", "is_landed": True} for name in sorted(NEEDED)]
TEXTS = {file.read_text(encoding="utf-8"): file.name for file in QUERIES.glob("*.sql")}


def ask(sql: str) -> list[dict]:
    """A tenant of which everything is known."""
    name = TEXTS[sql]
    if name == "as_of.sql":
        return [AS_OF]
    if name == "streams.sql":
        return STREAMS
    if name in {figure.file for figure in FIGURES}:
        return [{"figure": 1234.56}]
    return APPLICATIONS if name == "applications.sql" else SERIES


def ask_nothing(sql: str) -> list[dict]:
    """A tenant of which only users are known."""
    if TEXTS[sql] == "as_of.sql":
        return [AS_OF | {"log_since": None}]
    if TEXTS[sql] == "streams.sql":
        return [row | {"is_landed": row["stream"] == "users"} for row in STREAMS]
    return [{"figure": 7}] if TEXTS[sql] == "users.sql" else [{"figure": None}] * (TEXTS[sql] in FIGURE_FILES)


FIGURE_FILES = {figure.file for figure in FIGURES}


def test_each_figure_and_chart_has_its_definition_and_the_file_that_asks() -> None:
    text = page(ask, "acme.eu")
    assert (6, 8) == (len(FIGURES), len(CHARTS))
    for shown in (*FIGURES, *CHARTS):
        assert f"<code>{shown.file}</code>" in text
        assert shown.definition.replace("'", "&#x27;") in text
    assert {file.name for file in QUERIES.glob("*.sql")} == {
        *FIGURE_FILES,
        *(chart.file for chart in CHARTS),
        "as_of.sql",
        "streams.sql",
    }
    assert "1,235" not in text
    assert ("1,234</p>", "1,234.6%</p>") == tuple(re.findall(r"1,234[^<]*</p>", text)[i] for i in (0, 2))


def test_nothing_is_loaded_from_anywhere() -> None:
    text = page(ask, "acme.eu")
    assert [] == re.findall(r"https?:|//|<script|@import|url\(|\bsrc=|\bhref=", text)


def test_equal_data_give_equal_bytes() -> None:
    assert page(ask, "acme.eu") == page(ask, "acme.eu")


def test_names_of_others_are_text_and_no_markup() -> None:
    text = page(ask, "<b>acme</b>")
    assert "<b>acme" not in text
    assert "bad <i>" not in text
    assert "Web &amp; more" in text


def test_what_is_not_known_says_what_it_needs() -> None:
    text = page(ask_nothing, "acme.eu")
    assert len(CHARTS) - 1 == text.count('<p class="missing">Not known without ')
    assert "Log since not synced" in text
    assert "<em>Not known without logs (read:logs).</em>" in text
    assert (
        "Not known without organizations (read:organizations), organization_members (read:organization_members)."
        in text
    )


def test_what_is_known_in_part_says_what_it_was_counted_without() -> None:
    text = page(lambda sql: ask_nothing(sql) if TEXTS[sql] == "streams.sql" else ask(sql), "acme.eu")
    assert 2 == text.count("<em>Counted without user_authentication_methods (read:user_authentication_methods).</em>")


def test_a_number_that_is_missing_although_all_was_synced_says_why() -> None:
    text = page(lambda sql: [{"figure": None}] if TEXTS[sql] in FIGURE_FILES else ask(sql), "acme.eu")
    assert "<em>The log reaches back less than 30 days as yet.</em>" in text
    assert "Not known without" not in text


def test_every_picture_has_a_text_for_those_who_cannot_see_it() -> None:
    found = re.findall(r'<svg [^>]*role="img" aria-label="([^"]+)"><title>', page(ask, "acme.eu"))
    assert len(CHARTS) == len(found)
    assert all("rows, from " in text for text in found)


def test_the_page_is_well_formed() -> None:
    class Nesting(HTMLParser):
        open_tags: ClassVar[list[str]] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag != "meta":
                self.open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert tag == self.open_tags.pop()

    parser = Nesting()
    parser.feed(page(ask, "acme.eu"))
    assert [] == parser.open_tags


@pytest.mark.parametrize(
    ("values", "axis"), [([], (1.0, 1)), ([3], (3.0, 3)), ([6], (6.0, 3)), ([48], (50.0, 5)), ([1001], (1500.0, 3))]
)
def test_an_axis_ends_at_a_round_number(values: list[float], axis: tuple[float, int]) -> None:
    assert axis == charts._axis(values)


def test_a_line_is_where_values_are_and_a_column_is_as_high_as_its_value() -> None:
    points = re.findall(r'points="([^"]*)"', charts.lines("Users", SERIES))
    assert [2, 1] == [len(found.split()) for found in points]
    heights = [
        float(height)
        for height in re.findall(r'class="s\d" [^>]*height="([\d.]+)"><title>', charts.columns("x", SERIES))
    ]
    assert [3, 5, 2] == [round(height / heights[1] * 5) for height in heights]


def test_a_bar_is_as_long_as_its_value_and_names_it() -> None:
    drawn = charts.noted_bars("Applications", [*APPLICATIONS, {"label": "x" * 40, "risk": 1, "note": None}])
    widths = [float(width) for width in re.findall(r'height="18.0"|width="([\d.]+)" height="18.0"', drawn) if width]
    assert 5.0 == round(widths[0] / widths[1], 1)
    assert "x" * 24 + "…</text>" in drawn
    assert ">5</text>" in charts.bars("x", [{"label": "a", "one": 2, "two": 3}])
