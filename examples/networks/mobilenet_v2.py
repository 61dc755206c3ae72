"""MobileNet V2."""

from __future__ import annotations

from costmodel.networks.ends import classify

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph


def mobilenet_v2() -> Graph:
    """arXiv 1801.04381, table 2."""
    net = Network()
    x = _clipped(net, net.input(3, 224, 224), 32, k=3, stride=2)
    rows = [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]
    block = 0
    for t, c, n, stride in rows:
        for i in range(n):
            block += 1
            with net.scope(f"features.{block}"):
                x = _inverted(net, x, c, t=t, k=3, stride=1 if i else stride)
    with net.scope("features.18"):
        x = _clipped(net, x, 1280)
    return classify(net, x)


def _inverted(net: Network, x: Value, c: int, *, t: int, k: int, stride: int) -> Value:
    """MobileNet V2's block: widen t times, filter, narrow."""
    y = _clipped(net, x, t * x.c) if t != 1 else x
    y = _clipped(net, y, y.c, k=k, stride=stride, groups=y.c)
    y = net.conv_bn_relu(y, c, relu=False)
    return net.add(x, y) if stride == 1 and x.c == c else y


def _clipped(
    net: Network, x: Value, c: int, *, k: int = 1, stride: int = 1, groups: int = 1
) -> Value:
    """Convolution, batch normalisation, ReLU6."""
    y = net.conv_bn_relu(x, c, k=k, stride=stride, groups=groups, relu=False)
    return net.activation(y, "Clip")
