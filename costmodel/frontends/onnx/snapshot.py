"""A model without its weights, as an ONNX file that reads to the same graph.

A weight becomes a Constant that holds a sparse tensor of no elements: its name, its shape and its
type stay, and any tool that knows the standard sees zeros. What tells an operator what to do (a
shape, scales, a limit) stays as it is. Why this form and no other: docs/decisions/0007.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, MutableSequence
from pathlib import Path
from typing import TypeVar

import onnx

from costmodel.frontends.onnx.flatten import AI_ONNX, versions
from costmodel.frontends.onnx.kinds import checked, element_type
from costmodel.frontends.onnx.load import load, parse
from costmodel.frontends.onnx.nodes import SNAPSHOT
from costmodel.frontends.onnx.values import FEW, LIMIT, UNKNOWN, small_value
from costmodel.tensor import bytes_of

M = TypeVar("M")

SPARSE_CONSTANTS = 11
"""Operator set from which a Constant may be sparse; before it, initializers may."""

LISTS = {
    "value_floats": (onnx.TensorProto.FLOAT, FEW),
    "value_ints": (onnx.TensorProto.INT64, LIMIT),
    "value_strings": (onnx.TensorProto.STRING, FEW),
}
"""Attributes of a Constant that are lists: their element type, and how long a list stays."""


def snapshot(source: str | Path | bytes | onnx.ModelProto) -> bytes:
    """The model without its weights: kilobytes, the same for the same model.

    The weights are neither needed nor touched. A snapshot of a snapshot is itself.

    Raises:
        ModelError: what stands there is no model.

    >>> from costmodel.frontends.onnx import read
    >>> light = snapshot("examples/models/mobilenet_v2.onnx")
    >>> read(light).cost.params, snapshot(light) == light
    (3504872, True)
    """
    whole = source.SerializeToString() if isinstance(source, onnx.ModelProto) else None
    model = load(source) if whole is None else parse(whole)
    imports = versions(model.opset_import)
    _graph(model.graph, imports.get("", 0), outermost=True)
    for function in model.functions:
        version = versions(function.opset_import).get("", imports.get("", 0))
        _nodes(function.node, version)
        for attribute in function.attribute_proto:
            _zeroed(attribute)
    del model.training_info[:]
    if not any(entry.key == SNAPSHOT for entry in model.metadata_props):
        model.metadata_props.add(key=SNAPSHOT, value="without weights")
    return model.SerializeToString(deterministic=True)


def _graph(graph: onnx.GraphProto, version: int, *, outermost: bool = False) -> None:
    """Empty what a graph holds, and the graphs inside it."""
    _nodes(graph.node, version, graph)
    inputs = set() if outermost else {value.name for value in graph.input}
    for sparse in graph.sparse_initializer:
        sparse.CopyFrom(_sparse(sparse.values.name, sparse.values.data_type, sparse.dims))
    kept, constants = [], []
    for tensor in graph.initializer:
        if _stays(tensor):
            kept.append(tensor)
        elif not _fits(tensor.dims):
            kept.append(_zeros(tensor))
        elif version < SPARSE_CONSTANTS or tensor.name in inputs:
            graph.sparse_initializer.append(_sparse(tensor.name, tensor.data_type, tensor.dims))
        else:
            node = onnx.NodeProto(op_type="Constant", output=[tensor.name])
            node.attribute.append(_value(_sparse("", tensor.data_type, tensor.dims)))
            node.metadata_props.add(key=SNAPSHOT, value="initializer")
            constants.append(node)
    _set(graph.initializer, kept)
    if constants:
        made = {node.output[0] for node in constants}
        _set(graph.node, [*constants, *graph.node])
        _set(graph.input, [value for value in graph.input if value.name not in made])


def _set(field: MutableSequence[M], messages: list[M]) -> None:
    """Other messages in a repeated field."""
    del field[:]
    field.extend(messages)


def _nodes(
    nodes: MutableSequence[onnx.NodeProto], version: int, graph: onnx.GraphProto | None = None
) -> None:
    """Empty what nodes hold; ``graph`` is the one that they stand in, None for a function."""
    for node in nodes:
        hollow = [
            a for a in node.attribute if not (a.type or a.ref_attr_name) and len(a.ListFields()) < 2
        ]
        for a in hollow:  # a list that was too long to be read
            node.attribute.remove(a)
        for a in node.attribute:
            for inside in (a.g, *a.graphs) if a.HasField("g") else a.graphs:
                _graph(inside, version)
        if node.op_type == "Constant" and node.domain in AI_ONNX:
            _constant(node, version, graph)
        else:
            for a in node.attribute:
                _zeroed(a)


def _constant(node: onnx.NodeProto, version: int, graph: onnx.GraphProto | None) -> None:
    """Empty a Constant that holds more than an argument."""
    for a in node.attribute:
        if a.HasField("sparse_tensor"):
            sparse = a.sparse_tensor
            sparse.CopyFrom(_sparse(sparse.values.name, sparse.values.data_type, sparse.dims))
        elif a.name in LISTS:
            kind, most = LISTS[a.name]
            length = len(a.floats) + len(a.ints) + len(a.strings)
            if length > most:
                a.CopyFrom(_value(_sparse("", kind, [length])))
        elif a.HasField("t") and not _stays(a.t):
            if _fits(a.t.dims) and version >= SPARSE_CONSTANTS:
                a.CopyFrom(_value(_sparse("", a.t.data_type, a.t.dims)))
            elif not _fits(a.t.dims) or graph is None:
                _zeroed(a)
            else:
                name = f"{node.output[0]}:value"
                graph.sparse_initializer.append(_sparse(name, a.t.data_type, a.t.dims))
                node.op_type, node.input[:] = "Identity", [name]
                node.attribute.remove(a)
                return


def _stays(tensor: onnx.TensorProto) -> bool:
    """Whether a reading looks at its value. Says what is wrong with a tensor that can be none."""
    checked(tensor.dims, f"the tensor '{tensor.name}'")
    element_type(tensor.data_type)
    return small_value(tensor) is not None


def _fits(dims: Iterable[int]) -> bool:
    """Whether a sparse tensor can have this shape: the standard wants an axis, and elements."""
    shape = tuple(dims)
    return bool(shape) and 0 not in shape


def _sparse(name: str, kind: int, dims: Iterable[int]) -> onnx.SparseTensorProto:
    """A tensor in which nothing is stored."""
    return onnx.SparseTensorProto(
        values=onnx.TensorProto(name=name, data_type=kind, dims=[0]),
        indices=onnx.TensorProto(data_type=onnx.TensorProto.INT64, dims=[0]),
        dims=dims,
    )


def _value(sparse: onnx.SparseTensorProto) -> onnx.AttributeProto:
    kind = onnx.AttributeProto.SPARSE_TENSOR
    return onnx.AttributeProto(name="sparse_value", type=kind, sparse_tensor=sparse)


def _zeroed(attribute: onnx.AttributeProto) -> None:
    """Zeros in place of a tensor that cannot be left out: an operator's own, or a single number."""
    for tensor in (
        (attribute.t, *attribute.tensors) if attribute.HasField("t") else attribute.tensors
    ):
        if not _stays(tensor):
            tensor.CopyFrom(_zeros(tensor))


def _zeros(tensor: onnx.TensorProto) -> onnx.TensorProto:
    """Zeros, marked as such, so that nobody takes them for the value."""
    made = onnx.TensorProto(
        name=tensor.name, data_type=tensor.data_type, dims=tensor.dims, doc_string=UNKNOWN
    )
    count = math.prod(tensor.dims)
    if tensor.data_type == onnx.TensorProto.STRING:
        made.string_data.extend([b""] * count)
    else:
        made.raw_data = bytes(bytes_of(count, element_type(tensor.data_type)))
    return made
