"""Xception."""

from __future__ import annotations

from costmodel.networks.ends import classify

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph


def xception() -> Graph:
    """arXiv 1610.02357, figure 5."""
    net = Network()

    def separable(x: Value, c: int) -> Value:
        return net.batch_norm(net.conv(net.depthwise(x), c))

    x = net.conv(net.input(3, 299, 299), 32, k=3, stride=2, pad=0)
    x = net.relu(net.batch_norm(net.conv(net.relu(net.batch_norm(x)), 64, k=3, pad=0)))
    for i, (first, second) in enumerate(
        ((128, 128), (256, 256), (728, 728), *[(728, 728)] * 8, (728, 1024))
    ):
        with net.scope(f"block{i + 2}"):
            y = separable(net.relu(x) if i else x, first)
            y = separable(net.relu(y), second)
            if 3 <= i < 11:
                x = net.add(separable(net.relu(y), second), x)
            else:
                x = net.add(net.pool(y), net.batch_norm(net.conv(x, second, stride=2)))
    for c in (1536, 2048):
        x = net.relu(separable(x, c))
    return classify(net, x)
