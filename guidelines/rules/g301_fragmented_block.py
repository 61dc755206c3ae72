"""A block does its work in many small operators side by side.

**Why**

A block is the region between two nodes that every path passes through: its entry dominates
it, its exit post-dominates it. Its fragments are the convolutions and poolings inside. Each
is launched and waited for on its own, and each is smaller than one operator of the same
multiply-adds, so that it fills a device less well. The rule counts, of a block,

    fragments: convolutions and poolings inside, and
    branches: fragments / those on the longest path,

the second being how many run side by side on average: work over span, the parallelism that
the block needs from the device to lose nothing. A chain has 1, however many connections skip
parts of it (a DenseNet block). Two branches have at most 2, however long they are (a residual
block with its projection, a fire module, the down-sampling units of both ShuffleNets), so
that only a third can break the default limit; the modules of GoogLeNet have 7 fragments in
3.5 branches. A gate that is computed beside the map that it multiplies lies on the path. A
block with few fragments is let off: ``max_fragments``.

The paper held the multiply-adds of a block and split it: on a GPU 4 fragments in parallel ran
at 691 batches a second where one ran at 2446, and 4 in series at 752; on an ARM core the loss
was 13 % and 4 %. NASNet-A has 13 fragments in a cell, ResNet 2 or 3.

What fragmentation costs is launches and idle units, which no traffic shows. So that findings
can be compared, the price here is the part that does show: the tensors that more than one
operator of the block reads, each time but the first, and the copies or sums that join the
branches. It is a lower bound, and good for the order of the report, not for a budget.

A block inside a fragmented one is not reported again; a fragmented one inside a larger block
counts there as one fragment.

**Fix**

Few operators in a chain, with the multiply-adds of the block: the remedy names the widths of
a 1×1 and a 3×3 convolution that have them. Where branches of different kernels are the point,
two are let off.

**References**

Ma et al., ShuffleNet V2, ECCV 2018, arXiv 1807.11164: section 2, G3, table 3.
Johnson, Pearson and Pingali, The program structure tree, PLDI 1994: the regions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

from costmodel.blocks import Block, blocks
from costmodel.frontends.code import Network, Value
from costmodel.fusion import Kernel, kernels
from costmodel.fusion.memory import Memory
from costmodel.graph import Graph, Node
from costmodel.operators import Conv, ConvTranspose, GlobalPool, Pool
from guidelines.finding import Breach
from guidelines.rule import Case, rule

JOINS = frozenset({"Concat", "Add", "Sum", "Mean", "Max"})
"""Operators that bring branches together."""

MODULE = 64
"""Nodes of a block up to which two convolutions may be proposed in its place."""


@rule(
    "G301",
    "fragmented-block",
    max_branches=2.0,
    max_fragments=3,
    widest={"max_branches": 1.0, "max_fragments": 1},
)
def check(graph: Graph, *, max_branches: float, max_fragments: int) -> Iterator[Breach]:
    """Measure every block, inner ones first; one that is reported counts as one fragment."""
    found = blocks(graph)
    if not found:
        return
    order = {name: step for step, name in enumerate(graph)}
    measured: dict[Block, _Measure] = {}
    prices: _Prices | None = None
    for block in found:
        measure = _measure(graph, block, measured)
        branches = measure.fragments / measure.longest if measure.longest else 1.0
        measured[block] = measure
        if measure.fragments > max_fragments and branches > max_branches:
            measured[block] = _Measure(1, 1)
            prices = prices or _Prices.of(graph)
            yield Breach(
                nodes=tuple(sorted(block.nodes, key=order.__getitem__)),
                kind="block",
                value=branches,
                bound=max_branches,
                message=f"{measure.fragments} convolutions and poolings, at most {measure.longest} "
                f"in a row: {branches:.2g} side by side (limit {max_branches:g})",
                remedy=_remedy(graph, block),
                excess_bytes=prices.of_block(block),
                label=_label(graph, block),
            )


@dataclass(frozen=True, slots=True)
class _Measure:
    """Fragments of a block, and the most of them that lie on one path."""

    fragments: int
    longest: int


def _measure(graph: Graph, block: Block, inner: Mapping[Block, _Measure]) -> _Measure:
    """Count the block's own fragments and add its inner blocks, measured already."""
    depth = {block.entry: 0}
    ends: dict[str, list[Block]] = {}
    for held in block.inner:
        ends.setdefault(held.exit, []).append(held)

    def reach(name: str) -> int:
        """Fragments on the longest path that ends before the node."""
        before = [depth[p] for p in graph.pred[name] if p in depth]
        through = [depth.get(b.entry, 0) + inner[b].longest for b in ends.get(name, ())]
        return max((*before, *through), default=0)

    fragments = sum(inner[held].fragments for held in block.inner)
    for name in block.own:
        counted = _is_fragment(graph.node(name))
        fragments += counted
        depth[name] = reach(name) + counted
    return _Measure(fragments, reach(block.exit))


def _is_fragment(node: Node) -> bool:
    return isinstance(node.operator, Conv | ConvTranspose | Pool | GlobalPool)


@dataclass(frozen=True, slots=True)
class _Prices:
    """What blocks are priced by: the network's kernels and the memory that they share."""

    graph: Graph
    memory: Memory
    kernel: Mapping[str, Kernel]

    @classmethod
    def of(cls, graph: Graph) -> _Prices:
        made = {name: kernel for kernel in kernels(graph) for name in kernel.nodes}
        return cls(graph, Memory.of(graph, dequantised=True), made)

    def of_block(self, block: Block) -> int:
        """Bytes of the repeated reads, and of the copies and sums that join branches."""
        inside = {*block.nodes, block.exit}
        readers: dict[str, set[tuple[str, ...]]] = {}
        sizes: dict[str, int] = {}
        joins: dict[tuple[str, ...], int] = {}
        for name in inside:
            node, kernel = self.graph.node(name), self.kernel[name]
            if name in self.memory.aliases:
                continue
            if node.op_type in JOINS and kernel.nodes[0] == name:
                joins[kernel.nodes] = kernel.bytes
                continue
            for tensor, size in self.memory.traffic(node).reads:
                root = self.memory.root(tensor)
                readers.setdefault(root, set()).add(kernel.nodes)
                sizes[root] = size
        again = sum((len(found) - 1) * sizes[root] for root, found in readers.items())
        return again + sum(joins.values())


def _label(graph: Graph, block: Block) -> str:
    """The module that holds the block, or the node that ends it."""
    scopes = [graph.node(name).scope.split(".") for name in block.nodes]
    shared = list(takewhile(lambda parts: len(set(parts)) == 1, zip(*scopes, strict=False)))
    if shared and shared[0][0]:
        return ".".join(parts[0] for parts in shared)
    return graph.node(block.exit).label


def _remedy(graph: Graph, block: Block) -> str:
    """A chain of a 1×1 and a 3×3 convolution with the block's multiply-adds, where one fits."""
    nodes = [graph.node(name) for name in block.nodes]
    madds = sum(node.cost.madds for node in nodes)
    moved = sum(node.cost.memory_access for node in nodes if node.cost.madds)
    before = graph.node(block.entry).outputs[:1] if block.entry else tuple(graph.inputs)
    after = graph.node(block.exit).outputs[:1]
    shapes = [graph.tensors[name].shape for name in (*before, *after) if name in graph.tensors]
    if len(nodes) <= MODULE and [len(shape or ()) for shape in shapes] == [4, 4]:
        (n, c_in, *at), (_, c_out, h, w) = ((shape or ()) for shape in shapes)
        width = round(madds / (n * h * w * (c_in + 9 * c_out)) / 8) * 8
        if at == [h, w] and width:
            size = {"n": n, "h_in": h, "w_in": w, "h": h, "w": w}
            narrow = Conv(c_in=c_in, c_out=width, **size).cost
            chain = narrow + Conv(c_in=width, c_out=c_out, k_h=3, k_w=3, **size).cost
            traffic, work = chain.memory_access / moved, chain.madds / madds
            return (
                f"a chain of 1×1 {c_in}→{width} and 3×3 {width}→{c_out}: "
                f"{traffic:.2f}× the traffic at {work:.2f}× the madds"
            )
    return "fewer and larger operators in a chain, of the same madds"


def cases() -> Iterator[Case]:
    """A module of GoogLeNet; two branches, skips and gates, which are none."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 192, k=3, stride=2)
    with net.scope("inception_3a"):
        x = _inception(net, x)
    yield Case("an inception module", net.graph(net.conv(x, 10)), 1)
    net = Network()
    x = net.relu(net.conv(net.input(3, 56, 56), 16))
    x = net.concat(net.relu(net.conv(x, 64)), net.relu(net.conv(x, 64, k=3)))
    yield Case("a fire module", net.graph(net.conv(x, 10)), 0)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
    y = net.conv_bn_relu(net.conv_bn_relu(x, 64), 64, k=3)
    x = net.relu(net.add(net.conv(y, 256), net.conv(x, 256)))
    yield Case("a residual block with a projection", net.graph(net.conv(x, 10)), 0)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
    for _ in range(6):
        x = net.concat(x, net.conv_bn_relu(net.conv_bn_relu(x, 128), 32, k=3))
    yield Case("a DenseNet block", net.graph(net.conv(x, 10)), 0)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
    gate = net.relu(net.conv(net.global_average_pool(x), 16))
    x = net.mul(x, net.activation(net.conv(gate, 64), "Sigmoid"))
    yield Case("a squeeze-and-excite gate", net.graph(net.conv(x, 10)), 0)


def _inception(net: Network, x: Value) -> Value:
    """GoogLeNet's module 3a."""
    return net.concat(
        net.relu(net.conv(x, 64)),
        net.relu(net.conv(net.relu(net.conv(x, 96)), 128, k=3)),
        net.relu(net.conv(net.relu(net.conv(x, 16)), 32, k=5)),
        net.relu(net.conv(net.pool(x, stride=1), 32)),
    )
