"""Blocks of channels that a convolution fills only in part.

**Why**

A runtime that works on channels in blocks pads what does not fill them, and multiplies the
padding too. So time is a staircase in the width: with blocks of 16, pointwise convolutions of 116,
120, 124 and 128 channels take the same. Of a width c the share c/(b·⌈c/b⌉) of the work is the
network's own, b being the block.

The rule divides the multiply-adds of the padded convolution by its own; it speaks where the
ratio is more than ``max_waste``. Only convolutions that do run on blocks are judged: for the
others there is D101.

**Fix**

Round to multiples of the block. Upwards it costs next to nothing, and the channels are there to
be used; downwards it saves whole blocks.

**References**

ONNX Runtime, core/mlas/lib/snchwc.cpp.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from costmodel.frontends.code import Network
from costmodel.graph import Graph
from guidelines.finding import Breach
from guidelines.rule import Case, rule

if TYPE_CHECKING:
    from costmodel.device import Device


@rule("D103", "padding-waste", max_waste=1.2, widest={"max_waste": 1.0})
def check(graph: Graph, device: Device, *, max_waste: float) -> Iterator[Breach]:
    """Compare each convolution's blocks with its channels."""
    from guidelines.kernels import BLOCKED, runs, up

    block = device.block
    for run in runs(graph, device):
        conv, kind = run.layer.conv, run.kind
        if not run.kernel.path.startswith(BLOCKED):
            continue
        c_in = conv.c_in if kind == "first" else up(conv.c_in, block)
        c_out = up(conv.c_out, block)
        waste = c_out / conv.c_out * (1.0 if run.layer.depthwise else c_in / conv.c_in)
        if waste > max_waste:
            yield Breach(
                nodes=(run.layer.node.name,),
                kind="padding",
                value=waste,
                bound=max_waste,
                message=f"{run.layer.text} is padded to {c_in}→{c_out} on {device.name}, in "
                f"blocks of {block}: {waste:.2f}× its madds (limit {max_waste:g})",
                remedy=f"widths that are multiples of {block}",
                excess_bytes=0,
            )


def cases() -> Iterator[Case]:
    """20 and 36 channels, and multiples of the block."""
    for widths, breaches in (((20, 36), 2), ((24, 40), 0), ((32, 32), 0)):
        net = Network()
        x = net.conv_bn_relu(net.input(3, 56, 56), widths[0], k=3)
        x = net.conv_bn_relu(net.conv_bn_relu(x, widths[1]), widths[0], k=3)
        yield Case(f"{widths[0]}→{widths[1]}→{widths[0]}", net.graph(net.conv(x, 16)), breaches)
