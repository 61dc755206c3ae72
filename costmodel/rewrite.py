"""Networks made of networks: a part cut out, other widths and groups, operators in place of others.

Each function takes a Graph and gives another, in which every operator is bound anew, so that its
cost is that of a network which was built so. Weights have no values, here as everywhere.

>>> from costmodel.frontends.code import Network
>>> net = Network()
>>> y = net.conv(net.depthwise(net.conv(net.input(24, 8, 8), 144)), 24)
>>> graph = resized(net.graph(y), {"Conv_1": 60})
>>> [graph.tensors[node.inputs[1]].shape for node in graph.layers]
[(60, 24, 1, 1), (60, 1, 3, 3), (24, 60, 1, 1)]
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import networkx as nx

from costmodel.assemble import Call, assemble
from costmodel.channels import Channels, channels
from costmodel.errors import ModelError
from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph, Node
from costmodel.tensor import INTEGERS, Tensor

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]


def cut(graph: Graph, names: Collection[str]) -> Graph:
    """Some nodes as a network: what they read from others is its input.

    Args:
        graph: the network.
        names: of the nodes; it returns what others, or nobody, read of what they make.

    Raises:
        ModelError: a size is not known, or an operator cannot be taken out.
    """
    inside = set(names)
    nodes = [node for node in graph.layers if node.name in inside]
    made = {name for node in nodes for name in node.outputs if name}
    outside = {name for node in graph.layers if node.name not in inside for name in node.inputs}
    inner = {name for node in nodes for name in node.inputs}
    needed = dict.fromkeys(n for node in nodes for n in (*node.inputs, *node.outputs[:1]) if n)
    for name in needed:
        if name not in graph.tensors or not graph.tensors[name].known:
            raise ModelError(f"expected the size of '{name}', found that it is not known")
    tensors = {n: graph.tensors[n] for n in (*needed, *made) if n in graph.tensors}
    part = Graph.of(
        nodes, tensors=tensors, path=graph.path, opset=graph.opset,
        inputs={n: t.dims for n, t in tensors.items() if n not in made and not t.constant},
        outputs=tuple(
            n for n in made
            if n in graph.outputs or n in outside or (n in needed and n not in inner)
        ),
    )  # fmt: skip
    return _sized(part, _shapes(part), {})


def resized(
    graph: Graph, widths: Mapping[str, int], *, groups: Mapping[str, int] | None = None,
    known: Channels | None = None,
) -> Graph:  # fmt: skip
    """The network at other widths and groups.

    Args:
        graph: the network.
        widths: by free width, as ``channels`` names them; the others stay as they are.
        groups: by convolution, of those that are not depthwise; the others stay as they are.
        known: the network's channels, where they have been read already.

    Raises:
        ModelError: the widths do not fit: parts of a channel, groups that do not divide them.
    """
    found = known or channels(graph)
    values = {**found.free, **widths}
    shapes = {
        name: found.shape(name, values) if name in found.sizes else shape
        for name, shape in _shapes(graph).items()
    }
    return _sized(graph, shapes, groups or {})


OUTSIDE = "@"
"""What the inputs of a part begin with that is to go into a network, so that no names collide."""


def outside(net: Network, graph: Graph, tensor: str) -> Value:
    """An activation of a network as an input of a part that is to go into it.

    Raises:
        ModelError: the network has none of that name.
    """
    if tensor not in graph.tensors:
        raise ModelError(f"expected an activation '{tensor}' in what is changed, found none")
    n, *shape = graph.tensors[tensor].dims
    return net.input(*shape, n=n, name=OUTSIDE + tensor)


def replaced(
    graph: Graph, names: Collection[str], part: Graph, instead: Mapping[str, str]
) -> Graph:
    """The network with other operators in place of some.

    Args:
        graph: the network.
        names: of the nodes that go; there may be none.
        part: what comes; its inputs are activations of the network, as ``outside`` names them.
        instead: by activation, what those who read it read now, as the part names it: an output
            of the part, which takes its name if it went, or another activation.

    Raises:
        ModelError: something still reads what went.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> graph = net.graph(net.relu(net.conv(net.input(8, 4, 4), 8)))
    >>> net = Network()
    >>> part = net.graph(net.batch_norm(outside(net, graph, "Conv_1:0")))
    >>> after = replaced(graph, ["Relu_1"], part, {"Relu_1:0": part.outputs[0]})
    >>> [node.op_type for node in after.layers], after.outputs
    (['Conv', 'BatchNormalization'], ('Relu_1:0',))
    """
    gone = set(names)
    lost = {name for node in graph.layers if node.name in gone for name in node.outputs}
    place = next(node for node in graph.layers if node.name in gone or not gone)
    own = {name for node in part.layers for name in (*node.inputs, *node.outputs)}
    called = {name: f"{place.name}+{name}" for name in own}
    called.update((new, old) for old, new in instead.items() if new in own and old in lost)
    for name in (*part.inputs, *instead.values()):
        if name.startswith(OUTSIDE):
            called[name] = name.removeprefix(OUTSIDE)
    others = {old: called[new] for old, new in instead.items()}
    calls = [_renamed(_call(node), others) for node in graph.layers if node.name not in gone]
    for node in part.layers:
        call = _renamed(_call(node), called, called)
        calls.append(replace(call, name=f"{place.name}+{call.name}", scope=place.scope))
    tensors = {**graph.tensors, **{called[n]: part.tensors[n] for n in own}}
    made = {name for call in calls for name in call.outputs} | set(graph.inputs)
    for call in calls:
        for name in call.inputs:
            if name in lost and name not in made:
                raise ModelError(f"expected nobody to read '{name}', found {call.name}")
    returned = tuple(others.get(name, name) for name in graph.outputs)
    return _assembled(graph, _in_order(calls, graph), tensors, returned)


def _shapes(graph: Graph) -> dict[str, Shape]:
    """The activations as they are, those whose size is known."""
    return {n: t.dims for n, t in graph.tensors.items() if t.known and not t.constant}


def _sized(graph: Graph, shapes: Shapes, groups: Mapping[str, int]) -> Graph:
    """The network with activations of these shapes, constants to fit."""
    tensors = {n: replace(graph.tensors[n], shape=shape) for n, shape in shapes.items()}
    calls = []
    for node in graph.layers:
        call = _call(node)
        if node.op_type in ("Conv", "ConvTranspose"):
            call = _grouped(call, graph, shapes, groups)
        elif "split" in call.attributes:
            call = replace(call, attributes={**call.attributes, "split": _lengths(call, shapes)})
        held: list[str] = []
        for position, name in enumerate(node.inputs):
            if name in graph.tensors and graph.tensors[name].constant:
                constant = _constant(graph, call, position, shapes)
                if constant.shape != graph.tensors[name].shape and constant.dtype not in INTEGERS:
                    constant = replace(constant, value=None)  # those of other channels
                if tensors.setdefault(name, constant) != constant:  # others read it as it was
                    name = f"{node.name}.{position}"
                    tensors[name] = constant
            held.append(name)
        calls.append(replace(call, inputs=tuple(held)))
    return _assembled(graph, calls, tensors, graph.outputs)


def _call(node: Node) -> Call:
    return Call(
        name=node.name, op_type=node.op_type, inputs=node.inputs, outputs=node.outputs,
        attributes=node.attributes, scope=node.scope, times=node.times, sources=node.sources,
    )  # fmt: skip


def _renamed(call: Call, read: Mapping[str, str], made: Mapping[str, str] | None = None) -> Call:
    """The call with other names of what it reads, and of what it makes."""
    inputs = tuple(read.get(name, name) for name in call.inputs)
    outputs = tuple((made or {}).get(name, name) for name in call.outputs)
    return replace(call, inputs=inputs, outputs=outputs)


def _assembled(
    graph: Graph, calls: Sequence[Call], tensors: Mapping[str, Tensor], outputs: tuple[str, ...]
) -> Graph:
    return assemble(
        calls, tensors, outputs, inputs=graph.inputs, path=graph.path, opset=graph.opset
    )


def _in_order(calls: Sequence[Call], graph: Graph) -> list[Call]:
    """Calls in an order in which they can run, as near to the given one as that allows."""
    made = {name: call.name for call in calls for name in call.outputs if name}
    flow: nx.DiGraph[str] = nx.DiGraph()
    flow.add_nodes_from(call.name for call in calls)
    flow.add_edges_from(
        (made[name], call.name) for call in calls for name in call.inputs if name in made
    )
    rank = {name: step for step, name in enumerate(graph)}
    by_name = {call.name: call for call in calls}
    try:
        order = nx.lexicographical_topological_sort(flow, key=lambda n: rank.get(n, -1))
        return [by_name[name] for name in order]
    except nx.NetworkXUnfeasible:
        raise ModelError("expected operators that can run one by one, found a circle") from None


def _grouped(call: Call, graph: Graph, shapes: Shapes, groups: Mapping[str, int]) -> Call:
    """A convolution with its groups: as many as channels where it is depthwise."""
    before = call.attributes.get("group", 1)
    c_in, c_out = shapes[call.inputs[0]][1], shapes[call.outputs[0]][1]
    depthwise = before > 1 and before == graph.tensors[call.inputs[0]].dims[1]
    after = c_in if depthwise else groups.get(call.name, before)
    if c_in % after or c_out % after:
        raise ModelError(f"expected widths that {after} groups divide, found {c_in} and {c_out}")
    if after == before:
        return call
    return replace(call, attributes={**call.attributes, "group": after})


def _lengths(call: Call, shapes: Shapes) -> list[int]:
    """Of what a split gives, along its axis."""
    return [shapes[name][call.attributes.get("axis", 0)] for name in call.outputs]


def _constant(graph: Graph, call: Call, position: int, shapes: Shapes) -> Tensor:
    """A constant of the call at the new sizes."""
    held, kind = graph.tensors[call.inputs[position]], call.op_type
    x, y = shapes.get(call.inputs[0], ()), shapes[call.outputs[0]]
    if kind in ("Reshape", "Split"):
        value = y if kind == "Reshape" else tuple(_lengths(call, shapes))
        return replace(held, shape=(len(value),), value=value)
    if kind == "Resize" and position == 3 and "axes" not in call.attributes:
        return replace(held, value=y)
    if held.dtype in INTEGERS or kind in ("Resize", "Upsample"):
        return held
    groups = call.attributes.get("group", 1)
    if kind == "Conv" and position == 1:
        return replace(held, shape=(y[1], x[1] // groups, *held.dims[2:]))
    if kind == "ConvTranspose" and position == 1:
        return replace(held, shape=(x[1], y[1] // groups, *held.dims[2:]))
    if kind in ("Gemm", "MatMul") and position == 1:
        pair = (x[-1], y[-1])
        return replace(held, shape=pair[::-1] if call.attributes.get("transB", 0) else pair)
    if kind in ("Conv", "ConvTranspose", "BatchNormalization", "InstanceNormalization"):
        return replace(held, shape=(y[1],))
    before = graph.tensors[call.outputs[0]].dims  # broadcast: its last axis is the output's last
    return replace(
        held,
        shape=tuple(
            y[axis] if extent == before[axis] else extent
            for axis, extent in enumerate(held.dims, len(before) - len(held.dims))
        ),
    )
