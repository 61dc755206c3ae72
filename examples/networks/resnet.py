"""ResNet and ResNeXt."""

from __future__ import annotations

from costmodel.networks.ends import classify, stem

from costmodel.frontends.code import Network
from costmodel.graph import Graph


def resnet_50(groups: int = 1, width: int = 64) -> Graph:
    """arXiv 1512.03385, table 1, with the stride in the 3x3; ResNeXt-50 32x4d with (32, 128)."""
    net = Network()
    x = stem(net, 64, k=7, pooled=True)
    for stage, n in enumerate((3, 4, 6, 3)):
        for i in range(n):
            with net.scope(f"layer{stage + 1}.{i}"):
                stride, c, inner = 2 if stage and not i else 1, 256 << stage, width << stage
                y = net.conv_bn_relu(x, inner)
                y = net.conv_bn_relu(y, inner, k=3, stride=stride, groups=groups)
                y = net.conv_bn_relu(y, c, relu=False)
                short = x if i else net.conv_bn_relu(x, c, stride=stride, relu=False)
                x = net.relu(net.add(y, short))
    return classify(net, x)
