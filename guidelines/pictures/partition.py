"""A network cut into the bars of a picture: few enough to read, nothing left out or twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

from costmodel.blocks import Block, blocks
from costmodel.cost import Cost
from costmodel.errors import ModelError
from costmodel.graph import Graph, Node
from guidelines.report.layers import DEPTH
from guidelines.report.totals import unknown_types

MOST = 64
"""Bars on a page that can each have a name beside it, in type of 8 points."""

FEWEST = 8
"""Bars below which a long network's modules, or its blocks, say too little of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One bar.

    Args:
        name: of the layer, the module or whatever it stands for.
        nodes: its operators, in order of execution.
    """

    name: str
    nodes: tuple[Node, ...]

    @property
    def cost(self) -> Cost:
        """Sum over the operators that could be costed."""
        return sum((node.cost for node in self.nodes), Cost())

    @property
    def unknown(self) -> bool:
        """Whether there is one that could not."""
        return any(node.operator is None for node in self.nodes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """The bars of a network.

    Args:
        parts: each operator is in one of them.
        each: what a part is: layer, operator type, module, block or run.
        note: what was joined, "" if nothing was.
    """

    parts: tuple[Part, ...]
    each: str
    note: str = ""


def partition(graph: Graph, by: str | None = None) -> Partition:
    """Cut the network.

    Args:
        graph: the network.
        by: ``layer``; ``op`` for operator types, dearest first; ``scope`` for modules, as deep
            as there is room. None for layers where there is room for them, else modules, else
            the blocks between places that every path passes, else runs of equal length.

    Raises:
        ModelError: as :func:`measured`.
        ValueError: a ``by`` that is none of these.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> x = net.input(8, 4, 4)
    >>> for _ in range(100):
    ...     x = net.conv(x, 8)
    >>> cut = partition(net.graph(x))
    >>> len(cut.parts), cut.parts[0].name, cut.note
    (50, 'Conv_1 … Conv_2', '100 layers in 50 runs of up to 2')
    """
    if by not in {None, "layer", "op", "scope"}:
        raise ValueError(f"expected parts by layer, op, scope or None, found {by!r}")
    nodes = measured(graph)
    if by == "op":
        return _noted(nodes, _by_type(nodes), "operator type")
    if by == "layer" or (by is None and len(nodes) <= MOST):
        return Partition(parts=tuple(_run([node]) for node in nodes), each="layer")
    modules = _modules(nodes)
    if by == "scope" or FEWEST <= len(modules) <= MOST:
        return _noted(nodes, modules, "module")
    between = _blocks(graph, nodes)
    if FEWEST <= len(between) <= MOST:
        return _noted(nodes, between, "block")
    length = -(-len(nodes) // MOST)
    runs = [_run(nodes[i : i + length]) for i in range(0, len(nodes), length)]
    return _noted(nodes, runs, "run", f" of up to {length}")


def measured(graph: Graph) -> tuple[Node, ...]:
    """The nodes in order of execution, if there is something to draw of them.

    Raises:
        ModelError: no layer, none that is known to cost anything, or costs that are no numbers.
    """
    nodes = tuple(graph.layers)
    if not nodes:
        raise ModelError("expected a network with layers, found none")
    for node in nodes:
        if not all(isinstance(value, Real) for value in node.cost.to_dict().values()):
            raise ModelError(
                f"expected numbers to draw, found {node.cost.madds} madds at {node.label}; "
                "give every dimension a size"
            )
    if not any(node.cost.memory_access for node in nodes):
        raise ModelError(
            f"expected a layer that is known to move something, found none among {len(nodes):,}"
        )
    return nodes


def missing(graph: Graph) -> str:
    """What no picture can show: ``3 of 61 nodes unknown: HardSwish ×2, Foo``; "" if nothing."""
    unknown = graph.unknown
    if not unknown:
        return ""
    types = [f"{t} ×{n}" if n > 1 else t for t, n in unknown_types(unknown).items()]
    if len(types) > 4:
        types[3:] = [f"{len(types) - 3} more types"]
    return f"{len(unknown):,} of {len(graph):,} nodes unknown: {', '.join(types)}"


def _noted(nodes: Sequence[Node], parts: Sequence[Part], each: str, more: str = "") -> Partition:
    what = each if len(parts) == 1 else f"{each}s"
    note = f"{len(nodes):,} layers in {len(parts):,} {what}{more}"
    return Partition(parts=tuple(parts), each=each, note=note)


def _by_type(nodes: Sequence[Node]) -> list[Part]:
    groups: dict[str, list[Node]] = {}
    for node in nodes:
        groups.setdefault(node.op_type, []).append(node)
    parts = [Part(name=name, nodes=tuple(members)) for name, members in groups.items()]
    return sorted(parts, key=lambda part: -part.cost.memory_access)


def _modules(nodes: Sequence[Node]) -> list[Part]:
    """By module, as deep as there is room; one level deeper where that leaves next to none."""
    depths = max(node.scope.count(".") + 1 if node.scope else 0 for node in nodes)
    found = _at_depth(nodes, 1)
    for depth in range(2, min(depths, DEPTH) + 1):
        deeper = _at_depth(nodes, depth)
        if len(deeper) > MOST and len(found) >= FEWEST:
            break
        found = deeper
        if len(found) > MOST:
            break
    return found


def _at_depth(nodes: Sequence[Node], depth: int) -> list[Part]:
    """A part for each module of that depth, and for each run of layers that are in none."""
    groups: dict[str | int, list[Node]] = {}
    run = 0
    for node in nodes:
        run += bool(node.scope)  # a module ends the run before it
        key = ".".join(node.scope.split(".", depth)[:depth]) if node.scope else run
        groups.setdefault(key, []).append(node)
    return [
        Part(name=key, nodes=tuple(members)) if isinstance(key, str) else _run(members)
        for key, members in groups.items()
    ]


def _blocks(graph: Graph, nodes: Sequence[Node]) -> list[Part]:
    """From where paths part to where they part again, as deep as there is room."""
    every = blocks(graph)
    nested = {inner for block in every for inner in block.inner}
    level: list[Block] = [block for block in every if block not in nested]
    ends: set[str] = set()
    found: list[Part] = []
    while level:
        # What follows the last block is no part of it.
        ends |= {block.entry for block in level} | {level[-1].exit}
        deeper = _cut(nodes, ends)
        if found and len(deeper) > MOST:
            break
        found = deeper
        level = [inner for block in level for inner in block.inner]
    return found


def _cut(nodes: Sequence[Node], ends: set[str]) -> list[Part]:
    """Runs of layers, each up to one of these."""
    runs: list[list[Node]] = [[]]
    for node in nodes:
        runs[-1].append(node)
        if node.name in ends:
            runs.append([])
    return [_run(run) for run in runs if run]


def _run(nodes: Sequence[Node]) -> Part:
    """Layers that follow each other, called by the first and the last."""
    names = [f"{n.scope} {n.op_type}" if n.scope else n.name for n in (nodes[0], nodes[-1])]
    return Part(name=" … ".join(names[: len(nodes)]), nodes=tuple(nodes))
