"""A model in symbols: the Graph of it with expressions for dimensions, checked before it is given.

Whatever is said of all sizes is compared with ordinary readings at two of them: the shape of
every value, and the cost of every node. An expression that disagrees is no result.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import onnx

from costmodel.algebra.extents import At, readable
from costmodel.dims import Dim
from costmodel.errors import ModelError
from costmodel.frontends.onnx.reading import Reading, read_at
from costmodel.frontends.onnx.schema import one_line
from costmodel.frontends.onnx.symbolic.shapes import resolve
from costmodel.frontends.onnx.symbolic.sizes import Axes
from costmodel.graph import Graph, Node
from costmodel.tensor import Tensor

Sizes = Mapping[str, int]


def read_in_symbols(
    model: onnx.ModelProto,
    dims: Mapping[str, int],
    shapes: Mapping[str, tuple[int, ...]],
    *,
    spare: bool = False,
    path: str = "",
) -> Graph:
    """The model with a symbol for each of its sizes that is not given.

    Raises:
        ModelError: sizes that are fixed inside the model, or nothing in its inputs to free.
    """
    axes = Axes(model, dims, shapes, spare=spare)
    if not axes.sizes:
        raise ModelError(
            "expected an image or named sizes among the inputs, found none to put a symbol for"
        )
    try:
        plain, graph_here = _read(model, axes, axes.sizes)
    except ModelError as error:
        raise ModelError(f"at {At(axes.sizes)}, {error}") from None
    sizes, other, graph_there = _elsewhere(model, axes, graph_here)
    here, there = At(axes.sizes), At(sizes)
    inputs = {name: axes.shapes.get(name) for name in plain.sizes.types}
    known = resolve(plain.flat, inputs, {here: plain.resolved, there: other.resolved})
    known.tensors = {name: _shown(tensor) for name, tensor in known.tensors.items()}
    try:
        graph = replace(plain, resolved=known).graph(path)
    except TypeError as error:  # sympy will not order two expressions
        raise ModelError(
            f"expected one formula for all sizes, found that these decide: {one_line(error)}"
        ) from None
    _check(graph, graph_here, here)
    _check(graph, graph_there, there)
    return graph


def _read(model: onnx.ModelProto, axes: Axes, sizes: Sizes) -> tuple[Reading, Graph]:
    there = At(sizes)
    given = {name: tuple(map(there, shape)) for name, shape in axes.shapes.items()}
    reading = read_at(model, {}, given)
    return reading, reading.graph("")


def _elsewhere(model: onnx.ModelProto, axes: Axes, here: Graph) -> tuple[Sizes, Reading, Graph]:
    """A reading at other sizes; a model that cannot be read there has fixed ones."""
    problem = ""
    open_here = {node.name for node in here.unknown}
    for sizes in axes.trials():
        try:
            reading, graph = _read(model, axes, sizes)
            for node in graph.unknown:
                if node.name not in open_here:
                    raise ModelError(f"{node.op_type} node '{node.name}': {node.reason}")
            return sizes, reading, graph
        except ModelError as error:
            problem = f"at {At(sizes)}, {error}"
    batches = {name: sizes[name] for name in axes.batches}
    others = {name: sizes[name] for name in sizes if name not in batches}
    fixed = [name for some in (batches, others) if not _reads(model, axes, some) for name in some]
    flags = " ".join(f"--dim {name}={axes.sizes[name]}" for name in fixed or sizes)
    raise ModelError(
        f"fixed sizes: {problem}; export with dynamic axes, or keep them fixed with {flags}"
    )


def _reads(model: onnx.ModelProto, axes: Axes, changed: Sizes) -> bool:
    """Whether the model can be read with some sizes changed."""
    try:
        _read(model, axes, {**axes.sizes, **changed})
    except ModelError:
        return False
    return True


def _check(graph: Graph, plain: Graph, there: At) -> None:
    """Raise ModelError where the graph, at these sizes, is not the one that was read there."""
    if set(graph) != set(plain):
        raise ModelError("expected the same nodes at all sizes, found that sizes decide which run")
    for node in graph.layers:
        if node.operator is None:
            continue
        found = {key: there(value) for key, value in _figures(node).items()}
        expected = _figures(plain.node(node.name))
        wrong = [key for key in found if found[key] != expected.get(key, 0)]
        if wrong:
            raise ModelError(
                f"{node.op_type} node '{node.name}': expected {wrong[0]} of "
                f"{expected.get(wrong[0], 0)} at {there}, found {found[wrong[0]]} in symbols"
            )


def _figures(node: Node) -> dict[str, Dim]:
    return {**node.cost.to_dict(), **node.bytes}


def _shown(tensor: Tensor) -> Tensor:
    if tensor.shape is None:
        return tensor
    return replace(tensor, shape=tuple(None if d is None else readable(d) for d in tensor.shape))
