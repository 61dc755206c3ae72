"""The layers that rules look at: convolutions whose widths the designer chose, and their names."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from costmodel.bound import Convolution
from costmodel.graph import Graph, Node
from costmodel.operators import Conv, ConvTranspose

IMAGE = 4
"""Channels up to which a map is an image, a mask or a map of answers, not of features."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution of a network, with the words for it."""

    node: Node
    conv: Convolution

    @property
    def kernel(self) -> str:
        """``3×3``; ``5`` where there is one extent, ``3×3×3`` where there are three."""
        return _times(self._extents(self.conv.k_d, self.conv.k_h, self.conv.k_w))

    @property
    def depthwise(self) -> bool:
        """Whether every channel is a group of its own."""
        return bool(self.conv.groups == self.conv.c_in > 1)

    @property
    def bytes(self) -> int:
        """Bytes that the convolution moves on its own, over all its runs."""
        return sum(self.node.bytes.values())

    @property
    def text(self) -> str:
        """``1×1 Conv 16→96 at 56×56``, with its groups where there are several."""
        conv = self.conv
        before = _times(self._extents(conv.d_in, conv.h_in, conv.w_in))
        after = _times(self._extents(conv.d, conv.h, conv.w))
        place = f"at {after}" if before == after else f"from {before} to {after}"
        groups = f" in {conv.groups} groups" if conv.groups > 1 else ""
        kind = "ConvTranspose" if isinstance(conv, ConvTranspose) else "Conv"
        return f"{self.kernel} {kind} {conv.c_in}→{conv.c_out}{groups} {place}"

    def _extents(self, d: int, h: int, w: int) -> tuple[int, ...]:
        conv = self.conv
        if (conv.d_in, conv.d, conv.k_d) != (1, 1, 1):
            return d, h, w
        return (w,) if (conv.h_in, conv.h, conv.k_h) == (1, 1, 1) else (h, w)

    def with_widths(self, c_in: float, c_out: float, *, groups: int) -> Convolution:
        """The convolution with other widths, rounded to 8 and to whole groups."""
        step = math.lcm(8, groups)
        return self.conv.replace(
            c_in=_rounded(c_in, step), c_out=_rounded(c_out, step), groups=groups
        )

    def effect(self, other: Convolution) -> str:
        """What another convolution in this one's place would do: traffic and multiply-adds."""
        traffic = other.cost.memory_access / self.conv.cost.memory_access
        madds = other.cost.madds / self.conv.cost.madds
        return f"{traffic:.2f}× the traffic at {madds:.2f}× the madds"


def convolutions(graph: Graph) -> Iterator[Layer]:
    """Every convolution of known size."""
    for node in graph.layers:
        conv = node.operator
        if not isinstance(conv, Conv | ConvTranspose):
            continue
        # A network of symbols has a cost, but no number to compare.
        if all(isinstance(extent, int) for extent in conv.dims.values()) and conv.cost.madds > 0:
            yield Layer(node, conv)


def chosen(graph: Graph) -> Iterator[Layer]:
    """The convolutions whose widths were the designer's to choose.

    Not the first that an input meets, whose input channels are the image's, not the last
    before an output, whose output channels are the classes', and none that reads or writes
    no more channels than an image has.
    """
    inside = within(graph)
    for layer in convolutions(graph):
        if layer.node.name in inside and min(layer.conv.c_in, layer.conv.c_out) > IMAGE:
            yield layer


def within(graph: Graph) -> set[str]:
    """Nodes with a multiply-adding operator somewhere before them and another after."""
    order = list(graph.layers)
    return _reached(order, graph.pred) & _reached(order[::-1], graph.succ)


def _reached(order: list[Node], before: Mapping[str, Iterable[str]]) -> set[str]:
    """Nodes that have a multiply-adding operator before them."""
    working: set[str] = set()
    reached: set[str] = set()
    for node in order:
        if any(name in working or name in reached for name in before[node.name]):
            reached.add(node.name)
        if node.cost.madds:
            working.add(node.name)
    return reached


def _times(extents: tuple[int, ...]) -> str:
    return "×".join(map(str, extents))


def _rounded(width: float, step: int) -> int:
    return max(step, round(width / step) * step)
