"""Xception."""

from __future__ import annotations

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from costmodel.networks.ends import classify

ENTRY = (128, 256, 728)
MIDDLE = [728] * 8
EXIT = (1024, 1536, 2048)
"""Figure 5: channels of each flow's modules; the last two of the exit flow are single layers."""


def xception(*, resolution: int = 299, classes: int = 1000) -> Graph:
    """Xception: Chollet, arXiv 1610.02357, figure 5.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    net = Network()
    x = net.conv_bn_relu(net.input(3, resolution, resolution), 32, k=3, stride=2, pad=0)
    x = net.conv_bn_relu(x, 64, k=3, pad=0)
    for i, c in enumerate(ENTRY, 2):
        with net.scope(f"block{i}"):
            y = _separable(net, net.relu(x) if i > 2 else x, c)
            x = _down(net, x, _separable(net, net.relu(y), c))
    for i, c in enumerate(MIDDLE, 5):
        with net.scope(f"block{i}"):
            y = x
            for _ in range(3):
                y = _separable(net, net.relu(y), c)
            x = net.add(y, x)
    first, *last = EXIT
    with net.scope("block13"):
        y = _separable(net, net.relu(x), x.c)
        x = _down(net, x, _separable(net, net.relu(y), first))
    for c in last:
        x = net.relu(_separable(net, x, c))
    return classify(net, x, classes)


def _separable(net: Network, x: Value, c: int) -> Value:
    """A 3x3 depthwise, a 1x1, nothing between them; a batch normalisation."""
    return net.batch_norm(net.conv(net.depthwise(x), c))


def _down(net: Network, x: Value, y: Value) -> Value:
    """The module's map and its shortcut, both halved."""
    return net.add(net.pool(y), net.batch_norm(net.conv(x, y.c, stride=2)))
