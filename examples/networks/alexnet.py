"""AlexNet."""

from __future__ import annotations

from typing import Literal

from costmodel.frontends.code import Network
from costmodel.graph import Graph


def alexnet(
    *, resolution: int = 224, classes: int = 1000, towers: Literal["two", "joined", "one"] = "two"
) -> Graph:
    """AlexNet: Krizhevsky et al., NIPS 2012, section 3.5 and figure 2.

    Its first map is 55x55 from an image of 224x224 padded by 2, as from one of 227x227 without.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
        towers: two is the paper's, where convolutions 2, 4 and 5 see one GPU's half of the
            channels; joined has its widths without the halves; one is the narrower network of
            Krizhevsky, arXiv 1404.5997, which torchvision has.
    """
    widths = (64, 192, 384, 256, 256) if towers == "one" else (96, 256, 384, 384, 256)
    groups = 2 if towers == "two" else 1
    net = Network()
    x = net.input(3, resolution, resolution)
    rows = [
        # k, stride, pad, groups, pooled
        (11, 4, 2, 1, True),
        (5, 1, 2, groups, True),
        (3, 1, 1, 1, False),
        (3, 1, 1, groups, False),
        (3, 1, 1, groups, True),
    ]
    for i, (c, (k, stride, pad, apart, pooled)) in enumerate(zip(widths, rows, strict=True), 1):
        with net.scope(f"conv{i}"):
            x = net.relu(net.conv(x, c, k=k, stride=stride, pad=pad, groups=apart, bias=True))
            if i <= 2 and towers != "one":
                x = net.local_response_norm(x)
            if pooled:
                x = net.pool(x, pad=0)
    with net.scope("classifier"):
        x = net.flatten(x)
        for c in (4096, 4096):
            x = net.relu(net.fully_connected(x, c))
        return net.graph(net.fully_connected(x, classes))
