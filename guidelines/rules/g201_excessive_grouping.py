"""A convolution has so many groups that its widths outgrow its multiply-adds.

**Why**

Grouping does not raise the traffic of given widths: it lowers it, for the weights shrink.
But a designer who has a budget of multiply-adds spends what groups save on width, and width
is traffic. Write a = n·h_in·w_in, b = n·h·w, k for the taps of the kernel and g for the
groups. At B = b·k·c_in·c_out/g multiply-adds the weights are B/b whatever g is, and the maps
are at least

    2·√(a·b·c_in·c_out) = 2·√(a·g·B/k), which grows with √g.

So the least traffic for B over all widths and groups is that of one group, and what a
convolution moves above it is a product of two factors: its imbalance, which is guideline 1's
(rule G101), and its grouping,

    (2·√(a·b·c_in·c_out) + B/b) / (2·√(a·b·c_in·c_out/g) + B/b),

which this rule judges. It is near √g where the weights are few: for the rows of the paper's
table 2, which hold B while g goes 1, 2, 4, 8 and the width 128, 180, 256, 360, it is 1, 1.41,
1.98 and 2.79, and the paper measured 2451, 1725, 1026 and 634 batches a second on a GPU.

Two groups stay within the default limit of 1.5 at any size. Depthwise convolutions, where
every channel is a group, are another matter: rule G402 looks at those.

**Fix**

Fewer groups on narrower maps: g' groups want the widths times √(g'/g) for the same
multiply-adds. A runtime has its own reasons beside: groups of few channels leave its vector
units empty.

**References**

Ma et al., ShuffleNet V2, ECCV 2018, arXiv 1807.11164: section 2, G2, equation 2, table 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from costmodel.bound import balanced, grouping
from costmodel.frontends.code import Network
from costmodel.graph import Graph
from guidelines.finding import Breach
from guidelines.layers import Layer, chosen
from guidelines.rule import Case, rule


@rule("G201", "excessive-grouping", max_excess=1.5, widest={"max_excess": 1.0})
def check(graph: Graph, *, max_excess: float) -> Iterator[Breach]:
    """Compare each grouped convolution with one group of the same multiply-adds."""
    for layer in chosen(graph):
        if layer.depthwise or layer.conv.groups == 1:
            continue
        excess = grouping(layer.conv)
        if excess > max_excess:
            least = balanced(layer.conv)
            over = (excess - 1) * least / layer.conv.cost.memory_access
            yield Breach(
                nodes=(layer.node.name,),
                kind=layer.kernel,
                value=excess,
                bound=max_excess,
                message=f"{layer.text}: as many madds in 1 group, on narrower maps, "
                f"take {excess:.2f}× less traffic (limit {max_excess:g})",
                remedy=_remedy(layer, max_excess),
                excess_bytes=round(layer.bytes * over),
            )


def _remedy(layer: Layer, max_excess: float) -> str:
    """The most groups that stay within the limit, on widths of the same multiply-adds."""
    conv = layer.conv
    for groups in range(conv.groups - 1, 0, -1):
        if conv.groups % groups:
            continue
        scale = math.sqrt(groups / conv.groups)
        narrower = layer.with_widths(conv.c_in * scale, conv.c_out * scale, groups=groups)
        if groups == 1 or grouping(narrower) <= max_excess:
            break
    count = "1 group" if groups == 1 else f"{groups} groups"
    return f"{count} at {narrower.c_in}→{narrower.c_out}: {layer.effect(narrower)}"


def cases() -> Iterator[Case]:
    """The rows of the paper's table 2, a depthwise convolution, and a shuffled unit."""
    for groups, c, breaches in ((1, 128, 0), (2, 180, 0), (4, 256, 10), (8, 360, 10)):
        net = Network()
        x = net.conv(net.input(3, 56, 56), c)
        for _ in range(10):
            x = net.conv(x, c, groups=groups)
        yield Case(f"table 2, {groups} groups", net.graph(net.conv(x, 1)), breaches)
    net = Network()
    x = net.conv(net.depthwise(net.conv(net.input(3, 56, 56), 64)), 64)
    yield Case("depthwise", net.graph(net.conv(x, 10)), 0)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 240, k=3, stride=2)
    y = net.shuffle(net.conv_bn_relu(x, 60, groups=3), 3)
    y = net.batch_norm(net.conv(net.batch_norm(net.depthwise(y)), 240, groups=3))
    x = net.relu(net.add(x, y))
    yield Case("a ShuffleNet V1 unit of 3 groups", net.graph(net.conv(x, 10)), 2)
