"""ShuffleNet V2."""

from __future__ import annotations

from costmodel.networks.ends import classify, stem

from costmodel.frontends.code import Network
from costmodel.graph import Graph


def shufflenet_v2() -> Graph:
    """arXiv 1807.11164, table 5, 1x."""
    net = Network()
    x = stem(net, 24, pooled=True)
    for stage, (n, c) in enumerate(((4, 116), (8, 232), (4, 464)), 2):
        for i in range(n):
            with net.scope(f"stage{stage}.{i}"):
                kept, y = net.split(x, c // 2, c // 2) if i else (x, x)
                if not i:
                    kept = net.conv_bn_relu(kept, kept.c, k=3, stride=2, groups=kept.c, relu=False)
                    kept = net.conv_bn_relu(kept, c // 2)
                y = net.conv_bn_relu(y, c // 2)
                y = net.conv_bn_relu(y, y.c, k=3, stride=1 if i else 2, groups=y.c, relu=False)
                x = net.shuffle(net.concat(kept, net.conv_bn_relu(y, c // 2)), 2)
    with net.scope("conv5"):
        x = net.conv_bn_relu(x, 1024)
    return classify(net, x)
