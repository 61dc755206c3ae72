"""A network as lines for ``diff``: a line a layer, each about itself alone.

Nothing is padded, numbered or measured against another layer, so that a change shows in the lines
that it is about and in the totals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from costmodel.graph import Graph, Node
from costmodel.tensor import INTEGERS, Tensor
from guidelines.report.heading import shape_text
from guidelines.report.layers import dims_text
from guidelines.report.names import printable
from guidelines.report.totals import Totals

MOST_NUMBERS = 8
"""Of a list that is written out."""


def lines(graph: Graph) -> Iterator[str]:
    """The network: its inputs, its layers in order of execution, its outputs, its totals.

    A layer is its module or name, its operator with its channels and kernel, the shape and type
    that it gives, params, madds and memory access, what it is told (attributes, then small
    constants) and what it reads from.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> for line in lines(net.graph(net.relu(net.conv(net.input(3, 8, 8), 4, k=3)))):
    ...     print(line)
    input input: 1×3×8×8 float32
    Conv_1: Conv 3→4 3×3, 1×4×8×8 float32, params 108, madds 6,912, memory access 2,224 B, \
pads=[1,1,1,1], from input
    Relu_1: Relu, 1×4×8×8 float32, params 0, madds 0, memory access 2,048 B, from Conv_1
    output Relu_1
    params 108
    buffers 0
    madds 6,912
    ops 256
    memory access 4,272 B
    memory access, fused 2,224 B
    peak activations 2,048 B
    weights 432 B
    """
    if graph.opset:
        yield f"operator set {graph.opset}"
    makers = {name: node for node in graph.layers for name in node.outputs if name}
    for name, shape in graph.inputs.items():
        held = graph.tensors.get(name, Tensor(shape))
        yield f"input {printable(name)}: {_shape(held)}"
    for name, size in graph.assumed.items():
        yield f"assumed {printable(name)} = {size}"
    for node in graph.layers:
        yield _layer(graph, node, makers)
    for name in graph.outputs:
        yield f"output {_source(name, makers)}"
    yield from _totals(graph)


def _layer(graph: Graph, node: Node, makers: dict[str, Node]) -> str:
    what = " ".join(filter(None, (printable(node.op_type), dims_text(node))))
    made = [graph.tensors[name] for name in node.outputs if name in graph.tensors]
    parts = [what, *map(_shape, made)]
    if node.times != 1:
        parts.append(f"×{node.times}")
    if node.operator is None:
        parts.append(f"params {node.cost.params:,}, cost unknown: {printable(node.reason)}")
    else:
        moved = sum(node.bytes.values())
        parts.append(f"params {node.cost.params:,}")
        parts.append(f"madds {node.cost.madds:,}")
        parts.append(f"memory access {moved:,} B")
    told = [
        f"{printable(key)}={_value(value)}" for key, value in sorted(node.attributes.items())
        if not _silent(key, value) and (key != "kernel_shape" or not dims_text(node))
    ]  # fmt: skip
    told += [_value(held.value) for held in _arguments(graph, node)]
    if told:
        parts.append(" ".join(told))
    read = [
        _source(name, makers) for name in node.inputs
        if name and not (name in graph.tensors and graph.tensors[name].constant)
    ]  # fmt: skip
    if read:
        parts.append(f"from {', '.join(read)}")
    return f"{printable(node.label)}: {', '.join(parts)}"


def _arguments(graph: Graph, node: Node) -> Iterator[Tensor]:
    """The constants that tell a node what to do: whole numbers, and single ones of any kind."""
    for name in node.inputs:
        held = graph.tensors.get(name)
        if held is None or not held.constant or not isinstance(held.value, tuple):
            continue
        if held.dtype in INTEGERS or len(held.value) == 1 or node.op_type in RESAMPLING:
            yield held


RESAMPLING = frozenset({"Resize", "Upsample"})
"""Operators whose scales are several fractions."""


USUAL: Mapping[str, object] = {
    "auto_pad": "NOTSET", "ceil_mode": 0, "dilations": 1, "group": 1, "pads": 0, "strides": 1,
}  # fmt: skip
"""What windows have where nothing is said: some exporters say it all the same."""


def _silent(key: str, value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    return key in USUAL and all(each == USUAL[key] for each in values)


def _source(name: str, makers: dict[str, Node]) -> str:
    """Who makes a tensor: a layer, or nobody, of an input."""
    maker = makers.get(name)
    if maker is None:
        return printable(name)
    return printable(f"{maker.label} {maker.op_type}" if maker.scope else maker.name)


def _shape(tensor: Tensor) -> str:
    if tensor.shape is None:
        return f"? {tensor.dtype}"
    return f"{shape_text(tuple('?' if d is None else d for d in tensor.shape))} {tensor.dtype}"


def _value(value: object) -> str:
    """A number, a word or a list, as short as it can be told from others."""
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        shown = [_value(each) for each in value[:MOST_NUMBERS]]
        rest = [f"… {len(value)} in all"] if len(value) > MOST_NUMBERS else []
        return f"[{','.join(shown + rest)}]"
    return printable(str(value))


def _totals(graph: Graph) -> Iterator[str]:
    totals = Totals.of(graph)
    least = "≥ " if graph.unknown else ""
    yield f"params {totals.params:,}"
    yield f"buffers {totals.buffers:,}"
    yield f"madds {least}{totals.madds:,}"
    yield f"ops {least}{totals.ops:,}"
    yield f"memory access {least}{totals.memory_access_bytes:,} B"
    yield f"memory access, fused {least}{totals.fused_memory_access_bytes:,} B"
    yield f"peak activations {least}{totals.peak_activation_bytes:,} B"
    yield f"weights {totals.weight_bytes:,} B"
    if graph.unknown:
        yield f"nodes of unknown cost {len(graph.unknown):,}"
