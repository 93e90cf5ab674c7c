"""The table of docs/run.md: what arrives, a row for each question and a column for each loader."""

import re

BEGIN, END = "<!-- Measured by tools/loaders -->\n", "<!-- End of what was measured -->\n"
#: By a loader's heading what was seen, by question.
Table = dict[str, dict[str, str]]


def read_table(page: str) -> Table:
    """The table of a page; empty if there is none between the two comments."""
    lines = page.partition(BEGIN)[2].partition(END)[0].strip().splitlines()
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines if line.startswith("|")]
    if len(cells) < 3:  # noqa: PLR2004 - heading, line, and a row
        return {}
    heading, _, *rows = cells
    return {title: {row[0]: row[number] for row in rows} for number, title in enumerate(heading) if number}


def written(page: str, table: Table) -> str:
    """The page with another table."""
    questions = list(dict.fromkeys(question for seen in table.values() for question in seen))
    lines = [["", *table], ["---", *("---" for _ in table)]]
    lines += [[question, *(seen.get(question, "") for seen in table.values())] for question in questions]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return re.sub(
        f"(?<={re.escape(BEGIN)}).*(?={re.escape(END)})", lambda _: f"\n{text}\n", page, count=1, flags=re.DOTALL
    )
