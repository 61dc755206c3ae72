"""Values on their way into and out of the bodies of If, Loop, Scan and SequenceMap."""

from __future__ import annotations

import onnx
from onnx import helper

from costmodel.frontends.onnx.flatten import Step
from costmodel.frontends.onnx.kinds import as_tensor, bound, openness
from costmodel.frontends.onnx.nodes import attributes
from costmodel.frontends.onnx.state import State

MOST_TRIPS = 2**31
"""Iterations that a Loop may really be asked for; exporters write 2**63 - 1 for "while"."""


def enter(state: State, step: Step) -> None:
    """Bring a value into a body: carried between iterations, or one item at a time."""
    (source,), (target,) = step.inputs, step.outputs
    kind = state.types.get(source)
    if step.role == "each" and kind is not None and kind.HasField("sequence_type"):
        if source in state.sequences:
            state.known.trips[step.loops[-1]] = len(state.sequences[source])
        kind = kind.sequence_type.elem_type
    elif step.role == "item" and kind is not None:
        shape = list(as_tensor(kind, constant=False).shape or ())
        if shape:
            length = shape.pop(step.axis)
            if length is not None:
                state.known.trips[step.loops[-1]] = length
        kind = helper.make_tensor_type_proto(kind.tensor_type.elem_type, shape)
    if kind is None:
        kind = state.flat.value_info.get(target, onnx.TypeProto())
        kind = bound(kind, state.dims)
    state.define(target, kind, constant=False)


def leave(state: State, step: Step) -> None:
    """Outputs of a node with bodies, from what its bodies give."""
    if step.op_type == "If":
        _leave_if(state, step)
    else:
        _leave_loop(state, step)


def _leave_if(state: State, step: Step) -> None:
    """One branch where the condition is known, else whichever output is known better."""
    condition = state.known.values.get(step.inputs[0])
    branches = step.bodies
    if condition is not None and condition.size == 1:
        taken = int(bool(condition.reshape(-1)[0]))
        state.known.taken[step.name] = taken
        branches = (step.bodies[taken],)
    found: dict[str, onnx.TypeProto] = {}
    for name, *results in zip(step.outputs, *branches, strict=False):
        kinds = [state.types[result] for result in results if result in state.types]
        if kinds:
            found[name] = min(kinds, key=openness)
    state.declare(step, found)
    for name, *results in zip(step.outputs, *branches, strict=False):
        if not name:
            continue
        if len(results) == 1 and results[0] in state.known.values:
            state.known.values[name] = state.known.values[results[0]]
        inside = state.known.tensors.get(results[0]) if len(results) == 1 else None
        constant = inside is not None and inside.constant
        state.define(name, state.types[name], constant=constant)


def _leave_loop(state: State, step: Step) -> None:
    """States as the body leaves them, and what each iteration gives, stacked."""
    results = step.bodies[0]
    states = 0
    if step.op_type == "Loop":
        trips = state.known.values.get(step.inputs[0]) if step.inputs[0] else None
        if trips is not None and trips.size == 1 and int(trips.reshape(-1)[0]) <= MOST_TRIPS:
            state.known.trips[step.name] = max(0, int(trips.reshape(-1)[0]))
        results, states = results[1:], len(step.inputs) - 2
    elif step.op_type == "Scan":
        lengths = 1 if step.version < 9 else 0
        states = len(step.inputs) - lengths - attributes(step.proto).get("num_scan_inputs", 0)
    count = state.known.trips.get(step.name)
    found: dict[str, onnx.TypeProto] = {}
    for position, (name, result) in enumerate(zip(step.outputs, results, strict=False)):
        kind = state.types.get(result)
        if kind is None or not name:
            continue
        if step.op_type == "SequenceMap":
            kind = onnx.TypeProto(sequence_type=onnx.TypeProto.Sequence(elem_type=kind))
        elif position >= states and kind.HasField("tensor_type"):
            shape = as_tensor(kind, constant=False).shape
            stacked = None if shape is None else [count, *shape]
            kind = helper.make_tensor_type_proto(kind.tensor_type.elem_type, stacked)
        found[name] = kind
    state.declare(step, found)
    for name in step.outputs:
        if name:
            state.define(name, state.types[name], constant=False)
