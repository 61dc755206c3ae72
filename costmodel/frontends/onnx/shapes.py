"""Shape and type of every value, node by node.

Each node is inferred with the rule of its own ONNX schema, given what is known of its inputs
and the values of the small ones. A node that cannot be inferred leaves its outputs to what
the file itself says of them, or unknown; the others go on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import defs, helper

from costmodel.errors import MALFORMED, ModelError
from costmodel.frontends.onnx import values as arithmetic
from costmodel.frontends.onnx.bodies import enter, leave
from costmodel.frontends.onnx.flatten import BODIES, Flat, Step
from costmodel.frontends.onnx.kinds import CODES
from costmodel.frontends.onnx.nodes import attributes
from costmodel.frontends.onnx.schema import by_schema, one_line
from costmodel.frontends.onnx.sequences import SEQUENCE
from costmodel.frontends.onnx.state import Resolved, State
from costmodel.operator import REGISTRY


def resolve(
    flat: Flat,
    inputs: Mapping[str, onnx.TypeProto],
    dims: Mapping[str, int],
    skip: frozenset[int],
    at: Callable[[int], None],
) -> Resolved:
    """Infer every value of a flattened model.

    Args:
        flat: the steps and the tensors that the file holds.
        inputs: type of each of the model's inputs, all sizes bound.
        dims: values of the named dimensions.
        skip: steps that must not be inferred, because an earlier attempt stopped there.
        at: told the number of each step before it is inferred.
    """
    state = State(flat, inputs, dims)
    for number, step in enumerate(flat.steps):
        at(number)
        if not state.known.runs(step):
            continue
        if number in skip:
            state.leave_open(step, "its shape inference did not end")
            continue
        try:
            infer(state, step)
        except MALFORMED as error:
            state.leave_open(step, f"its inputs or attributes do not fit: {one_line(error)}")
    return state.known


def infer(state: State, step: Step) -> None:
    """Infer one step by the way that its kind asks for."""
    if step.role:
        enter(state, step)
    elif step.op_type in BODIES:
        leave(state, step)
    elif step.op_type in SEQUENCE:
        SEQUENCE[step.op_type](state, step)
    elif step.op_type == "Constant":
        literal(state, step)
    else:
        plain(state, step)


def plain(state: State, step: Step) -> None:
    """Types of an operator's outputs by its rule, and their values where small."""
    given = [state.known.values.get(name) if name else None for name in step.inputs]
    registered = REGISTRY.get(step.op_type)
    if registered is not None and registered.shape is not None:
        found = by_rule(state, step, registered.shape, given)
    else:
        found = by_schema(state, step, registered.shape_like if registered else None)
    state.declare(step, found)
    compute(state, step, given)


def literal(state: State, step: Step) -> None:
    """A Constant: its tensor, or the list of numbers that it holds."""
    name = step.outputs[0]
    for a in step.proto.attribute:
        if a.name == "value" or a.HasField("t"):
            state.constant(name, a.t)
            return
        if a.name == "sparse_value":
            kind = helper.make_tensor_type_proto(
                a.sparse_tensor.values.data_type, a.sparse_tensor.dims
            )
            state.define(name, kind, constant=True)
            return
    for value in attributes(step.proto).values():
        text = isinstance(value, str) or (
            isinstance(value, list) and value and isinstance(value[0], str)
        )
        array = np.asarray(
            value, dtype=object if text else np.int64 if _ints(value) else np.float32
        )
        code = onnx.TensorProto.STRING if text else helper.np_dtype_to_tensor_dtype(array.dtype)
        state.define(name, helper.make_tensor_type_proto(code, array.shape), constant=True)
        if not text and array.size <= (arithmetic.LIMIT if _ints(value) else arithmetic.FEW):
            state.known.values[name] = array
        return
    state.leave_open(step, "the file holds no value for this Constant")


def by_rule(
    state: State, step: Step, rule: Callable[..., Any], given: Sequence[Any]
) -> dict[str, onnx.TypeProto]:
    """Types by the rule that the operator was registered with."""
    tensors = [state.known.tensors.get(name) if name else None for name in step.inputs]
    try:
        results = rule(tensors, attributes(step.proto), given)
    except ModelError:
        raise
    except Exception as error:  # noqa: BLE001  a rule meets whatever the file holds
        state.known.reasons[step.name] = one_line(error)
        return {}
    return {
        name: helper.make_tensor_type_proto(CODES[dtype], shape) if shape is not None
        else onnx.TypeProto(tensor_type=onnx.TypeProto.Tensor(elem_type=CODES[dtype]))
        for name, (dtype, shape) in zip(step.outputs, results, strict=False) if name
    }  # fmt: skip


def compute(state: State, step: Step, given: Sequence[Any]) -> None:
    """Carry the value on, where it is small."""
    first = state.known.tensors.get(step.inputs[0]) if step.inputs else None
    if step.op_type in {"Shape", "Size"} and first is not None and first.known and not step.domain:
        shape = np.asarray(first.shape, np.int64)
        if step.op_type == "Shape":
            rank, a = len(shape), attributes(step.proto)
            value = shape[slice(a.get("start", 0), a.get("end", rank))]
        else:
            value = np.asarray(math.prod(first.dims), np.int64)
        state.known.values[step.outputs[0]] = value
    else:
        shapes = [
            t.shape if t and t.known else None for t in map(state.known.tensors.get, step.outputs)
        ]
        if not arithmetic.computable(step, given, shapes):
            return
        results = arithmetic.compute(step, given, step.version or defs.onnx_opset_version())
        if results is None:
            return
        for name, value in zip([n for n in step.outputs if n], results, strict=False):
            if value.dtype != object:
                state.known.values[name] = value
    for name in step.outputs:
        if name in state.known.values:
            value = state.known.values[name]
            try:
                code = helper.np_dtype_to_tensor_dtype(value.dtype)
            except (KeyError, ValueError):
                continue
            state.define(name, helper.make_tensor_type_proto(code, value.shape), constant=True)


def _ints(value: object) -> bool:
    return isinstance(value, int) or (
        isinstance(value, list) and all(isinstance(v, int) for v in value)
    )
