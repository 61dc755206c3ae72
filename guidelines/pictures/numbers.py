"""Numbers beside points, for what is told of them below the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.transforms import Bbox

HALF = 5.0
"""Points (1/72 inch) from the middle of a number to its edge."""

AROUND = ((0, 1), (1, 0), (0, -1), (-1, 0), (0.8, 0.8), (0.8, -0.8), (-0.8, -0.8), (-0.8, 0.8))
"""Directions in which a number may stand, best first."""

STEPS = 4
"""How far off it may stand, in its own widths; a line leads there from the second step on."""

COVERING = 4
"""Steps that are worth going so that a number does not cover a marker."""


class Marker(NamedTuple):
    """Where a point is, in the data's units, and how large: half its width in points."""

    x: float
    y: float
    half: float


def numbered(
    figure: Figure, axes: Axes, markers: Sequence[Marker], among: Sequence[Marker]
) -> None:
    """Number some markers from 1, clear of all writing and of other markers where that can be.

    Args:
        figure: complete but for the numbers; it is laid out.
        axes: where the markers are.
        markers: those that get a number.
        among: all that there are.
    """
    figure.draw_without_rendering()
    scale = figure.dpi / 72
    points = [_box(*_pixels(axes, each), each.half * scale) for each in among]
    written = [text.get_window_extent() for text in axes.texts]
    for number, marker in enumerate(markers, 1):
        x, y = _pixels(axes, marker)
        boxes = {
            (step, right, up): _box(x + right * scale, y + up * scale, HALF * scale)
            for step, right, up in _places(marker)
        }
        costs = {
            place: (
                sum(not axes.bbox.contains(*corner) for corner in box.corners())
                + box.count_overlaps(written),
                place[0] + COVERING * sum(_shared(box, point) for point in points),
            )
            for place, box in boxes.items()
        }
        best = min(costs, key=costs.__getitem__)
        step, right, up = best
        written.append(boxes[best])
        at, away = (marker.x, marker.y), (right, up)
        if step:
            axes.annotate(
                "", at, away, textcoords="offset points", zorder=4,
                arrowprops={"arrowstyle": "-", "linewidth": 0.5, "shrinkA": HALF, "shrinkB": 0},
            ).set_in_layout(False)  # fmt: skip
        axes.annotate(
            str(number), at, away, textcoords="offset points", ha="center", va="center",
            fontweight="bold", zorder=4,
            path_effects=[withStroke(linewidth=2, foreground="white")],
        ).set_in_layout(False)  # fmt: skip


def _places(marker: Marker) -> Iterator[tuple[int, float, float]]:
    """Where its number may stand, best first: steps away, points to the right, points up."""
    for step in range(STEPS):
        away = marker.half + HALF * (1 + 2 * step)
        for right, up in AROUND:
            yield step, right * away, up * away


def _pixels(axes: Axes, marker: Marker) -> tuple[float, float]:
    x, y = axes.transData.transform((marker.x, marker.y))
    return float(x), float(y)


def _shared(box: Bbox, other: Bbox) -> float:
    """The share of the box that the other covers."""
    both = Bbox.intersection(box, other)
    return 0.0 if both is None else float(both.width * both.height / (box.width * box.height))


def _box(x: float, y: float, half: float) -> Bbox:
    return Bbox.from_extents(x - half, y - half, x + half, y + half)
