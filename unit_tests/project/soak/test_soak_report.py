import pytest

from soak.report import table, write
from soak.tally import Tally

PAGE = "# Page\n\n<!-- kills -->\nold\n<!-- end of kills -->\n\n<!-- load -->\n<!-- end of load -->\n"


def test_a_table_has_a_row_for_each_tally():
    row = "| SIGKILL | 300 | 1,200,000 | 0 | 1 | 0 | 2 repeats a kill |"
    assert row == table([Tally("SIGKILL", 300, 1_200_000, hangs=1, more="2 repeats a kill")]).splitlines()[-1]


def test_a_suite_replaces_its_own_table_in_the_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    write("kills", [Tally("SIGKILL", 3)], 7, 1.6, page)
    text = page.read_text()
    assert "Seed 7, 2 minutes.\n<!-- end of kills -->" in text
    assert "old" not in text
    assert text.endswith("<!-- load -->\n<!-- end of load -->\n")


def test_a_suite_without_markers_in_the_page_is_an_error(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    with pytest.raises(ValueError, match="no marks for the suite 'faults'"):
        write("faults", [], 7, 1, page)


@pytest.mark.parametrize("bad", [{"losses": 1}, {"hangs": 1}, {"leaks": 1}, {"complaints": ["The state shrank."]}])
def test_a_tally_with_anything_amiss_is_not_clean(bad):
    assert Tally("", 1).is_clean
    assert not Tally("", 1, **bad).is_clean
