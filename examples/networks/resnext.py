"""ResNeXt."""

from __future__ import annotations

from functools import partial

from costmodel.graph import Graph
from costmodel.networks.resnet import bottleneck, residual


def resnext_50(
    *, resolution: int = 224, classes: int = 1000, groups: int = 32, width: int = 4
) -> Graph:
    """ResNeXt-50: Xie et al., arXiv 1611.05431, table 1: 32x4d unless told otherwise.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
        groups: of the 3x3 convolutions; the paper's cardinality.
        width: channels a group has in the first stage; doubled in each that follows.
    """
    block = partial(bottleneck, stride_in="3x3", width=groups * width, groups=groups)
    return residual((3, 4, 6, 3), block, resolution, classes)
