"""Each kernel of a network under the roofs of a device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from costmodel.device import Device
from costmodel.errors import ModelError
from costmodel.graph import Graph
from costmodel.roofs import Roofs, roofs
from costmodel.timing import Prediction, Timed, predict
from guidelines.pictures import panel
from guidelines.pictures.kernel_class import FILLS, MARKERS, kernel_class
from guidelines.pictures.labels import shown
from guidelines.pictures.numbers import Marker, numbered
from guidelines.pictures.partition import measured, missing
from guidelines.pictures.style import INK, WIDTH, picture
from guidelines.quantity import count, percent, size
from guidelines.report.layers import dims_text

NAMED = 6
"""Points that are named, those that take longest."""

AREA, LEAST, MOST_AREA = 2500.0, 9.0, 900.0
"""Square points (1/72 inch) of a marker that stands for all of the time, and their limits."""

LETTERS = 46
"""Characters that there is room for in a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Kernels that are the same to the roofs.

    Args:
        kind: the class of the kernels.
        intensity: flops a byte.
        rate: flops a second.
        share: of the network's time, all of them together.
        kernels: in order of execution.
    """

    kind: str
    intensity: float
    rate: float
    share: float
    kernels: tuple[Timed, ...]

    @property
    def area(self) -> float:
        """Of its marker."""
        return min(max(LEAST, AREA * self.share), MOST_AREA)

    @property
    def marker(self) -> Marker:
        """Where it is drawn."""
        return Marker(self.intensity, self.rate, self.area**0.5 / 2)


@picture
def roofline(graph: Graph, device: Device, *, title: str = "") -> Figure:
    """Flops a second against flops a byte of each kernel, as the device's profile predicts.

    Kernels that come to lie on each other are one point. Its area is their share of the time; the
    largest are named. The roofs are those of :mod:`costmodel.roofs`: the fastest that any kind of
    kernel multiplies, and copies, by the profile's rates.

    Args:
        graph: the network.
        device: what it runs on.
        title: of the network, in place of its file's name.

    Raises:
        ModelError: nothing that computes, symbols in place of sizes, or a profile without roofs.

    >>> from costmodel.device import load
    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> figure = roofline(net.graph(net.conv(net.input(3, 8, 8), 4)), load("amd-epyc-zen3"))
    >>> figure.savefig("roofline.png")  # doctest: +SKIP

    References:
        Williams, Waterman and Patterson, Roofline, Communications of the ACM 52(4), 2009.
    """
    measured(graph)
    bounds, told = roofs(device), predict(graph, device)
    found = _points(graph, told)
    if not found:
        raise ModelError("expected a kernel that computes, found none")
    figure = Figure(figsize=(WIDTH, 5.6), layout="constrained")
    axes = figure.subplots()
    whole = _whole(graph, told)
    _scale(axes, found, bounds)
    _roofs(axes, bounds)
    _draw(axes, found)
    axes.plot(
        *whole, linestyle="none", marker="*", markersize=11, color="white", markeredgecolor=INK,
        zorder=3, label="the network",
    )  # fmt: skip
    axes.set_xlabel("flops for each byte moved")
    axes.set_ylabel("predicted, GFLOP/s")
    panel.legend(figure, axes)
    slowest = sorted(found, key=lambda point: -point.share)[:NAMED]
    panel.caption(
        figure,
        f"Under the roofs of {device.name}: {title or panel.called(graph)}",
        (
            panel.predicted(told, graph),
            "area: share of that time; the largest are",
            *(f"{i}  {_told(point, graph)}" for i, point in enumerate(slowest, 1)),
            _idle(graph, told),
            "roofs: the most madds (2 flops each) and bytes a second that the profile's rates give "
            "any kernel",
            missing(graph),
        ),
    )
    numbered(figure, axes, [p.marker for p in slowest], [p.marker for p in found])
    return figure


def _points(graph: Graph, told: Prediction) -> list[Point]:
    """The points, those of kernels that compute nothing left out."""
    groups: dict[tuple[str, str, str], list[Timed]] = {}
    flops = _flops(graph, told)
    for timed, work in zip(told.kernels, flops, strict=True):
        if work and timed.kernel.bytes and timed.seconds:
            at = (f"{work / timed.kernel.bytes:.3g}", f"{work / timed.seconds:.3g}")
            groups.setdefault((kernel_class(timed, graph), *at), []).append(timed)
    return [
        Point(
            kind=kind, intensity=float(intensity), rate=float(rate), kernels=tuple(kernels),
            share=sum(timed.seconds for timed in kernels) / told.seconds,
        )
        for (kind, intensity, rate), kernels in groups.items()
    ]  # fmt: skip


def _flops(graph: Graph, told: Prediction) -> list[float]:
    """Of each kernel; what a runtime spells out in several kernels is shared among them."""
    stands = Counter(name for timed in told.kernels for name in timed.kernel.nodes)
    return [
        sum(float(graph.node(name).cost.flops) / stands[name] for name in timed.kernel.nodes)
        for timed in told.kernels
    ]


def _whole(graph: Graph, told: Prediction) -> tuple[list[float], list[float]]:
    flops = float(graph.cost.flops)
    moved = float(sum(timed.kernel.bytes for timed in told.kernels))
    return [flops / moved], [flops / told.seconds]


def _scale(axes: Axes, found: Sequence[Point], bounds: Roofs) -> None:
    """Logarithmic axes, with room left of the roofs' corner for what is written there."""
    top = 2 * bounds.work.per_second
    corner = top / bounds.traffic.per_second
    last = 1.5 * max(10 * corner, *(point.intensity for point in found))
    first = min((corner / (last / corner) ** 0.6), *(point.intensity / 1.5 for point in found))
    panel.logarithmic(axes, [first, last], ticks=12)
    lowest = min(top / 30, *(point.rate / 1.5 for point in found))
    axes.set_yscale("log")
    axes.set_ylim(lowest, 2 * top)
    panel.plain(axes.yaxis, ticks=10, unit=1e9)


def _roofs(axes: Axes, bounds: Roofs) -> None:
    work, traffic = 2 * bounds.work.per_second, bounds.traffic.per_second
    corner = work / traffic
    first, last = axes.get_xlim()
    axes.plot([first, corner, last], [first * traffic, work, work], color=INK, zorder=1)
    for roof, (text, at) in {
        bounds.work: (f"{count(work)}FLOP/s", (corner, work)),
        bounds.traffic: (f"{size(traffic)}/s", (corner / 1.2, work / 1.2)),
    }.items():
        axes.annotate(
            f"{text}: {shown(roof.kind, 30)}", at, (0 if roof is bounds.work else -4, 3),
            textcoords="offset points", ha="left" if roof is bounds.work else "right",
            va="bottom", color=INK,
        )  # fmt: skip


def _draw(axes: Axes, found: Sequence[Point]) -> None:
    """The points, small ones on top of large ones."""
    for name in (name for name in FILLS if any(point.kind == name for point in found)):
        axes.plot(
            [], [], linestyle="none", marker=MARKERS[name], color=FILLS[name].colour,
            markeredgecolor=INK, markeredgewidth=0.4, label=name,
        )  # fmt: skip
    for order, point in enumerate(sorted(found, key=lambda point: -point.area)):
        axes.scatter(
            [point.intensity], [point.rate], s=point.area, marker=MARKERS[point.kind],
            color=FILLS[point.kind].colour, edgecolor=INK, linewidth=0.4,
            zorder=2 + order / len(found) / 2,
        )  # fmt: skip


def _told(point: Point, graph: Graph) -> str:
    """What a named point stands for."""
    heads = [graph.node(timed.kernel.head) for timed in point.kernels]
    first = f"{heads[0].label} {heads[0].op_type} {dims_text(heads[0])}".rstrip()
    more = f" and {len(heads) - 1} more" if len(heads) > 1 else ""
    return (
        f"{shown(first, LETTERS)}{more}: {percent(point.share)} of the time, at "
        f"{count(point.rate)}FLOP/s"
    )


def _idle(graph: Graph, told: Prediction) -> str:
    """What has no place because it computes nothing."""
    idle = [
        timed.seconds
        for timed, work in zip(told.kernels, _flops(graph, told), strict=True)
        if not work
    ]
    if not idle:
        return ""
    return (
        f"without a place, as they compute nothing: {len(idle):,} of {len(told.kernels):,} "
        f"kernels, {percent(sum(idle) / told.seconds)} of the time"
    )
