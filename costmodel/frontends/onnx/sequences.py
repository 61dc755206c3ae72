"""Sequences: lists of tensors whose items may differ in shape, which no ONNX type says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
from onnx import helper

from costmodel.frontends.onnx.flatten import Step
from costmodel.frontends.onnx.kinds import CODES, as_tensor
from costmodel.frontends.onnx.nodes import attributes
from costmodel.frontends.onnx.schema import by_schema
from costmodel.frontends.onnx.state import State
from costmodel.frontends.onnx.values import LIMIT


def construct(state: State, step: Step) -> None:
    """SequenceConstruct, SequenceInsert, SequenceErase: a list with its items."""
    items = (
        list(state.sequences.get(step.inputs[0], [])) if step.op_type != "SequenceConstruct" else []
    )
    known = step.op_type == "SequenceConstruct" or step.inputs[0] in state.sequences
    position = state.known.values.get(step.inputs[-1]) if len(step.inputs) > 1 else None
    if step.op_type == "SequenceConstruct":
        items = [state.types[name] for name in step.inputs if name in state.types]
    elif step.op_type == "SequenceInsert":
        at = (
            int(position.reshape(-1)[0])
            if len(step.inputs) > 2 and position is not None
            else len(items)
        )
        items.insert(at, state.types.get(step.inputs[1], onnx.TypeProto()))
    elif items:
        at = int(position.reshape(-1)[0]) if position is not None else -1
        if -len(items) <= at < len(items):
            items.pop(at)
    infer_sequence(state, step, items if known else None)


def split(state: State, step: Step) -> None:
    """SplitToSequence: pieces of one axis."""
    first = state.known.tensors.get(step.inputs[0])
    given = attributes(step.proto)
    pieces: list[onnx.TypeProto] | None = None
    if first is not None and first.known:
        shape = list(first.dims)
        axis = given.get("axis", 0)
        lengths = state.known.values.get(step.inputs[1]) if len(step.inputs) > 1 else np.asarray(1)
        if lengths is not None and shape:
            length = shape[axis]
            if lengths.ndim == 0:
                size = max(1, int(lengths))
                sizes = [min(size, length - start) for start in range(0, length, size)][:LIMIT]
            else:
                sizes = [int(size) for size in lengths]
            drop = len(step.inputs) < 2 and not given.get("keepdims", 1)
            code = CODES[first.dtype]
            pieces = [
                helper.make_tensor_type_proto(
                    code, [*shape[:axis], *([] if drop else [size]), *shape[axis:][1:]]
                )
                for size in sizes
            ]
    infer_sequence(state, step, pieces)


def pick(state: State, step: Step) -> None:
    """SequenceAt: one item."""
    items = state.sequences.get(step.inputs[0])
    position = state.known.values.get(step.inputs[1])
    if items and position is not None and -len(items) <= int(position) < len(items):
        state.declare(step, {step.outputs[0]: items[int(position)]})
    elif items and len({i.SerializeToString() for i in items}) == 1:
        state.declare(step, {step.outputs[0]: items[0]})
    else:
        state.declare(step, by_schema(state, step))


def join(state: State, step: Step) -> None:
    """ConcatFromSequence: the items side by side."""
    items = state.sequences.get(step.inputs[0])
    tensors = [as_tensor(item, constant=False) for item in items or []]
    if not tensors or not all(t.known for t in tensors):
        state.declare(step, by_schema(state, step))
        return
    given = attributes(step.proto)
    shape, axis = list(tensors[0].dims), given.get("axis", 0)
    if given.get("new_axis"):
        shape.insert(axis if axis >= 0 else len(shape) + 1 + axis, len(tensors))
    elif shape:
        shape[axis] = sum(t.dims[axis] for t in tensors)
    state.declare(
        step, {step.outputs[0]: helper.make_tensor_type_proto(CODES[tensors[0].dtype], shape)}
    )


def infer_sequence(state: State, step: Step, items: list[onnx.TypeProto] | None) -> None:
    state.declare(step, by_schema(state, step))
    if items is not None and len(items) <= LIMIT and step.outputs:
        state.sequences[step.outputs[0]] = items


SEQUENCE: dict[str, Callable[[State, Step], None]] = {
    "SequenceConstruct": construct,
    "SequenceInsert": construct,
    "SequenceErase": construct,
    "SplitToSequence": split,
    "SequenceAt": pick,
    "ConcatFromSequence": join,
}
