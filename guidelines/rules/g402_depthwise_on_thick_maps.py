"""A depthwise convolution runs on a map that its block has widened.

**Why**

A depthwise convolution of k taps does b·c·k multiply-adds, with b = n·h·w, and moves
a·c + b·c + c·k elements: k/2 multiply-adds for each element of the maps, whatever c is,
where the 1×1 convolution beside it does c/2. Its time is its traffic, and its traffic is
proportional to its width. A block that widens c channels to t·c for it alone therefore
moves t times what the same filter on the block's own map would: the paper's charge against
MobileNet V2, whose t is 6.

The rule looks at depthwise convolutions that a 1×1 convolution widens and another narrows,
with nothing but element-wise operators between, and divides their width by the larger of
what goes into the first and comes out of the second. It speaks above ``max_widening``. What
a depthwise convolution keeps after fusion is its own input and output: its batch
normalisation and activation are folded. Messages give both figures.

The price is what the width beyond the block's own moves: the fused traffic, less its part at
the block's width.

**Fix**

Filter before widening or after narrowing, on the block's own channels, or widen less.
ShuffleNet V2 and MobileNet V1 filter where the map is thin; a sandglass block filters at both
of its thick ends once and narrows between.

**References**

Ma et al., ShuffleNet V2, ECCV 2018, arXiv 1807.11164: section 2, G4, on depthwise
convolutions, and on MobileNet V2.
"""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.bound import Convolution
from costmodel.frontends.code import Network, Value
from costmodel.fusion import kernels
from costmodel.graph import Graph, Node
from costmodel.operators import BatchNormalization, Conv, ConvTranspose, Elementwise
from guidelines.finding import Breach
from guidelines.layers import Layer, convolutions
from guidelines.quantity import size
from guidelines.rule import Case, rule


@rule("G402", "depthwise-on-thick-maps", max_widening=2.0, widest={"max_widening": 1.0})
def check(graph: Graph, *, max_widening: float) -> Iterator[Breach]:
    """Compare the width of each depthwise convolution with its block's."""
    fused = {kernel.nodes[0]: kernel for kernel in kernels(graph)}
    makers = {name: node for node in graph.layers for name in node.outputs}
    for layer in convolutions(graph):
        conv, kernel = layer.conv, fused.get(layer.node.name)
        if not layer.depthwise or kernel is None:
            continue
        width = max(_width_before(graph, layer.node, makers), _width_after(graph, layer.node))
        widening = conv.c_in / width
        if widening <= max_widening:
            continue
        alone = sum(sum(graph.node(name).bytes.values()) for name in kernel.nodes)
        excess = round(kernel.bytes * (1 - 1 / widening))
        yield Breach(
            nodes=(layer.node.name,),
            kind="depthwise",
            value=widening,
            bound=max_widening,
            message=f"depthwise {layer.kernel} on {conv.c_in} channels, {widening:.1f}× the "
            f"block's {width} (limit {max_widening:g}), moves {size(kernel.bytes)} fused, "
            f"{size(alone)} unfused",
            remedy=_remedy(layer, width),
            excess_bytes=excess,
        )


def _remedy(layer: Layer, width: int) -> str:
    thin = layer.conv.replace(c_in=width, c_out=width, groups=width)
    return f"on the block's own {width} channels: {layer.effect(thin)}"


def _width_before(graph: Graph, node: Node, makers: dict[str, Node]) -> int:
    """Channels that go into the 1×1 convolution before, or the node's own where there is none."""
    own = _channels(node)
    found = makers.get(node.inputs[0])
    for _ in range(16):  # a block is short; a chain without end is none
        if found is None or not found.inputs:
            break
        if isinstance(found.operator, Conv):
            return int(found.operator.c_in) if _pointwise(found.operator) else own
        if not _passes(graph, found):
            break
        shape = graph.tensors[found.outputs[0]].shape
        like = [n for n in found.inputs if n in graph.tensors and graph.tensors[n].shape == shape]
        found = makers.get(like[0]) if like else None
    return own


def _width_after(graph: Graph, node: Node) -> int:
    """The most channels that come out of a 1×1 convolution after, or the node's own."""
    own, widths = _channels(node), []
    pending, seen = [node], {node.name}
    while pending and len(seen) < 16:
        at = pending.pop()
        for name in graph.succ[at.name]:
            reader = graph.node(name)
            if name in seen:
                continue
            seen.add(name)
            if isinstance(reader.operator, Conv) and _pointwise(reader.operator):
                widths.append(int(reader.operator.c_out))
            elif _passes(graph, reader):
                pending.append(reader)
            elif reader.cost.madds or reader.op_type == "Concat":
                return own
    return max(widths, default=own)


def _channels(node: Node) -> int:
    assert isinstance(node.operator, Conv | ConvTranspose)
    return int(node.operator.c_in)


def _pointwise(conv: Convolution) -> bool:
    return bool(conv.k_d == conv.k_h == conv.k_w == 1)


def _passes(graph: Graph, node: Node) -> bool:
    """Whether it hands the map on, element by element; a sum of two maps ends a block."""
    operator = node.operator
    if operator is None:
        return False
    maps = [n for n in node.inputs if n in graph.tensors and not graph.tensors[n].constant]
    if node.op_type in ("Add", "Sum") and len(maps) > 1:
        return False
    return operator.view or isinstance(operator, Elementwise | BatchNormalization)


def cases() -> Iterator[Case]:
    """An inverted residual block, and blocks that filter where they are thin."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, 112, 112), 24, k=3, stride=2)
    yield Case("an inverted residual block, t = 6", net.graph(net.conv(_inverted(net, x, 6), 8)), 1)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 112, 112), 24, k=3, stride=2)
    yield Case("t = 2", net.graph(net.conv(_inverted(net, x, 2), 8)), 0)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 112, 112), 32, k=3, stride=2)
    for c in (64, 128, 128):
        x = net.conv_bn_relu(net.conv_bn_relu(x, x.c, k=3, groups=x.c), c)
    yield Case("depthwise-separable convolutions", net.graph(net.conv(x, 8)), 0)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 112, 112), 48, k=3, stride=2)
    x = net.conv_bn_relu(net.conv_bn_relu(x, 48, k=3, groups=48), 16)
    yield Case("after a stem, which widens nothing", net.graph(net.conv(x, 8)), 0)


def _inverted(net: Network, x: Value, t: int) -> Value:
    y = net.conv_bn_relu(x, t * x.c)
    y = net.conv_bn_relu(y, y.c, k=3, groups=y.c)
    return net.add(x, net.batch_norm(net.conv(y, x.c)))
