"""Values on their way into and out of the bodies of If, Loop, Scan and SequenceMap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import onnx
from onnx import helper

from costmodel.frontends.onnx.kinds import as_tensor, bound, openness
from costmodel.frontends.onnx.nodes import attributes

if TYPE_CHECKING:
    from costmodel.frontends.onnx.flatten import Step
    from costmodel.frontends.onnx.shapes import Resolver


def enter(resolver: Resolver, step: Step) -> None:
    """Bring a value into a body: carried between iterations, or one item at a time."""
    (source,), (target,) = step.inputs, step.outputs
    kind = resolver.types.get(source)
    if step.role == "each" and kind is not None and kind.HasField("sequence_type"):
        if source in resolver.sequences:
            resolver.known.trips[step.loops[-1]] = len(resolver.sequences[source])
        kind = kind.sequence_type.elem_type
    elif step.role == "item" and kind is not None:
        shape = list(as_tensor(kind, constant=False).shape or ())
        if shape:
            length = shape.pop(step.axis)
            if length is not None:
                resolver.known.trips[step.loops[-1]] = length
        kind = helper.make_tensor_type_proto(kind.tensor_type.elem_type, shape)
    if kind is None:
        kind = resolver.flat.value_info.get(target, onnx.TypeProto())
        kind = bound(kind, resolver.dims)
    resolver.define(target, kind, constant=False)


def leave(resolver: Resolver, step: Step) -> None:
    """Outputs of a node with bodies, from what its bodies give."""
    if step.op_type == "If":
        _leave_if(resolver, step)
    else:
        _leave_loop(resolver, step)


def _leave_if(resolver: Resolver, step: Step) -> None:
    """One branch where the condition is known, else whichever output is known better."""
    condition = resolver.known.values.get(step.inputs[0])
    branches = step.bodies
    if condition is not None and condition.size == 1:
        taken = int(bool(condition.reshape(-1)[0]))
        resolver.known.taken[step.name] = taken
        branches = (step.bodies[taken],)
    found: dict[str, onnx.TypeProto] = {}
    for name, *results in zip(step.outputs, *branches, strict=False):
        kinds = [resolver.types[result] for result in results if result in resolver.types]
        if kinds:
            found[name] = min(kinds, key=openness)
    resolver.declare(step, found)
    for name, *results in zip(step.outputs, *branches, strict=False):
        value = resolver.known.values.get(results[0]) if len(results) == 1 else None
        if value is not None:
            resolver.known.values[name] = value
        if name:
            resolver.define(name, resolver.types[name], constant=value is not None)


def _leave_loop(resolver: Resolver, step: Step) -> None:
    """States as the body leaves them, and what each iteration gives, stacked."""
    results = step.bodies[0]
    states = 0
    if step.op_type == "Loop":
        trips = resolver.known.values.get(step.inputs[0]) if step.inputs[0] else None
        if trips is not None and trips.size == 1:
            resolver.known.trips[step.name] = max(0, int(trips.reshape(-1)[0]))
        results, states = results[1:], len(step.inputs) - 2
    elif step.op_type == "Scan":
        lengths = 1 if step.version < 9 else 0
        states = len(step.inputs) - lengths - attributes(step.proto).get("num_scan_inputs", 0)
    count = resolver.known.trips.get(step.name)
    found: dict[str, onnx.TypeProto] = {}
    for position, (name, result) in enumerate(zip(step.outputs, results, strict=False)):
        kind = resolver.types.get(result)
        if kind is None or not name:
            continue
        if step.op_type == "SequenceMap":
            kind = onnx.TypeProto(sequence_type=onnx.TypeProto.Sequence(elem_type=kind))
        elif position >= states and kind.HasField("tensor_type"):
            shape = as_tensor(kind, constant=False).shape
            stacked = None if shape is None else [count, *shape]
            kind = helper.make_tensor_type_proto(kind.tensor_type.elem_type, stacked)
        found[name] = kind
    resolver.declare(step, found)
    for name in step.outputs:
        if name:
            resolver.define(name, resolver.types[name], constant=False)
