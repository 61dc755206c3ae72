"""Depthwise convolutions on the block's own map: filtered before widening, or widened less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from costmodel.channels import channels
from costmodel.errors import ModelError
from costmodel.frontends.code import Network
from costmodel.graph import Graph, Node
from costmodel.operators import Conv
from costmodel.operators.elementwise import Elementwise
from costmodel.rewrite import outside, replaced
from guidelines.finding import Finding
from guidelines.remedies.again import again, chain_before, chain_behind
from guidelines.remedies.g101_equal_widths import SHARES, balance
from guidelines.remedies.sites import Surroundings, together
from guidelines.remedies.widths import at_equal_madds, held, in_step, made_by
from guidelines.remedy import NotBuilt, Remedy, remedy


@dataclass(frozen=True, slots=True)
class Block:
    """What a depthwise convolution stands in.

    Args:
        widens: the convolution before it, and what follows that up to the filter.
        filters: the depthwise convolution and what follows it on the same map.
        narrows: the convolution behind.
    """

    widens: tuple[Node, ...]
    filters: tuple[Node, ...]
    narrows: Node


@remedy("G402")
def thin_filters(graph: Graph, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """Move the filters of a site to where it is thin, or widen less; a price says which."""
    around = Surroundings.of(graph)
    blocks = {name: found for name in finding.nodes if (found := _block(graph, name)) is not None}
    if lost := tuple(name for name in finding.nodes if name not in blocks):
        yield NotBuilt(nodes=lost, reason="its block widens or narrows by no single convolution")

    for names in together(blocks, lambda name: made_by(around, [blocks[name].widens[0].name])):
        site = [blocks[name] for name in names]
        if not made_by(around, [block.widens[0].name for block in site]):
            yield held(around, names)
            continue
        try:
            yield _filtered_first(around, names, site)
        except ModelError as error:
            yield NotBuilt(nodes=tuple(names), reason=str(error))
        moves = in_step(around, balance(around, [block.widens[0].name for block in site]))
        before = around.touched(moves)
        for share in SHARES:
            part = {width: share * move for width, move in moves.items()}
            yield at_equal_madds(names, before, before, part)


def _filtered_first(
    around: Surroundings, names: Sequence[str], site: Sequence[Block]
) -> Remedy | NotBuilt:
    """Each filter before what widens, which then has its multiply-adds to widen more."""
    before = around.touched(made_by(around, names))
    after = before
    for block in site:
        x, y = block.widens[0].inputs[0], block.filters[-1].outputs[0]
        net = Network()
        value = outside(net, before, x)
        for node in block.filters:
            value = again(net, value, node, before, value.c)
        for node in block.widens:
            value = again(net, value, node, before, before.tensors[y].dims[1])
        gone = [node.name for node in (*block.widens, *block.filters)]
        after = replaced(after, gone, net.graph(value), {y: value.name})
    new = set(channels(after).free) - set(around.known.free)
    return at_equal_madds(
        names, before, after, dict.fromkeys(sorted(new), 0.0), "filtered before widening"
    )


def _block(graph: Graph, name: str) -> Block | None:
    """The block of a depthwise convolution; None where it is none."""
    widens = chain_before(graph, graph.node(name))
    filters = chain_behind(graph, graph.node(name))
    narrows = _next_convolution(graph, filters[-1])
    if not isinstance(widens[0].operator, Conv) or narrows is None:
        return None
    if widens[0].operator.groups != 1 or len(widens) == 1:
        return None
    return Block(tuple(widens[:-1]), tuple(filters), narrows)


def _next_convolution(graph: Graph, node: Node) -> Node | None:
    """The dense convolution that reads what a node makes, through gates and functions."""
    extent = graph.tensors[node.outputs[0]].dims[2:]
    pending, seen = list(graph.succ[node.name]), set()
    while pending:
        reader = graph.node(pending.pop())
        if (
            isinstance(reader.operator, Conv)
            and graph.tensors[reader.outputs[0]].dims[2:] == extent
        ):
            return reader
        if isinstance(reader.operator, Elementwise) and reader.name not in seen:
            seen.add(reader.name)
            pending.extend(graph.succ[reader.name])
    return None
