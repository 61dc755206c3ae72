"""A convolution's input and output widths are far apart.

**Why**

With a = n·h_in·w_in and b = n·h·w elements a channel, a kernel of k taps and g groups, a
convolution does B = b·k·c_in·c_out/g multiply-adds and moves

    a·c_in + b·c_out + B/b elements: what it reads, what it writes, its weights.

Keep B and g. Then c_in·c_out is fixed, the weights are fixed, and the sum of the two maps is
least where they are equal, since (√(a·c_in) − √(b·c_out))² ≥ 0:

    a·c_in + b·c_out + B/b ≥ 2·√(a·b·c_in·c_out) + B/b.

Unstrided, ungrouped and 1×1 this is the paper's MAC ≥ 2·√(hwB) + B/(hw), with equality at
c_in = c_out. The rule divides what a convolution moves by this bound. Where the weights are
few, widths of 1:r move (1 + r)/(2·√r) times the least: 1:2 moves 1.06, 1:4 moves 1.25, 1:6
moves 1.43 and 1:12 moves 1.88; the paper measured 12 %, 41 % and 49 % fewer batches a second
on a GPU for 1:2, 1:6 and 1:12. Weights count on both sides: the deeper the layer, the
smaller the map, the less the widths matter.

Depthwise convolutions have no widths to balance and are not judged. Nor are widths that
nobody chose: those of a first convolution, which reads the image's channels, and of a last
one, which writes the classes.

**Fix**

Bring the widths together: narrow the wider side, widen the narrower, and keep their product,
which keeps the multiply-adds. Bottlenecks of 1:2 stay within the default limit of 1.2, which
widths reach at 1:3.5. Where a map gets smaller on the way, balance what is read against what
is written.

**References**

Ma et al., ShuffleNet V2, ECCV 2018, arXiv 1807.11164: section 2, G1, equation 1, table 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from costmodel.bound import imbalance
from costmodel.frontends.code import Network
from costmodel.graph import Graph
from guidelines.finding import Breach
from guidelines.layers import Layer, chosen
from guidelines.rule import Case, rule


@rule("G101", "unequal-channel-width", max_excess=1.2, widest={"max_excess": 1.0})
def check(graph: Graph, *, max_excess: float) -> Iterator[Breach]:
    """Compare each convolution with the balanced one of the same multiply-adds and groups."""
    for layer in chosen(graph):
        if layer.depthwise:
            continue
        excess = imbalance(layer.conv)
        if excess > max_excess:
            direction = "widening" if layer.conv.c_out > layer.conv.c_in else "narrowing"
            yield Breach(
                nodes=(layer.node.name,),
                kind=direction,
                value=excess,
                bound=max_excess,
                message=f"{layer.text} moves {excess:.2f}× the least that its madds need "
                f"(limit {max_excess:g})",
                remedy=_remedy(layer),
                excess_bytes=round(layer.bytes * (1 - 1 / excess)),
            )


def _remedy(layer: Layer) -> str:
    """The balanced widths: as many elements in as out, at the same product of widths."""
    conv = layer.conv
    shrink = math.sqrt((conv.d * conv.h * conv.w) / (conv.d_in * conv.h_in * conv.w_in))
    width = math.sqrt(conv.c_in * conv.c_out)
    balanced = layer.with_widths(width * shrink, width / shrink, groups=conv.groups)
    return f"balanced, {balanced.c_in}→{balanced.c_out}: {layer.effect(balanced)}"


def cases() -> Iterator[Case]:
    """The rows of the paper's table 1, and what is not judged."""
    for name, c1, c2, breaches in (
        ("table 1, 1:1", 128, 128, 0),
        ("table 1, 1:2", 90, 180, 0),
        ("table 1, 1:6", 52, 312, 20),
        ("table 1, 1:12", 36, 432, 20),
    ):
        yield Case(name, _table_1(c1, c2), breaches)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 224, 224), 64, k=7, stride=2)
    x = net.conv_bn_relu(net.conv_bn_relu(x, 64, k=3), 64, k=3)
    yield Case("the image's channels and the classes", net.graph(net.conv(x, 1000)), 0)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 112, 112), 16, k=3)
    x = net.conv_bn_relu(net.conv_bn_relu(x, 96), 96, k=3, groups=96)
    x = net.conv(net.conv_bn_relu(x, 24), 24, k=3)
    yield Case("an inverted bottleneck, 16→96→24", net.graph(x), 2)


def _table_1(c1: int, c2: int) -> Graph:
    """Ten blocks of two 1×1 convolutions at 56×56, between a stem and a last convolution."""
    net = Network()
    x = net.conv(net.input(3, 56, 56), c1)
    for _ in range(10):
        x = net.conv(net.conv(x, c2), c1)
    return net.graph(net.conv(x, 1))
