"""What each layer costs: memory access by what is moved, multiply-adds beside it."""

from __future__ import annotations

from matplotlib.figure import Figure

from costmodel.graph import Graph
from guidelines.pictures import panel
from guidelines.pictures.partition import missing, partition
from guidelines.pictures.style import BLUE, ORANGE, SKY, YELLOW, Fill, picture

FILLS = {
    "weights": Fill(BLUE), "reads": Fill(ORANGE), "writes": Fill(YELLOW), "madds": Fill(SKY)
}  # fmt: skip


@picture
def layers(graph: Graph, *, by: str | None = None, title: str = "") -> Figure:
    """The cost of each layer as stacked bars, from the first layer down to the last.

    Memory access is the paper's: weights read, activations read and activations written, in
    elements, by every operator on its own.

    Args:
        graph: the network.
        by: ``layer``, ``op`` or ``scope``; None for layers where there is room for them, else
            for modules, blocks or runs, of which the picture says how much they stand for.
        title: of the network, in place of its file's name.

    Raises:
        ModelError: nothing to draw, or symbols in place of sizes.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> figure = layers(net.graph(net.conv(net.input(3, 8, 8), 4)))
    >>> figure.savefig("layers.png")  # doctest: +SKIP

    References:
        Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, G1: memory access cost.
    """
    cut = partition(graph, by)
    costs = [part.cost for part in cut.parts]
    accesses, madds = [cost.memory_access for cost in costs], [cost.madds for cost in costs]
    figure, (traffic, work) = panel.rows([part.name for part in cut.parts], (2, 1))
    panel.unknowns((traffic, work), [i for i, part in enumerate(cut.parts) if part.unknown])
    moved = {
        "weights": [cost.weight_reads for cost in costs],
        "reads": [cost.reads for cost in costs],
        "writes": [cost.writes for cost in costs],
    }
    panel.stack(traffic, moved, FILLS)
    panel.stack(work, {"madds": madds}, FILLS)
    panel.scaled(traffic.xaxis, accesses, "memory access", "elements")
    panel.scaled(work.xaxis, madds, "madds")
    panel.legend(figure, traffic)
    least = bool(graph.unknown)
    notes = (
        f"in all {panel.total(accesses, least=least)} elements moved, "
        f"{panel.total(madds, least=least)} madds",
        cut.note or panel.thinned(len(costs), "layers, one a row"),
        missing(graph),
    )
    panel.caption(figure, f"Cost per {cut.each}: {title or panel.called(graph)}", notes)
    return figure
