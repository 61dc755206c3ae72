"""What most networks begin and end with."""

from __future__ import annotations

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph


def classify(net: Network, x: Value, classes: int = 1000) -> Graph:
    """Global average, a fully connected layer."""
    with net.scope("classifier"):
        x = net.fully_connected(net.flatten(net.global_average_pool(x)), classes)
    return net.graph(x)


def stem(net: Network, c: int, *, k: int = 3, pooled: bool = False, resolution: int = 224) -> Value:
    """A convolution of stride 2 on an image, and a max pooling."""
    with net.scope("stem"):
        x = net.conv_bn_relu(net.input(3, resolution, resolution), c, k=k, stride=2)
        return net.pool(x) if pooled else x
