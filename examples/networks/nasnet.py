"""NASNet-A."""

from __future__ import annotations

from costmodel.networks.ends import classify

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph


def nasnet_cells(n: int = 4, c: int = 44, *, extent: int = 28) -> Graph:
    """arXiv 1707.07012, figure 4: normal cells of NASNet-A after a stem."""
    net = Network()

    def separable(x: Value, k: int) -> Value:
        for _ in range(2):
            x = net.batch_norm(net.conv(net.depthwise(net.relu(x), k=k), c))
        return x

    def adjusted(x: Value) -> Value:
        return net.batch_norm(net.conv(net.relu(x), c))

    before = x = net.conv_bn_relu(net.input(3, 2 * extent, 2 * extent), c, k=3, stride=2)
    for i in range(n):
        with net.scope(f"cell{i}"):
            p, h = adjusted(before), adjusted(x)
            mean = {"k": 3, "stride": 1}
            pairs = [
                net.add(separable(h, 5), separable(p, 3)),
                net.add(separable(p, 5), separable(p, 3)),
                net.add(net.pool(h, "AveragePool", **mean), p),
                net.add(net.pool(p, "AveragePool", **mean), net.pool(p, "AveragePool", **mean)),
                net.add(separable(h, 3), h),
            ]
            before, x = x, net.concat(p, *pairs)
    return classify(net, net.relu(x))
