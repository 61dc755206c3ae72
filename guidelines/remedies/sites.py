"""Which layers of a finding have to change together, and what of the network that touches."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass

import networkx as nx

from costmodel.channels import Channels, channels
from costmodel.fusion import kernels
from costmodel.graph import Graph
from costmodel.rewrite import cut


def together(names: Iterable[str], keys: Callable[[str], Iterable[Hashable]]) -> list[list[str]]:
    """Names that share a key, directly or by way of others, in their order.

    >>> together(["a", "b", "c"], {"a": [1], "b": [2], "c": [1, 3]}.__getitem__)
    [['a', 'c'], ['b']]
    """
    order = list(names)
    sets = nx.utils.UnionFind(order)
    first: dict[Hashable, str] = {}
    for name in order:
        for key in keys(name):
            sets.union(first.setdefault(key, name), name)
    found: dict[str, list[str]] = {}
    for name in order:
        found.setdefault(sets[name], []).append(name)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A network with what is asked of it for every site.

    Args:
        graph: the network.
        known: its channels.
        mates: by node, the nodes that run in one kernel with it.
        users: by free width, the nodes that read or make a tensor whose size goes with it.
    """

    graph: Graph
    known: Channels
    mates: Mapping[str, tuple[str, ...]]
    users: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, graph: Graph) -> Surroundings:
        """Read what there is to know of a network."""
        return _read(graph)

    def touched(self, widths: Iterable[str]) -> Graph:
        """All that reads or makes a tensor whose size goes with these widths, whole kernels."""
        return self.whole(frozenset[str]().union(*(self.users[width] for width in widths)))

    def whole(self, names: Iterable[str]) -> Graph:
        """These nodes, and those that run in one kernel with them, as a network."""
        return cut(self.graph, {mate for name in names for mate in self.mates[name]})


@functools.lru_cache(maxsize=2)
def _read(graph: Graph) -> Surroundings:
    """Remembered, as the findings of one network ask one after the other."""
    known = channels(graph)
    users: dict[str, set[str]] = {width: set() for width in known.free}
    for node in graph.layers:
        for name in (*node.inputs, *node.outputs):
            for axis in known.sizes.get(name, ()):
                for part in axis:
                    for width in part.terms:
                        users[width].add(node.name)
    return Surroundings(
        graph, known,
        mates={name: kernel.nodes for kernel in kernels(graph) for name in kernel.nodes},
        users={width: frozenset(names) for width, names in users.items()},
    )  # fmt: skip
