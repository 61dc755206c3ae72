"""SqueezeNet."""

from __future__ import annotations

from typing import Literal

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph

FIRE = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
"""Modules fire2 to fire9: channels that the 1x1 squeezes to, and that each branch expands to."""


def squeezenet(
    *, resolution: int = 227, classes: int = 1000, version: Literal["1.0", "1.1"] = "1.0",
    final_pad: int = 0,
) -> Graph:  # fmt: skip
    """SqueezeNet: Iandola et al., arXiv 1602.07360, table 1; version 1.1 is the authors' later one.

    The table says 224x224, but its first map of 111x111 needs 227x227, as in the authors' code.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the last convolution tells apart.
        version: 1.0 is the paper's; 1.1 has a smaller first convolution and pools earlier.
        final_pad: padding of the last convolution; 1 in the authors' files of 1.0.
    """
    c, k, pooled = (96, 7, (4, 8)) if version == "1.0" else (64, 3, (3, 5))
    net = Network()

    def halved(x: Value) -> Value:
        return net.pool(x, pad=0, ceil=True)

    with net.scope("conv1"):
        x = net.input(3, resolution, resolution)
        x = halved(net.relu(net.conv(x, c, k=k, stride=2, pad=0, bias=True)))
    for i, (squeezed, expanded) in enumerate(FIRE, 2):
        with net.scope(f"fire{i}"):
            x = net.relu(net.conv(x, squeezed, bias=True))
            narrow = net.relu(net.conv(x, expanded, bias=True))
            x = net.concat(narrow, net.relu(net.conv(x, expanded, k=3, bias=True)))
        if i in pooled:
            x = halved(x)
    with net.scope("conv10"):
        x = net.relu(net.conv(x, classes, pad=final_pad, bias=True))
        return net.graph(net.flatten(net.global_average_pool(x)))
