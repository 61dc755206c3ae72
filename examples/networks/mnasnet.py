"""MnasNet."""

from __future__ import annotations

from costmodel.networks.ends import classify, stem

from costmodel.frontends.code import Network
from costmodel.graph import Graph


def mnasnet_b1() -> Graph:
    """arXiv 1807.11626; the layout without gates, as torchvision has it."""
    net = Network()
    x = stem(net, 32)
    x = net.conv_bn_relu(net.conv_bn_relu(x, 32, k=3, groups=32), 16, relu=False)
    rows = [
        (3, 24, 3, 3, 2),
        (3, 40, 3, 5, 2),
        (6, 80, 3, 5, 2),
        (6, 96, 2, 3, 1),
        (6, 192, 4, 5, 2),
        (6, 320, 1, 3, 1),
    ]
    for stage, (t, c, n, k, stride) in enumerate(rows):
        for i in range(n):
            with net.scope(f"layers.{stage}.{i}"):
                y = net.conv_bn_relu(x, t * x.c)
                y = net.conv_bn_relu(y, y.c, k=k, stride=1 if i else stride, groups=y.c)
                y = net.conv_bn_relu(y, c, relu=False)
                x = net.add(x, y) if i else y
    return classify(net, net.conv_bn_relu(x, 1280))
