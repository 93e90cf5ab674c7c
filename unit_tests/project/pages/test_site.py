"""The docs site: every page is in its navigation, and gathers what it links to. `make site` checks each link."""

import re
from pathlib import Path

from tools.site import OUTSIDE, ROOT, gather, sources


def navigation() -> list[str]:
    """The pages of mkdocs.yml's navigation. Its tags are for MkDocs alone, so the file is not loaded here."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    return re.findall(r"^ +- .+: (\S+\.md)$", text, re.MULTILINE)


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(navigation()) == sorted(map(str, sources()))


def test_every_page_of_the_repository_is_on_the_site() -> None:
    """Beside the pages of docs/, those of the root, and the dbt package's."""
    assert sorted(path.name for path in ROOT.glob("*.md")) == sorted(name for name in OUTSIDE if "/" not in name)


def test_files_that_pages_link_to_come_along(tmp_path: Path) -> None:
    gather(tmp_path / "pages")
    gathered = {str(path.relative_to(tmp_path / "pages")) for path in (tmp_path / "pages").rglob("*") if path.is_file()}
    assert {"docs/example/config.json", "docs/form.png", "docs/benchmarks.svg", "README.md"} <= gathered


def test_markdown_within_html_is_marked_for_mkdocs(tmp_path: Path) -> None:
    gather(tmp_path)
    page = (tmp_path / "docs/auth0.md").read_text(encoding="utf-8")
    assert '<details markdown="1">' in page
    assert "HideInUI" not in page
    assert page.count("<div markdown") == page.count("</div>") > 0
