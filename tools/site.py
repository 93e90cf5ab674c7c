"""The docs as a web site: `make site` builds `build/site`, and fails at a link that leads nowhere.

The pages lie side by side as in the repository, with the files that they link to, so that a link is the same in the
repository and on the site. mkdocs.yml has the rest.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "build/pages"
#: Pages outside docs/.
OUTSIDE = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "SUPPORT.md", "dbt/README.md")
_LINK = re.compile(r"\]\(([^)#:\s]+)")


def main() -> int:
    """Gather the pages and build the site; returns the exit code of mkdocs."""
    gather(PAGES)
    command = [sys.executable, "-m", "mkdocs", "--quiet", "build", "--strict", "--clean"]
    environment = {
        **os.environ,
        "NO_MKDOCS_2_WARNING": "1",
    }  # the theme's maintainers announce a successor at every build
    code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
    if not code:
        print(f"{ROOT / 'build/site/README.html'}: {len(sources())} pages, every link leads somewhere")
    return code


def sources() -> list[Path]:
    """The pages of the site, by their paths from the root."""
    docs = [path.relative_to(ROOT) for path in sorted((ROOT / "docs").rglob("*.md"))]
    return [*map(Path, OUTSIDE), *docs]


def gather(target: Path) -> None:
    """Copy the pages, and the files that they link to, into an empty folder."""
    shutil.rmtree(target, ignore_errors=True)
    for page in sources():
        text = (ROOT / page).read_text(encoding="utf-8")
        for link in _LINK.findall(text):
            linked = (ROOT / page).parent / link
            if linked.is_file() and linked.suffix != ".md":
                _copy(linked.resolve().relative_to(ROOT.resolve()), target)
        (target / page).parent.mkdir(parents=True, exist_ok=True)
        (target / page).write_text(_for_mkdocs(text), encoding="utf-8")


def _for_mkdocs(text: str) -> str:
    """GitHub and Airbyte read Markdown within HTML; MkDocs does where it is marked."""
    text = re.sub(r"^<(details|HideInUI)>", r'<\1 markdown="1">', text, flags=re.MULTILINE)
    return text.replace("<HideInUI ", "<div ").replace("</HideInUI>", "</div>")


def _copy(file: Path, target: Path) -> None:
    (target / file).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ROOT / file, target / file)


if __name__ == "__main__":
    sys.exit(main())
