"""MobileNet V2."""

from __future__ import annotations

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from costmodel.networks.ends import classify

ROWS = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
]
"""Table 2: expansion t, channels c, blocks n, stride s of the first of them."""


def mobilenet_v2(*, width: float = 1.0, resolution: int = 224, classes: int = 1000) -> Graph:
    """MobileNet V2: Sandler et al., arXiv 1801.04381, table 2.

    Args:
        width: multiplier of the channels: 1.4, 1.3, 1.0, 0.75, 0.5 or 0.35; below 1 it leaves the
            last convolution as it is.
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    net = Network()
    x = _clipped(net, net.input(3, resolution, resolution), rounded(32 * width), k=3, stride=2)
    block = 0
    for t, c, n, s in ROWS:
        for i in range(n):
            block += 1
            with net.scope(f"features.{block}"):
                x = _inverted(net, x, rounded(c * width), t=t, stride=1 if i else s)
    with net.scope("features.18"):
        x = _clipped(net, x, rounded(1280 * max(1, width)))
    return classify(net, x, classes)


def rounded(channels: float) -> int:
    """The nearest multiple of 8, or the one above where that loses more than a tenth.

    It is what the authors' code does with every width, and that of MobileNet V3 and MnasNet.

    >>> [rounded(c * 0.35) for c in (32, 24, 96)]  # 11.2, 8.4, 33.6
    [16, 8, 32]
    """
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8


def _inverted(net: Network, x: Value, c: int, *, t: int, stride: int) -> Value:
    """Table 1: widen t times, filter, narrow; with a shortcut where nothing changes size."""
    y = _clipped(net, x, t * x.c) if t != 1 else x
    y = _clipped(net, y, y.c, k=3, stride=stride, groups=y.c)
    y = net.conv_bn_relu(y, c, relu=False)
    return net.add(x, y) if stride == 1 and x.c == c else y


def _clipped(
    net: Network, x: Value, c: int, *, k: int = 1, stride: int = 1, groups: int = 1
) -> Value:
    """Convolution, batch normalisation, ReLU6."""
    y = net.conv_bn_relu(x, c, k=k, stride=stride, groups=groups, relu=False)
    return net.activation(y, "Clip")
