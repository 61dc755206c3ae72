"""Which tensors are the same memory, who makes it, who reads it, and how many bytes each moves.

A view's output is its input under another shape. Where a runtime computes on quantised
values, a dequantised tensor is its quantised one: whoever reads it reads the integers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from costmodel.dims import Dim
from costmodel.graph import Graph, Node
from costmodel.operators.elementwise import Elementwise
from costmodel.operators.quantize import Quantizer
from costmodel.operators.view import Extent
from costmodel.tensor import INTEGERS, Tensor, bytes_of


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes that one operator moves on its own, by tensor.

    Args:
        weights: constants read, in bytes.
        reads, writes: activation and bytes, in the order of the operator's inputs and outputs.
    """

    weights: Dim
    reads: tuple[tuple[str, Dim], ...]
    writes: tuple[tuple[str, Dim], ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory that a graph's tensors live in, each piece named by the tensor that is made.

    Args:
        tensors: the network's, by name.
        roots: by the name of a view's output, what it shows.
        aliases: names of the nodes that make no memory of their own.
        makers: by tensor, the node that makes it.
        readers: by piece of memory, the nodes that read its elements, in order of execution.
        outputs: pieces of memory that the network returns.
    """

    tensors: Mapping[str, Tensor]
    roots: Mapping[str, str]
    aliases: frozenset[str]
    makers: Mapping[str, str]
    readers: Mapping[str, tuple[str, ...]]
    outputs: frozenset[str]

    @classmethod
    def of(cls, graph: Graph, *, dequantised: bool = False, once: bool = False) -> Memory:
        """Follow views back to what they show.

        Args:
            graph: the network.
            dequantised: whether DequantizeLinear makes no memory.
            once: whether an operator that occurs again with the same inputs makes none, unless
                the network returns what it makes.
        """
        roots: dict[str, str] = {}
        done: dict[tuple[Any, ...], Node] = {}
        returned = set(graph.outputs)
        makers: dict[str, str] = {}
        readers: dict[str, dict[str, None]] = {}
        aliases = set()
        for node in graph.layers:
            if _shows(node) or (dequantised and _dequantises(graph, node)):
                aliases.add(node.name)
                roots[node.outputs[0]] = roots.get(node.inputs[0], node.inputs[0])
                continue
            again = once and returned.isdisjoint(node.outputs)
            if again and (first := done.setdefault(_work(graph, node, roots), node)) is not node:
                aliases.add(node.name)
                roots.update(zip(node.outputs, first.outputs, strict=False))
                continue
            makers.update((name, node.name) for name in node.outputs if name)
            if not isinstance(node.operator, Extent):
                for name in node.inputs:
                    readers.setdefault(roots.get(name, name), {})[node.name] = None
        return cls(
            tensors=graph.tensors, roots=roots, aliases=frozenset(aliases), makers=makers,
            readers={name: tuple(nodes) for name, nodes in readers.items()},
            outputs=frozenset(roots.get(name, name) for name in graph.outputs),
        )  # fmt: skip

    def root(self, name: str) -> str:
        """The tensor whose memory this one is."""
        return self.roots.get(name, name)

    def same(self, a: str, b: str) -> bool:
        """Whether two tensors are the same memory."""
        return self.root(a) == self.root(b)

    def maker_of(self, name: str) -> str | None:
        """The node that makes it; None for an input of the network or a constant."""
        return self.makers.get(self.root(name))

    def readers_of(self, name: str) -> tuple[str, ...]:
        """The nodes that read its elements, in order of execution."""
        return self.readers.get(self.root(name), ())

    def returned(self, name: str) -> bool:
        """Whether the network returns it."""
        return self.root(name) in self.outputs

    def shape(self, name: str) -> tuple[Dim, ...] | None:
        """Its extents, None where they are not all known."""
        tensor = self._tensor(name)
        return tensor.shape if tensor.known else None

    def constant(self, name: str) -> bool:
        """Whether it is known before the network runs, or left out."""
        return not name or self._tensor(name).constant

    def traffic(self, node: Node) -> Traffic:
        """Bytes that the node moves on its own: ``node.bytes``, but for what it reads quantised."""
        activations = [n for n in node.inputs if n and not self._tensor(n).constant]
        reads = self._share(node.cost.reads, activations, node.times)
        writes = self._share(node.cost.writes, [n for n in node.outputs if n], node.times)
        moved = sum(self._bytes(name, count) for name, count in (*reads, *writes))
        return Traffic(
            weights=sum(node.bytes.values()) - moved,
            reads=tuple((name, self._bytes(self.root(name), count)) for name, count in reads),
            writes=tuple((name, self._bytes(name, count)) for name, count in writes),
        )

    def _share(self, elements: Dim, names: list[str], times: Dim) -> list[tuple[str, Dim]]:
        """Elements of each tensor: all of them, or of the largest what the cost says."""
        if not names or elements == 0:
            return []
        tensors = [self._tensor(name) for name in names]
        if len(names) == 1:
            return [(names[0], elements)]
        if all(t.known for t in tensors) and sum(t.elements for t in tensors) * times == elements:
            return [(name, t.elements * times) for name, t in zip(names, tensors, strict=True)]
        main = max(range(len(names)), key=lambda i: tensors[i].elements if tensors[i].known else 0)
        return [(names[main], elements)]

    def _bytes(self, name: str, elements: Dim) -> Dim:
        return bytes_of(elements, self._tensor(name).dtype)

    def _tensor(self, name: str) -> Tensor:
        return self.tensors.get(name, _UNKNOWN)


_UNKNOWN = Tensor(None)


def functions(graph: Graph, *, without: Collection[str] = ()) -> dict[str, str]:
    """Element-wise operators on one map, by name, with the map that they are a function of.

    One on several maps counts where all of these are functions of one: x·sigmoid(x). Views
    and quantisation in between make no difference.

    Args:
        graph: the network.
        without: names of nodes that count as makers of new maps.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> x = net.conv(net.input(3, 8, 8), 4)
    >>> y = net.mul(x, net.activation(x, "Sigmoid"))
    >>> functions(net.graph(net.add(y, net.conv(y, 4))))
    {'Sigmoid_1': 'Conv_1:0', 'Mul_1': 'Conv_1:0'}
    """
    origins: dict[str, str] = {}
    found = {}
    for node in graph.layers:
        if node.name in without or node.operator is None or not node.outputs:
            continue
        maps = [n for n in node.inputs if n in graph.tensors and not graph.tensors[n].constant]
        if node.operator.view:
            maps = maps[:1]
        elif not isinstance(node.operator, Elementwise):
            continue
        of = {origins.get(name, name) for name in maps}
        if len(of) == 1:
            origins[node.outputs[0]] = of.pop()
            if not node.operator.view and not isinstance(node.operator, Quantizer):
                found[node.name] = origins[node.outputs[0]]
    return found


def _work(graph: Graph, node: Node, roots: Mapping[str, str]) -> tuple[Any, ...]:
    """What two nodes that do the same have in common."""
    held = [graph.tensors.get(name, _UNKNOWN) for name in node.inputs]
    inputs = tuple(
        (tensor.value if tensor.value and tensor.dtype in INTEGERS else roots.get(name, name),
         tensor.shape)
        for name, tensor in zip(node.inputs, held, strict=True)
    )  # fmt: skip
    return node.op_type, node.operator, inputs, repr(sorted(node.attributes.items())), node.times


def _shows(node: Node) -> bool:
    """Whether the output is the input's memory. A sequence holds many, and is none of them."""
    return (
        node.operator is not None and node.operator.view and bool(node.inputs and node.outputs)
        and not node.op_type.startswith("Sequence")
    )  # fmt: skip


def _dequantises(graph: Graph, node: Node) -> bool:
    """Whether it only gives integers a scale that is known beforehand."""
    if node.op_type.rpartition("::")[2] != "DequantizeLinear":
        return False
    given = [graph.tensors.get(name) for name in node.inputs if name]
    if not given or given[0] is None or given[0].constant:
        return False
    return all(tensor is not None and tensor.constant for tensor in given[1:])
