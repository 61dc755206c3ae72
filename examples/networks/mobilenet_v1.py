"""MobileNet V1."""

from __future__ import annotations

from costmodel.frontends.code import Network
from costmodel.graph import Graph
from costmodel.networks.ends import classify, stem

ROWS = [
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2),
    (1024, 1),
]  # fmt: skip
"""Table 1 after the first layer: channels out and stride of each separable convolution."""


def mobilenet_v1(
    *, width: float = 1.0, resolution: int = 224, classes: int = 1000, separable: bool = True,
    shallow: bool = False,
) -> Graph:  # fmt: skip
    """MobileNet V1: Howard et al., arXiv 1704.04861, table 1.

    The table gives its last depthwise convolution a stride of 2; with the 7x7 that stand before
    and behind it, and with the paper's 569 million multiply-adds, only 1 agrees.

    Args:
        width: multiplier of the channels, the paper's alpha: 1.0, 0.75, 0.5 or 0.25.
        resolution: height and width of the image, in pixels; the paper's rho times 224.
        classes: how many the classifier tells apart.
        separable: False for full 3x3 convolutions, the network that table 4 compares with.
        shallow: leave out the five layers of 512 channels at 14x14, as table 5 does.
    """
    net = Network()
    x = stem(net, int(32 * width), resolution=resolution)
    for i, (c, stride) in enumerate(ROWS):
        if shallow and ROWS[i] == (512, 1):
            continue
        with net.scope(f"features.{i}"):
            if separable:
                x = net.conv_bn_relu(x, x.c, k=3, stride=stride, groups=x.c)
                x = net.conv_bn_relu(x, int(c * width))
            else:
                x = net.conv_bn_relu(x, int(c * width), k=3, stride=stride)
    return classify(net, x, classes)
