"""ShuffleNet V2, and the deep networks of its appendix."""

from __future__ import annotations

from typing import Literal

from costmodel.errors import ModelError
from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from costmodel.networks.ends import classify, stem

CHANNELS = {
    0.5: (48, 96, 192, 1024), 1.0: (116, 232, 464, 1024), 1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}  # fmt: skip
"""Table 5: channels of stages 2, 3 and 4 and of conv5, by width."""


def shufflenet_v2(
    *, width: float = 1.0, resolution: int = 224, classes: int = 1000,
    projection: Literal["kept", "half"] = "kept",
) -> Graph:  # fmt: skip
    """ShuffleNet V2: Ma et al., arXiv 1807.11164, table 5.

    Args:
        width: 0.5, 1.0, 1.5 or 2.0 times the channels.
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
        projection: channels of the shortcut where the map is halved: as many as it reads, as in
            the authors' code and the table's multiply-adds, or half of the unit's, as in
            torchvision.
    """
    if width not in CHANNELS:
        raise ModelError(f"expected width of {', '.join(map(str, CHANNELS))}, found {width}")
    *stages, last = CHANNELS[width]
    net = Network()
    x = stem(net, 24, pooled=True, resolution=resolution)
    for stage, (n, c) in enumerate(zip((4, 8, 4), stages, strict=True), 2):
        with net.scope(f"stage{stage}.0"):
            x = _down(net, x, c, x.c if projection == "kept" else c // 2)
        for i in range(1, n):
            with net.scope(f"stage{stage}.{i}"):
                x = _unit(net, x)
    with net.scope("conv5"):
        x = net.conv_bn_relu(x, last)
    return classify(net, x, classes)


def shufflenet_v2_50(*, resolution: int = 224, classes: int = 1000) -> Graph:
    """ShuffleNet V2-50: Ma et al., arXiv 1807.11164, appendix, table 2.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    net = Network()
    x = stem(net, 64, pooled=True, resolution=resolution)
    return _deep(net, x, ((244, 3), (488, 4), (976, 6), (1952, 3)), classes)


def shufflenet_v2_164(*, resolution: int = 224, classes: int = 1000) -> Graph:
    """SE-ShuffleNet V2-164 with residuals: Ma et al., arXiv 1807.11164, appendix, table 2.

    The table prints 12.7 billion multiply-adds; its rows add up to 12.60.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    net = Network()
    x = stem(net, 64, resolution=resolution)
    with net.scope("stem"):
        x = net.pool(net.conv_bn_relu(net.conv_bn_relu(x, 64, k=3), 128, k=3))
    rows = ((340, 10), (680, 10), (1360, 23), (2720, 10))
    return _deep(net, x, rows, classes, gated=True)


def _deep(
    net: Network, x: Value, rows: tuple[tuple[int, int], ...], classes: int, *, gated: bool = False
) -> Graph:
    """Rows of the table, channels and units: conv2 keeps the map, the others halve it."""
    for stage, (c, n) in enumerate(rows, 2):
        with net.scope(f"conv{stage}.0"):
            x = _down(net, x, c, x.c, stride=1 if stage == 2 else 2, gated=gated)
        for i in range(1, n):
            with net.scope(f"conv{stage}.{i}"):
                x = _unit(net, x, gated=gated)
    with net.scope("conv6"):
        x = net.conv_bn_relu(x, 2048)
    return classify(net, x, classes)


def _unit(net: Network, x: Value, *, gated: bool = False) -> Value:
    """Figure 3c: one half passes, the other is filtered; gated: the appendix's figure 2c."""
    half = x.c // 2
    kept, y = net.split(x, half, half)
    filtered = _branch(net, y, half, half, gated=gated)
    return net.shuffle(net.concat(kept, net.add(y, filtered) if gated else filtered), 2)


def _down(
    net: Network, x: Value, c: int, kept: int, *, stride: int = 2, gated: bool = False
) -> Value:
    """Figure 3d: both branches read all of x and halve the map; ``kept`` is the shortcut's."""
    short = net.batch_norm(net.depthwise(x, stride=stride))
    short = net.conv_bn_relu(short, kept)
    filtered = _branch(net, x, c // 2, c - kept, stride=stride, gated=gated)
    return net.shuffle(net.concat(short, filtered), 2)


def _branch(net: Network, x: Value, inner: int, c: int, *, stride: int = 1, gated: bool) -> Value:
    """1x1, 3x3 depthwise, 1x1; a gate with as many neurons as half of the unit's channels."""
    y = net.conv_bn_relu(x, inner)
    y = net.batch_norm(net.depthwise(y, stride=stride))
    y = net.conv_bn_relu(y, c)
    if not gated:
        return y
    gate = net.relu(net.conv(net.global_average_pool(y), inner, bias=True))
    return net.mul(y, net.activation(net.conv(gate, c, bias=True), "Sigmoid"))
