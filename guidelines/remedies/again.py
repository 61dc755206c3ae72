"""Operators made once more on another map, and the chains that they stand in."""

from __future__ import annotations

from costmodel.errors import ModelError
from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph, Node
from costmodel.operators import BatchNormalization, Conv
from costmodel.operators.elementwise import Elementwise


def again(net: Network, x: Value, node: Node, graph: Graph, c: int) -> Value:
    """A node that reads one map, on another, with so many channels behind it.

    Raises:
        ModelError: it changes the extent of the map, and the other has another one.
    """
    n, _, *before = graph.tensors[node.inputs[0]].dims
    extent = graph.tensors[node.outputs[0]].dims[2:]
    if extent == (*before,):
        extent = x.shape[2:]
    elif x.shape[2:] != (*before,):
        raise ModelError(f"expected {node.op_type} at {node.label} on a map of {before}")
    held = [graph.tensors[name] for name in node.inputs[1:]]
    attributes = dict(node.attributes)
    shapes = [_like(tensor.dims, graph.tensors[node.outputs[0]].dims, c) for tensor in held]
    if isinstance(node.operator, Conv):
        groups = x.c if node.operator.groups == node.operator.c_in > 1 else node.operator.groups
        attributes["group"] = groups
        shapes = [(c, x.c // groups, *held[0].dims[2:]), *((c,) for _ in held[1:])]
    elif isinstance(node.operator, BatchNormalization):
        shapes = [(c,) for _ in held]
    return net.add_operator(node.op_type, [x], [(n, c, *extent)], shapes, **attributes)[0]


def _like(held: tuple[int, ...], made: tuple[int, ...], c: int) -> tuple[int, ...]:
    """A constant that broadcasts, with its channels, if it has them, in another number."""
    axis = len(held) - len(made) + 1
    if axis < 0 or held[axis] != made[1]:
        return held
    return (*held[:axis], c, *held[axis + 1 :])


def passes(graph: Graph, node: Node) -> bool:
    """Whether it is a function of one map, or normalises it."""
    maps = [n for n in node.inputs if n in graph.tensors and not graph.tensors[n].constant]
    plain = isinstance(node.operator, Elementwise | BatchNormalization)
    return plain and len(maps) == 1 and node.inputs[0] == maps[0]


def chain_behind(graph: Graph, node: Node) -> list[Node]:
    """The node and what follows it on the same map, as far as that has one reader."""
    chain = [node]
    while not set(chain[-1].outputs) & set(graph.outputs):
        readers = list(graph.succ[chain[-1].name])
        if len(readers) != 1 or not passes(graph, graph.node(readers[0])):
            break
        chain.append(graph.node(readers[0]))
    return chain


def chain_before(graph: Graph, node: Node) -> list[Node]:
    """The node, and before it what it alone reads, as far as the convolution that made it."""
    chain = [node]
    while len(makers := list(graph.pred[chain[0].name])) == 1:
        maker = graph.node(makers[0])
        if len(graph.succ[maker.name]) > 1 or set(maker.outputs) & set(graph.outputs):
            break
        chain.insert(0, maker)
        if isinstance(maker.operator, Conv) or not passes(graph, maker):
            break
    return chain
