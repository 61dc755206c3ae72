"""A network as boxes within boxes: few enough in each to read, the same network inside them all.

The smallest boxes are kernels: what a runtime joins. Above them stand the modules that the
exporter recorded, or where it recorded none the stretches between places where paths part. A box
is always a run of kernels in an order in which they can execute, so that no two depend on each
other in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isqrt

from costmodel.blocks import Block, blocks
from costmodel.fusion import Kernel, kernels
from costmodel.graph import Graph, Node

FEWEST = 8
"""Boxes that the first drawing has at least, if the network has them."""

MOST = 64
"""Boxes of a drawing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Box:
    """A part of the network.

    Args:
        number: unique in the outline; a box comes before those inside it.
        title: the module, the head of the kernel, or the first and the last of several.
        nodes: in an order in which they can run.
        bytes: that its kernels move.
        kernel: the one that it is; None for a box with others inside.
        inner: the boxes inside.
    """

    number: int
    title: str
    nodes: tuple[Node, ...]
    bytes: int
    kernel: Kernel | None = None
    inner: tuple[Box, ...] = ()

    def walk(self) -> Iterator[Box]:
        """This box and all inside it."""
        yield self
        for each in self.inner:
            yield from each.walk()


@dataclass(frozen=True, slots=True)
class _Part:
    """A box that has no number yet."""

    title: str
    kernels: tuple[Kernel, ...]
    inner: tuple[_Part, ...] = ()


def outline(graph: Graph) -> tuple[Box, ...]:
    """The boxes of the first drawing; what is inside them is in them.

    >>> from costmodel import networks
    >>> [box.title for box in outline(networks.resnet_50())][:4]
    ['stem/Conv_1', 'stem/MaxPool_1', 'layer1.0', 'layer1.1']
    """
    found = kernels(graph)
    scoped = sum(bool(graph.node(kernel.head).scope) for kernel in found)
    paths = _scopes(graph, found) if 2 * scoped >= len(found) else _stretches(graph, found)
    parts = _grouped(list(zip(found, paths, strict=True)), 0)
    numbers = iter(range(10**9))
    return tuple(_box(graph, part, numbers) for part in _first(parts))


Path = tuple[str, ...]
"""Titles of the boxes around a kernel, outermost first."""


def _scopes(graph: Graph, found: Sequence[Kernel]) -> list[Path]:
    """Modules, each with its whole path as title."""
    paths = []
    for kernel in found:
        parts = graph.node(kernel.head).scope.split(".")
        paths.append(tuple(".".join(parts[: i + 1]) for i in range(len(parts)) if parts[0]))
    return paths


def _stretches(graph: Graph, found: Sequence[Kernel]) -> list[Path]:
    """By how deep blocks nest, the stretches up to where paths part or the last have met."""
    every = blocks(graph)
    nested = {inner for block in every for inner in block.inner}
    level: list[Block] = [block for block in every if block not in nested]
    paths: list[Path] = [()] * len(found)
    ends: set[str] = set()
    while level and len(paths[0]) < 8:
        ends |= {block.entry for block in level} | {level[-1].exit}
        number = 0
        for place, kernel in enumerate(found):
            paths[place] += (str(number),)
            number += not ends.isdisjoint(kernel.nodes)
        level = [inner for block in level for inner in block.inner]
    return paths


def _grouped(found: Sequence[tuple[Kernel, Path]], depth: int) -> tuple[_Part, ...]:
    """Parts of neighbours that share the next title; those without one stand alone."""
    parts: list[_Part] = []
    for title, run in groupby(found, lambda each: each[1][depth] if len(each[1]) > depth else ""):
        members = list(run)
        if not title or len(members) == 1:
            parts += [_Part(kernel.head, (kernel,)) for kernel, _ in members]
            continue
        inner = _grouped(members, depth + 1)
        if len(inner) == 1:
            parts.append(inner[0])
        else:
            held = tuple(kernel for kernel, _ in members)
            parts.append(_Part("" if title.isdigit() else title, held, inner))
    return _joined(parts)


def _joined(parts: Sequence[_Part]) -> tuple[_Part, ...]:
    """No more than MOST: neighbours in runs of about equal length."""
    while len(parts) > MOST:
        length = min(MOST, isqrt(len(parts) - 1) + 1)
        runs = [tuple(parts[i : i + length]) for i in range(0, len(parts), length)]
        parts = [_Part("", tuple(k for p in run for k in p.kernels), run) for run in runs]
    return tuple(parts)


def _first(parts: tuple[_Part, ...]) -> tuple[_Part, ...]:
    """The outermost level with enough boxes; if the next has too many, its largest are opened."""
    while len(parts) < FEWEST:
        opened = [inner for part in parts for inner in part.inner or (part,)]
        if len(opened) == len(parts):
            break
        if len(opened) <= MOST:
            parts = tuple(opened)
            continue
        rest = MOST - len(parts)
        sizes = sorted((len(part.inner), place) for place, part in enumerate(parts) if part.inner)
        fitting = next((place for size, place in reversed(sizes) if size <= rest), None)
        if fitting is None:
            break
        parts = (*parts[:fitting], *parts[fitting].inner, *parts[fitting + 1 :])
    return parts


def _box(graph: Graph, part: _Part, numbers: Iterator[int]) -> Box:
    number = next(numbers)
    nodes = tuple(graph.node(name) for kernel in part.kernels for name in kernel.nodes)
    run = f"{nodes[0].name} … {nodes[-1].name}" if part.inner else part.title
    return Box(
        number=number,
        title=part.title or run,
        nodes=nodes,
        bytes=sum(kernel.bytes for kernel in part.kernels),
        kernel=None if part.inner else part.kernels[0],
        inner=tuple(_box(graph, each, numbers) for each in part.inner),
    )


def links(graph: Graph, boxes: Sequence[Box]) -> list[tuple[int, int]]:
    """Which of the boxes feed which, as pairs of their places, each once, in order."""
    place = {node.name: i for i, box in enumerate(boxes) for node in box.nodes}
    found = {
        (place[node.name], place[after]): None
        for box in boxes
        for node in box.nodes
        for after in graph.succ[node.name]
        if after in place and place[after] != place[node.name]
    }
    return sorted(found)
