"""Sizes read node by node, and the equations between widths, solved as they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from costmodel.channels.width import Axis, Width, fixed, total
from costmodel.errors import ModelError
from costmodel.graph import Graph, Node


@dataclass(frozen=True, slots=True)
class Channels:
    """The free widths of a network, and its sizes in them.

    Args:
        sizes: by activation, its axes.
        free: by the node that makes it first, each free width as it is.
        held: by node, why the width that it makes is not free.
    """

    sizes: Mapping[str, tuple[Axis, ...]]
    free: Mapping[str, int]
    held: Mapping[str, str]

    def width(self, tensor: str) -> Width:
        """Channels of an activation, which are its second axis; nothing where it has none."""
        axes = self.sizes.get(tensor, ())
        return total(axes[1]) if len(axes) > 1 else Width()

    def shape(self, tensor: str, widths: Mapping[str, int]) -> tuple[int, ...]:
        """The shape of an activation where the free widths have these.

        Raises:
            ModelError: an extent is then no positive whole number.
        """
        extents = [total(axis).at(widths) for axis in self.sizes[tensor]]
        for extent in extents:
            if extent < 1 or extent.denominator != 1:
                raise ModelError(f"expected whole channels in '{tensor}', found {extent}")
        return tuple(int(extent) for extent in extents)


class Reading:
    """Sizes so far, and the equations between widths.

    Attributes:
        present: every width by the node that makes it, as it is.
        rank: when it came.
        equal: widths that an equation gives in terms of others.
        reasons: by width, why it may not be changed.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.sizes: dict[str, tuple[Axis, ...]] = {}
        self.present: dict[str, int] = {}
        self.rank: dict[str, int] = {}
        self.equal: dict[str, Width] = {}
        self.reasons: dict[str, str] = {}

    def solved(self) -> Channels:
        """All sizes in the widths that are still free."""
        sizes = {
            name: tuple(tuple(map(self.resolve, axis)) for axis in axes)
            for name, axes in self.sizes.items()
        }
        free = {name: width for name, width in self.present.items() if name not in self.equal}
        held = {
            name: self.why(name)
            for name in self.present
            if not self.resolve(Width({name: Fraction(1)})).terms
        }
        return Channels(sizes, free, held)

    def begin(self, node: Node) -> bool:
        """Give sizes to what a node reads from nobody; whether all its sizes are known."""
        for name in node.inputs:
            if name not in self.sizes and name in self.graph.tensors and not self.constant(name):
                self.sizes[name] = tuple(map(fixed, self.shape(name)))
        return all(not name or self.known(name) for name in (*node.inputs, *node.outputs))

    def known(self, name: str) -> bool:
        """Whether the size of a tensor is."""
        return name in self.graph.tensors and self.graph.tensors[name].known

    def shape(self, name: str) -> tuple[int, ...]:
        """The tensor's shape as it is, () where it is not known."""
        tensor = self.graph.tensors.get(name)
        return tensor.dims if tensor is not None and tensor.known else ()

    def constant(self, name: str) -> bool:
        """Whether a tensor is fixed before the network runs."""
        return name in self.graph.tensors and self.graph.tensors[name].constant

    def new(self, node: Node, width: int) -> Axis:
        """A width that the node is free to choose."""
        self.present[node.name], self.rank[node.name] = width, len(self.rank)
        return (Width({node.name: Fraction(1)}),)

    def hold(self, names: Iterable[str], reason: str) -> None:
        """Keep the sizes of these tensors."""
        for name in names:
            for axis, extent in zip(self.sizes.get(name, ()), self.shape(name), strict=False):
                self.tie(axis, fixed(extent), reason)

    def tie(self, a: Axis, b: Axis, reason: str) -> None:
        """Two extents are one: give the width that came last in terms of the others.

        The reason is why they are held, where one of them is fixed.
        """
        one, other = self.resolve(total(a)), self.resolve(total(b))
        apart = one + other * -1
        if not apart.terms:
            return
        if not (one.terms and other.terms):
            self.reasons.update(dict.fromkeys(apart.terms, reason))
        last = max(apart.terms, key=self.rank.__getitem__)
        factor = apart.terms[last]
        rest = Width({n: f for n, f in apart.terms.items() if n != last}, apart.constant)
        self.equal[last] = rest * (-1 / factor)

    def resolve(self, width: Width) -> Width:
        """The same width in terms of those that no equation gives."""
        while given := [name for name in width.terms if name in self.equal]:
            for name in given:
                rest = Width({n: f for n, f in width.terms.items() if n != name}, width.constant)
                width = rest + self.equal[name] * width.terms[name]
        return width

    def why(self, name: str) -> str:
        """The reason that holds a width, or holds what it is tied to."""
        while name not in self.reasons and self.equal[name].terms:
            name = next(iter(self.equal[name].terms))
        return self.reasons.get(name, "")
