"""Groups of a size that keeps a convolution off the device's fast kernels.

**Why**

Grouped convolutions run on channels in blocks only if each group fills its blocks, on the way in
and on the way out. Others are done group by group, each as a matrix product of copied windows
that is too small to be fast. So more groups, with fewer multiply-adds, can take longer: 256
channels in 32 groups of 8, where a block is 16, take 2.5 times as long as in 16 groups, which
multiply twice as much.

The rule asks the device's profile what the convolution takes, and what it would take on blocks
with fewer groups of the same channels, or as many groups, each filled up to whole blocks. Both
multiply more. It speaks where the first is more than ``max_slowdown`` times the better of these.

**Fix**

Take as many channels a group as a block has, or a multiple; where that widens the layer too
much, fewer groups.

**References**

ONNX Runtime, core/optimizer/nchwc_transformer.cc. Ma et al., ShuffleNet V2, ECCV 2018, arXiv
1807.11164: section 2, G2, for what groups cost elsewhere.
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


@rule("D102", "group-size-off-fast-path", max_slowdown=1.2, widest={"max_slowdown": 1.0})
def check(graph: Graph, device: Device, *, max_slowdown: float) -> Iterator[Breach]:
    """Compare each grouped convolution on the slow path with others on the fast path."""
    from guidelines.kernels import PLAIN, runs

    layout = device.rules.layout
    if layout is None or layout.block == 1:
        return
    for run in runs(graph, device):
        conv = run.layer.conv
        if not isinstance(conv, Conv) or run.kernel.path != f"{PLAIN}grouped":
            continue
        others = [(run.instead(other, device), other) for other in filled(conv, layout.block)]
        fast, other = min(others, key=lambda each: each[0])
        slowdown = run.seconds / fast
        if slowdown > max_slowdown:
            told = f"{other.c_in}→{other.c_out} in {other.groups} group{'s'[: other.groups > 1]}"
            yield Breach(
                nodes=(run.layer.node.name,),
                kind="groups",
                value=slowdown,
                bound=max_slowdown,
                message=f"{run.layer.text} takes {slowdown:.1f}× what {told} would "
                f"(limit {max_slowdown:g}): {duration(run.seconds)} on {device.name}, as "
                f"{conv.c_in // conv.groups}→{conv.c_out // conv.groups} channels a group do "
                f"not fill blocks of {layout.block}",
                remedy=f"{told}: {duration(fast)} at {other.cost.madds / conv.cost.madds:.2f}× "
                "the madds",
                excess_bytes=0,
            )


def filled(conv: Conv, block: int) -> Iterator[Conv]:
    """The convolution with fewer groups that fill blocks, and with as many of more channels.

    >>> conv = Conv(c_in=64, c_out=64, groups=16, h=8, w=8, h_in=8, w_in=8)
    >>> [(other.c_in, other.groups) for other in filled(conv, 16)]
    [(64, 4), (64, 2), (64, 1), (256, 16)]
    """
    for groups in range(conv.groups - 1, 0, -1):
        if conv.groups % groups == 0 and not (conv.c_in % (groups * block)) and not (
            conv.c_out % (groups * block)
        ):  # fmt: skip
            yield conv.replace(groups=groups)
    step = conv.groups * block
    yield conv.replace(c_in=-(-conv.c_in // step) * step, c_out=-(-conv.c_out // step) * step)


def cases() -> Iterator[Case]:
    """128 channels in 32 groups of 4, and in 16 of 8; groups that are depthwise."""
    for groups, breaches in ((32, 2), (16, 0), (128, 0)):
        net = Network()
        x = net.conv_bn_relu(net.input(3, 56, 56), 128, k=3, stride=2)
        for _ in range(2):
            x = net.conv_bn_relu(x, 128, k=3, groups=groups)
        yield Case(f"128 channels in {groups} groups", net.graph(net.conv(x, 10)), breaches)
