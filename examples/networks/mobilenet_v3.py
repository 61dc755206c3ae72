"""MobileNet V3."""

from __future__ import annotations

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph


def mobilenet_v3_large() -> Graph:
    """arXiv 1905.02244, table 1."""
    rows = [
        (3, 16, 16, 0, "Relu", 1), (3, 64, 24, 0, "Relu", 2), (3, 72, 24, 0, "Relu", 1),
        (5, 72, 40, 1, "Relu", 2), (5, 120, 40, 1, "Relu", 1), (5, 120, 40, 1, "Relu", 1),
        (3, 240, 80, 0, "HardSwish", 2), (3, 200, 80, 0, "HardSwish", 1),
        (3, 184, 80, 0, "HardSwish", 1), (3, 184, 80, 0, "HardSwish", 1),
        (3, 480, 112, 1, "HardSwish", 1), (3, 672, 112, 1, "HardSwish", 1),
        (5, 672, 160, 1, "HardSwish", 2), (5, 960, 160, 1, "HardSwish", 1),
        (5, 960, 160, 1, "HardSwish", 1),
    ]  # fmt: skip
    net = Network()

    def unit(x: Value, c: int, act: str, *, k: int = 1, stride: int = 1, groups: int = 1) -> Value:
        y = net.conv_bn_relu(x, c, k=k, stride=stride, groups=groups, relu=False)
        return net.activation(y, act)

    x = unit(net.input(3, 224, 224), 16, "HardSwish", k=3, stride=2)
    for i, (k, wide, c, gate, act, stride) in enumerate(rows, 1):
        with net.scope(f"features.{i}"):
            y = unit(x, wide, act) if wide != x.c else x
            y = unit(y, wide, act, k=k, stride=stride, groups=wide)
            y = net.conv_bn_relu(_gated(net, y) if gate else y, c, relu=False)
            x = net.add(x, y) if stride == 1 and x.c == c else y
    with net.scope("features.16"):
        x = unit(x, 960, "HardSwish")
    y = net.fully_connected(net.flatten(net.global_average_pool(x)), 1280)
    return net.graph(net.fully_connected(net.activation(y, "HardSwish"), 1000))


def _gated(net: Network, x: Value) -> Value:
    """Squeeze-and-excite over a quarter of the channels, rounded to 8 but not down by a tenth."""
    squeezed = max(8, (x.c // 4 + 4) // 8 * 8)
    squeezed += 8 * (squeezed < 0.9 * (x.c // 4))
    gate = net.relu(net.conv(net.global_average_pool(x), squeezed, bias=True))
    gate = net.activation(net.conv(gate, x.c, bias=True), "HardSigmoid")
    return net.mul(x, gate)
