"""ShuffleNet V1."""

from __future__ import annotations

from costmodel.errors import ModelError
from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from costmodel.networks.ends import classify, stem

CHANNELS = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}
"""Table 1: channels of stage 2 by groups; each further stage has twice as many."""

STEMS = {0.25: 12, 0.5: 12, 1.0: 24, 1.5: 24, 2.0: 48}
"""Channels of the first convolution by scale, as in the authors' code."""


def shufflenet_v1(
    *, groups: int = 3, width: float = 1.0, resolution: int = 224, classes: int = 1000
) -> Graph:
    """ShuffleNet V1: Zhang et al., arXiv 1707.01083, table 1.

    Args:
        groups: of the 1x1 convolutions: 1, 2, 3, 4 or 8; fewer, and the stages are narrower.
        width: multiplier of the channels, the paper's scale: 0.25, 0.5, 1.0, 1.5 or 2.0; with 2 or
            4 groups 1.0 or 2.0, for how the authors round the other bottlenecks is not known.
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
    """
    for option, value, table in (("groups", groups, CHANNELS), ("width", width, STEMS)):
        if value not in table:
            raise ModelError(f"expected {option} of {', '.join(map(str, table))}, found {value}")
    first = 16 if groups == 8 and width < 1 else STEMS[width]
    narrow = int(CHANNELS[groups] * width)
    if narrow % (4 * groups):
        raise ModelError(
            f"expected a width that makes {CHANNELS[groups]} a multiple of {4 * groups}, "
            f"so that {groups} groups divide the bottlenecks, found {width}"
        )
    net = Network()
    x = stem(net, first, pooled=True, resolution=resolution)
    for stage, (n, c) in enumerate(((4, narrow), (8, 2 * narrow), (4, 4 * narrow)), 2):
        for i in range(n):
            with net.scope(f"stage{stage}.{i}"):
                x = _unit(net, x, c, 1 if i else 2, groups, grouped=(stage, i) != (2, 0))
    return classify(net, x, classes)


def _unit(net: Network, x: Value, c: int, stride: int, groups: int, *, grouped: bool) -> Value:
    """Figure 2: b, or c with a stride, whose concat leaves the branch the channels that x lacks.

    The very first 1x1 reads too few channels to group them.
    """
    y = net.conv_bn_relu(x, c // 4, groups=groups if grouped else 1)
    y = net.shuffle(y, groups) if groups > 1 else y
    y = net.conv_bn_relu(y, y.c, k=3, stride=stride, groups=y.c, relu=False)
    y = net.conv_bn_relu(y, c if stride == 1 else c - x.c, groups=groups, relu=False)
    joined = net.add(x, y) if stride == 1 else net.concat(net.pool(x, "AveragePool"), y)
    return net.relu(joined)
