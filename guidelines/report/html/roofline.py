"""The roofline chart: how much each layer computes for what it moves.

Without a device, over multiply-adds for each byte stand the layer's multiply-adds: layers that
move as much lie on one slanted line. With one, their predicted rate, below the device's roofs.
"""

from __future__ import annotations

from typing import NamedTuple

from costmodel.device import load, names
from costmodel.errors import ModelError
from costmodel.graph import Graph, Node
from costmodel.roofs import Roofs, roofs
from guidelines.operator_class import (
    DEPTHWISE,
    GROUPED,
    MATRIX,
    POINTWISE,
    WIDE,
    operator_class,
)
from guidelines.quantity import count, percent, size
from guidelines.report.html.axes import SHAPES, Log
from guidelines.report.html.network import Scene
from guidelines.report.html.tags import Markup, join, tag

ACROSS, DOWN = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 72, 14, 14, 44
"""Margins of the plot, in pixels."""

OTHERS = "other"
KINDS = {
    WIDE: "square", POINTWISE: "circle", GROUPED: "plus", DEPTHWISE: "triangle",
    MATRIX: "diamond", OTHERS: "cross",
}  # fmt: skip
"""The shape of each class of operator that multiplies."""


class Point(NamedTuple):
    """A layer: multiply-adds for each byte, and its multiply-adds, or those each second."""

    node: Node
    kind: str
    x: float
    y: float


def roofline(scene: Scene) -> Markup | None:
    """The chart with its legend; None where nothing multiplies."""
    graph = scene.graph
    points = _points(scene)
    if not points:
        return None
    found = _roofs(scene)
    mean = graph.cost.madds / graph.memory_access_bytes
    across = Log.around([*(p.x for p in points), mean], LEFT, ACROSS - RIGHT)
    peak = [found.work.per_second] if found else []
    up = Log.around([*(p.y for p in points), *peak], DOWN - BOTTOM, TOP)
    rate = scene.model.prediction is not None
    drawn = join((
        _grid(across, up, "madds for each byte moved", "madds each second" if rate else "madds"),
        _roof(found, across, up) if found else None if rate else _slants(across, up),
        tag("path", class_="mean", d=f"M{across.at(mean):.1f} {TOP}V{DOWN - BOTTOM}"),
        tag("text", "the network", x=across.at(mean) + 4, y=DOWN - BOTTOM - 6, class_="mean"),
        *(_point(scene, point, across, up) for point in points),
    ))  # fmt: skip
    low, high = min(p.x for p in points), max(p.x for p in points)
    summary = (
        f"Arithmetic intensity of {len(points)} layers that multiply, {low:.2g} to {high:.2g} "
        f"madds for each byte; the network has {mean:.2g}."
    )
    chart = tag("svg", drawn, viewBox=f"0 0 {ACROSS} {DOWN}", role="img", aria_label=summary)
    return tag(
        "figure",
        tag("figcaption", tag("strong", "Roofline"), " ", _caption(scene, points, found)),
        tag("div", chart, class_="chart"),
        _legend({point.kind for point in points}),
    )


def _points(scene: Scene) -> list[Point]:
    prediction = scene.model.prediction
    seconds = prediction.of_node if prediction is not None else {}
    points = []
    for node in scene.graph.layers:
        madds, moved = node.cost.madds, sum(node.bytes.values())
        if not madds or not moved or (prediction is not None and not seconds.get(node.name)):
            continue
        kind = operator_class(node)
        y = madds / seconds[node.name] if prediction is not None else float(madds)
        points.append(Point(node, kind if kind in KINDS else OTHERS, madds / moved, y))
    return points


def _roofs(scene: Scene) -> Roofs | None:
    """Those of the device that times were predicted for, if its profile is at hand."""
    prediction = scene.model.prediction
    if prediction is None or prediction.device not in names():
        return None
    try:
        return roofs(load(prediction.device))
    except ModelError:
        return None


def _grid(across: Log, up: Log, below: str, beside: str) -> Markup:
    lines = [f"M{across.at(v):.1f} {TOP}V{DOWN - BOTTOM}" for v in across.ticks]
    lines += [f"M{LEFT} {up.at(v):.1f}H{ACROSS - RIGHT}" for v in up.ticks]
    numbers = [
        tag("text", f"{v:g}", x=across.at(v), y=DOWN - BOTTOM + 16, class_="x")
        for v in across.ticks
    ]
    numbers += [
        tag("text", count(round(v)), x=LEFT - 8, y=up.at(v) + 4, class_="y") for v in up.ticks
    ]
    middle = (TOP + DOWN - BOTTOM) / 2
    turned = f"translate(14 {middle:g}) rotate(-90)"
    return join((
        tag("path", class_="grid", d="".join(lines)),
        *numbers,
        tag("text", below, x=(LEFT + ACROSS - RIGHT) / 2, y=DOWN - 8, class_="x axis"),
        tag("text", beside, transform=turned, class_="x axis"),
    ))  # fmt: skip


def _slants(across: Log, up: Log) -> Markup:
    """Lines of equal traffic, each marked where it enters the plot."""
    parts = []
    for power in range(3, 13):
        moved = 10.0**power
        low, high = max(across.low, up.low / moved), min(across.high, up.high / moved)
        if low * 1.5 >= high:
            continue
        x, y = across.at(high), up.at(high * moved)
        d = f"M{across.at(low):.1f} {up.at(low * moved):.1f}L{x:.1f} {y:.1f}"
        parts.append(tag("path", class_="slant", d=d))
        end = y > TOP + 1
        parts.append(tag("text", size(moved), x=x - 4, y=y + (-6 if end else 12), class_="slant"))
    return join(parts)


def _roof(found: Roofs, across: Log, up: Log) -> Markup:
    """The rate that the memory allows, up to the rate that arithmetic allows."""
    work, traffic = found.work.per_second, found.traffic.per_second
    ridge = work / traffic
    start = max(across.low, up.low / traffic)
    d = f"M{across.at(start):.1f} {up.at(min(work, start * traffic)):.1f}"
    if start < ridge < across.high:
        d += f"L{across.at(ridge):.1f} {up.at(work):.1f}"
    d += f"L{across.at(across.high):.1f} {up.at(min(work, across.high * traffic)):.1f}"
    return tag("path", class_="roof", d=d)


def _point(scene: Scene, point: Point, across: Log, up: Log) -> Markup:
    told = f"{point.node.label}: {point.x:.2g} madds for each byte, {count(round(point.y))} madds"
    mark = tag(
        "path", tag("title", told), d=SHAPES[KINDS[point.kind]],
        class_=f"point {KINDS[point.kind]}",
        transform=f"translate({across.at(point.x):.1f} {up.at(point.y):.1f})",
    )  # fmt: skip
    return tag("a", mark, href=f"#{scene.leaf(point.node.name)}", tabindex="-1")


def _caption(scene: Scene, points: list[Point], found: Roofs | None) -> str:
    graph: Graph = scene.graph
    idle = sum(1 for _ in graph.layers) - len(points)
    moved = sum(sum(point.node.bytes.values()) for point in points)
    rest = (
        f" {idle} layers multiply nothing and are left out; they move "
        f"{percent(1 - moved / graph.memory_access_bytes)} of the bytes."
        if idle
        else ""
    )
    if scene.model.prediction is None:
        return f"Each layer on its own; on a slanted line all move as many bytes.{rest}"
    device = scene.model.prediction.device
    if found is None:
        return f"As predicted on {device}.{rest}"
    return (
        f"As predicted on {device}; the roofs are {count(round(found.work.per_second))} madds and "
        f"{size(round(found.traffic.per_second))} each second.{rest}"
    )


def _legend(kinds: set[str]) -> Markup:
    entries = []
    for kind, shape in KINDS.items():
        if kind in kinds:
            glyph = tag(
                "path", d=SHAPES[shape], class_=f"point {shape}", transform="translate(6 6)"
            )
            swatch = tag("svg", glyph, width=12, height=12, aria_hidden="true")
            entries.append(tag("li", swatch, kind))
    return tag("ul", *entries, class_="legend")
