"""The report's page: figures, charts and the sentence under each, in one file."""

from html import escape
from pathlib import Path

from demo.report.contents import CHARTS, FIGURES, Ask, Chart, Figure, rows_of
from demo.report.synced import Synced

#: What stands in place of a number.
UNKNOWN = "&ndash;"
STYLE = Path(__file__).with_name("style.css")


def page(ask: Ask, tenant: str) -> str:
    """The whole page, of a tenant that has this name."""
    dates = rows_of(ask, "as_of.sql")[0]
    synced = Synced.told_by(rows_of(ask, "streams.sql"))
    figures = "\n".join(_figure(figure, ask, synced) for figure in FIGURES)
    charts = "\n".join(_chart(chart, ask, synced) for chart in CHARTS)
    since = f"{dates['log_since']:%Y-%m-%d}" if dates["log_since"] else "not synced"
    as_of = f"{dates['as_of']:%Y-%m-%d %H:%M} UTC" if dates["as_of"] else "never"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(tenant)}: who signs in, and who may do what</title>
<style>
{STYLE.read_text(encoding="utf-8").strip()}
</style>
</head>
<body>
<header>
<h1>{escape(tenant)}</h1>
<p>Data as of {as_of}. Log since {since}: what is made of it begins there. Days are in UTC.</p>
</header>
<main>
<section class="figures">
{figures}
</section>
<section class="charts">
{charts}
</section>
</main>
<footer><p>Made by <code>demo/report</code> from the models of <code>dbt/</code>; each number names its query in
<code>demo/report/queries/</code>.</p></footer>
</body>
</html>
"""


def _figure(figure: Figure, ask: Ask, synced: Synced) -> str:
    rows = rows_of(ask, figure.file) if not synced.lacks(figure.needs) else []
    number = rows[0]["figure"] if rows else None
    shown = UNKNOWN if number is None else f"{float(number):,.1f}" if figure.unit else f"{int(number):,}"
    why = "" if number is not None else synced.not_known(figure.needs) or figure.otherwise
    return (
        f"<article><h2>{escape(figure.title)}</h2>"
        f'<p class="number">{shown}{figure.unit if number is not None else ""}</p>'
        f"<p>{escape(figure.definition)}{_note(why or synced.counted_without(figure.counts))}</p>"
        f"<p><code>{figure.file}</code></p></article>"
    )


def _chart(chart: Chart, ask: Ask, synced: Synced) -> str:
    why = synced.not_known(chart.needs)
    rows = [] if why else rows_of(ask, chart.file)
    drawn = chart.draw(chart.title, rows) if rows else f'<p class="missing">{escape(why or "There is nothing.")}</p>'
    note = _note(synced.counted_without(chart.counts)) if rows else ""
    return (
        f"<figure><h2>{escape(chart.title)}</h2>{drawn}"
        f"<figcaption>{escape(chart.definition)}{note} <code>{chart.file}</code></figcaption></figure>"
    )


def _note(text: str) -> str:
    return f" <em>{escape(text)}</em>" if text else ""
