"""A table of the paper against the formula: what is computed on the left, measured on the right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from costmodel.dims import Dim
from costmodel.operators import Conv
from guidelines.pictures.style import BLUE, GREEN, VERMILION, WIDTH
from guidelines.pictures.tables import DEVICES, SCALES, Row

LOOKS = ((BLUE, "o", "-", 7), (VERMILION, "s", "--", 4.5), (GREEN, "^", ":", 3))
"""Colour, marker, line, and the marker's size in points, of each of SCALES."""

Sweep = Callable[[float, "np.ndarray[tuple[int], np.dtype[np.float64]]"], Conv]
"""From a width and an array of settings, the layers: one Conv of arrays."""


def panels(
    table: Mapping[str, Sequence[Row]], setting: Callable[[Row], int], *,
    factor: Callable[[Conv], Dim], sweep: Sweep, tick: Callable[[int], str], name: str, start: str,
    top: float,
) -> tuple[Figure, list[Axes]]:  # fmt: skip
    """A row a device: the formula's curves with the table's rows on them, and the times.

    Args:
        table: rows by device.
        setting: of a row, what is on the axis below.
        factor: how many times the least access a convolution has.
        sweep: the convolutions of a curve.
        tick: how a setting is written.
        name: of the axis below.
        start: what the first setting is called.
        top: end of the axis upwards.

    Returns:
        The figure, and its axes from the upper left to the lower right.
    """
    figure = Figure(figsize=(WIDTH, 5.2), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey=True)
    for (computed, measured), (device, rows) in zip(axes, table.items(), strict=True):
        settings = [setting(row) for row in rows]
        smooth = np.geomspace(settings[0], settings[-1], 100)
        for column, (scale, (colour, marker, line, size)) in enumerate(
            zip(SCALES, LOOKS, strict=True)
        ):
            width = scale * rows[0].c_in
            computed.plot(smooth, factor(sweep(width, smooth)), color=colour, linestyle=line)
            looks = {"color": colour, "marker": marker, "markersize": size}
            points = [factor(row.conv(scale)) for row in rows]
            label = f"×{scale}, {width} channels at {start}"
            computed.plot(settings, points, linestyle="none", label=label, **looks)
            times = [rows[0].speeds[column] / row.speeds[column] for row in rows]
            measured.plot(settings, times, linestyle=line, label=label, **looks)
        computed.set_title(f"{device}: memory access over the least")
        measured.set_title(f"{device}: time over that of {start}, {DEVICES[device]}")
        computed.legend(loc="upper left")
    for each in axes[1]:
        each.set_xscale("log")
        each.xaxis.set_major_locator(FixedLocator(settings))
        each.xaxis.set_minor_locator(NullLocator())
        each.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(round(value))))
        each.set_xlabel(name)
    axes[0, 0].set_ylim(0.9, top)
    axes[0, 0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    return figure, list(axes.flat)


def moved(rows: Sequence[Row]) -> str:
    """What the layers of a table move, exactly."""
    return " / ".join(f"{row.conv().cost.memory_access:,}" for row in rows)
