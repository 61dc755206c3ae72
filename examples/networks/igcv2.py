"""IGCV2."""

from __future__ import annotations

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from costmodel.networks.ends import classify, stem
from costmodel.networks.mobilenet_v1 import ROWS

GROUPS = 8


def igcv2(*, width: float = 1.0, resolution: int = 224, classes: int = 1000) -> Graph:
    """IGCV2: Xie et al., arXiv 1804.06202, in the form that it compares with MobileNet V1.

    Each 1x1 convolution is a product of sparse ones: two of 8 groups with permutations, here on
    twice the channels of MobileNet. The widths are inferred from the published multiply-adds,
    564, 156 and 46 million: these have 566, 156 and 46.

    Args:
        width: multiplier of the channels: 1.0, 0.5 or 0.25.
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    net = Network()
    x = stem(net, int(64 * width), resolution=resolution)
    for i, (c, stride) in enumerate(ROWS):
        with net.scope(f"features.{i}"):
            x = _interleaved(net, x, int(2 * c * width), stride)
    return classify(net, x, classes)


def _interleaved(net: Network, x: Value, c: int, stride: int) -> Value:
    """A depthwise filter and two grouped 1x1: one product, linear up to its end."""
    y = net.shuffle(net.conv(net.depthwise(x, stride=stride), x.c, groups=GROUPS), GROUPS)
    return net.shuffle(net.conv_bn_relu(y, c, groups=GROUPS), GROUPS)
