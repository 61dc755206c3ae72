"""Activations and residuals that the device's runtime does not take into a convolution.

**Why**

A convolution applies Relu while it writes its result, and adds a residual as it does so, for
next to nothing. What the runtime cannot fold is a kernel of its own, which reads and writes the
map once more. Which functions fold is a matter of the runtime: ONNX Runtime folds Relu, Clip,
Sigmoid, Tanh, LeakyRelu and HardSigmoid, and on blocks HardSwish, but not SiLU, Elu or Mish; it
folds a residual, but not if an activation stands between the convolution and the sum.

The rule runs the device's fusions, and takes from its profile what functions and sums that stand
behind a convolution, a sum or a batch normalisation still take as kernels of their own. It
speaks where those of a kind take more than ``max_share`` of the network's time.

**Fix**

Take a function that folds. Activate behind the sum, not before it.

**References**

ONNX Runtime, core/optimizer/conv_activation_fusion.cc and nchwc_transformer.cc. Ma et al.,
ShuffleNet V2, ECCV 2018, arXiv 1807.11164: section 2, G4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from costmodel.frontends.code import Network
from costmodel.fusion import Kernel
from costmodel.graph import Graph, Node
from costmodel.operators import BatchNormalization, Conv, ConvTranspose, Elementwise
from guidelines.finding import Breach
from guidelines.layers import within
from guidelines.quantity import duration, percent
from guidelines.rule import Case, rule

if TYPE_CHECKING:
    from costmodel.device import Device

ARITHMETIC = frozenset({"Add", "Sum", "Sub", "Div", "Mul"})
SUMS = frozenset({"Add", "Sum"})


@rule("D104", "unfused-function", max_share=0.02, widest={"max_share": 0.0})
def check(graph: Graph, device: Device, *, max_share: float) -> Iterator[Breach]:
    """Add up the time of functions and sums that are kernels of their own."""
    from costmodel.timing import predict

    prediction = predict(graph, device)
    makers = {name: node for node in graph.layers for name in node.outputs}
    inside = within(graph)
    found: dict[str, _Own] = {}
    for timed in prediction.kernels:
        head, kernel = timed.kernel.head, timed.kernel
        if head in inside and follows(graph, kernel, makers):
            before = found.get(head, _Own(kernel.nodes, 0.0, 0))
            found[head] = _Own(
                kernel.nodes, before.seconds + timed.seconds, before.bytes + int(kernel.bytes)
            )
    kinds: dict[str, list[_Own]] = {}
    for own in found.values():
        ops = dict.fromkeys(graph.node(name).op_type for name in own.nodes)
        kinds.setdefault("·".join(ops), []).append(own)
    for kind, all_of_it in kinds.items():
        total = sum(own.seconds for own in all_of_it)
        share = total / prediction.seconds
        if share <= max_share:
            continue
        instead = "activate behind the sum" if kind in SUMS else "take Relu or Clip"
        for own in all_of_it:
            yield Breach(
                nodes=own.nodes,
                kind=kind,
                value=share,
                bound=max_share,
                message=f"{kind} is a kernel of its own on {device.name}: {duration(total)} in "
                f"all, {percent(share)} of the network (limit {percent(max_share)})",
                remedy=f"{instead}, which the convolution takes in",
                excess_bytes=own.bytes,
            )


@dataclass(frozen=True, slots=True)
class _Own:
    """Nodes that run as a kernel of their own, what that takes and moves."""

    nodes: tuple[str, ...]
    seconds: float
    bytes: int


def follows(graph: Graph, kernel: Kernel, makers: Mapping[str, Node]) -> bool:
    """Whether something that takes in functions, or sums, made what it reads.

    Args:
        graph: the network.
        kernel: a function of one map, or a sum of two of which one was activated on the way.
        makers: by tensor the node that makes it.
    """
    nodes = [graph.node(name) for name in kernel.nodes]
    if not all(isinstance(node.operator, Elementwise) for node in nodes):
        return False
    made = {name for node in nodes for name in node.outputs}
    maps = {n for n in (name for name, _ in kernel.reads) if n not in made}
    before = [makers[name] for name in maps if name in makers]
    if nodes[0].op_type in SUMS:
        return len(maps) == 2 and any(activated(graph, maker, makers) for maker in before)
    if len(maps) != 1 or all(node.op_type in ARITHMETIC for node in nodes):
        return False
    takes_in = Conv | ConvTranspose | BatchNormalization
    return any(isinstance(each.operator, takes_in) or each.op_type in SUMS for each in before)


def activated(graph: Graph, node: Node, makers: Mapping[str, Node]) -> bool:
    """Whether it is a function that only one node reads, of what a convolution made."""
    if not isinstance(node.operator, Elementwise) or node.op_type in ARITHMETIC:
        return False
    maker = makers.get(node.inputs[0])
    while maker is not None and isinstance(maker.operator, BatchNormalization):
        maker = makers.get(maker.inputs[0])
    alone = len(graph.succ[node.name]) == 1 and not set(node.outputs) & set(graph.outputs)
    return maker is not None and isinstance(maker.operator, Conv) and alone


def cases() -> Iterator[Case]:
    """What folds and what does not."""
    for kind, breaches in (("Elu", 4), ("Relu", 0)):
        net = Network()
        x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
        for _ in range(4):
            x = net.activation(net.batch_norm(net.conv(x, 64)), kind)
        yield Case(f"{kind} behind convolutions", net.graph(net.conv(x, 16)), breaches)
    for early, breaches in ((True, 3), (False, 0)):
        net = Network()
        x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
        for _ in range(3):
            y = net.conv(net.conv_bn_relu(x, 32), 64)
            x = net.add(net.relu(y), x) if early else net.relu(net.add(y, x))
        where = "before" if early else "behind"
        yield Case(f"activated {where} the sum", net.graph(net.conv(x, 16)), breaches)
