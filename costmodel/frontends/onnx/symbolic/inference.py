"""``onnx-shape-inference``, asked for one node."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

import onnx_ir as ir
import onnx_shape_inference as inference
import sympy  # type: ignore[import-untyped]
from onnx import NodeProto, defs, numpy_helper

from costmodel.algebra import symbols
from costmodel.algebra.extents import Extent
from costmodel.dims import Dim
from costmodel.frontends.onnx.flatten import Step
from costmodel.frontends.onnx.kinds import CODES
from costmodel.frontends.onnx.legacy import MOVED, keeps_first_shape, modern
from costmodel.frontends.onnx.symbolic.text import expression
from costmodel.frontends.onnx.symbolic.values import Value, exact
from costmodel.tensor import Tensor

Shape: TypeAlias = tuple[Dim | None, ...] | None
Tensors: TypeAlias = Sequence[Tensor | None]
Values: TypeAlias = Sequence[Value | None]


def shapes(
    step: Step, tensors: Tensors, values: Values, names: frozenset[str], like: str | None
) -> list[Shape]:
    """Shapes of a node's outputs; an extent that needs other symbols than these is None.

    Args:
        step: the node.
        tensors: its inputs, with expressions among their dimensions.
        values: of its inputs, where they are small and known.
        names: of the symbols that the model's sizes have.
        like: the ``ai.onnx`` type whose rule serves this one too.

    Raises:
        Exception: whatever the rule raises; a file may hold anything.
    """
    op_type, domain, version, proto = step.local, step.domain, step.version, step.proto
    newest = defs.onnx_opset_version()
    if like:
        op_type, domain, version = like, "", newest
    elif keeps_first_shape(proto):
        return [None if tensors[0] is None else tensors[0].shape]
    elif not domain and (version < OLDEST or op_type in MOVED):
        version, proto, tensors, values = newest, *_modern(proto, tensors, values)
    rule = _rules().get(domain, op_type, version=version)
    if rule is None:
        raise ValueError(f"onnx-shape-inference has no rule for {step.op_type}")
    context = inference.ShapeInferenceContext({"": version, domain: version})
    context.reserve_symbol_names(names)
    inputs = [
        None if tensor is None else _input(context, str(position), tensor, value)
        for position, (tensor, value) in enumerate(zip(tensors, values, strict=True))
    ]
    given = [ir.serde.deserialize_attribute(a) for a in proto.attribute]
    node = ir.Node(domain, op_type, inputs, given, num_outputs=len(step.outputs), version=version)
    rule(context, node)
    return [
        None if made.shape is None else tuple(_extent(d, names) for d in made.shape)
        for made in node.outputs
    ]


OLDEST = 7
"""The operator set from which on nodes are what the rules expect."""


@lru_cache(maxsize=1)
def _rules() -> inference.OpShapeInferenceRegistry:
    inference.registry.collect()
    return inference.registry


def _modern(
    proto: NodeProto, tensors: Tensors, values: Values
) -> tuple[NodeProto, Tensors, Values]:
    """The node as the newest operator set has it: attributes that became inputs are inputs."""
    made, added = modern(proto, defs.get_schema(proto.op_type))
    for tensor in added.values():
        array = numpy_helper.to_array(tensor)
        tensors = [*tensors, Tensor(array.shape, str(array.dtype), constant=True)]
        values = [*values, exact(array)]
    return made, tensors, values


def _input(
    context: inference.ShapeInferenceContext, name: str, tensor: Tensor, value: Value | None
) -> ir.Value:
    dtype = ir.DataType(CODES[tensor.dtype])
    shape = None
    if tensor.shape is not None:
        shape = ir.Shape(
            [context.new_symbolic_dim() if d is None else _dim(d) for d in tensor.shape]
        )
    made = ir.Value(name=name, shape=shape, type=ir.TensorType(dtype))
    if value is None:
        return made
    if all(isinstance(number, int | sympy.Rational) for number in value.flat):
        made.const_value = ir.tensor(value.astype(dtype.numpy()), dtype=dtype)
    elif value.ndim <= 1:
        context.set_symbolic_value(made, [_dim(number) for number in value.flat])
    return made


@lru_cache(maxsize=4096)
def _dim(extent: Extent) -> int | ir.SymbolicDim:
    return int(extent) if isinstance(extent, int | sympy.Integer) else ir.SymbolicDim(extent)


@lru_cache(maxsize=4096)
def _extent(dim: int | ir.SymbolicDim, names: frozenset[str]) -> Extent | None:
    if isinstance(dim, int):
        return dim
    return expression(dim.value or "", {name: symbols(name) for name in names})
