"""Operators that compute next to nothing move a large part of the traffic.

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

For each size of map in the network, let C be what the operators that multiply and add read
and write of maps of that size, with the weights of those that write them, and E the bytes
that element-wise operators, normalisations and copies on such maps still move. Two things are
judged:

- Activations and normalisations that did not fold. They need not be there: another function,
  or another place for the same one, costs nothing. The rule speaks where they move more than
  ``max_unfolded``·C.
- Sums, gates and copies. Branches have to be joined somehow, so the rule speaks only where
  E > ``max_ratio``·C: where, at the default of 1, the arithmetic is the smaller part of the
  traffic. A ShuffleNet V2 stage of width c, its weights left out, has E = 2c against C = 3c
  (half a map in and out of each of three convolutions, one map through concat, shuffle and
  split): 0.67. The stages of DenseNet-121, which normalise and copy for each layer all that
  they have seen, have up to 1.8.

The price is all that the operators named still move. Pooling and resizing change the map,
which is work, and are not judged; nor are map sizes without a convolution, nor what stands
before the first or after the last operator that multiplies: the image has to be scaled, and
the result has to have its form.

**Fix**

Put each activation straight after a convolution and take one that folds (ReLU, ReLU6); put
batch normalisation after a convolution, not before it; concatenate once a stage instead of
once a layer; gate fewer blocks.

**References**

Ma et al., ShuffleNet V2, ECCV 2018, arXiv 1807.11164: section 2, G4, table 4; section 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from costmodel.frontends.code import Network, Value
from costmodel.fusion import COMPOSED, COPIES, Kernel, kernels
from costmodel.fusion.memory import functions
from costmodel.graph import Graph, Node
from costmodel.operators import (
    BatchNormalization,
    Conv,
    ConvTranspose,
    Elementwise,
    Normalization,
)
from costmodel.operators.normalization import LRN
from costmodel.operators.quantize import Quantizer
from guidelines.finding import Breach
from guidelines.layers import within
from guidelines.quantity import size
from guidelines.rule import Case, rule

FUNCTION, NORMALISATION, SUM, COPY = "function", "normalisation", "sum or gate", "copy"
REMEDIES = {
    FUNCTION: "activate with Relu or Clip straight behind the convolutions, which take it in, "
    "and not behind what joins them",
    NORMALISATION: "batch-normalise straight after a convolution, which takes it in",
    SUM: "add or gate fewer maps, or thinner ones",
    COPY: "concatenate or move channels once a stage, not once a layer",
}
"""What to do, by the family of the operator."""

NEEDLESS = (FUNCTION, NORMALISATION)
"""Families that a convolution takes in, where they stand behind one and are of the right kind."""


@rule(
    "G401",
    "element-wise-traffic",
    max_ratio=1.0,
    max_unfolded=0.1,
    widest={"max_ratio": 0.0, "max_unfolded": 0.0},
)
def check(graph: Graph, *, max_ratio: float, max_unfolded: float) -> Iterator[Breach]:
    """Weigh the element-wise kernels of each map size against those that multiply."""
    for stage in _stages(graph):
        for family, remedy in REMEDIES.items():
            needless = family in NEEDLESS
            value = stage.moved(NEEDLESS if needless else REMEDIES)
            bound = max_unfolded if needless else max_ratio
            mine = [kernel for kernel, its in stage.idle if its == family]
            if value <= bound:
                continue
            names = ", ".join(dict.fromkeys(_called(graph, kernel) for kernel in mine))
            what = "operators that do not fold" if needless else "element-wise operators and copies"
            saved = size(sum(kernel.bytes for kernel in mine))
            message = (
                f"{names} at {stage.place}: {what} move {value:.2f}× what the convolutions there "
                f"do (limit {bound:g}); element-wise traffic there is {size(stage.fused)} fused, "
                f"{size(stage.unfused)} unfused"
            )
            for kernel in mine:
                yield Breach(
                    nodes=kernel.nodes,
                    kind=family,
                    value=value,
                    bound=bound,
                    message=message,
                    remedy=f"{remedy}: up to {saved} less at {stage.place}",
                    excess_bytes=kernel.bytes,
                )


@dataclass(frozen=True, slots=True)
class _Stage:
    """What runs at one map size.

    Args:
        place: height and width.
        working: bytes of the kernels that multiply and add.
        idle: the other kernels that are judged, with their family.
        unfused: bytes that element-wise operators, normalisations and copies move unfused,
            those among them that fold.
    """

    place: str
    working: int
    idle: tuple[tuple[Kernel, str], ...]
    unfused: int

    @property
    def fused(self) -> int:
        """Bytes of all that is judged."""
        return sum(kernel.bytes for kernel, _ in self.idle)

    def moved(self, families: Iterable[str]) -> float:
        """Bytes of these families over those that multiply."""
        moved: int = sum(kernel.bytes for kernel, its in self.idle if its in families)
        return moved / self.working


def _stages(graph: Graph) -> Iterator[_Stage]:
    """The map sizes that convolutions read or write, in order of execution."""
    inside, found = within(graph), families(graph)
    working: dict[tuple[int, ...], int] = {}
    convolved: set[tuple[int, ...]] = set()
    idle: dict[tuple[int, ...], list[tuple[Kernel, str]]] = {}
    unfused: dict[tuple[int, ...], int] = {}
    for kernel in kernels(graph, COMPOSED):
        node = _speaker(graph, kernel)
        if not isinstance(kernel.bytes, int) or not kernel.bytes:
            continue
        moved = [(_extent(graph, name), taken) for name, taken in (*kernel.reads, *kernel.writes)]
        largest = max((extent for extent, _ in moved), key=math.prod, default=())
        written = moved[-1][0] if kernel.writes else largest
        if node.cost.madds:
            for extent, taken in (*moved, (written, kernel.weight_bytes)):
                working[extent] = working.get(extent, 0) + taken
            if isinstance(node.operator, Conv | ConvTranspose):
                convolved.update(extent for extent, _ in moved)
        elif node.name in inside and found[node.name]:
            idle.setdefault(largest, []).append((kernel, found[node.name]))
        for name in kernel.nodes:
            if found[name]:
                unfused[written] = unfused.get(written, 0) + sum(graph.node(name).bytes.values())
    for extent in idle:
        if extent in convolved:
            yield _Stage(
                place="×".join(map(str, extent)),
                working=working[extent],
                idle=tuple(idle[extent]),
                unfused=unfused.get(extent, 0),
            )


def families(graph: Graph) -> dict[str, str]:
    """What kind of idle operator each node is, by name; "" for one that is none.

    An operator on one map is a function, one on several joins them, unless they all are
    functions of one.
    """
    single = functions(graph)
    found: dict[str, str] = {}
    for node in graph.layers:
        operator = node.operator
        found[node.name] = ""
        if node.op_type in COPIES:
            found[node.name] = COPY
        elif isinstance(operator, BatchNormalization | Normalization | LRN):
            found[node.name] = NORMALISATION
        elif isinstance(operator, Elementwise) and not isinstance(operator, Quantizer):
            found[node.name] = FUNCTION if node.name in single else SUM
    return found


def _speaker(graph: Graph, kernel: Kernel) -> Node:
    """The operator that a kernel is named by: the one that multiplies, else the first."""
    nodes = [graph.node(name) for name in kernel.nodes]
    moving = [node for node in nodes if node.bytes] or nodes
    return next((node for node in moving if node.cost.madds), moving[0])


def _called(graph: Graph, kernel: Kernel) -> str:
    """``Relu``; ``Concat·Transpose·Split`` where several operators are one pass."""
    nodes = [graph.node(name) for name in kernel.nodes]
    return "·".join(node.op_type for node in nodes if node.bytes)


def _extent(graph: Graph, name: str) -> tuple[int, ...]:
    """Height and width of a map; a view may part its channels."""
    tensor = graph.tensors.get(name)
    return tensor.shape[2:][-2:] if tensor is not None and tensor.shape and tensor.known else ()


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
    yield Case("normalised before each convolution, concatenated after", net.graph(x), 11)
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
    yield Case("x·sigmoid(x), which does not fold", net.graph(x), 4)


def _shuffled(net: Network, x: Value) -> Value:
    """The ShuffleNet V2 unit of stride 1."""
    kept, y = net.split(x, x.c // 2, x.c // 2)
    y = net.batch_norm(net.depthwise(net.conv_bn_relu(y, y.c)))
    return net.shuffle(net.concat(kept, net.conv_bn_relu(y, y.c)), 2)


def _swish(net: Network, x: Value) -> Value:
    return net.mul(x, net.activation(x, "Sigmoid"))
