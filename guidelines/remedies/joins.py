"""Maps joined once a stage: what a concat adds to is read by the last concat alone."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.channels import channels
from costmodel.errors import ModelError
from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph, Node
from costmodel.operators import Conv
from costmodel.rewrite import outside, replaced
from guidelines.finding import Finding
from guidelines.remedies.again import again, passes
from guidelines.remedies.sites import Surroundings
from guidelines.remedies.widths import at_equal_madds, made_by
from guidelines.remedy import NotBuilt, Remedy


def joined_once(around: Surroundings, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """Of each row of concats, of which one adds to the other, leave the last."""
    graph = around.graph
    joins = [graph.node(name) for name in finding.nodes if graph.node(name).op_type == "Concat"]
    rows: list[list[Node]] = []
    for node in joins:
        row = next((row for row in rows if row[-1].outputs[0] in node.inputs), None)
        if row is None:
            rows.append([node])
        else:
            row.append(node)
    if not rows:
        yield NotBuilt(nodes=finding.nodes, reason="nothing is concatenated")
    for row in rows:
        names = tuple(node.name for node in row)
        if len(row) < 2:
            yield NotBuilt(nodes=names, reason="no concat adds to another")
            continue
        try:
            yield _once(around, row)
        except ModelError as error:
            yield NotBuilt(nodes=names, reason=str(error))


def _once(around: Surroundings, row: list[Node]) -> Remedy | NotBuilt:
    """Each layer reads what the one before it made; the last concat has it all."""
    graph, names = around.graph, tuple(node.name for node in row)
    parts = [
        name for step, node in enumerate(row) for name in node.inputs
        if not step or name != row[step - 1].outputs[0]
    ]  # fmt: skip
    readers = [_layers(graph, node, row) for node in row[:-1]]
    firsts = [chain[-1].name for layers in readers for chain in layers]
    widths = made_by(around, firsts)
    before = around.touched(widths)
    net = Network()
    values: dict[str, Value] = {name: outside(net, before, name) for name in parts}
    instead, gone, made = {}, [*names], []
    for node, layers in zip(row[:-1], readers, strict=True):
        newest = node.inputs[-1]
        for chain in layers:
            value = values[newest]
            for each in chain:
                c = before.tensors[each.outputs[0]].dims[1] if each is chain[-1] else value.c
                value = again(net, value, each, before, c)
            instead[chain[-1].outputs[0]] = value.name
            made.append(value)
            gone += [each.name for each in chain]
    whole = net.concat(*values.values())
    instead[row[-1].outputs[0]] = whole.name
    after = replaced(before, gone, net.graph(whole, *made), instead)
    free = channels(after).free
    new = [name for name in free if name in widths or name not in around.known.free]
    text = f"one concat for {len(row)}, each layer reads the one before it"
    return at_equal_madds(names, before, after, dict.fromkeys(new, 0.0), text)


def _layers(graph: Graph, node: Node, row: list[Node]) -> list[list[Node]]:
    """What reads a concat besides the next: functions of it, as far as a convolution.

    Raises:
        ModelError: something else does.
    """
    if set(node.outputs) & set(graph.outputs):
        raise ModelError("the network returns what is concatenated")
    found = []
    for name in graph.succ[node.name]:
        if graph.node(name) in row:
            continue
        chain = [graph.node(name)]
        while passes(graph, chain[-1]) and len(graph.succ[chain[-1].name]) == 1:
            chain.append(graph.node(next(iter(graph.succ[chain[-1].name]))))
        if not isinstance(chain[-1].operator, Conv):
            raise ModelError(f"{chain[-1].op_type} reads what is concatenated")
        found.append(chain)
    return found
