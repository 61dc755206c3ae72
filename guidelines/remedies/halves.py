"""Halves of two maps put together, where they were concatenated, shuffled and split again."""

from __future__ import annotations

from costmodel.errors import ModelError
from costmodel.frontends.code import Network
from costmodel.rewrite import outside, replaced
from guidelines.remedies.shuffles import Shuffle
from guidelines.remedies.sites import Surroundings
from guidelines.remedy import NotBuilt, Remedy


def halves(around: Surroundings, shuffle: Shuffle) -> Remedy | NotBuilt:
    """Two concatenated maps, shuffled and split again: halves of both, put together.

    A shuffle of two groups deals the channels of either map out to both that come of the split.
    So does this, in another order, which is a matter of the weights that follow.
    """
    try:
        return _halved(around, shuffle)
    except ModelError as error:
        return NotBuilt(nodes=shuffle.names, reason=str(error))


def _halved(around: Surroundings, shuffle: Shuffle) -> Remedy:
    graph = around.graph
    makers = {name: node for node in graph.layers for name in node.outputs}
    join = makers.get(shuffle.source)
    readers = [node for node in graph.layers if shuffle.result in node.inputs]
    if shuffle.groups != 2 or join is None or join.op_type != "Concat" or len(join.inputs) != 2:
        raise ModelError("the shuffle is not of two maps that a concat joins")
    if len(readers) != 1 or readers[0].op_type != "Split" or len(readers[0].outputs) != 2:
        raise ModelError("what is shuffled is not split in two")
    (split,) = readers
    widths = [graph.tensors[name].dims[1] for name in (*join.inputs, *split.outputs)]
    if len(set(widths)) > 1 or widths[0] % 2:
        raise ModelError("the maps have no halves in common")
    near = {join.name, *shuffle.names, split.name, *graph.succ[split.name]}
    near.update(makers[name].name for name in join.inputs if name in makers)
    before = around.whole(near)
    net = Network()
    parts = [
        net.split(outside(net, before, name), widths[0] // 2, widths[0] // 2)
        for name in join.inputs
    ]
    first = net.concat(parts[0][0], parts[1][0])
    second = net.concat(parts[0][1], parts[1][1])
    instead = dict(zip(split.outputs, (first.name, second.name), strict=True))
    gone = (join.name, *shuffle.names, split.name)
    after = replaced(before, gone, net.graph(first, second), instead)
    return Remedy(
        nodes=gone, before=before, after=after,
        text="halves of both maps put together instead of concat, shuffle and split",
    )  # fmt: skip
