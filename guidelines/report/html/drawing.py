"""The network as SVG: boxes that link to their panels, in columns that wrap like text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from guidelines.report.html.layout import Layout, Route, place
from guidelines.report.html.tags import Markup, tag
from guidelines.report.table import shorten

WIDE, HIGH, PORT = 172, 42, 22
"""Of a box, and how high an input or output is, in pixels."""

GAP, TRACK, BETWEEN, EDGE = 24, 13, 26, 6
"""Between rows, between tracks, between lanes, and around it all."""

NAME, WHAT = 22, 19
"""Characters that fit the first and the second line of a box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """What is seen of a box, or of an input or output.

    Args:
        link: the id of the box, and of its panel; "" for an input or output.
        name, what: its lines.
        spoken: what a screen reader says.
        share: in the lower right.
        shade: a number of the scale.
        mark, level: of its findings; "" without any.
        stacked: whether there are boxes inside.
        state: added, removed, changed or same beside another network, else "".
    """

    name: str
    spoken: str = ""
    link: str = ""
    what: str = ""
    share: str = ""
    shade: int = 0
    mark: str = ""
    level: str = ""
    stacked: bool = False
    state: str = ""


def drawing(tiles: Sequence[Tile], edges: Sequence[tuple[int, int]], label: str) -> Markup:
    """Tiles and the edges between them, from lower to higher numbers."""
    layout = place(len(tiles), edges)
    columns = [
        _column(tiles, layout, first, last, f"{label}, part {number} of {len(layout.columns)}")
        for number, (first, last) in enumerate(layout.columns, 1)
    ]
    return tag("div", *columns, class_="map", role="group", aria_label=label)


def _column(tiles: Sequence[Tile], layout: Layout, first: int, last: int, label: str) -> Markup:
    inside = [i for i, row in enumerate(layout.rows) if first <= row <= last]
    lines = [
        r for r in layout.routes if first <= layout.rows[r.start] and layout.rows[r.end] <= last
    ]
    torn = [r for r in layout.routes if layout.rows[r.start] < first <= layout.rows[r.end]]
    left = [r for r in layout.routes if layout.rows[r.start] <= last < layout.rows[r.end]]
    used = {layout.lanes[i] for i in inside} | {r.lane for r in lines}
    lanes = _lanes(layout, range(min(used), max(used) + 1))
    rows = {i: EDGE + GAP * (first > 0) + (layout.rows[i] - first) * (HIGH + GAP) for i in inside}
    middles = {i: lanes[layout.lanes[i]] for i in inside}
    wide = max([x + WIDE / 2 for x in lanes.values()] + [_beside(lanes, r) for r in lines])
    high = max(rows.values()) + HIGH + EDGE + (GAP if left else 0)

    def top(box: int) -> int:
        return rows[box] + (0 if tiles[box].link else (HIGH - PORT) // 2)

    def bottom(box: int) -> int:
        return rows[box] + (HIGH if tiles[box].link else (HIGH + PORT) // 2)

    def path(start: int, end: int, beside: float) -> str:
        """Down from a box, past other rows at ``beside``, and down into a box."""
        d = [f"M{middles[start]:g} {bottom(start)}"]
        if layout.rows[end] > layout.rows[start] + 1:
            d += _bend(middles[start], bottom(start), beside, rows[start] + HIGH + GAP)
            d += _bend(beside, rows[end] - GAP, middles[end], top(end))
        else:
            d += _bend(middles[start], bottom(start), middles[end], top(end))
        return "".join(d)

    drawn = [path(r.start, r.end, _beside(lanes, r)) for r in lines]
    drawn += [f"M{middles[r.end]:g} {top(r.end) - GAP}V{top(r.end)}" for r in torn]
    drawn += [f"M{middles[r.start]:g} {bottom(r.start)}V{bottom(r.start) + GAP}" for r in left]
    wires = tag("path", class_="wire", d="".join(dict.fromkeys(drawn))) if drawn else None
    heads = {(middles[r.end], top(r.end)) for r in (*lines, *torn)}
    heads |= {(middles[r.start], bottom(r.start) + GAP) for r in left}
    arrows = tag(
        "path", class_="head", d="".join(f"M{x:g} {y}l-3.5-6h7z" for x, y in sorted(heads))
    )
    boxes = (_tile(tiles[i], middles[i] - WIDE / 2, top(i)) for i in inside)
    return tag(
        "svg", wires, arrows, *boxes, role="group", aria_label=label,
        width=wide + EDGE, height=high, viewBox=f"0 0 {wide + EDGE:g} {high}",
    )  # fmt: skip


def _lanes(layout: Layout, used: Iterable[int]) -> dict[int, float]:
    """The middle of each lane."""
    found, x = {}, float(EDGE)
    for lane in used:
        found[lane] = x + WIDE / 2
        x += WIDE + BETWEEN + TRACK * layout.tracks[lane]
    return found


def _beside(lanes: Mapping[int, float], route: Route) -> float:
    """Where an edge runs past other rows."""
    return lanes[route.lane] + (WIDE / 2 + TRACK * route.track if route.track else 0)


def _bend(x: float, y: float, end: float, below: float) -> list[str]:
    """From a point down to another, and to the side on the way."""
    if x == end:
        return [f"V{below:g}"]
    half = (y + below) / 2
    return [f"V{y:g}C{x:g} {half:g} {end:g} {half:g} {end:g} {below:g}"]


def _tile(tile: Tile, x: float, y: float) -> Markup:
    if not tile.link:
        text = tag("text", shorten(tile.name, NAME), x=WIDE / 2, y=15)
        title = tag("title", tile.spoken)
        shape = tag("rect", width=WIDE, height=PORT, rx=PORT / 2)
        return tag("g", title, shape, text, class_="port", transform=f"translate({x:g} {y})")
    parts = [
        tag("title", tile.spoken),
        tag("rect", x=3, y=3, width=WIDE, height=HIGH, rx=6, class_="under")
        if tile.stacked
        else None,
        tag("rect", width=WIDE, height=HIGH, rx=6, class_="face"),
        tag("text", shorten(tile.name, NAME), x=9, y=17, class_="name"),
        tag("text", shorten(tile.what, WHAT), x=9, y=33, class_="what"),
        tag("text", tile.share, x=WIDE - 9, y=33, class_="share"),
        tag("text", tile.mark, x=WIDE - 9, y=17, class_=f"mark {tile.level}")
        if tile.mark
        else None,
    ]
    classes = ["box", f"shade-{tile.shade}", *([f"is-{tile.state}"] if tile.state else [])]
    return tag(
        "a", *parts, id=tile.link, href=f"#{tile.link}", aria_label=tile.spoken,
        class_=" ".join(classes),
        transform=f"translate({x:g} {y})",
    )  # fmt: skip
