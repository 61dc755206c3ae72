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
    found: dict[str, onnx.TypeProto] = {}
    if step.op_type == "If":
        condition = resolver.known.values.get(step.inputs[0])
        branches = step.bodies
        if condition is not None and condition.size == 1:
            resolver.known.taken[step.name] = int(bool(condition.reshape(-1)[0]))
            branches = (step.bodies[resolver.known.taken[step.name]],)
        for results in zip(step.outputs, *branches, strict=False):
            kinds = [resolver.types[name] for name in results[1:] if name in resolver.types]
            if kinds:
                found[results[0]] = min(kinds, key=openness)
            if len(branches) == 1 and results[1] in resolver.known.values:
                resolver.known.values[results[0]] = resolver.known.values[results[1]]
        for name, kind in found.items():
            constant = len(branches) == 1 and name in resolver.known.values
            resolver.define(name, kind, constant=constant)
        missing = [name for name in step.outputs if name and name not in found]
        if missing:
            resolver.declare(step, found)
        return
    results = step.bodies[0]
    if step.op_type == "Loop":
        trips = resolver.known.values.get(step.inputs[0]) if step.inputs[0] else None
        if trips is not None and trips.size == 1:
            resolver.known.trips[step.name] = max(0, int(trips.reshape(-1)[0]))
        results, states = results[1:], len(step.inputs) - 2
    else:
        scanned = attributes(step.proto).get("num_scan_inputs", 0)
        states = (
            len(step.inputs) - scanned - (1 if step.version < 9 and step.op_type == "Scan" else 0)
        )
        states = 0 if step.op_type == "SequenceMap" else states
    count = resolver.known.trips.get(step.name)
    for position, (name, result) in enumerate(zip(step.outputs, results, strict=False)):
        kind = resolver.types.get(result)
        if kind is None or not name:
            continue
        if position >= states and kind.HasField("tensor_type"):
            if step.op_type == "SequenceMap":
                kind = onnx.TypeProto(sequence_type=onnx.TypeProto.Sequence(elem_type=kind))
            else:
                shape = as_tensor(kind, constant=False).shape
                stacked = None if shape is None else [count, *shape]
                kind = helper.make_tensor_type_proto(kind.tensor_type.elem_type, stacked)
        found[name] = kind
    resolver.declare(step, found)
    for name in step.outputs:
        if name:
            resolver.define(name, resolver.types[name], constant=False)
