"""What each layer takes on a device: predicted time by kind of kernel, multiply-adds beside it."""

from __future__ import annotations

from matplotlib.figure import Figure

from costmodel.device import Device
from costmodel.graph import Graph
from costmodel.timing import predict
from guidelines.pictures import panel
from guidelines.pictures.kernel_class import FILLS, kernel_class
from guidelines.pictures.partition import missing, partition
from guidelines.pictures.style import GREY, Fill, picture

WORK = {"madds": Fill(GREY)}


@picture
def times(graph: Graph, device: Device, *, by: str | None = None, title: str = "") -> Figure:
    """The predicted time of each layer as stacked bars, from the first layer down to the last.

    A kernel counts for the layer that it computes: a ReLU that the runtime joins to a
    convolution takes none, a change of layout is that of the layer whose map is changed.

    Args:
        graph: the network.
        device: what it runs on.
        by: ``layer``, ``op`` or ``scope``; None as for :func:`layers`.
        title: of the network, in place of its file's name.

    Raises:
        ModelError: nothing to draw, or symbols in place of sizes.

    >>> from costmodel.device import load
    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> figure = times(net.graph(net.conv(net.input(3, 8, 8), 4)), load("amd-epyc-zen3"))
    >>> figure.savefig("times.png")  # doctest: +SKIP
    """
    cut = partition(graph, by)
    told = predict(graph, device)
    homes = {node.name: i for i, part in enumerate(cut.parts) for node in part.nodes}
    seconds = {name: [0.0] * len(cut.parts) for name in FILLS}
    for timed in told.kernels:
        seconds[kernel_class(timed, graph)][homes[timed.node]] += timed.seconds
    sums = [sum(row) for row in zip(*seconds.values(), strict=True)]
    rows = [i for i, part in enumerate(cut.parts) if sums[i] or part.unknown]
    if by == "op":
        rows.sort(key=lambda i: -sums[i])
    madds = [cut.parts[i].cost.madds for i in rows]
    figure, (taken, work) = panel.rows([cut.parts[i].name for i in rows], (2, 1))
    panel.unknowns((taken, work), [row for row, i in enumerate(rows) if cut.parts[i].unknown])
    panel.stack(taken, {name: [of[i] for i in rows] for name, of in seconds.items()}, FILLS)
    panel.stack(work, {"madds": madds}, WORK)
    panel.scaled(taken.xaxis, sums, "predicted time", "s")
    panel.scaled(work.xaxis, madds, "madds")
    panel.legend(figure, taken)
    joined = len(cut.parts) - len(rows)
    notes = (
        panel.predicted(told, graph),
        cut.note or panel.thinned(len(rows), "layers, one a row"),
        f"{joined:,} of {len(cut.parts):,} {cut.each}s run in another's kernel and have no row"
        if joined
        else "",
        missing(graph),
    )
    panel.caption(figure, f"Predicted time per {cut.each}: {title or panel.called(graph)}", notes)
    return figure
