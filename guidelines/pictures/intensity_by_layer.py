"""How much each layer computes for what it moves."""

from __future__ import annotations

from matplotlib.figure import Figure

from costmodel.errors import ModelError
from costmodel.graph import Graph
from guidelines.pictures import panel
from guidelines.pictures.operator_class import FILLS, MARKERS, operator_class
from guidelines.pictures.partition import MOST, measured, missing
from guidelines.pictures.style import INK, PALE, picture
from guidelines.quantity import percent
from guidelines.report.layers import dims_text


@picture
def intensity(graph: Graph, *, title: str = "") -> Figure:
    """Arithmetic intensity: multiply-adds for each byte moved, layer by layer.

    A device whose arithmetic keeps up with its memory at x multiply-adds a byte waits for
    memory in the layers left of x, and for arithmetic in those to the right of it.

    Args:
        graph: the network.
        title: of the network, in place of its file's name.

    Raises:
        ModelError: no operator that multiplies, or symbols in place of sizes.

    References:
        Williams, Waterman and Patterson, Roofline, Communications of the ACM 52(4), 2009.
    """
    nodes = measured(graph)
    layers = [node for node in nodes if node.cost.madds and node.bytes]
    if not layers:
        raise ModelError("expected an operator that multiplies and adds, found none")
    values = [node.cost.madds / sum(node.bytes.values()) for node in layers]
    figure, (axes,) = panel.rows([f"{node.label} {dims_text(node)}" for node in layers], (1,))
    mean = sum(node.cost.madds for node in nodes) / graph.memory_access_bytes
    panel.logarithmic(axes, [*values, mean], ticks=12)
    if len(layers) <= MOST:
        axes.hlines(range(len(layers)), axes.get_xlim()[0], values, color=PALE, linewidth=0.8)
    axes.axvline(mean, color=INK, linestyle="--", label=f"the network: {mean:.2g}")
    found = [operator_class(node) for node in layers]
    for name in FILLS:
        where = [i for i, each in enumerate(found) if each == name]
        if where:
            marker = MARKERS.get(name, "X")
            panel.points(axes, [values[i] for i in where], where, marker, FILLS[name].colour, name)
    axes.set_xlabel("madds for each byte moved")
    panel.legend(figure, axes)
    idle = len(nodes) - len(layers)
    others = 1 - sum(sum(node.bytes.values()) for node in layers) / graph.memory_access_bytes
    notes = (
        f"{idle:,} of {len(nodes):,} nodes multiply nothing and are left out; they move "
        f"{percent(others)} of the bytes"
        if idle
        else "",
        panel.thinned(len(layers), "layers, one a row"),
        missing(graph),
    )
    panel.caption(
        figure, f"Arithmetic intensity of each layer: {title or panel.called(graph)}", notes
    )
    return figure
