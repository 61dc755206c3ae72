"""What the pictures of a network share: rows of bars from the first layer down to the last."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import blended_transform_factory

from costmodel.graph import Graph
from costmodel.timing import Prediction
from guidelines.pictures.labels import column, shown
from guidelines.pictures.partition import MOST
from guidelines.pictures.style import GREY, INK, WIDTH, Fill
from guidelines.quantity import count, duration

ROW, THIN_ROW = 0.19, 0.13
"""Inches that a row takes, and where there are many of them; a name needs the second."""

AROUND = 1.1
"""Inches above and below the rows."""

LETTERS, KEY, TITLE, NOTE = 32, 100, 70, 108
"""Characters that there is room for: beside a bar, in the key, in a line above and in one below."""


def called(graph: Graph) -> str:
    """What to call a network above its picture."""
    return Path(graph.path).name or "network"


def rows(names: Sequence[str], columns: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """An empty figure with a row a name, and columns of these widths that share the rows.

    There is room for MOST names; of more, every second, third or n-th is written.
    """
    step = -(-len(names) // MOST)
    height = len(names[::step]) * (ROW if len(names) <= MOST // 2 else THIN_ROW)
    figure = Figure(figsize=(WIDTH, height + AROUND), layout="constrained")
    found = figure.subplots(1, len(columns), sharey=True, squeeze=False, width_ratios=columns)
    axes = list(found[0])
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    axes[0].set_yticks(range(0, len(names), step), column(names[::step], LETTERS))
    for each in axes:
        each.tick_params(axis="y", length=0)
        each.grid(visible=False, axis="y")
    return figure, axes


def thinned(names: int, what: str) -> str:
    """What to say of rows without a name; "" where each has one."""
    step = -(-names // MOST)
    return f"{names:,} {what}; one name in {step} is written" if step > 1 else ""


def stack(axes: Axes, values: Mapping[str, Sequence[float]], fills: Mapping[str, Fill]) -> None:
    """Bars of several parts, from the left; without gaps where there are more than MOST."""
    ends = [0.0] * len(next(iter(values.values())))
    for name, lengths in values.items():
        if not any(lengths):
            continue
        starts, ends = ends, [end + length for end, length in zip(ends, lengths, strict=True)]
        colour, hatch = fills[name]
        if len(ends) <= MOST:
            axes.barh(
                range(len(ends)), lengths, left=starts, height=0.76, label=name,
                color=colour, hatch=hatch, edgecolor=INK, linewidth=0.4,
            )  # fmt: skip
        else:
            axes.stairs(
                ends, [i - 0.5 for i in range(len(ends) + 1)], baseline=starts, label=name,
                orientation="horizontal", fill=True, color=colour, linewidth=0,
            )  # fmt: skip
    axes.set_xlim(0, 1.04 * max(*ends, 1e-9))


def points(
    axes: Axes, values: Sequence[float], where: Sequence[int], marker: str, colour: str, name: str
) -> None:  # fmt: skip
    """A point in each of these rows, smaller where there are many rows."""
    many = axes.get_ylim()[0] > MOST
    line = axes.plot(
        values, where, linestyle="none", marker=marker, markersize=3 if many else 5, color=colour,
        markeredgecolor=INK, markeredgewidth=0 if many else 0.4, clip_on=False, label=name,
    )[0]  # fmt: skip
    line.set_in_layout(False)


def unknowns(axes: Sequence[Axes], where: Sequence[int]) -> None:
    """Mark the rows whose cost is not, or not all, known."""
    for each in axes:
        if where:
            each.barh(
                where, 1, height=1, transform=each.get_yaxis_transform(), zorder=0.5,
                color="#FFFFFF", hatch="////", edgecolor=GREY, linewidth=0,
                label="unknown, at least in part",
            )  # fmt: skip


def legend(figure: Figure, axes: Axes) -> None:
    """The key, above the axes and not in the data's way, from the figure's left edge."""
    handles, names = axes.get_legend_handles_labels()
    if not names:
        return
    lines = -(-sum(len(name) + 6 for name in names) // KEY)
    key = axes.legend(
        handles, names, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.6,
        bbox_transform=blended_transform_factory(figure.transFigure, axes.transAxes),
        ncols=-(-len(names) // lines),
    )  # fmt: skip
    key.set_in_layout(False)  # its width is not to press the axes together; its height counts:
    axes.set_title("\n".join([" "] * lines), pad=9)


def caption(figure: Figure, title: str, notes: Sequence[str] = ()) -> None:
    """What stands above the picture, and what below it."""
    above = textwrap.wrap(shown(title, 2 * TITLE), TITLE)
    figure.suptitle("\n".join(above), x=0.01, ha="left")
    lines = [line for note in notes if note for line in textwrap.wrap(shown(note, 400), NOTE)]
    if lines:
        figure.supxlabel("\n".join(lines), x=0.01, ha="left", color="#555555", size=8)


def scaled(axis: Axis, values: Sequence[float], quantity: str, unit: str = "") -> None:
    """Ticks in thousands, millions and so on; the quantity and its unit below them."""
    largest = max(values)
    power, prefix = next((each for each in _PREFIXES if largest >= 10.0 ** each[0]), (0, ""))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10.0**power:,g}"))
    told = f"{prefix}{unit}" if len(unit) == 1 else f"{prefix} {unit}".strip()  # ms, M elements
    axis.set_label_text(", ".join(filter(None, (quantity, told))))


def total(values: Sequence[float], *, least: bool) -> str:
    """The sum as people read it; marked where it is a lower bound."""
    return f"{'≥ ' if least else ''}{count(int(sum(values)))}"


def predicted(told: Prediction, graph: Graph) -> str:
    """What a network takes in all, and where."""
    sign = "≥ " if graph.unknown else ""
    return (
        f"in all {sign}{duration(told.seconds)} predicted on one thread of {told.device}, in 9 of "
        f"10 cases {duration(told.low)} to {duration(told.high)}"
    )


def logarithmic(axes: Axes, values: Sequence[float], *, ticks: int) -> None:
    """A logarithmic axis below, with plain numbers on it, but not more than there is room for."""
    first, last = min(values), max(values)
    margin = 1.03 * (last / first) ** 0.03
    axes.set_xscale("log")
    axes.set_xlim(first / margin, last * margin)
    plain(axes.xaxis, ticks=ticks)


def plain(axis: Axis, *, ticks: int, unit: float = 1.0) -> None:
    """Plain numbers on a logarithmic axis, in this unit, as many as there is room for."""
    first, last = axis.get_view_interval()
    locators = [LogLocator(subs=steps) for steps in _STEPS]
    found = [
        sum(first <= value <= last for value in locator.tick_values(first, last))
        for locator in locators
    ]
    best = max(range(len(found)), key=lambda i: (found[i] <= ticks, found[i]))
    axis.set_major_locator(locators[best])
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / unit:,g}"))


_STEPS = ((1, 1.1, 1.2, 1.3, 1.5, 1.7, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 3, 5, 7), (1, 2, 5), (1,))
"""Of each power of ten, what can stand on the axis."""

_PREFIXES = (
    (15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k"), (0, ""), (-3, "m"), (-6, "µ"),
)  # fmt: skip
