"""Channel shuffles: a reshape to (groups, c / groups), a transpose of the two, a reshape back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from costmodel.frontends.code import Network
from costmodel.graph import Graph
from costmodel.rewrite import outside, replaced


@dataclass(frozen=True, slots=True)
class Shuffle:
    """Three operators that put the channels of groups side by side."""

    names: tuple[str, str, str]
    groups: int
    source: str
    result: str


def shuffles(graph: Graph) -> Iterator[Shuffle]:
    """Every channel shuffle of maps."""
    readers: dict[str, list[str]] = {}
    for node in graph.layers:
        for name in node.inputs:
            readers.setdefault(name, []).append(node.name)
    for node in graph.layers:
        if node.op_type != "Reshape" or len(inner := readers.get(node.outputs[0], [])) != 1:
            continue
        middle = graph.node(inner[0])
        order = list(middle.attributes.get("perm", ()))
        if (
            middle.op_type != "Transpose"
            or order[:3] != [0, 2, 1]
            or order[3:] != sorted(order[3:])
        ):
            continue
        outer = readers.get(middle.outputs[0], [])
        last = graph.node(outer[0]) if len(outer) == 1 else middle
        source, result = node.inputs[0], last.outputs[0]
        if last.op_type == "Reshape" and graph.tensors[source].shape == graph.tensors[result].shape:
            groups = graph.tensors[node.outputs[0]].dims[1]
            yield Shuffle((node.name, middle.name, last.name), groups, source, result)


def reshuffled(graph: Graph, before: int, after: int) -> Graph:
    """The network with other groups in the shuffles of so many; one group needs no shuffle."""
    for shuffle in tuple(shuffles(graph)):
        if shuffle.groups != before:
            continue
        net = Network()
        x = outside(net, graph, shuffle.source)
        y = x if after == 1 else net.shuffle(x, after)
        graph = replaced(graph, shuffle.names, net.graph(y), {shuffle.result: y.name})
    return graph
