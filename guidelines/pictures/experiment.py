"""Measured experiments: what each row of a table takes, beside the predicted and the paper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from guidelines.measuring.experiments import BLOCK, Column
from guidelines.measuring.trial import Trial
from guidelines.pictures.panel import caption
from guidelines.pictures.style import BLUE, GREEN, GREY, INK, ORANGE, VERMILION, WIDTH, picture

PANEL, KEY = 1.75, 0.4
"""Inches that a row of panels takes, and the key above them."""

MEASURED = ((BLUE, "o"), (VERMILION, "s"))
"""Colour and marker of each runtime."""

PAPER: Mapping[Column, tuple[str, str, str]] = {
    "gpu": ("paper, GTX 1080 Ti", GREEN, "D"), "arm": ("paper, Snapdragon 810", ORANGE, "^")
}  # fmt: skip


@picture
def experiments(trials: Sequence[Trial]) -> Figure:
    """Times the first row's, a panel for each experiment and set of widths.

    Bars about measured points are 95 % intervals; the first row's is against itself, run twice.

    Args:
        trials: of the same runtimes.
    """
    codes = list(dict.fromkeys(trial.plan.experiment.code for trial in trials))
    widths = list(dict.fromkeys(trial.plan.widths for trial in trials))
    figure = Figure(figsize=(WIDTH, PANEL * len(codes) + 1.5), layout="constrained")
    key, *panels = figure.subplots(
        len(codes) + 1, len(widths), squeeze=False, sharey="row",
        height_ratios=[KEY, *[PANEL] * len(codes)],
    )  # fmt: skip
    for axes in (*key, *(axes for row in panels for axes in row)):
        axes.set_axis_off()
    for trial in trials:
        row, column = codes.index(trial.plan.experiment.code), widths.index(trial.plan.widths)
        _panel(panels[row][column], trial)
    handles, labels = panels[0][0].get_legend_handles_labels()
    legend = key[0].legend(handles, labels, loc="upper left", ncols=3, borderaxespad=0)
    legend.set_in_layout(False)
    caption(
        figure,
        "Time, times that of the row that keeps to the guideline",
        (
            f"{_places(trials[0])}. Bars: 95 % intervals. Aligned: channels in multiples of "
            f"{BLOCK}. Paper: ShuffleNet V2, arXiv 1807.11164, tables 1 to 4.",
        ),
    )
    return figure


def _panel(axes: Axes, trial: Trial) -> None:
    rows, first = trial.rows, trial.rows[0]
    places = np.arange(len(rows))
    axes.set_axis_on()
    access = [row.memory_access / first.memory_access for row in rows]
    fused = [row.fused / first.fused for row in rows]
    axes.plot(places, access, color=GREY, label="memory access, predicted")
    axes.plot(places, fused, color=GREY, linestyle=":", label="the same when fused")
    for column, (name, colour, marker) in PAPER.items():
        times = [row.paper[column] for row in rows]
        axes.plot(
            places, times, marker, color=colour, markerfacecolor="none", markersize=4, label=name
        )
    for number, (timed, (colour, marker)) in enumerate(zip(trial.timed, MEASURED, strict=False)):
        found = [timed.noise, *timed.ratios[1:]]
        values = np.array([each.value for each in found])
        lows = values - [each.low for each in found]
        highs = [each.high for each in found] - values
        axes.errorbar(
            places + 0.12 * (number - 0.5), values, np.maximum([lows, highs], 0), fmt=marker,
            color=colour, markersize=3.5, elinewidth=1, capsize=2,
            label=f"{timed.runtime.name}, measured",
        )  # fmt: skip
    axes.axhline(1, color=INK, linewidth=0.6)
    labels = [f"{_broken(row.name)}\n{', '.join(map(str, row.widths))}" for row in rows]
    axes.set_xticks(places, labels)
    axes.tick_params(axis="x", length=0, labelsize=7)
    axes.grid(visible=False, axis="x")
    axes.set_xlim(-0.4, len(rows) - 0.6)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    kind = "aligned widths" if trial.plan.widths == "aligned" else "the paper's widths"
    axes.set_title(f"{trial.plan.experiment.code} {trial.plan.experiment.title}, {kind}")


def _places(trial: Trial) -> str:
    """What ran where."""
    found: dict[str, list[str]] = {}
    for timed in trial.timed:
        origin = timed.runtime.origin
        threads = f"{origin['threads']} thread{'s' * (origin['threads'] != '1')}"
        found.setdefault(f"{origin['processor']}, {threads}", []).append(timed.runtime.name)
    return "; ".join(f"{' and '.join(names)} on {place}" for place, names in found.items())


def _broken(name: str) -> str:
    """The name on several lines where it is long.

    >>> _broken("4-fragment-parallel"), _broken("1:12")
    ('4-fragment\\nparallel', '1:12')
    """
    number, *rest = name.rsplit("-", 1)
    return "\n".join([number, *rest]) if len(name) > 12 else name
