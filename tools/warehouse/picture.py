"""The picture of the most used streams: boxes placed by hand, columns and arrows from the stream files."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape

from source_auth0.manifest.assembly import load_stream, primary_key

#: The streams by column of the picture, from above. What many refer to has a color, and so have the arrows to it.
PLACES = (
    (
        "user_authentication_methods",
        "user_sessions",
        "user_roles",
        "role_users",
        "role_permissions",
        "group_roles",
        "group_members",
    ),
    ("users", "roles", "resource_servers", "groups"),
    ("organization_members", "organization_member_roles", "user_deletions", "logs", "changes", "client_grants"),
    (
        "organizations",
        "organization_enabled_connections",
        "connections",
        "connection_clients",
        "clients",
        "client_credentials",
    ),
)
HUBS = ("users", "roles", "organizations", "groups", "resource_servers", "connections", "clients")
#: By hub, in their order; the last one is of what is no hub.
COLORS = ("#2f7fdb", "#d65f21", "#1c9c68", "#8d63d6", "#b07d0a", "#cf3f7d", "#1592a8", "#8a8983")
STYLE = """
svg { font: 13px system-ui, sans-serif; }
svg { --paper: #ffffff; --box: #f6f6f4; --ink: #1c1c1a; --quiet: #62615c; --line: #d3d2cc; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #161615; --box: #22221f; --ink: #f2f1ec; --quiet: #b1b0a9; --line: #45443f; }
}
.paper { fill: var(--paper); }
.box { fill: var(--box); stroke: var(--line); }
.arrow { fill: none; stroke-width: 1.6; opacity: 0.85; }
text { fill: var(--quiet); }
.name { fill: var(--ink); font-weight: 600; font-size: 12.5px; }
.key { fill: var(--ink); font-weight: 600; }
.on { fill: #ffffff; font-weight: 600; }
""".strip()
WIDTH, GAP, HEAD, ROW, MARGIN, BELOW = 246, 84, 26, 18, 20, 26


@dataclass(frozen=True)
class Box:
    """A stream in the picture.

    column: its place from the left, from 0; x and y: its upper left corner.
    lines: its columns, each with the stream that it refers to, if any; those of its key come first.
    """

    stream: str
    column: int
    x: float
    y: float
    key: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]

    @property
    def height(self) -> float:
        """The box with its head."""
        return HEAD + ROW * len(self.lines) + 6

    def line_y(self, number: int) -> float:
        """The middle of one of its lines."""
        return self.y + HEAD + ROW * number + ROW / 2 + 2


def picture() -> str:
    """The SVG."""
    boxes = {box.stream: box for box in _boxes()}
    width = 2 * MARGIN + len(PLACES) * WIDTH + (len(PLACES) - 1) * GAP
    height = max(box.y + box.height for box in boxes.values()) + MARGIN + 22
    arrows = [arrow for box in boxes.values() for arrow in _arrows(box, boxes)]
    text = "In bold: the key. Arrows: a column holds the other stream's key, or its name where it has one."
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" role="img">',
            "<title>How the most used streams refer to each other</title>",
            f"<style>{STYLE}</style>",
            f'<rect class="paper" width="{width}" height="{height:.0f}" rx="8"/>',
            *arrows,
            *(_drawn(box) for box in boxes.values()),
            f'<text x="{MARGIN}" y="{height - 14:.0f}">{escape(text)}</text>',
            "</svg>",
            "",
        ]
    )


def _boxes() -> Iterator[Box]:
    """The boxes; those of each column are spread over the height of the highest one."""
    columns = [[Box(name, place, 0, 0, *_columns(name)) for name in names] for place, names in enumerate(PLACES)]
    heights = [sum(box.height for box in boxes) for boxes in columns]
    whole = max(height + BELOW * (len(boxes) - 1) for height, boxes in zip(heights, columns, strict=True))
    for boxes, height in zip(columns, heights, strict=True):
        y, between = float(MARGIN), (whole - height) / (len(boxes) - 1)
        for box in boxes:
            yield replace(box, x=MARGIN + box.column * (WIDTH + GAP), y=y)
            y += box.height + between


def _columns(name: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """A stream's key, and its key and other references with what they refer to; columns within others are left out."""
    stream = load_stream(name)
    key = tuple(primary_key(stream))
    foreign = {
        column: target.partition(".")[0]
        for column, target in (stream["$parameters"].get("foreign_keys") or {}).items()
        if column in stream["schema_loader"]["schema"]["properties"]
    }
    shown = {place for streams in PLACES for place in streams}
    others = [column for column, target in foreign.items() if column not in key and target in shown]
    return key, tuple((column, foreign.get(column, "")) for column in [*key, *others])


def _arrows(box: Box, boxes: dict[str, Box]) -> Iterator[str]:
    """Curves from a line of the box to the head of another."""
    for number, (_, target) in enumerate(box.lines):
        if target not in boxes:
            continue
        other, y = boxes[target], box.line_y(number)
        to_right = other.column > box.column
        x1 = box.x + WIDTH if to_right else box.x
        x2 = other.x if to_right else other.x + WIDTH
        bend = GAP * 0.8 * (1 if to_right else -1)
        if other.column == box.column:
            x1 = x2 = box.x
            yield _curve((x1, y), (x2, other.y + HEAD / 2), (-GAP * 0.5, -GAP * 0.5), target)
        else:
            yield _curve((x1, y), (x2, other.y + HEAD / 2), (bend, -bend), target)


def _curve(begin: tuple[float, float], end: tuple[float, float], bends: tuple[float, float], target: str) -> str:
    (x1, y1), (x2, y2) = begin, end
    point = 7 if bends[1] > 0 else -7
    path = f"M{x1:.0f} {y1:.0f}C{x1 + bends[0]:.0f} {y1:.0f} {x2 + bends[1]:.0f} {y2:.0f} {x2 + point:.0f} {y2:.0f}"
    head = f"M{x2:.0f} {y2:.0f}l{point} -4v8z"
    color = _color(target)
    return f'<path class="arrow" stroke="{color}" d="{path}"/><path fill="{color}" d="{head}"/>'


def _drawn(box: Box) -> str:
    middle = box.x + WIDTH / 2
    hub = box.stream in HUBS
    lines = [f'<rect class="box" x="{box.x:.0f}" y="{box.y:.0f}" width="{WIDTH}" height="{box.height:.0f}" rx="5"/>']
    if hub:
        head = f"M{box.x:.0f} {box.y + HEAD:.0f}v-{HEAD - 5}q0-5 5-5h{WIDTH - 10}q5 0 5 5v{HEAD - 5}z"
        lines.append(f'<path fill="{_color(box.stream)}" d="{head}"/>')
    style = "on" if hub else "name"
    lines.append(
        f'<text class="{style}" x="{middle:.0f}" y="{box.y + 17:.0f}" text-anchor="middle">{escape(box.stream)}</text>'
    )
    for number, (column, _) in enumerate(box.lines):
        style = ' class="key"' if column in box.key else ""
        lines.append(f'<text{style} x="{box.x + 10:.0f}" y="{box.line_y(number) + 4:.0f}">{escape(column)}</text>')
    return "".join(lines)


def _color(stream: str) -> str:
    return COLORS[HUBS.index(stream)] if stream in HUBS else COLORS[-1]
