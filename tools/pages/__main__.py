"""`python -m tools.pages`: writes the generated pages, and removes pages of families that are gone."""

from tools.pages.airbyte import airbyte_page
from tools.pages.planning import planning_page
from tools.pages.streams import DOCS, pages
from tools.pages.writes import writes_page


def main() -> None:
    """Write every page that differs from what is on the disk."""
    written = pages()
    for path in set((DOCS / "streams").glob("*.md")) - set(written):
        path.unlink()
    for path, text in written.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (DOCS / "changes.md").write_text(writes_page(), encoding="utf-8")
    airbyte = DOCS / "auth0.md"
    airbyte.write_text(airbyte_page(airbyte.read_text(encoding="utf-8")), encoding="utf-8")
    planning = DOCS / "planning.md"
    planning.write_text(planning_page(planning.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
