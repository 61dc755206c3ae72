"""MnasNet."""

from __future__ import annotations

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from costmodel.networks.ends import classify, stem
from costmodel.networks.mobilenet_v2 import rounded

Row = tuple[int, int, int, int, int, bool]
"""Expansion, channels out, blocks, kernel, stride of the first block, squeeze-and-excite."""

A1: list[Row] = [
    (6, 24, 2, 3, 2, False),
    (3, 40, 3, 5, 2, True),
    (6, 80, 4, 3, 2, False),
    (6, 112, 2, 3, 1, True),
    (6, 160, 3, 5, 2, True),
    (6, 320, 1, 3, 1, False),
]
"""Figure 7."""

B1: list[Row] = [
    (3, 24, 3, 3, 2, False),
    (3, 40, 3, 5, 2, False),
    (6, 80, 3, 5, 2, False),
    (6, 96, 2, 3, 1, False),
    (6, 192, 4, 5, 2, False),
    (6, 320, 1, 3, 1, False),
]
"""The authors' code, and torchvision's."""


def mnasnet_a1(*, width: float = 1.0, resolution: int = 224, classes: int = 1000) -> Graph:
    """MnasNet-A1: Tan et al., arXiv 1807.11626, figure 7.

    Args:
        width: multiplier of the channels; it leaves the last convolution as it is.
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    return _mnasnet(A1, width, resolution, classes)


def mnasnet_b1(*, width: float = 1.0, resolution: int = 224, classes: int = 1000) -> Graph:
    """MnasNet-B1, without squeeze-and-excite: Tan et al., arXiv 1807.11626, table 2.

    The paper does not print its layers; they are those of the authors' code.

    Args:
        width: multiplier of the channels; it leaves the last convolution as it is.
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    return _mnasnet(B1, width, resolution, classes)


def _mnasnet(rows: list[Row], width: float, resolution: int, classes: int) -> Graph:
    net = Network()
    x = stem(net, rounded(32 * width), resolution=resolution)
    x = net.conv_bn_relu(x, x.c, k=3, groups=x.c)
    x = net.conv_bn_relu(x, rounded(16 * width), relu=False)
    for stage, (t, out, n, k, s, squeeze) in enumerate(rows):
        c = rounded(out * width)
        for i in range(n):
            with net.scope(f"layers.{stage}.{i}"):
                y = net.conv_bn_relu(x, t * x.c)
                y = net.conv_bn_relu(y, y.c, k=k, stride=1 if i else s, groups=y.c)
                y = net.conv_bn_relu(_gated(net, y, x.c // 4) if squeeze else y, c, relu=False)
                x = net.add(x, y) if i else y
    return classify(net, net.conv_bn_relu(x, 1280), classes)


def _gated(net: Network, x: Value, squeezed: int) -> Value:
    """Squeeze-and-excite, the bottleneck a quarter of the channels that the block reads."""
    gate = net.relu(net.conv(net.global_average_pool(x), squeezed, bias=True))
    return net.mul(x, net.activation(net.conv(gate, x.c, bias=True), "Sigmoid"))
