"""Which class of operators does the work, and which moves the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import PercentFormatter

from costmodel.errors import ModelError
from costmodel.fusion import GENERIC, kernels
from costmodel.graph import Graph, Node
from guidelines.pictures.labels import shown
from guidelines.pictures.operator_class import FILLS, operator_class
from guidelines.pictures.panel import called, caption
from guidelines.pictures.partition import MOST, measured, missing
from guidelines.pictures.style import INK, WIDTH, picture

Amounts = dict[str, float]
"""Something counted, by class of operator."""

NARROWEST = 0.055
"""Share of the width that a figure fits into."""


@picture
def classes(*graphs: Graph, titles: Sequence[str] = ()) -> Figure:
    """Shares of the multiply-adds, of the memory access, and of what is left of it when fused.

    As the paper's figure 2 shows time, this shows traffic: convolutions do nearly all of the
    arithmetic, but much is moved by operators that compute next to nothing (guideline 4). A
    fused kernel counts as the operator in it that multiplies.

    Args:
        graphs: networks, one below the other.
        titles: of the networks, in place of their files' names.

    Raises:
        ModelError: nothing to draw, or symbols in place of sizes.

    References:
        Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, figure 2; G4.
    """
    if not 1 <= len(graphs) <= MOST:
        raise ModelError(f"expected 1 to {MOST} networks in a picture, found {len(graphs):,}")
    figure = Figure(figsize=(WIDTH, 0.85 * len(graphs) + 1.3), layout="constrained")
    every = figure.subplots(len(graphs), 1, sharex=True, squeeze=False)[:, 0]
    names = [*titles, *(called(graph) for graph in graphs[len(titles) :])]
    found: set[str] = set()
    for axes, graph, name in zip(every, graphs, names, strict=True):
        bars = (_madds(graph), _moved(graph), _fused(graph))
        found.update(each for bar in bars for each in bar)
        _draw(axes, bars)
        told = [shown(name, 40), *filter(None, [missing(graph)])]
        axes.set_title(shown(" · ".join(told), 88), fontweight="bold")
    every[-1].set_xlabel("share, by class of operator")
    keys = [
        Patch(facecolor=colour, hatch=hatch, edgecolor=INK, linewidth=0.4, label=name)
        for name, (colour, hatch) in FILLS.items()
        if name in found
    ]
    figure.legend(handles=keys, loc="outside lower left", ncols=5)
    caption(figure, "Who computes, and who moves")
    return figure


def _draw(axes: Axes, bars: Sequence[Amounts]) -> None:
    """A bar each of madds, memory access and fused memory access, and figures in it."""
    ends = [0.0] * len(bars)
    for name, (colour, hatch) in FILLS.items():
        shares = [bar.get(name, 0.0) / (sum(bar.values()) or 1.0) for bar in bars]
        if not any(shares):
            continue
        axes.barh(
            range(len(bars)), shares, left=ends, height=0.8, color=colour, hatch=hatch,
            edgecolor=INK, linewidth=0.4, label=name,
        )  # fmt: skip
        for row, (start, share) in enumerate(zip(ends, shares, strict=True)):
            if share >= NARROWEST:
                dark = sum(to_rgb(colour)) < 1.4
                axes.text(
                    start + share / 2, row, f"{share:.0%}", ha="center", va="center",
                    color="white" if dark else "black",
                    bbox={"facecolor": colour, "linewidth": 0, "pad": 1} if hatch else None,
                )  # fmt: skip
        ends = [end + share for end, share in zip(ends, shares, strict=True)]
    axes.set_yticks(range(len(bars)), ["madds", "memory access", "… when fused"])
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)
    axes.xaxis.set_major_formatter(PercentFormatter(1))


def _madds(graph: Graph) -> Amounts:
    return _summed((node, node.cost.madds) for node in measured(graph))


def _moved(graph: Graph) -> Amounts:
    return _summed((node, sum(node.bytes.values())) for node in graph.layers)


def _fused(graph: Graph) -> Amounts:
    """Bytes of each kernel, under the operator in it that multiplies, else the first that moves."""
    amounts = []
    for kernel in kernels(graph, GENERIC):
        nodes = [graph.node(name) for name in kernel.nodes]
        moving = [node for node in nodes if node.bytes] or nodes
        speaker = next((node for node in moving if node.cost.madds), moving[0])
        amounts.append((speaker, kernel.bytes))
    return _summed(amounts)


def _summed(amounts: Iterable[tuple[Node, float]]) -> Amounts:
    found: Amounts = {}
    for node, amount in amounts:
        if amount:
            name = operator_class(node)
            found[name] = found.get(name, 0.0) + amount
    return found
