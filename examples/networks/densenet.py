"""DenseNet."""

from __future__ import annotations

from costmodel.frontends.code import Network
from costmodel.graph import Graph
from costmodel.networks.ends import classify, stem


def densenet_121(*, resolution: int = 224, classes: int = 1000, flat: bool = False) -> Graph:
    """DenseNet-121: Huang et al., arXiv 1608.06993, table 1.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
        flat: join all maps anew before each layer, as torchvision does, where the default adds
            each layer's map to what is joined already.
    """
    net = Network()
    x = stem(net, 64, k=7, pooled=True, resolution=resolution)
    for stage, n in enumerate((6, 12, 24, 16), 1):
        parts = [x]
        for i in range(n):
            with net.scope(f"block{stage}.{i}"):
                seen = net.concat(*parts) if flat and i else x
                y = net.conv(net.relu(net.batch_norm(seen)), 128)
                parts.append(net.conv(net.relu(net.batch_norm(y)), 32, k=3))
                x = seen if flat else net.concat(x, parts[-1])
        with net.scope(f"transition{stage}"):
            x = net.relu(net.batch_norm(net.concat(*parts) if flat else x))
            if stage < 4:
                x = net.pool(net.conv(x, x.c // 2), "AveragePool", k=2, pad=0)
    return classify(net, x, classes)
