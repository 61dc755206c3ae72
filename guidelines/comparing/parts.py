"""The blocks of a network, by the name that a reader knows them by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from costmodel.blocks import Block, blocks
from costmodel.graph import Graph
from guidelines.budget.figures import block

MOST = 0.5
"""Share of the network's nodes up to which a region is a block of it."""


def parts(graph: Graph) -> Mapping[str, str]:
    """The block of each node: the module that repeats, or where the file names no modules the
    region between a map with several readers and the node where their paths have met again, and
    what stands between two of these.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> x = net.relu(net.conv(net.input(3, 8, 8), 16))
    >>> x = net.conv(net.add(x, net.conv(net.relu(net.conv(x, 16)), 16)), 8)
    >>> parts(net.graph(net.conv(net.conv(net.conv(x, 8), 8), 8)))["Relu_2"]
    'Conv_2 … Conv_3'
    """
    found: dict[str, str] = {}
    if any(not node.scope for node in graph.layers):
        held = {name: each for each in _outermost(graph) for name in each.nodes}
        runs = groupby(graph.layers, key=lambda node: (bool(node.scope), id(held.get(node.name))))
        for _, run in runs:
            names = [node.name for node in run]
            found.update(dict.fromkeys(names, _called(names[0], names[-1])))
        for each in dict.fromkeys(held.values()):
            found.update(dict.fromkeys(each.nodes, _called(each.nodes[0], each.nodes[-1])))
    return {node.name: block(node) if node.scope else found[node.name] for node in graph.layers}


def _called(first: str, last: str) -> str:
    return first if first == last else f"{first} … {last}"


def _outermost(graph: Graph) -> Iterable[Block]:
    """Blocks that no other holds, those aside that are most of the network."""
    small = [each for each in blocks(graph) if 0 < len(each.nodes) <= MOST * len(graph)]
    inside = {id(inner) for each in small for inner in each.inner}
    return [each for each in small if id(each) not in inside]
