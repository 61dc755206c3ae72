"""ResNet."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from costmodel.networks.ends import classify, stem

Place = Literal["1x1", "3x3"]


def resnet_18(*, resolution: int = 224, classes: int = 1000) -> Graph:
    """ResNet-18: He et al., arXiv 1512.03385, table 1, with projections (section 4.1, B).

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    return residual((2, 2, 2, 2), basic, resolution, classes)


def resnet_34(*, resolution: int = 224, classes: int = 1000) -> Graph:
    """ResNet-34: He et al., arXiv 1512.03385, table 1, with projections (section 4.1, B).

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    return residual((3, 4, 6, 3), basic, resolution, classes)


def resnet_50(*, resolution: int = 224, classes: int = 1000, stride_in: Place = "1x1") -> Graph:
    """ResNet-50: He et al., arXiv 1512.03385, table 1.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
        stride_in: what halves the map: the first 1x1 in the paper, the 3x3 in torchvision.
    """
    return residual((3, 4, 6, 3), partial(bottleneck, stride_in=stride_in), resolution, classes)


def resnet_101(*, resolution: int = 224, classes: int = 1000, stride_in: Place = "1x1") -> Graph:
    """ResNet-101: He et al., arXiv 1512.03385, table 1.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
        stride_in: what halves the map: the first 1x1 in the paper, the 3x3 in torchvision.
    """
    return residual((3, 4, 23, 3), partial(bottleneck, stride_in=stride_in), resolution, classes)


def resnet_152(*, resolution: int = 224, classes: int = 1000, stride_in: Place = "1x1") -> Graph:
    """ResNet-152: He et al., arXiv 1512.03385, table 1.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
        stride_in: what halves the map: the first 1x1 in the paper, the 3x3 in torchvision.
    """
    return residual((3, 8, 36, 3), partial(bottleneck, stride_in=stride_in), resolution, classes)


Block = Callable[[Network, Value, int, int], Value]
"""What a block makes of its input, the stage's width (64, doubled each stage) and the stride."""


def residual(repeats: tuple[int, ...], block: Block, resolution: int, classes: int) -> Graph:
    """Stages of blocks between the usual ends."""
    net = Network()
    x = stem(net, 64, k=7, pooled=True, resolution=resolution)
    for stage, n in enumerate(repeats):
        for i in range(n):
            with net.scope(f"layer{stage + 1}.{i}"):
                x = block(net, x, 64 << stage, 2 if stage and not i else 1)
    return classify(net, x, classes)


def basic(net: Network, x: Value, c: int, stride: int) -> Value:
    """Figure 5, left: two 3x3."""
    y = net.conv_bn_relu(x, c, k=3, stride=stride)
    return joined(net, net.conv_bn_relu(y, c, k=3, relu=False), x, stride)


def bottleneck(
    net: Network, x: Value, c: int, stride: int, *, stride_in: Place, width: int = 64,
    groups: int = 1,
) -> Value:  # fmt: skip
    """Figure 5, right: a 1x1 that narrows to ``width`` (at c = 64), a 3x3, a 1x1 that widens."""
    inner = c * width // 64
    y = net.conv_bn_relu(x, inner, stride=stride if stride_in == "1x1" else 1)
    y = net.conv_bn_relu(y, inner, k=3, stride=stride if stride_in == "3x3" else 1, groups=groups)
    return joined(net, net.conv_bn_relu(y, 4 * c, relu=False), x, stride)


def joined(net: Network, y: Value, x: Value, stride: int) -> Value:
    """The sum with the shortcut: the input, or a projection of it where its size changes."""
    with net.scope("shortcut"):
        short = x if x.shape == y.shape else net.conv_bn_relu(x, y.c, stride=stride, relu=False)
    return net.relu(net.add(y, short))
