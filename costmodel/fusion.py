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

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from costmodel.dims import Dim
from costmodel.graph import Graph, Node
from costmodel.memory import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What may follow an operator in its kernel, in this order, each where nobody else reads.

    Args:
        folds: operators whose constants are folded into the weights: batch normalisation,
            and arithmetic with one constant a channel.
        residual: operators that add a second map of the same shape.
        activations: functions of one input, at most one of them.
    """

    folds: frozenset[str] = frozenset()
    residual: frozenset[str] = frozenset()
    activations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a runtime fuses.

    Args:
        name: of the rules.
        kernels: by the operator that a kernel begins with, what may follow it.
        quantisation: whether QuantizeLinear joins the kernel that makes its input, and
            DequantizeLinear those that read its output.
        copies: operators of which a chain is done in one pass.
    """

    name: str
    kernels: Mapping[str, Follow] = field(default_factory=dict)
    quantisation: bool = False
    copies: frozenset[str] = frozenset()


NONE = Rules(name="none")
"""Every operator its own kernel: the paper's memory access cost."""

_SCALES = frozenset({"BatchNormalization", "Mul", "Add"})
_CLAMPS = frozenset({"Relu", "Clip"})
_SUMS = frozenset({"Add", "Sum"})

GENERIC = Rules(
    name="generic",
    kernels={
        "Conv": Follow(folds=_SCALES, residual=_SUMS, activations=_CLAMPS),
        "ConvTranspose": Follow(folds=frozenset({"BatchNormalization", "Add"})),
        "Gemm": Follow(folds=frozenset({"BatchNormalization"}), activations=_CLAMPS),
        "MatMul": Follow(folds=frozenset({"BatchNormalization", "Add"}), activations=_CLAMPS),
        "BatchNormalization": Follow(folds=frozenset({"Mul", "Add"}), activations=_CLAMPS),
    },
    quantisation=True,
)
"""What common runtimes fuse without being asked; ``docs/decisions`` says why no more."""

COPIES = frozenset(
    {"Concat", "Split", "Slice", "Transpose", "Gather", "DepthToSpace", "SpaceToDepth"}
)
"""Operators that only put elements in other places."""

COMPOSED = replace(GENERIC, name="composed", copies=COPIES)
"""As generic, and a chain of copies is one copy: what an implementation can do at best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """Operators that run as one, and the bytes that still move.

    Args:
        nodes: names, in order of execution. Views, and under rules that fuse quantisation
            also DequantizeLinear, stand with the operator whose output they show.
        weight_bytes: constants read. Those of a folded operator still count, though a
            runtime folds them: at most four elements a channel.
        read_bytes: activations read, each tensor once.
        write_bytes: activations written.
    """

    nodes: tuple[str, ...]
    weight_bytes: Dim = 0
    read_bytes: Dim = 0
    write_bytes: Dim = 0

    @property
    def bytes(self) -> Dim:
        """All bytes moved."""
        return self.weight_bytes + self.read_bytes + self.write_bytes


def kernels(graph: Graph, rules: Rules = GENERIC) -> tuple[Kernel, ...]:
    """Partition the nodes of a graph into kernels, in the order of their first nodes."""
    memory = Memory.of(graph, dequantised=rules.quantisation)
    groups = _Groups(graph, memory, rules).groups()
    return tuple(_kernel(graph, memory, members) for members in groups)


def fused_memory_access_bytes(graph: Graph, rules: Rules = GENERIC) -> Dim:
    """Bytes that the kernels move; with the rules ``NONE`` the paper's memory access cost.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> graph = net.graph(net.relu(net.conv(net.input(2, 4, 4), 3)))
    >>> fused_memory_access_bytes(graph, NONE)  # 4*(16*2 + 2*3 + 16*3 + 2*16*3)
    728
    >>> fused_memory_access_bytes(graph)  # 4*(16*2 + 2*3 + 16*3)
    344
    """
    return sum(kernel.bytes for kernel in kernels(graph, rules))


class _Groups:
    """The partition under construction: which kernel each node went to."""

    def __init__(self, graph: Graph, memory: Memory, rules: Rules) -> None:
        self.graph, self.memory, self.rules = graph, memory, rules
        self.order = list(graph.layers)
        self.at = {node.name: step for step, node in enumerate(self.order)}
        self.home: dict[str, str] = {}

    def groups(self) -> list[list[Node]]:
        for node in self.order:
            if node.name in self.home or node.name in self.memory.aliases:
                continue
            for member in (node, *self._followers(node)):
                self.home[member.name] = node.name
        if self.rules.copies:
            self._compose_copies()
        for node in self.order:
            if node.name in self.memory.aliases:
                maker = self.memory.maker_of(node.outputs[0])
                self.home[node.name] = node.name if maker is None else self._head(maker)
        found: dict[str, list[Node]] = {}
        for node in self.order:
            found.setdefault(self._head(node.name), []).append(node)
        return list(found.values())

    def _followers(self, node: Node) -> Iterator[Node]:
        """The operators that join the kernel which ``node`` begins."""
        follow = self.rules.kernels.get(node.op_type, Follow())
        last, begun, stage = node, node, "folds"
        while (reader := self._only_reader(last)) is not None:
            if self.rules.quantisation and reader.op_type == "QuantizeLinear":
                yield reader
                return
            if stage == "folds" and reader.op_type in follow.folds and self._folds(reader, last):
                pass
            elif (
                stage == "folds"
                and reader.op_type in follow.residual
                and self._adds(reader, last, begun)
            ):
                stage = "residual"
            elif (
                stage != "activation"
                and reader.op_type in follow.activations
                and self._unary(reader)
            ):
                stage = "activation"
            else:
                return
            yield reader
            last = reader

    def _only_reader(self, node: Node) -> Node | None:
        """The one node that reads the output as it is, where nobody else does."""
        readers = self.memory.readers_of(node.outputs[0]) if node.outputs else ()
        if len(readers) != 1 or self.memory.returned(node.outputs[0]) or readers[0] in self.home:
            return None
        reader = self.graph.node(readers[0])
        shown = [name for name in reader.inputs if self.memory.same(name, node.outputs[0])]
        shapes = {self._shape(name) for name in (*shown, node.outputs[0])}
        return reader if len(shown) == 1 and len(shapes) == 1 and None not in shapes else None

    def _shape(self, name: str) -> tuple[Dim, ...] | None:
        tensor = self.graph.tensors.get(name)
        return tensor.shape if tensor is not None and tensor.known else None

    def _constant(self, name: str) -> bool:
        tensor = self.graph.tensors.get(name)
        return not name or (tensor is not None and tensor.constant)

    def _folds(self, reader: Node, last: Node) -> bool:
        """Whether every other input is a constant with one element a channel, or with one at all."""
        others = [n for n in reader.inputs if not self.memory.same(n, last.outputs[0])]
        if not others or not all(map(self._constant, others)):
            return False
        return reader.op_type == "BatchNormalization" or all(
            self._one_a_channel(self._shape(name), self._shape(last.outputs[0]) or (), last)
            for name in others
        )

    def _one_a_channel(
        self, held: tuple[Dim, ...] | None, shape: tuple[Dim, ...], last: Node
    ) -> bool:
        """Whether a constant broadcasts to ``shape`` with one element a channel, or with one at all."""
        if held is None or len(held) > len(shape):
            return False
        axis = 1 if len(shape) > 2 and last.op_type != "MatMul" else len(shape) - 1
        if 0 < self.graph.opset < 7 and held == (shape[axis],):
            return True  # broadcast then followed the attribute ``axis``
        padded = (1,) * (len(shape) - len(held)) + held
        return all(
            extent in (1, shape[axis] if i == axis else 1) for i, extent in enumerate(padded)
        )

    def _adds(self, reader: Node, last: Node, begun: Node) -> bool:
        """Whether the other input is a map of the same shape that is there when the kernel begins."""
        others = [n for n in reader.inputs if not self.memory.same(n, last.outputs[0])]
        if len(others) != 1 or self._shape(others[0]) != self._shape(last.outputs[0]):
            return False
        maker = self.memory.maker_of(others[0])
        return maker is None or self.at[maker] < self.at[begun.name]

    def _unary(self, reader: Node) -> bool:
        return all(map(self._constant, reader.inputs[1:]))

    def _compose_copies(self) -> None:
        """Join each copy to the copies that read it, where nothing else does."""
        for node in reversed(self.order):
            if node.op_type not in self.rules.copies or self.home[node.name] != node.name:
                continue
            readers = [self.graph.node(name) for name in self._readers(node)]
            if not readers or any(r.op_type not in self.rules.copies for r in readers):
                continue
            if any(map(self.memory.returned, node.outputs)):
                continue
            # Readers of this copy alone cannot depend on each other by way of a third operator.
            if len(readers) == 1 or all(self._activations(r) == 1 for r in readers):
                for reader in readers:
                    self.home[self._head(reader.name)] = node.name

    def _head(self, name: str) -> str:
        """The node that a kernel is named by, when kernels have been joined."""
        while self.home[name] != name:
            self.home[name] = self.home[self.home[name]]
            name = self.home[name]
        return name

    def _readers(self, node: Node) -> list[str]:
        return list(dict.fromkeys(r for out in node.outputs for r in self.memory.readers_of(out)))

    def _activations(self, node: Node) -> int:
        return sum(1 for name in node.inputs if not self._constant(name))


def _kernel(graph: Graph, memory: Memory, members: list[Node]) -> Kernel:
    """The traffic of nodes that run as one.

    A tensor made here costs nothing if all who read it are here and the network does not
    return it; one that comes from outside is read once.
    """
    names = {node.name for node in members}
    weights: Dim = 0
    reads: Dim = 0
    writes: Dim = 0
    seen: dict[str, str] = {}
    for node in members:
        if node.name in memory.aliases:
            continue
        moved = memory.traffic(node)
        weights += moved.weights
        for name, bytes_read in moved.reads:
            root = memory.root(name)
            if memory.maker_of(name) in names or seen.setdefault(root, node.name) != node.name:
                continue
            reads += bytes_read
        for name, bytes_written in moved.writes:
            inside = not memory.returned(name) and names.issuperset(memory.readers_of(name))
            if not (inside and memory.readers_of(name)):
                writes += bytes_written
    return Kernel(
        nodes=tuple(node.name for node in members),
        weight_bytes=weights,
        read_bytes=reads,
        write_bytes=writes,
    )
