"""NASNet-A."""

from __future__ import annotations

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from costmodel.networks.ends import classify

CELLS, CHANNELS = 4, 44
"""The paper's 4 @ 1056: normal cells a stage, and their channels in the first, 1056 / 24."""


def nasnet_a(*, resolution: int = 224, classes: int = 1000) -> Graph:
    """NASNet-A (4 @ 1056), the mobile one: Zoph et al., arXiv 1707.07012, figures 2 and 4.

    What the figures leave open is as in the authors' code: the stem, and how a cell's inputs come
    to its width. The auxiliary classifier, which only training needs, is not there.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    plan = [("stem0", _reduction, CHANNELS // 4), ("stem1", _reduction, CHANNELS // 2)]
    for stage in range(3):
        if stage:
            plan.append((f"reduction{stage}", _reduction, CHANNELS << stage))
        plan += [(f"cell{stage * CELLS + i}", _normal, CHANNELS << stage) for i in range(CELLS)]
    net = Network()
    with net.scope("stem"):
        x = net.conv(net.input(3, resolution, resolution), 32, k=3, stride=2, pad=0)
        x = net.batch_norm(x)
    before: Value | None = None
    for name, cell, c in plan:
        with net.scope(name):
            before, x = x, cell(net, x, before, c)
    return classify(net, net.relu(x), classes)


def _normal(net: Network, x: Value, before: Value | None, c: int) -> Value:
    """Figure 4, left: five sums of what the last two cells gave."""
    h, g = _narrowed(net, x, c), _fitted(net, before, x, c)

    def mean(y: Value) -> Value:
        return net.pool(y, "AveragePool", stride=1)

    return net.concat(
        g,
        net.add(_separable(net, h, c, 5), _separable(net, g, c, 3)),
        net.add(_separable(net, g, c, 5), _separable(net, g, c, 3)),
        net.add(mean(h), g),
        net.add(mean(g), mean(g)),
        net.add(_separable(net, h, c, 3), h),
    )


def _reduction(net: Network, x: Value, before: Value | None, c: int) -> Value:
    """Figure 4, right: three sums that halve the map, and two with the first of these."""
    h, g = _narrowed(net, x, c), _fitted(net, before, x, c)
    first = net.add(_separable(net, h, c, 5, 2), _separable(net, g, c, 7, 2))
    second = net.add(net.pool(h), _separable(net, g, c, 7, 2))
    third = net.add(net.pool(h, "AveragePool"), _separable(net, g, c, 5, 2))
    fourth = net.add(net.pool(first, "AveragePool", stride=1), second)
    fifth = net.add(_separable(net, first, c, 3), net.pool(h))
    return net.concat(second, third, fourth, fifth)


def _separable(net: Network, x: Value, c: int, k: int, stride: int = 1) -> Value:
    """A ReLU and a separable convolution, twice, as the paper always applies it."""
    for s in (stride, 1):
        x = net.batch_norm(net.conv(net.depthwise(net.relu(x), k=k, stride=s), c))
    return x


def _narrowed(net: Network, x: Value, c: int) -> Value:
    """A 1x1 convolution to the cell's width."""
    return net.batch_norm(net.conv(net.relu(x), c))


def _fitted(net: Network, before: Value | None, x: Value, c: int) -> Value:
    """What the cell before the last gave, at the size of x and the cell's width.

    A larger map is taken apart: every other pixel goes through one half of the filters, their
    neighbours one to the right and below through the other.
    """
    if before is None:
        return x
    if before.shape[2:] == x.shape[2:]:
        return _narrowed(net, before, c)
    y = net.relu(before)
    shifted = net.add_operator("Pad", [y], [y.shape], integers=(0, 0, -1, -1, 0, 0, 1, 1))[0]
    halves = [net.conv(net.pool(z, "AveragePool", k=1), c // 2) for z in (y, shifted)]
    return net.batch_norm(net.concat(*halves))
