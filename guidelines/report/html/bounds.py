"""The bound chart: what each convolution moves against the least that its madds need."""

from __future__ import annotations

from typing import NamedTuple

from costmodel.bound import balanced, grouping, imbalance
from guidelines.layers import Layer, convolutions
from guidelines.quantity import count, percent
from guidelines.report.html.network import Scene
from guidelines.report.html.tags import Markup, join, tag
from guidelines.report.layers import dims_text
from guidelines.report.table import shorten

MOST = 16
"""Bars."""

ACROSS, ROW, LEFT, RIGHT = 640, 20, 220, 58
"""Width, height of a bar with its space, and margins, in pixels."""

PARTS = {
    "least": "the least for its madds", "groups": "+ for its groups", "widths": "+ for its widths",
}  # fmt: skip


class Bar(NamedTuple):
    """Elements: the least of all, at its own groups, and as it is."""

    layer: Layer
    least: float
    grouped: float
    moved: float
    factor: float


def bounds(scene: Scene) -> Markup | None:
    """The chart with its legend; None without a convolution."""
    bars = [_bar(layer) for layer in convolutions(scene.graph)]
    if not bars:
        return None
    shown = sorted(bars, key=lambda bar: bar.least - bar.moved)[:MOST]
    longest = max(bar.moved for bar in shown)
    high = ROW * len(shown) + 4
    above = sum(bar.moved for bar in bars) / sum(bar.least for bar in bars) - 1
    which = (
        f"The {MOST} of {len(bars)} convolutions with most to lose" if len(bars) > MOST
        else f"{len(bars)} convolution{'' if len(bars) == 1 else 's'}, most to lose first"
    )  # fmt: skip
    told = f"{which}; all together move {percent(above)} above the least."
    drawn = join(_drawn(scene, bar, i * ROW, longest) for i, bar in enumerate(shown))
    summary = ". ".join(
        [told, *(f"{bar.layer.node.label}: {_factor(bar)} times the least" for bar in shown[:5])]
    )
    chart = tag("svg", drawn, viewBox=f"0 0 {ACROSS} {high}", role="img", aria_label=summary)
    return tag(
        "figure",
        tag("figcaption", tag("strong", "Memory access against the bound"), " ", told),
        tag("div", chart, class_="chart"),
        tag("ul", *(
            tag("li", tag("svg", tag("rect", width=12, height=12, class_=f"bar {part}"), width=12,
                          height=12, aria_hidden="true"), text)
            for part, text in PARTS.items()
        ), class_="legend"),
    )  # fmt: skip


def _bar(layer: Layer) -> Bar:
    conv = layer.conv
    least = float(layer.node.times * balanced(conv))
    grouped = least * float(grouping(conv))
    return Bar(
        layer, least, grouped, float(layer.node.times * conv.cost.memory_access),
        float(imbalance(conv) * grouping(conv)),
    )  # fmt: skip


def _factor(bar: Bar) -> str:
    return f"{bar.factor:.2f}×" if bar.factor < 9.995 else f"{bar.factor:.1f}×"


def _drawn(scene: Scene, bar: Bar, y: int, longest: float) -> Markup:
    def wide(value: float) -> float:
        return max(0.0, value) / longest * (ACROSS - LEFT - RIGHT)

    rects, x = [], float(LEFT)
    for part, amount in zip(
        PARTS, (bar.least, bar.grouped - bar.least, bar.moved - bar.grouped), strict=True
    ):
        if wide(amount) >= 0.5:
            rects.append(
                tag("rect", x=x, y=y + 3, width=wide(amount), height=ROW - 6, class_=f"bar {part}")
            )
            x += wide(amount)
    node = bar.layer.node
    dims = dims_text(node)
    title = f"{node.label} {dims}: {count(round(bar.moved))} elements, {_factor(bar)} the least"
    return tag(
        "a", tag("title", title),
        tag("text", shorten(node.label, 30 - len(dims)), tag("tspan", f" {dims}", class_="dims"),
            x=LEFT - 8, y=y + 14, class_="y"),
        *rects,
        tag("text", _factor(bar), x=x + 6, y=y + 14, class_="factor"),
        href=f"#{scene.leaf(node.name)}", tabindex="-1",
    )  # fmt: skip
