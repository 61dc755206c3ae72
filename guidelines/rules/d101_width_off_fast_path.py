"""A convolution's width keeps it off the device's fast kernels.

**Why**

ONNX Runtime runs convolutions on channels in blocks of 8 or 16, as many as a vector register
holds, if the channels that a convolution reads are a multiple of 4; those of a depthwise one in
any case. All others go through a matrix product of copied windows, and the maps between the two
kinds are reordered. Neither multiply-adds nor bytes show it: of three units of ShuffleNet V2 at
28×28 that of 116 channels, whose branches have 58, takes 1.6 times as long as that of 120.

The rule asks the device's profile: what the convolution takes on the path that it runs, and what
it would take on blocks with its widths rounded *up* to the next multiple, more multiply-adds and
all. It speaks where the first is more than ``max_slowdown`` times the second.

**Fix**

Take widths that are multiples of the block, or of 4 at least, in each branch.

**References**

Ma et al., ShuffleNet V2, ECCV 2018, arXiv 1807.11164: table 5, whose widths of 116 and 244 are
two of these. ONNX Runtime, core/optimizer/nchwc_transformer.cc.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from costmodel.frontends.code import Network
from costmodel.graph import Graph
from costmodel.operators import Conv
from guidelines.finding import Breach
from guidelines.quantity import duration
from guidelines.rule import Case, rule

if TYPE_CHECKING:
    from costmodel.device import Device


@rule("D101", "width-off-fast-path", max_slowdown=1.2, widest={"max_slowdown": 1.0})
def check(graph: Graph, device: Device, *, max_slowdown: float) -> Iterator[Breach]:
    """Compare each convolution on the slow path with a wider one on the fast path."""
    from guidelines.kernels import PLAIN, runs, up

    layout = device.rules.layout
    if layout is None or layout.block == 1:
        return
    for run in runs(graph, device):
        conv = run.layer.conv
        if run.kind == "grouped" or not (
            isinstance(conv, Conv) and run.kernel.path.startswith(PLAIN)
        ):  # fmt: skip
            continue
        c_in, c_out = up(conv.c_in, layout.multiple), up(conv.c_out, layout.multiple)
        if c_in == conv.c_in and (c_out == conv.c_out or not run.layer.depthwise):
            continue  # it is not the width
        wider = conv.replace(c_in=c_in, c_out=c_out, groups=c_in if run.layer.depthwise else 1)
        fast = run.instead(wider, device)
        slowdown = run.seconds / fast
        if slowdown > max_slowdown:
            yield Breach(
                nodes=(run.layer.node.name,),
                kind="width",
                value=slowdown,
                bound=max_slowdown,
                message=f"{run.layer.text} takes {slowdown:.1f}× what {c_in}→{c_out} would "
                f"(limit {max_slowdown:g}): {duration(run.seconds)} on {device.name}, as its "
                f"width is no multiple of {layout.multiple}",
                remedy=f"multiples of {layout.block}, or of {layout.multiple} at least: "
                f"{c_in}→{c_out} takes {duration(fast)}",
                excess_bytes=0,
            )


def cases() -> Iterator[Case]:
    """Units of ShuffleNet V2 with the paper's widths and others."""
    for width, breaches in ((116, 3), (120, 0), (128, 0)):
        net = Network()
        x = net.conv_bn_relu(net.input(24, 28, 28), width, k=3)
        for _ in range(3):
            kept, y = net.split(x, width // 2, width // 2)
            y = net.batch_norm(net.depthwise(net.conv_bn_relu(y, y.c)))
            x = net.shuffle(net.concat(kept, net.conv_bn_relu(y, y.c)), 2)
        yield Case(f"units of {width} channels", net.graph(net.conv(x, 10)), breaches)
