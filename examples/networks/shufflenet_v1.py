"""ShuffleNet V1."""

from __future__ import annotations

from costmodel.networks.ends import classify, stem

from costmodel.frontends.code import Network
from costmodel.graph import Graph


def shufflenet_v1(groups: int = 3) -> Graph:
    """arXiv 1707.01083, table 1."""
    width = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}[groups]
    net = Network()
    x = stem(net, 24, pooled=True)
    for stage, (n, c) in enumerate(((4, width), (8, 2 * width), (4, 4 * width)), 2):
        for i in range(n):
            with net.scope(f"stage{stage}.{i}"):
                grouped = 1 if x.c == 24 else groups  # too few channels to group
                stride = 1 if i else 2
                y = net.shuffle(net.conv_bn_relu(x, c // 4, groups=grouped), groups)
                y = net.conv_bn_relu(y, y.c, k=3, stride=stride, groups=y.c, relu=False)
                y = net.conv_bn_relu(y, c if i else c - x.c, groups=groups, relu=False)
                short = x if i else net.pool(x, "AveragePool")
                x = net.relu(net.add(x, y) if i else net.concat(short, y))
    return classify(net, x)
