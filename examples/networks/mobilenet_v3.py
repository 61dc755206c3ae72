"""MobileNet V3."""

from __future__ import annotations

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from costmodel.networks.mobilenet_v2 import rounded

RELU, SWISH = "Relu", "HardSwish"
Row = tuple[int, int, int, bool, str, int]
"""Kernel, expanded channels, channels out, squeeze-and-excite, nonlinearity, stride."""

LARGE: list[Row] = [
    (3, 16, 16, False, RELU, 1),
    (3, 64, 24, False, RELU, 2), (3, 72, 24, False, RELU, 1),
    (5, 72, 40, True, RELU, 2), *[(5, 120, 40, True, RELU, 1)] * 2,
    (3, 240, 80, False, SWISH, 2), (3, 200, 80, False, SWISH, 1),
    *[(3, 184, 80, False, SWISH, 1)] * 2,
    (3, 480, 112, True, SWISH, 1), (3, 672, 112, True, SWISH, 1),
    (5, 672, 160, True, SWISH, 2), *[(5, 960, 160, True, SWISH, 1)] * 2,
]  # fmt: skip
"""Table 1."""

SMALL: list[Row] = [
    (3, 16, 16, True, RELU, 2),
    (3, 72, 24, False, RELU, 2), (3, 88, 24, False, RELU, 1),
    (5, 96, 40, True, SWISH, 2), *[(5, 240, 40, True, SWISH, 1)] * 2,
    (5, 120, 48, True, SWISH, 1), (5, 144, 48, True, SWISH, 1),
    (5, 288, 96, True, SWISH, 2), *[(5, 576, 96, True, SWISH, 1)] * 2,
]  # fmt: skip
"""Table 2."""


def mobilenet_v3_large(*, width: float = 1.0, resolution: int = 224, classes: int = 1000) -> Graph:
    """MobileNet V3-Large: Howard et al., arXiv 1905.02244, table 1.

    Args:
        width: multiplier of the channels: 1.0 or 0.75. Expansions keep their ratio to what they
            read, as in the authors' code, and the layer before the classifier its width.
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    return _mobilenet_v3(LARGE, 960, 1280, width, resolution, classes)


def mobilenet_v3_small(
    *, width: float = 1.0, resolution: int = 224, classes: int = 1000, last: int = 1280
) -> Graph:
    """MobileNet V3-Small: Howard et al., arXiv 1905.02244, table 2.

    Args:
        width: multiplier of the channels: 1.0 or 0.75. Expansions keep their ratio to what they
            read, as in the authors' code, and the layer before the classifier its width.
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
        last: channels before the classifier: 1280 in the table, 1024 in torchvision.
    """
    return _mobilenet_v3(SMALL, 576, last, width, resolution, classes)


def _mobilenet_v3(
    rows: list[Row], top: int, last: int, width: float, resolution: int, classes: int
) -> Graph:
    net = Network()

    def unit(x: Value, c: int, act: str, *, k: int = 1, stride: int = 1, groups: int = 1) -> Value:
        y = net.conv_bn_relu(x, c, k=k, stride=stride, groups=groups, relu=False)
        return net.activation(y, act)

    x = unit(net.input(3, resolution, resolution), rounded(16 * width), SWISH, k=3, stride=2)
    before = 16
    for i, (k, expanded, out, squeeze, act, stride) in enumerate(rows, 1):
        inner, c = rounded(expanded * x.c / before), rounded(out * width)
        before = out
        with net.scope(f"features.{i}"):
            y = unit(x, inner, act) if inner != x.c else x
            y = unit(y, inner, act, k=k, stride=stride, groups=inner)
            y = net.conv_bn_relu(_gated(net, y) if squeeze else y, c, relu=False)
            x = net.add(x, y) if stride == 1 and x.c == c else y
    with net.scope(f"features.{len(rows) + 1}"):
        x = unit(x, rounded(top * width), SWISH)
    y = net.fully_connected(net.flatten(net.global_average_pool(x)), last)
    return net.graph(net.fully_connected(net.activation(y, SWISH), classes))


def _gated(net: Network, x: Value) -> Value:
    """Squeeze-and-excite, the bottleneck a quarter of the expanded channels (section 5.3)."""
    gate = net.relu(net.conv(net.global_average_pool(x), rounded(x.c // 4), bias=True))
    return net.mul(x, net.activation(net.conv(gate, x.c, bias=True), "HardSigmoid"))
