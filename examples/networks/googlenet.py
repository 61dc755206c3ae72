"""GoogLeNet."""

from __future__ import annotations

from costmodel.networks.ends import classify, stem

from costmodel.frontends.code import Network
from costmodel.graph import Graph


def googlenet() -> Graph:
    """arXiv 1409.4842, table 1, with batch normalisation."""
    modules = {
        "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
        "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64),
        "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
        "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128),
        "5b": (384, 192, 384, 48, 128, 128),
    }  # fmt: skip
    net = Network()
    x = stem(net, 64, k=7, pooled=True)
    x = net.pool(net.conv_bn_relu(net.conv_bn_relu(x, 64), 192, k=3))
    for name, (one, three_in, three, five_in, five, pooled) in modules.items():
        if name in ("4a", "5a"):
            x = net.pool(x)
        with net.scope(f"inception{name}"):
            x = net.concat(
                net.conv_bn_relu(x, one),
                net.conv_bn_relu(net.conv_bn_relu(x, three_in), three, k=3),
                net.conv_bn_relu(net.conv_bn_relu(x, five_in), five, k=5),
                net.conv_bn_relu(net.pool(x, stride=1), pooled),
            )
    return classify(net, x)
