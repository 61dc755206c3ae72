"""MobileNet V1."""

from __future__ import annotations

from costmodel.networks.ends import classify, stem

from costmodel.frontends.code import Network
from costmodel.graph import Graph


def mobilenet_v1() -> Graph:
    """arXiv 1704.04861, table 1; its last depthwise convolution has stride 1."""
    net = Network()
    x = stem(net, 32)
    widths = [64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    for i, (c, stride) in enumerate(zip(widths, strides, strict=True)):
        with net.scope(f"features.{i}"):
            x = net.conv_bn_relu(x, x.c, k=3, stride=stride, groups=x.c)
            x = net.conv_bn_relu(x, c)
    return classify(net, x)
