"""Operators that compute next to nothing move more than the convolutions beside them.

**Why**

An activation, a sum, a gate or a copy does about one operation for each element that it reads
and writes; a 1×1 convolution of c channels does c. What the first kind takes is therefore its
traffic. The paper removed the ReLUs and the shortcuts of a ResNet unit and got 20 % more
speed for a share of the FLOPs that rounds to nothing.

But not every such operator moves anything. A runtime folds batch normalisation, constants and
bias into the weights of the convolution before it, applies ReLU and Clip while it writes the
result, and adds a residual as it does so. The rule judges what remains after that
(``costmodel.fusion.GENERIC``), and takes a chain of copies for one copy, as the paper does
when it merges the concat, shuffle and split of its own unit. Its messages give both figures,
the paper's unfused one and the fused one.

For each map size of the network, let E be the bytes that element-wise kernels, normalisations
and copies still move, and C those of the kernels that multiply and add. The rule speaks where
E > ``max_ratio``·C: where, at the default of 1, the arithmetic is the smaller part of the
traffic. A ShuffleNet V2 stage of width c and few weights has E = 2c against C = 3c (half a
map in and out of each 1×1 and 3×3, one map through concat, shuffle and split), which is 0.67;
a MobileNet V3 stage at expansion 6 with h-swish and gates has E near 1.6·C.

The price is all that the operators named still move. Pooling and resizing change the map,
which is work, and are not judged; nor are stages without a convolution.

**Fix**

Put each activation straight after a convolution and take one that folds (ReLU, ReLU6); put
batch normalisation after a convolution, not before it; concatenate once a stage instead of
once a layer; gate fewer blocks.

**References**

Ma et al., ShuffleNet V2, ECCV 2018, arXiv 1807.11164: section 2, G4, table 4; section 3.
"""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.frontends.code import Network, Value
from costmodel.fusion import COMPOSED, COPIES, Kernel, kernels
from costmodel.graph import Graph, Node
from costmodel.operators import (
    BatchNormalization,
    Conv,
    ConvTranspose,
    Elementwise,
    Normalization,
    Softmax,
)
from guidelines.finding import Breach
from guidelines.quantity import size
from guidelines.rule import Case, rule

REMEDIES = {
    "function": "use Relu or Clip straight after a convolution, which takes it in: {saved} less",
    "sum or gate": "add or gate fewer maps, or thinner ones: up to {saved} less",
    "normalisation": "normalise straight after a convolution, which takes it in: {saved} less",
    "copy": "concatenate or move channels once a stage, not once a layer: up to {saved} less",
}
"""What to do, by the family of the operator."""


@rule("G401", "element-wise-traffic", max_ratio=1.0)
def check(graph: Graph, *, max_ratio: float) -> Iterator[Breach]:
    """Weigh the element-wise kernels of each map size against those that multiply."""
    stages: dict[tuple[int, ...], list[tuple[Kernel, Node]]] = {}
    for kernel in kernels(graph, COMPOSED):
        node = _speaker(graph, kernel)
        if isinstance(kernel.bytes, int) and kernel.bytes:
            stages.setdefault(_extent(graph, kernel), []).append((kernel, node))
    for extent, stage in stages.items():
        if not any(isinstance(node.operator, Conv | ConvTranspose) for _, node in stage):
            continue
        working = sum(kernel.bytes for kernel, node in stage if node.cost.madds)
        idle = [(kernel, node) for kernel, node in stage if family(graph, node)]
        moved = sum(kernel.bytes for kernel, _ in idle)
        ratio = moved / working
        if ratio <= max_ratio:
            continue
        place = "×".join(map(str, extent))
        for kernel, node in idle:
            kind = family(graph, node)
            alone = sum(sum(graph.node(name).bytes.values()) for name in kernel.nodes)
            yield Breach(
                nodes=kernel.nodes,
                kind=kind,
                value=ratio,
                bound=max_ratio,
                message=f"{node.op_type} moves {size(kernel.bytes)} fused, {size(alone)} unfused; "
                f"such operators move {ratio:.2f}× what the convolutions do at {place} "
                f"(limit {max_ratio:g})",
                remedy=REMEDIES[kind].format(saved=size(kernel.bytes)),
                excess_bytes=kernel.bytes,
            )


def family(graph: Graph, node: Node) -> str:
    """What kind of idle operator a node is; "" for one that is none."""
    operator = node.operator
    if node.op_type in COPIES:
        return "copy"
    if isinstance(operator, BatchNormalization | Normalization) and not isinstance(operator, Softmax):
        return "normalisation"
    if not isinstance(operator, Elementwise) or "Quantize" in node.op_type:
        return ""
    maps = [n for n in node.inputs if n in graph.tensors and not graph.tensors[n].constant]
    return "sum or gate" if len(set(maps)) > 1 else "function"


def _speaker(graph: Graph, kernel: Kernel) -> Node:
    """The operator that a kernel is named by: the one that multiplies, else the first."""
    nodes = [graph.node(name) for name in kernel.nodes]
    moving = [node for node in nodes if node.bytes] or nodes
    return next((node for node in moving if node.cost.madds), moving[0])


def _extent(graph: Graph, kernel: Kernel) -> tuple[int, ...]:
    """Height and width of the map that a kernel writes."""
    for name in reversed(kernel.nodes):
        for output in graph.node(name).outputs:
            tensor = graph.tensors.get(output)
            if tensor is not None and tensor.known and tensor.shape:
                return tensor.shape[2:]
    return ()


def cases() -> Iterator[Case]:
    """What folds and what does not."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
    for _ in range(3):
        y = net.conv_bn_relu(net.conv_bn_relu(x, 64), 64, k=3)
        x = net.relu(net.add(net.batch_norm(net.conv(y, 64)), x))
    yield Case("a residual block: all of it folds", net.graph(x), 0)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
    for _ in range(6):
        y = net.conv(net.relu(net.batch_norm(x)), 32, k=3)
        x = net.concat(x, y)
    yield Case("normalisation before the convolution, concat after each", net.graph(x), 18)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 116, k=3)
    for _ in range(3):
        x = _shuffled(net, x)
    yield Case("ShuffleNet V2 units: one copy a unit", net.graph(x), 0)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 16, k=3)
    for _ in range(2):
        y = _swish(net, net.conv(x, 96))
        y = _swish(net, net.depthwise(y))
        x = net.conv(y, 16)
    yield Case("x·sigmoid(x), which does not fold", net.graph(x), 8)


def _shuffled(net: Network, x: Value) -> Value:
    """The ShuffleNet V2 unit of stride 1."""
    kept, y = net.split(x, x.c // 2, x.c // 2)
    y = net.batch_norm(net.depthwise(net.conv_bn_relu(y, y.c)))
    return net.shuffle(net.concat(kept, net.conv_bn_relu(y, y.c)), 2)


def _swish(net: Network, x: Value) -> Value:
    return net.mul(x, net.activation(x, "Sigmoid"))
