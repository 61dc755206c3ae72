"""Gates on the narrow map behind a convolution, not on the wide one before it."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx

from costmodel.channels import channels
from costmodel.errors import ModelError
from costmodel.frontends.code import Network
from costmodel.graph import Graph, Node
from costmodel.operators import BatchNormalization, Conv
from costmodel.rewrite import outside, replaced
from guidelines.finding import Finding
from guidelines.remedies.again import again, chain_behind
from guidelines.remedies.sites import Surroundings
from guidelines.remedies.widths import at_equal_madds
from guidelines.remedy import NotBuilt, Remedy


def thin_gates(around: Surroundings, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """Put each gate behind the convolution that narrows what it gates."""
    for name in finding.nodes:
        node = around.graph.node(name)
        try:
            yield _moved(around, node)
        except ModelError as error:
            yield NotBuilt(nodes=(name,), reason=str(error))


def _moved(around: Surroundings, gate: Node) -> Remedy | NotBuilt:
    graph = around.graph
    wide, factor = _gated(graph, gate)
    readers = [graph.node(name) for name in graph.succ[gate.name]]
    narrows = readers[0].operator if len(readers) == 1 else None
    if not isinstance(narrows, Conv) or narrows.c_out >= narrows.c_in or narrows.groups > 1:
        raise ModelError("no convolution narrows what it gates")
    behind = [readers[0]]
    for node in chain_behind(graph, readers[0])[1:]:
        if not isinstance(node.operator, BatchNormalization):
            break
        behind.append(node)
    before = around.whole([*factor, gate.name, *(node.name for node in behind)])
    net = Network()
    x = outside(net, before, wide)
    for node in behind:
        x = again(net, x, node, before, narrows.c_out)
    y = x
    for step, name in enumerate(factor):
        node = before.node(name)
        squeezed = before.tensors[node.outputs[0]].dims[1]
        last = squeezed == narrows.c_in and step > 0
        y = again(net, y, node, before, x.c if last or step == 0 else squeezed)
    part = net.graph(net.mul(x, y))
    gone = [*factor, gate.name, *(node.name for node in behind)]
    after = replaced(before, gone, part, {behind[-1].outputs[0]: part.outputs[0]})
    new = sorted(set(channels(after).free) - set(around.known.free))
    text = f"gated behind the convolution that narrows, {narrows.c_in}→{narrows.c_out} channels"
    return at_equal_madds([gate.name], before, after, dict.fromkeys(new, 0.0), text)


def _gated(graph: Graph, gate: Node) -> tuple[str, list[str]]:
    """The map that is gated, and the nodes that make its factor of it, in order."""
    shapes = {name: graph.tensors[name].shape or () for name in gate.inputs}
    maps = [name for name, shape in shapes.items() if len(shape) == 4]
    if gate.op_type != "Mul" or len(maps) != 2:
        raise ModelError("it is no gate")
    wide, factor = sorted(maps, key=lambda name: -graph.tensors[name].elements)
    makers = {name: node.name for node in graph.layers for name in node.outputs}
    if graph.tensors[factor].dims[2:] != (1, 1) or wide not in makers or factor not in makers:
        raise ModelError("it is no gate")
    between = nx.ancestors(graph, makers[factor]) & nx.descendants(graph, makers[wide])
    order = [name for name in graph if name in between or name == makers[factor]]
    if any(len(graph.pred[name]) != 1 for name in order):
        raise ModelError("its factor is made of more than the map")
    return wide, order
