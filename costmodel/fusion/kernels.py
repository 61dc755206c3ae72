"""Which operators run as one kernel, and what such kernels move.

The paper's memory access cost counts every operator on its own; a runtime keeps a
convolution, its batch normalisation and its ReLU in one kernel, so that the maps between
them never reach memory. Partitions follow rules kept as data.

>>> from costmodel.frontends.code import Network
>>> net = Network()
>>> graph = net.graph(net.conv_bn_relu(net.input(3, 8, 8), 4, k=3))
>>> [kernel.nodes for kernel in kernels(graph, GENERIC)]
[('Conv_1', 'BatchNormalization_1', 'Relu_1')]

References:
    ONNX Runtime, docs/performance/model-optimizations/graph-optimizations.
    NVIDIA TensorRT, developer guide, "Types of fusions".
    Ma et al., ShuffleNet V2, arXiv 1807.11164, section 3: one pass for concat, shuffle, split.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

from costmodel.dims import Dim
from costmodel.fusion.memory import Memory
from costmodel.fusion.partition import Part, partition
from costmodel.fusion.rules import GENERIC, Rules
from costmodel.graph import Graph


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """Operators that run as one, and the bytes that still move.

    Args:
        op: type of operator that the runtime runs it as: of a convolution with what follows
            it ``Conv``, of a layout's change ``ReorderInput`` or ``ReorderOutput``.
        head: the node whose dimensions tell its work; "" for a reorder.
        path: which of the runtime's kernels it is, see ``layout.lay_out``; "" where the rules
            name none.
        nodes: names, in order of execution. Views, and under rules that fuse quantisation
            also DequantizeLinear, stand with the operator whose output they show. A node that
            the runtime spells out in several kernels stands in each, a reorder has none.
        weight_bytes: constants read. Those of a folded operator still count, though a
            runtime folds them: at most four elements a channel.
        reads, writes: activations read, each tensor once, and written, with their bytes.
    """

    op: str
    head: str = ""
    path: str = ""
    nodes: tuple[str, ...] = ()
    weight_bytes: Dim = 0
    reads: tuple[tuple[str, Dim], ...] = ()
    writes: tuple[tuple[str, Dim], ...] = ()

    @property
    def read_bytes(self) -> Dim:
        """Activations read."""
        return sum(moved for _, moved in self.reads)

    @property
    def write_bytes(self) -> Dim:
        """Activations written."""
        return sum(moved for _, moved in self.writes)

    @functools.cached_property
    def bytes(self) -> Dim:
        """All bytes moved."""
        return self.weight_bytes + self.read_bytes + self.write_bytes


def kernels(graph: Graph, rules: Rules = GENERIC) -> tuple[Kernel, ...]:
    """Partition the nodes of a graph into kernels, in an order in which they can run."""
    return _kernels(graph, rules)


@functools.lru_cache(maxsize=4)
def _kernels(graph: Graph, rules: Rules) -> tuple[Kernel, ...]:
    """Remembered for the last graphs: the totals and several rules ask for the same."""
    memory = Memory.of(graph, dequantised=rules.quantisation, once=rules.once)
    parts = partition(graph, memory, rules)
    if rules.layout is None:
        return tuple(_kernel(memory, part) for part in parts)
    from costmodel.fusion.layout import Reorder, lay_out  # only who asks for a layout pays for it

    found: list[Kernel] = []
    for part in lay_out(parts, memory, rules, rules.layout):
        if isinstance(part, Reorder):
            moved = ((part.name, memory.tensors[part.name].bytes),)
            found.append(Kernel(op=part.op, path="nchwc", reads=moved, writes=moved))
        else:
            found += _spelled(_kernel(memory, part), rules)
    return tuple(found)


def fused_memory_access_bytes(graph: Graph, rules: Rules = GENERIC) -> Dim:
    """Bytes that the kernels move; with the rules ``NONE`` the paper's memory access cost.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> graph = net.graph(net.relu(net.conv(net.input(2, 4, 4), 3)))
    >>> from costmodel.fusion.rules import NONE
    >>> fused_memory_access_bytes(graph, NONE)  # 4*(16*2 + 2*3 + 16*3 + 2*16*3)
    728
    >>> fused_memory_access_bytes(graph)  # 4*(16*2 + 2*3 + 16*3)
    344
    """
    return sum(kernel.bytes for kernel in kernels(graph, rules))


def _kernel(memory: Memory, part: Part) -> Kernel:
    """The traffic of nodes that run as one.

    A tensor made here costs nothing if all who read it are here and the network does not
    return it; one that comes from outside is read once.
    """
    names = {node.name for node in part.nodes}
    weights: Dim = 0
    reads: list[tuple[str, Dim]] = []
    writes: list[tuple[str, Dim]] = []
    seen: dict[str, str] = {}
    for node in part.nodes:
        if node.name in memory.aliases:
            continue
        moved = memory.traffic(node)
        weights += moved.weights
        for name, bytes_read in moved.reads:
            root = memory.root(name)
            if memory.maker_of(name) in names or seen.setdefault(root, node.name) != node.name:
                continue
            reads.append((name, bytes_read))
        for name, bytes_written in moved.writes:
            inside = not memory.returned(name) and names.issuperset(memory.readers_of(name))
            if not (inside and memory.readers_of(name)):
                writes.append((name, bytes_written))
    return Kernel(
        op=part.op, head=part.head.name, path=part.path,
        nodes=tuple(node.name for node in part.nodes), weight_bytes=weights,
        reads=tuple(reads), writes=tuple(writes),
    )  # fmt: skip


def _spelled(kernel: Kernel, rules: Rules) -> tuple[Kernel, ...]:
    """The kernels of a function that the runtime spells out: only the last has two inputs."""
    ops = rules.spelled.get(kernel.op, ())
    if not ops:
        return (kernel,)
    *firsts, last = (replace(kernel, op=op) for op in ops)
    return (*firsts, replace(last, reads=kernel.reads + kernel.writes))
