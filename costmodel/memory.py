"""Which tensors are the same memory, who makes it, who reads it, and how many bytes each moves.

A view's output is its input under another shape. Where a runtime computes on quantised
values, a dequantised tensor is its quantised one: whoever reads it reads the integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from costmodel.dims import Dim
from costmodel.graph import Graph, Node
from costmodel.operators.view import Extent
from costmodel.tensor import Tensor, bytes_of


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
        graph: the network.
        roots: by the name of a view's output, what it shows.
        aliases: names of the nodes that make no memory of their own.
        makers: by tensor, the node that makes it.
        readers: by piece of memory, the nodes that read its elements, in order of execution.
        outputs: pieces of memory that the network returns.
    """

    graph: Graph
    roots: Mapping[str, str]
    aliases: frozenset[str]
    makers: Mapping[str, str]
    readers: Mapping[str, tuple[str, ...]]
    outputs: frozenset[str]

    @classmethod
    def of(cls, graph: Graph, *, dequantised: bool = False) -> Memory:
        """Follow views, and with ``dequantised`` DequantizeLinear, back to what they show."""
        roots: dict[str, str] = {}
        makers: dict[str, str] = {}
        readers: dict[str, dict[str, None]] = {}
        aliases = set()
        for node in graph.layers:
            if _shows(node) or (dequantised and _dequantises(graph, node)):
                aliases.add(node.name)
                roots[node.outputs[0]] = roots.get(node.inputs[0], node.inputs[0])
                continue
            makers.update((name, node.name) for name in node.outputs if name)
            if not isinstance(node.operator, Extent):
                for name in node.inputs:
                    readers.setdefault(roots.get(name, name), {})[node.name] = None
        return cls(
            graph=graph, roots=roots, aliases=frozenset(aliases), makers=makers,
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

    def traffic(self, node: Node) -> Traffic:
        """Bytes that the node moves on its own; the sum is ``node.bytes``, quantised reads aside."""
        activations = [n for n in node.inputs if n and not self._tensor(n).constant]
        reads = self._share(node.cost.reads, activations, node.times)
        writes = self._share(node.cost.writes, [n for n in node.outputs if n], node.times)
        moved = sum(elements_bytes for _, _, elements_bytes in (*reads, *writes))
        return Traffic(
            weights=sum(node.bytes.values()) - moved,
            reads=tuple(
                (n, bytes_of(count, self._tensor(self.root(n)).dtype)) for n, count, _ in reads
            ),
            writes=tuple((n, moved) for n, _, moved in writes),
        )

    def _share(self, elements: Dim, names: list[str], times: Dim) -> list[tuple[str, Dim, Dim]]:
        """Each tensor's elements and bytes: all of it, or of the largest what the cost says."""
        tensors = [self._tensor(name) for name in names]
        known = all(tensor.known for tensor in tensors)
        if not names or elements == 0:
            return []
        if known and sum(tensor.elements for tensor in tensors) * times == elements:
            return [
                (name, tensor.elements * times, tensor.bytes * times)
                for name, tensor in zip(names, tensors, strict=True)
            ]
        main = max(
            names, key=lambda name: self._tensor(name).elements if self._tensor(name).known else 0
        )
        return [(main, elements, bytes_of(elements, self._tensor(main).dtype))]

    def _tensor(self, name: str) -> Tensor:
        return self.graph.tensors.get(name, Tensor(None))


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
    constant = [
        name == "" or graph.tensors[name].constant
        for name in node.inputs
        if name == "" or name in graph.tensors
    ]
    return len(constant) == len(node.inputs) and not constant[0] and all(constant[1:])
