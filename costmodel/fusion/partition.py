"""Divide a graph's nodes into kernels, by rules kept as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from costmodel.dims import Dim
from costmodel.fusion.memory import Memory
from costmodel.fusion.rules import Follow, Rules
from costmodel.graph import Graph, Node
from costmodel.operators.elementwise import Elementwise

MOST_INPUTS = 8
"""Inputs of an operator that anything fuses with; a wide Concat is not looked through."""


@dataclass(slots=True)
class Part:
    """The nodes of one kernel.

    Args:
        op: type of operator that the runtime runs them as.
        head: the node that the kernel is named by.
        nodes: in order of execution.
        path: which of the runtime's kernels for ``op``; "" where rules name none.
    """

    op: str
    head: Node
    nodes: list[Node] = field(default_factory=list)
    path: str = ""


def partition(graph: Graph, memory: Memory, rules: Rules) -> list[Part]:
    """The nodes by kernel, kernels in the order of their first nodes.

    A kernel never holds two operators with a third between them: it grows only where one
    node alone reads what it makes.
    """
    made = _Partition(graph, memory, rules)
    if rules.pads:
        made.pad()
    made.follow()
    if rules.compounds:
        made.replace_compounds()
    made.take_the_rest()
    if rules.copies:
        made.compose_copies()
    made.place_aliases()
    found: dict[str, Part] = {}
    for node in made.order:
        name = made.head(node.name)
        if name not in found:
            head = graph.node(name)
            found[name] = Part(made.runs_as.get(name, head.op_type), head)
        found[name].nodes.append(node)
    return list(found.values())


class _Partition:
    """The partition under construction: by node, one that went to the same kernel before.

    Attributes:
        home: that node, by name.
        runs_as: by the first node of a kernel, the type of operator that it runs as, where that
            is not the node's.
    """

    def __init__(self, graph: Graph, memory: Memory, rules: Rules) -> None:
        self.graph, self.memory, self.rules = graph, memory, rules
        self.order = list(graph.layers)
        self.at = {node.name: step for step, node in enumerate(self.order)}
        self.home: dict[str, str] = {}
        self.runs_as: dict[str, str] = {}
        self.longest = max(map(len, rules.compounds), default=0)

    def pad(self) -> None:
        """Give paddings to the operator that does them on its way."""
        for node in self.order:
            if node.op_type == "Pad" and self._surrounds(node):
                reader = self._only_reader(node)
                if reader is not None and reader.op_type in self.rules.pads:
                    self.home[node.name] = reader.name

    def follow(self) -> None:
        """Begin a kernel at each operator that something may follow."""
        for node in self.order:
            if node.op_type in self.rules.kernels and self._free(node):
                self._claim(node, self.rules.kernels[node.op_type])

    def replace_compounds(self) -> None:
        """Join the operators that together make up a function of one map."""
        ends = {types[-1] for types in self.rules.compounds}
        for last in self.order:
            if last.op_type in ends and self._free(last):
                group, name = self._compound(last)
                if name:
                    self.home.update((node.name, group[0].name) for node in group)
                    self.runs_as[group[0].name] = name

    def _compound(self, last: Node) -> tuple[list[Node], str]:
        """The operators that end in this one and make up a function, and its name, if any do.

        They are found backwards: whatever was made last of all that they read is one of them,
        until two of them read one map and none another (x·sigmoid(x), but not 2·sigmoid(x)).
        """
        group = [last]
        for _ in range(self.longest):
            inside = {node.name for node in group}
            roots = [self.memory.root(n) for node in group for n in node.inputs]
            makers = {root: self.memory.maker_of(root) for root in roots}
            read = {r for r in roots if not self.memory.constant(r) and makers[r] not in inside}
            name = self.rules.compounds.get(
                (*sorted(node.op_type for node in group[1:]), last.op_type)
            )
            twice = len(inside.intersection(*map(self.memory.readers_of, read))) > 1
            if name is not None and len(read) == 1 and twice:
                return sorted(group, key=lambda node: self.at[node.name]), name
            before = [maker for maker in map(makers.get, read) if maker is not None]
            latest = self.graph.node(max(before, key=self.at.__getitem__)) if before else None
            if latest is None or not self._is_for(latest, inside):
                break
            group.append(latest)
        return [], ""

    def _is_for(self, node: Node, readers: set[str]) -> bool:
        """Whether a node is element-wise, in no kernel yet and read by these alone."""
        made = node.outputs[0]
        return (
            self._free(node) and isinstance(node.operator, Elementwise)
            and readers.issuperset(self.memory.readers_of(made)) and not self.memory.returned(made)
        )  # fmt: skip

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
            if may_fold and kind in follow.folds and self._folds(reader, last, follow):
                if follow.becomes:
                    self.runs_as[begun.name] = follow.becomes
                    if len(self.memory.shape(reader.outputs[0]) or ()) == 2:
                        allowed = self.rules.kernels.get(follow.becomes, Follow()).activations
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
        shapes = {self.memory.shape(name) for name in (*shown, made)}
        return reader if len(shown) == 1 and len(shapes) == 1 and None not in shapes else None

    def _surrounds(self, node: Node) -> bool:
        """Whether a padding only puts zeros around maps."""
        before, after = self.memory.shape(node.inputs[0]), self.memory.shape(node.outputs[0])
        if before is None or after is None or before[:2] != after[:2] or self._maps(node) != 1:
            return False
        held = self.graph.tensors.get(node.inputs[1]) if len(node.inputs) > 1 else None
        pads = node.attributes.get("pads") or (held.value if held is not None else None)
        if pads is None:  # a file's: what it adds on both sides together
            pads = [b - a for a, b in zip(before, after, strict=True)]
        constant = node.attributes.get("mode", "constant") == "constant"
        return constant and all(isinstance(width, int) and width >= 0 for width in pads)

    def _folds(self, reader: Node, last: Node, follow: Follow) -> bool:
        """Whether all that it brings along are constants, one element a channel or one at all."""
        others = [n for n in reader.inputs if not self.memory.same(n, last.outputs[0])]
        if not others or not all(map(self.memory.constant, others)):
            return False
        if reader.op_type == "BatchNormalization":
            return True
        shape = self.memory.shape(last.outputs[0])
        if shape is None:
            return False
        axis = 1 if len(shape) > 2 and last.op_type != "MatMul" else len(shape) - 1
        for held in map(self.memory.shape, others):
            if held is None or not self._one_a_channel(held, shape, axis):
                return False
            number = all(d == 1 for d in held) and (shape[axis] != 1 or len(held) < len(shape) - 1)
            if number and follow.numbers is not None:
                return held == () and reader.op_type in follow.numbers
        return True

    def _one_a_channel(self, held: tuple[Dim, ...], shape: tuple[Dim, ...], axis: int) -> bool:
        if len(held) > len(shape):
            return False
        if 0 < self.graph.opset < 7 and held == (shape[axis],):
            return True  # broadcast then followed the attribute ``axis``
        padded = (1,) * (len(shape) - len(held)) + held
        return all(
            extent in (1, shape[axis] if i == axis else 1) for i, extent in enumerate(padded)
        )

    def _adds(self, reader: Node, last: Node, begun: Node) -> bool:
        """Whether the other map has the same shape and is there when the kernel begins."""
        others = [n for n in reader.inputs if not self.memory.same(n, last.outputs[0])]
        if len(others) != 1 or self.memory.shape(others[0]) != self.memory.shape(last.outputs[0]):
            return False
        maker = self.memory.maker_of(others[0])
        return maker is None or self.at[maker] < self.at[begun.name]

    def _maps(self, node: Node) -> int:
        return sum(1 for name in node.inputs if not self.memory.constant(name))
