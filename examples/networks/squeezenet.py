"""SqueezeNet."""

from __future__ import annotations

from costmodel.frontends.code import Network
from costmodel.graph import Graph


def squeezenet() -> Graph:
    """arXiv 1602.07360, table 1, version 1.0."""
    net = Network()
    x = net.pool(
        net.relu(net.conv(net.input(3, 224, 224), 96, k=7, stride=2, pad=2, bias=True)), pad=0
    )
    for i, (s, e) in enumerate(
        ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)), 2
    ):
        with net.scope(f"fire{i}"):
            x = net.relu(net.conv(x, s, bias=True))
            narrow = net.relu(net.conv(x, e, bias=True))
            x = net.concat(narrow, net.relu(net.conv(x, e, k=3, bias=True)))
        if i in (4, 8):
            x = net.pool(x, pad=0)
    return net.graph(net.flatten(net.global_average_pool(net.relu(net.conv(x, 1000, bias=True)))))
