"""Memory access of each convolution against the least that its multiply-adds need."""

from __future__ import annotations

from matplotlib.figure import Figure

from costmodel.bound import balanced, grouping, imbalance
from costmodel.errors import ModelError
from costmodel.graph import Graph
from guidelines.layers import convolutions
from guidelines.pictures import panel
from guidelines.pictures.partition import measured, missing
from guidelines.pictures.style import BLUE, GREEN, ORANGE, Fill, picture
from guidelines.quantity import count, percent
from guidelines.report.layers import dims_text

LEAST, GROUPS, WIDTHS = "the least for its madds", "+ for its groups", "+ for its widths"
FILLS = {LEAST: Fill(BLUE), GROUPS: Fill(GREEN, "////"), WIDTHS: Fill(ORANGE)}


@picture
def against_bound(graph: Graph, *, title: str = "") -> Figure:
    """What each convolution moves, and how that comes: the least, for its groups, for its widths.

    The parts add up to the memory access: the least of all has one group and balanced widths;
    balanced widths at its own groups move ``grouping`` times as much (guideline 2), its own
    widths ``imbalance`` times that (guideline 1).

    Args:
        graph: the network.
        title: of the network, in place of its file's name.

    Raises:
        ModelError: no convolution, or symbols in place of sizes.

    References:
        Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, equations 1 and 2.
    """
    measured(graph)
    layers = list(convolutions(graph))
    if not layers:
        raise ModelError("expected a convolution of known size, found none")
    figure, (access, factor) = panel.rows(
        [f"{layer.node.label} {dims_text(layer.node)}" for layer in layers], (2, 1)
    )
    least = [layer.node.times * balanced(layer.conv) for layer in layers]
    grouped = [grouping(layer.conv) for layer in layers]
    uneven = [imbalance(layer.conv) for layer in layers]
    own = [b * g for b, g in zip(least, grouped, strict=True)]
    moved = [layer.node.times * layer.conv.cost.memory_access for layer in layers]
    parts = {
        LEAST: least,
        GROUPS: [o - b for o, b in zip(own, least, strict=True)],
        WIDTHS: [max(0.0, m - o) for m, o in zip(moved, own, strict=True)],
    }
    panel.stack(access, parts, FILLS)
    panel.scaled(access.xaxis, moved, "memory access", "elements")
    split = [i for i, layer in enumerate(layers) if layer.conv.groups > 1]
    panel.points(factor, [grouped[i] for i in split], split, "^", GREEN, GROUPS)
    panel.points(factor, uneven, range(len(layers)), "o", ORANGE, WIDTHS)
    panel.logarithmic(factor, [1.0, *grouped, *uneven], ticks=5)
    factor.set_xlabel("factor: ▲ groups, ● widths", loc="right")
    panel.legend(figure, access)
    notes = (
        f"{len(layers):,} of {len(graph):,} nodes are convolutions of known size; they move "
        f"{count(sum(moved))} elements, {percent(sum(moved) / sum(least) - 1)} above the least",
        panel.thinned(len(layers), "convolutions, one a row"),
        missing(graph),
    )
    panel.caption(
        figure, f"Memory access of each convolution: {title or panel.called(graph)}", notes
    )
    return figure
