"""VGG."""

from __future__ import annotations

from typing import Literal

from costmodel.frontends.code import Network
from costmodel.graph import Graph

CONFIGURATIONS = {
    "A": ("3", "3", "33", "33", "33"),
    "B": ("33", "33", "33", "33", "33"),
    "C": ("33", "33", "331", "331", "331"),
    "D": ("33", "33", "333", "333", "333"),
    "E": ("33", "33", "3333", "3333", "3333"),
}
"""Columns of table 1: the kernels of each stage's convolutions, one digit each."""


def vgg_11(*, resolution: int = 224, classes: int = 1000) -> Graph:
    """VGG-11: Simonyan and Zisserman, arXiv 1409.1556, table 1, column A.

    Args:
        resolution: height and width of the image; the first dense layer grows with it.
        classes: how many the classifier tells apart.
    """
    return _vgg("A", resolution, classes)


def vgg_13(*, resolution: int = 224, classes: int = 1000) -> Graph:
    """VGG-13: Simonyan and Zisserman, arXiv 1409.1556, table 1, column B.

    Args:
        resolution: height and width of the image; the first dense layer grows with it.
        classes: how many the classifier tells apart.
    """
    return _vgg("B", resolution, classes)


def vgg_16(
    *, resolution: int = 224, classes: int = 1000, configuration: Literal["C", "D"] = "D"
) -> Graph:
    """VGG-16: Simonyan and Zisserman, arXiv 1409.1556, table 1, columns C and D.

    Args:
        resolution: height and width of the image; the first dense layer grows with it.
        classes: how many the classifier tells apart.
        configuration: D has convolutions of 3x3 alone, C ends its last three stages on a 1x1.
    """
    return _vgg(configuration, resolution, classes)


def vgg_19(*, resolution: int = 224, classes: int = 1000) -> Graph:
    """VGG-19: Simonyan and Zisserman, arXiv 1409.1556, table 1, column E.

    Args:
        resolution: height and width of the image; the first dense layer grows with it.
        classes: how many the classifier tells apart.
    """
    return _vgg("E", resolution, classes)


def _vgg(configuration: str, resolution: int, classes: int) -> Graph:
    net = Network()
    x = net.input(3, resolution, resolution)
    widths = (64, 128, 256, 512, 512)
    for i, (c, kernels) in enumerate(zip(widths, CONFIGURATIONS[configuration], strict=True), 1):
        with net.scope(f"stage{i}"):
            for k in kernels:
                x = net.relu(net.conv(x, c, k=int(k), bias=True))
            x = net.pool(x, k=2, pad=0)
    with net.scope("classifier"):
        x = net.flatten(x)
        for c in (4096, 4096):
            x = net.relu(net.fully_connected(x, c))
        return net.graph(net.fully_connected(x, classes))
