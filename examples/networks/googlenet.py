"""GoogLeNet."""

from __future__ import annotations

from typing import Literal

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from costmodel.networks.ends import classify

MODULES = {
    # 1x1; 1x1 before 3x3, 3x3; 1x1 before 5x5, 5x5; 1x1 after the pooling
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip
"""The inception rows of table 1."""


def googlenet(
    *, resolution: int = 224, classes: int = 1000,
    normalization: Literal["response", "batch"] = "response",
    largest_kernel: Literal["5x5", "3x3"] = "5x5",
) -> Graph:  # fmt: skip
    """GoogLeNet: Szegedy et al., arXiv 1409.4842, table 1, without the auxiliary classifiers.

    Args:
        resolution: height and width of the image, in pixels.
        classes: how many the classifier tells apart.
        normalization: response is the paper's, twice, with biases in the convolutions; batch
            normalises every convolution instead, as torchvision does.
        largest_kernel: 5x5 is the paper's; torchvision's is 3x3.
    """
    net = Network()

    def unit(x: Value, c: int, *, k: int = 1, stride: int = 1) -> Value:
        if normalization == "batch":
            return net.conv_bn_relu(x, c, k=k, stride=stride)
        return net.relu(net.conv(x, c, k=k, stride=stride, bias=True))

    def normalized(x: Value) -> Value:
        return net.local_response_norm(x) if normalization == "response" else x

    def halved(x: Value) -> Value:
        return net.pool(x, pad=0, ceil=True)

    with net.scope("conv1"):
        x = unit(net.input(3, resolution, resolution), 64, k=7, stride=2)
        x = normalized(halved(x))
    with net.scope("conv2"):
        x = halved(normalized(unit(unit(x, 64), 192, k=3)))
    for name, (one, three_in, three, five_in, five, pooled) in MODULES.items():
        if name in ("4a", "5a"):
            x = halved(x)
        with net.scope(f"inception{name}"):
            x = net.concat(
                unit(x, one),
                unit(unit(x, three_in), three, k=3),
                unit(unit(x, five_in), five, k=int(largest_kernel[0])),
                unit(net.pool(x, stride=1), pooled),
            )
    return classify(net, x, classes)
