"""Functions that fold, and those before a sum put behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from costmodel.errors import ModelError
from costmodel.frontends.code import Network
from costmodel.graph import Graph, Node
from costmodel.operators import Conv
from costmodel.rewrite import outside, replaced
from guidelines.finding import Finding
from guidelines.remedies.folding import folded
from guidelines.remedies.sites import Surroundings
from guidelines.remedy import NotBuilt, Remedy, remedy
from guidelines.rules.d104_unfused_function import SUMS, activated


@remedy("D104")
def folding_function(graph: Graph, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """By what is blamed: a sum, or functions."""
    around = Surroundings.of(graph)
    sums = [name for name in finding.nodes if graph.node(name).op_type in SUMS]
    for name in sums:
        try:
            yield _activated_behind(around, graph.node(name))
        except ModelError as error:
            yield NotBuilt(nodes=(name,), reason=str(error))
    functions = tuple(name for name in finding.nodes if name not in sums)
    if functions:
        yield from folded(around, replace(finding, nodes=functions))


def _activated_behind(around: Surroundings, node: Node) -> Remedy:
    """The sum, and behind it the function that stood before it."""
    graph = around.graph
    makers = {name: each for each in graph.layers for name in each.outputs}
    early = [
        makers[name] for name in node.inputs
        if name in makers and activated(graph, makers[name], makers)
    ]  # fmt: skip
    function = early[0]
    near = {node.name, *graph.succ[node.name]}
    pending = [function.name, *graph.pred[node.name]]
    while pending:  # back to the convolutions: a residual folds only if its map is in blocks
        name = pending.pop()
        if name not in near:
            near.add(name)
            pending += [] if isinstance(graph.node(name).operator, Conv) else graph.pred[name]
    before = around.whole(near)
    net = Network()
    maps = [function.inputs[0] if n == function.outputs[0] else n for n in node.inputs]
    total = net.add(*(outside(net, before, name) for name in maps))
    y = net.activation(total, function.op_type)
    gone = (function.name, node.name)
    after = replaced(before, gone, net.graph(y), {node.outputs[0]: y.name})
    text = f"{function.op_type} behind the {node.op_type}, not before it"
    return Remedy(nodes=(node.name,), before=before, after=after, text=text)
