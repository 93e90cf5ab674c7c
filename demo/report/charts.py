"""Charts as SVG: lines, stacked columns and stacked bars, in the colours of the page, which has a dark mode."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

Rows = list[dict[str, Any]]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 260, 48, 12, 34, 26
LABEL_WIDTH, BAR_HEIGHT, BAR_STEP = 190, 18, 28
#: How wide a letter is at most, on average, at the size of labels.
LETTER = 6.6
#: The most that a label of a bar may have.
LABEL_LETTERS = 25
#: How many dates an axis of time names.
DATES = 6
#: A bar's value fits beside it, in this much.
VALUE_WIDTH = 56


def lines(title: str, rows: Rows) -> str:
    """A line for each series over time; where a value is null the line is interrupted."""
    series = _series(rows)
    top, steps = _axis([value for row in rows for value in _values(row)])
    step = (WIDTH - LEFT - RIGHT) / max(len(rows) - 1, 1)
    drawn = []
    for number, name in enumerate(series):
        points = [
            (LEFT + step * place, _height(float(row[name]), top))
            for place, row in enumerate(rows)
            if row[name] is not None
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        drawn.append(f'<polyline class="line s{number}" points="{path}"><title>{escape(name)}</title></polyline>')
    return _svg(title, rows, HEIGHT, [*_legend(series), *_grid(top, steps), *_dates(rows, step, 0.0), *drawn])


def columns(title: str, rows: Rows) -> str:
    """A column for each row, its series stacked, over time."""
    series = _series(rows)
    top, steps = _axis([sum(_values(row)) for row in rows])
    step = (WIDTH - LEFT - RIGHT) / max(len(rows), 1)
    width = max(step - 2, 1)
    drawn = []
    for place, row in enumerate(rows):
        below = 0.0
        for number, (name, value) in enumerate(zip(series, _values(row), strict=True)):
            if value:
                y, bottom = _height(below + value, top), _height(below, top)
                text = f"{row['label']}, {name}: {value:,.0f}"
                drawn.append(_rect((LEFT + step * place + (step - width) / 2, y), (width, bottom - y), number, text))
                below += value
    return _svg(title, rows, HEIGHT, [*_legend(series), *_grid(top, steps), *_dates(rows, step, step / 2), *drawn])


def bars(title: str, rows: Rows) -> str:
    """A horizontal bar for each row, its series stacked, with the sum at its end."""
    series, most = _series(rows), max([sum(_values(row)) for row in rows] + [1])
    scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / most
    drawn = []
    for place, row in enumerate(rows):
        y, x = TOP + BAR_STEP * place, float(LABEL_WIDTH)
        drawn.append(_label(row, y))
        for number, (name, value) in enumerate(zip(series, _values(row), strict=True)):
            if value:
                text = f"{row['label']}, {name}: {value:,.0f}"
                drawn.append(_rect((x, y), (max(value * scale - 1, 1), BAR_HEIGHT), number, text))
                x += value * scale
        drawn.append(_text(x + 6, y + 13, f"{sum(_values(row)):,.0f}", "value"))
    return _svg(title, rows, TOP + BAR_STEP * len(rows) + 4, [*_legend(series, LABEL_WIDTH), *drawn])


def noted_bars(title: str, rows: Rows) -> str:
    """A horizontal bar for each row, `risk` long, with its value and below its label the row's `note`."""
    most, step = max([float(row["risk"]) for row in rows] + [1]), BAR_STEP + 14
    scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / most
    drawn = []
    for place, row in enumerate(rows):
        y, value = 8 + step * place, float(row["risk"])
        drawn += [
            _label(row, y),
            _rect((LABEL_WIDTH, y), (value * scale, BAR_HEIGHT), 0, f"{row['label']}: {value:,.0f}"),
            _text(LABEL_WIDTH + value * scale + 6, y + 13, f"{value:,.0f}", "value"),
            _text(LABEL_WIDTH, y + BAR_HEIGHT + 12, str(row["note"] or ""), "note"),
        ]
    return _svg(title, rows, 8 + step * len(rows), drawn)


def _series(rows: Rows) -> list[str]:
    return [name for name in rows[0] if name != "label"]


def _values(row: dict[str, Any]) -> list[float]:
    return [float(value or 0) for name, value in row.items() if name != "label"]


def _axis(values: Iterable[float]) -> tuple[float, int]:
    """The top of an axis and how many steps it has: round whole numbers, at most five, not below any of the values."""
    most = max([*values, 1.0])
    steps = (unit * 10**power for power in range(16) for unit in (1, 2, 5))
    step = next(step for step in steps if most <= 5 * step)
    count = math.ceil(most / step)
    return float(step * count), count


def _height(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top


def _grid(top: float, steps: int) -> list[str]:
    drawn = []
    for step in range(steps + 1):
        y = _height(top * step / steps, top)
        drawn.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        drawn.append(_text(LEFT - 6, y + 4, f"{top * step / steps:,.0f}", "axis end"))
    return drawn


def _dates(rows: Rows, step: float, offset: float) -> list[str]:
    """Some of the labels, evenly spaced, that do not run into each other."""
    every = max(math.ceil(len(rows) / DATES), 1)
    places = [(min(LEFT + step * place + offset, WIDTH - RIGHT - 30), place) for place in range(0, len(rows), every)]
    return [_text(x, HEIGHT - 8, str(rows[place]["label"]), "axis middle") for x, place in places]


def _legend(series: Sequence[str], x: float = LEFT) -> list[str]:
    drawn = []
    for number, name in enumerate(series):
        drawn.append(f'<rect class="s{number}" x="{x:.1f}" y="8" width="10" height="10" rx="2"/>')
        drawn.append(_text(x + 15, 17, name, "legend"))
        x += 15 + LETTER * len(name) + 18
    return drawn


def _label(row: dict[str, Any], y: float) -> str:
    text = str(row["label"])
    shown = text if len(text) <= LABEL_LETTERS else text[: LABEL_LETTERS - 1] + "…"
    return _text(LABEL_WIDTH - 8, y + 13, shown, "label end")


def _rect(place: tuple[float, float], size: tuple[float, float], number: int, text: str) -> str:
    (x, y), (width, height) = place, size
    place_and_size = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect class="s{number}" {place_and_size}><title>{escape(text)}</title></rect>'


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'


def _svg(title: str, rows: Rows, height: float, drawn: Iterable[str]) -> str:
    first, last = rows[0]["label"], rows[-1]["label"]
    text = escape(f"{title}: {len(rows)} rows, from {first} to {last}", quote=True)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{text}">'
        f"<title>{escape(title)}</title>{''.join(drawn)}</svg>"
    )
