"""The kernels that device rules look at: convolutions as a device runs them, and otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from costmodel.device import Device
from costmodel.fusion import Kernel
from costmodel.graph import Graph
from costmodel.operators import Conv
from costmodel.timing import Prediction, estimate, predict
from guidelines.layers import Layer, chosen

BLOCKED, PLAIN = "nchwc/", "nchw/"
"""What the path of a kernel begins with that works on channels in blocks, or does not."""


@dataclass(frozen=True, slots=True)
class Run:
    """A convolution as a device runs it.

    Args:
        layer: the convolution.
        kernel: that it heads.
        seconds: predicted, of one run.
    """

    layer: Layer
    kernel: Kernel
    seconds: float

    @property
    def kind(self) -> str:
        """Of its path: pointwise, depthwise, grouped, dense, first."""
        return self.kernel.path.rpartition("/")[2]

    def instead(self, conv: Conv, device: Device) -> float:
        """Seconds that a convolution of other widths takes in its place, on blocks."""
        own = self.layer.conv
        other = replace(
            self.kernel, path=f"{BLOCKED}{self.kind}",
            reads=(("", self.kernel.read_bytes * conv.c_in // own.c_in),),
            writes=(("", self.kernel.write_bytes * conv.c_out // own.c_out),),
            weight_bytes=self.kernel.weight_bytes * conv.cost.params // own.cost.params,
        )  # fmt: skip
        _, micros = estimate(other, conv, device)
        return micros * 1e-6


def runs(graph: Graph, device: Device) -> Iterator[Run]:
    """The convolutions whose widths the designer chose, as the device runs them."""
    layers = {layer.node.name: layer for layer in chosen(graph)}
    for timed in predict(graph, device).kernels:
        layer = layers.get(timed.kernel.head)
        if layer is not None and isinstance(layer.conv, Conv):
            yield Run(layer, timed.kernel, timed.seconds / layer.node.times)


def share(prediction: Prediction, seconds: float) -> float:
    """Of what the network takes."""
    return seconds / prediction.seconds if prediction.seconds else 0.0


def up(channels: int, step: int) -> int:
    """The next multiple.

    >>> up(58, 4), up(60, 4)
    (60, 60)
    """
    return -(-channels // step) * step
