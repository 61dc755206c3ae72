"""Divide a graph's nodes into kernels, by rules kept as data."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.dims import Dim
from costmodel.fusion.memory import Memory, functions
from costmodel.fusion.rules import Follow, Rules
from costmodel.graph import Graph, Node

MOST_INPUTS = 8
"""Inputs of an operator that anything fuses with; a wide Concat is not looked through."""


def partition(graph: Graph, memory: Memory, rules: Rules) -> list[list[Node]]:
    """The nodes by kernel, kernels in the order of their first nodes.

    A kernel never holds two operators with a third between them: it grows only where one
    node alone reads what it makes.
    """
    made = _Partition(graph, memory, rules)
    made.follow()
    if rules.compounds:
        made.replace_compounds()
    made.take_the_rest()
    if rules.copies:
        made.compose_copies()
    made.place_aliases()
    found: dict[str, list[Node]] = {}
    for node in made.order:
        found.setdefault(made.head(node.name), []).append(node)
    return list(found.values())


class _Partition:
    """The partition under construction: by node, one that went to the same kernel before."""

    def __init__(self, graph: Graph, memory: Memory, rules: Rules) -> None:
        self.graph, self.memory, self.rules = graph, memory, rules
        self.order = list(graph.layers)
        self.at = {node.name: step for step, node in enumerate(self.order)}
        self.home: dict[str, str] = {}

    def follow(self) -> None:
        """Begin a kernel at each operator that something may follow."""
        for node in self.order:
            if node.op_type in self.rules.kernels and self._free(node):
                self._claim(node, self.rules.kernels[node.op_type])

    def replace_compounds(self) -> None:
        """Join the operators that together make up a function of one map."""
        groups: dict[str, list[Node]] = {}
        for name, origin in functions(self.graph, without=self.home).items():
            groups.setdefault(origin, []).append(self.graph.node(name))
        for group in groups.values():
            if tuple(sorted(node.op_type for node in group)) not in self.rules.compounds:
                continue
            inside = {node.name for node in group}
            outputs = [name for node in group[:-1] for name in node.outputs]
            if all(inside.issuperset(self.memory.readers_of(name)) for name in outputs) and not any(
                map(self.memory.returned, outputs)
            ):
                self.home.update((node.name, group[0].name) for node in group)

    def take_the_rest(self) -> None:
        """A kernel for each node that has none yet."""
        for node in self.order:
            if self._free(node):
                self._claim(node, Follow())

    def compose_copies(self) -> None:
        """Join each copy to the copies that read it, where nothing else does."""
        for node in reversed(self.order):
            if node.op_type not in self.rules.copies or self.home.get(node.name) != node.name:
                continue
            names = dict.fromkeys(r for out in node.outputs for r in self.memory.readers_of(out))
            readers = [self.graph.node(name) for name in names]
            copied = readers and all(reader.op_type in self.rules.copies for reader in readers)
            if not copied or any(map(self.memory.returned, node.outputs)):
                continue
            # Readers of this copy alone cannot depend on each other by way of a third operator.
            if len(readers) == 1 or all(self._maps(reader) == 1 for reader in readers):
                for reader in readers:
                    self.home[self.head(reader.name)] = node.name

    def place_aliases(self) -> None:
        """A view goes where what it shows is made."""
        for node in self.order:
            if node.name in self.memory.aliases:
                maker = self.memory.maker_of(node.outputs[0])
                self.home[node.name] = node.name if maker is None else self.head(maker)

    def head(self, name: str) -> str:
        """The node that a kernel is named by, when kernels have been joined."""
        while self.home[name] != name:
            self.home[name] = self.home[self.home[name]]
            name = self.home[name]
        return name

    def _free(self, node: Node) -> bool:
        return node.name not in self.home and node.name not in self.memory.aliases

    def _claim(self, node: Node, follow: Follow) -> None:
        for member in (node, *self._followers(node, follow)):
            self.home[member.name] = node.name

    def _followers(self, begun: Node, follow: Follow) -> Iterator[Node]:
        """The operators that join the kernel which a node begins."""
        last, allowed, may_fold = begun, follow.activations, True
        while (reader := self._only_reader(last)) is not None:
            kind = reader.op_type
            if may_fold and kind in follow.folds and self._folds(reader, last):
                pass
            elif may_fold and kind in follow.residual and self._adds(reader, last, begun):
                may_fold, allowed = False, follow.after_residual
            elif kind in allowed and self._maps(reader) == 1:
                may_fold, allowed = False, frozenset()
            elif self.rules.quantisation and kind == "QuantizeLinear":
                yield reader
                return
            else:
                return
            yield reader
            last = reader

    def _only_reader(self, node: Node) -> Node | None:
        """The one node that reads the output as it is, where nobody else does."""
        made = node.outputs[0] if node.outputs else ""
        readers = self.memory.readers_of(made)
        if len(readers) != 1 or self.memory.returned(made) or readers[0] in self.home:
            return None
        reader = self.graph.node(readers[0])
        if len(reader.inputs) > MOST_INPUTS:
            return None
        shown = [name for name in reader.inputs if self.memory.same(name, made)]
        shapes = {self._shape(name) for name in (*shown, made)}
        return reader if len(shown) == 1 and len(shapes) == 1 and None not in shapes else None

    def _folds(self, reader: Node, last: Node) -> bool:
        """Whether all that it brings along are constants, one element a channel or one at all."""
        others = [n for n in reader.inputs if not self.memory.same(n, last.outputs[0])]
        if not others or not all(map(self._constant, others)):
            return False
        return reader.op_type == "BatchNormalization" or all(
            self._one_a_channel(self._shape(name), last) for name in others
        )

    def _one_a_channel(self, held: tuple[Dim, ...] | None, last: Node) -> bool:
        shape = self._shape(last.outputs[0])
        if held is None or shape is None or len(held) > len(shape):
            return False
        axis = 1 if len(shape) > 2 and last.op_type != "MatMul" else len(shape) - 1
        if 0 < self.graph.opset < 7 and held == (shape[axis],):
            return True  # broadcast then followed the attribute ``axis``
        padded = (1,) * (len(shape) - len(held)) + held
        return all(
            extent in (1, shape[axis] if i == axis else 1) for i, extent in enumerate(padded)
        )

    def _adds(self, reader: Node, last: Node, begun: Node) -> bool:
        """Whether the other map has the same shape and is there when the kernel begins."""
        others = [n for n in reader.inputs if not self.memory.same(n, last.outputs[0])]
        if len(others) != 1 or self._shape(others[0]) != self._shape(last.outputs[0]):
            return False
        maker = self.memory.maker_of(others[0])
        return maker is None or self.at[maker] < self.at[begun.name]

    def _shape(self, name: str) -> tuple[Dim, ...] | None:
        tensor = self.graph.tensors.get(name)
        return tensor.shape if tensor is not None and tensor.known else None

    def _constant(self, name: str) -> bool:
        tensor = self.graph.tensors.get(name)
        return not name or (tensor is not None and tensor.constant)

    def _maps(self, node: Node) -> int:
        return sum(1 for name in node.inputs if not self._constant(name))
