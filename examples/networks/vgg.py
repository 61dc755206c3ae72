"""VGG."""

from __future__ import annotations

from costmodel.frontends.code import Network
from costmodel.graph import Graph


def vgg_16() -> Graph:
    """arXiv 1409.1556, table 1, D."""
    net = Network()
    x = net.input(3, 224, 224)
    for stage, (n, c) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))):
        with net.scope(f"features.{stage}"):
            for _ in range(n):
                x = net.relu(net.conv(x, c, k=3, bias=True))
            x = net.pool(x, k=2, pad=0)
    x = net.flatten(x)
    for c in (4096, 4096):
        x = net.relu(net.fully_connected(x, c))
    return net.graph(net.fully_connected(x, 1000))
