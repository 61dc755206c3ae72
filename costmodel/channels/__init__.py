"""The widths that a designer is free to choose, and how the size of every tensor follows them.

A convolution that is not depthwise makes as many channels as its designer likes, and so does a
fully connected layer: each is a free width. Depthwise convolutions, normalisations, functions
and poolings hand a width on; a sum ties two widths together, a concat puts them side by side, a
split takes them apart, a flatten multiplies one by the extents of its map. So every extent is a
linear form in the free widths, and every tie an equation, which is solved as it comes. Inputs of
the network and what it returns have a size that nobody is free to change.

>>> from costmodel.frontends.code import Network
>>> net = Network()
>>> x = net.conv(net.input(3, 8, 8), 16)
>>> y = net.add(x, net.conv(net.depthwise(net.conv(x, 96)), 16))
>>> found = channels(net.graph(net.conv(net.concat(y, x), 10)))
>>> found.free
{'Conv_1': 16, 'Conv_2': 96}
>>> found.width("Concat_1:0").terms
{'Conv_1': Fraction(2, 1)}
"""

from __future__ import annotations

from costmodel.channels.reading import Channels, Reading
from costmodel.channels.rules import rule_of
from costmodel.channels.width import Axis, Width, fixed, total
from costmodel.graph import Graph

__all__ = ["Axis", "Channels", "Width", "channels", "total"]


def channels(graph: Graph) -> Channels:
    """Read the free widths off a network whose sizes are known.

    An operator that is not understood holds the widths that it reads as they are.
    """
    reading = Reading(graph)
    for name, shape in graph.inputs.items():
        reading.sizes[name] = tuple(map(fixed, shape))
    for node in graph.layers:
        made = rule_of(node)(reading, node) if reading.begin(node) else None
        if made is None:
            reading.hold(node.inputs, f"{node.op_type} at {node.label} reads it")
            made = [tuple(map(fixed, reading.shape(name))) for name in node.outputs]
        reading.sizes.update(zip(node.outputs, made, strict=False))
    for name in graph.outputs:
        reading.hold([name], "the network returns it")
    return reading.solved()
