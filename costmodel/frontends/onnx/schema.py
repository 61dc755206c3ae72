"""Types of a node's outputs by onnx's own rule for it."""

from __future__ import annotations

import functools

import onnx
from onnx import defs, helper
from onnx.shape_inference import infer_node_outputs

from costmodel.frontends.onnx.flatten import Step
from costmodel.frontends.onnx.kinds import openness
from costmodel.frontends.onnx.legacy import keeps_first_shape, modern
from costmodel.frontends.onnx.state import State

NEWEST = defs.onnx_opset_version()


def by_schema(state: State, step: Step, shape_like: str | None = None) -> dict[str, onnx.TypeProto]:
    """Types by onnx's inference for the operator's version, else for its newest one."""
    proto, op_type, domain = step.proto, step.local, step.domain
    if shape_like:
        op_type, domain = shape_like, ""
        proto = onnx.NodeProto()
        proto.CopyFrom(step.proto)
        proto.op_type, proto.domain = op_type, domain
    nothing = onnx.TypeProto()
    given = {
        local: state.types.get(name, nothing)
        for local, name in zip(proto.input, step.inputs, strict=True)
        if local
    }
    data = {
        local: state.data(name)
        for local, name in zip(proto.input, step.inputs, strict=True)
        if name and name in state.known.values and state.known.values[name].dtype != object
    }
    if keeps_first_shape(proto) and proto.input[0] in given:
        return {step.outputs[0]: given[proto.input[0]]}
    best: dict[str, onnx.TypeProto] = {}
    for version in dict.fromkeys((step.version if not shape_like else 0, NEWEST)):
        schema = _schema(op_type, version, domain)
        if schema is None:
            continue
        if schema.since_version > step.version and not shape_like:
            proto, added = modern(proto, schema)
            data |= added
            given |= {
                n: helper.make_tensor_type_proto(t.data_type, t.dims) for n, t in added.items()
            }
        try:
            raw = infer_node_outputs(
                schema,
                proto,
                given,
                data,
                opset_imports=[helper.make_opsetid(domain, schema.since_version)],
            )
        except Exception as error:  # noqa: BLE001  onnx raises InferenceError, ValueError, RuntimeError
            state.known.reasons.setdefault(step.name, one_line(error))
            continue
        state.known.reasons.pop(step.name, None)
        local_names = dict(zip(proto.output, step.outputs, strict=True))
        types = {local_names[local]: kind for local, kind in raw.items() if local in local_names}
        for name, kind in types.items():
            if name not in best or openness(kind) < openness(best[name]):
                best[name] = kind
        if step.outputs and step.outputs[0] in best and not openness(best[step.outputs[0]]):
            break
    return best


def one_line(error: BaseException) -> str:
    """What an exception says, on one line and without the C++ that said it."""
    text = " ".join(str(error).split()) or type(error).__name__
    for noise in ("[ShapeInferenceError] ", "[TypeInferenceError] "):
        text = text.partition(noise)[2] or text
    return text if len(text) <= 200 else text[:199] + "…"


@functools.cache
def _schema(op_type: str, version: int, domain: str) -> defs.OpSchema | None:
    """The operator's schema at an operator-set version, or at its newest; None without one."""
    try:
        return defs.get_schema(op_type, version or defs.onnx_opset_version(), domain)
    except defs.SchemaError:
        return _schema(op_type, 0, domain) if version else None
