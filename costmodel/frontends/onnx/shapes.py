"""Shape and type of every value, node by node.

Each node is inferred with the rule of its own ONNX schema, given what is known of its inputs
and the values of the small ones. A node that cannot be inferred leaves its outputs to what
the file itself says of them, or unknown; the others go on.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import defs, helper, numpy_helper
from onnx.shape_inference import infer_node_outputs

from costmodel.errors import MALFORMED, ModelError
from costmodel.frontends.onnx import values as arithmetic
from costmodel.frontends.onnx.bodies import enter, leave
from costmodel.frontends.onnx.flatten import BODIES, Flat, Step
from costmodel.frontends.onnx.kinds import (
    CODES,
    as_tensor,
    bound,
    checked,
    element_type,
    merged,
    openness,
)
from costmodel.frontends.onnx.legacy import keeps_first_shape, modern
from costmodel.frontends.onnx.nodes import attributes
from costmodel.frontends.onnx.sequences import SEQUENCE
from costmodel.operator import REGISTRY
from costmodel.tensor import Tensor

RANDOM = {
    "RandomNormal",
    "RandomUniform",
    "RandomNormalLike",
    "RandomUniformLike",
    "Multinomial",
    "Bernoulli",
}


@dataclass(slots=True)
class Resolved:
    """What is known of the values of a model, by unique name.

    Args:
        tensors: shape, type and constness.
        values: the small values that were computed.
        taken: the branch that each If takes, where its condition is known.
        trips: how often each loop runs, where that is known.
        reasons: why a node's outputs stay open, by node name.
    """

    tensors: dict[str, Tensor] = field(default_factory=dict)
    values: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    trips: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)


def small_value(tensor: onnx.TensorProto) -> np.ndarray[Any, Any] | None:
    """The value of a tensor that is small and whose data stand in the file itself."""
    if (
        math.prod(tensor.dims) > arithmetic.LIMIT
        or tensor.data_location == onnx.TensorProto.EXTERNAL
    ):
        return None
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError):
        return None


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
    return Resolver(flat, inputs, dims, skip).run(at)


class Resolver:
    def __init__(
        self,
        flat: Flat,
        inputs: Mapping[str, onnx.TypeProto],
        dims: Mapping[str, int],
        skip: frozenset[int],
    ) -> None:
        self.flat = flat
        self.dims = dims
        self.skip = skip
        self.known = Resolved()
        self.types: dict[str, onnx.TypeProto] = dict(inputs)
        self.sequences: dict[str, list[onnx.TypeProto]] = {}
        self.encoded: dict[str, onnx.TensorProto] = {}
        for name, kind in inputs.items():
            self.known.tensors[name] = as_tensor(kind, constant=False)
        for name, tensor in flat.initializers.items():
            self.constant(name, tensor)

    def constant(self, name: str, tensor: onnx.TensorProto) -> None:
        shape = checked(tensor.dims, f"the tensor '{name}'")
        element_type(tensor.data_type)
        self.define(name, helper.make_tensor_type_proto(tensor.data_type, shape), constant=True)
        value = small_value(tensor)
        if value is not None:
            self.known.values[name] = value

    def define(self, name: str, kind: onnx.TypeProto, *, constant: bool) -> None:
        self.types[name] = kind
        self.known.tensors[name] = as_tensor(kind, constant)

    def run(self, at: Callable[[int], None]) -> Resolved:
        for number, step in enumerate(self.flat.steps):
            at(number)
            if any(self.known.taken.get(node, branch) != branch for node, branch in step.guards):
                continue
            if number in self.skip:
                self.leave_open(step, "its shape inference did not end")
                continue
            try:
                self.step(step)
            except MALFORMED as error:
                self.leave_open(step, f"its inputs or attributes do not fit: {one_line(error)}")
        return self.known

    def step(self, step: Step) -> None:
        """Infer one step by the way that its kind asks for."""
        if step.role:
            enter(self, step)
        elif step.op_type in BODIES:
            leave(self, step)
        elif step.op_type in SEQUENCE:
            SEQUENCE[step.op_type](self, step)
        else:
            self.infer(step)

    def leave_open(self, step: Step, reason: str) -> None:
        """Say why a step was not inferred; its outputs are what the file says of them."""
        self.known.reasons[step.name] = reason
        self.declare(step, {})

    # -- plain operators ------------------------------------------------------------------

    def infer(self, step: Step) -> None:
        """Types of a node's outputs by the rule of its schema, and their values where small."""
        given = [self.known.values.get(name) if name else None for name in step.inputs]
        registered = REGISTRY.get(step.op_type)
        found: dict[str, onnx.TypeProto] = {}
        if step.op_type == "Constant":
            self.literal(step)
            return
        if registered is not None and registered.shape is not None:
            found = self.by_rule(step, registered.shape, given)
        else:
            found = self.by_schema(step, registered.shape_like if registered else None)
        self.declare(step, found)
        self.compute(step, given)

    def literal(self, step: Step) -> None:
        """A Constant: its tensor, or the list of numbers that it holds."""
        name = step.outputs[0]
        for a in step.proto.attribute:
            if a.name == "value" or a.HasField("t"):
                self.constant(name, a.t)
                return
            if a.name == "sparse_value":
                kind = helper.make_tensor_type_proto(
                    a.sparse_tensor.values.data_type, a.sparse_tensor.dims
                )
                self.define(name, kind, constant=True)
                return
        for value in attributes(step.proto).values():
            text = isinstance(value, str) or (
                isinstance(value, list) and value and isinstance(value[0], str)
            )
            array = np.asarray(
                value, dtype=object if text else np.int64 if _ints(value) else np.float32
            )
            code = onnx.TensorProto.STRING if text else helper.np_dtype_to_tensor_dtype(array.dtype)
            self.define(name, helper.make_tensor_type_proto(code, array.shape), constant=True)
            if not text and array.size <= arithmetic.LIMIT:
                self.known.values[name] = array
            return
        raise ModelError(f"expected a value in Constant node '{step.name}', found none")

    def by_rule(
        self, step: Step, rule: Callable[..., Any], given: Sequence[Any]
    ) -> dict[str, onnx.TypeProto]:
        """Types by the rule that the operator was registered with."""
        tensors = [self.known.tensors.get(name) if name else None for name in step.inputs]
        try:
            results = rule(tensors, attributes(step.proto), given)
        except ModelError:
            raise
        except Exception as error:  # noqa: BLE001  a rule meets whatever the file holds
            self.known.reasons[step.name] = one_line(error)
            return {}
        return {
            name: helper.make_tensor_type_proto(CODES[dtype], shape) if shape is not None
            else onnx.TypeProto(tensor_type=onnx.TypeProto.Tensor(elem_type=CODES[dtype]))
            for name, (dtype, shape) in zip(step.outputs, results, strict=False) if name
        }  # fmt: skip

    def by_schema(self, step: Step, shape_like: str | None) -> dict[str, onnx.TypeProto]:
        """Types by onnx's inference for the operator's version, else for its newest one."""
        proto, op_type, domain = step.proto, step.local, step.domain
        if shape_like:
            op_type, domain = shape_like, ""
            proto = onnx.NodeProto()
            proto.CopyFrom(step.proto)
            proto.op_type, proto.domain = op_type, domain
        nothing = onnx.TypeProto()
        given = {
            local: self.types.get(name, nothing)
            for local, name in zip(proto.input, step.inputs, strict=True)
            if local
        }
        data = {
            local: self.data(name)
            for local, name in zip(proto.input, step.inputs, strict=True)
            if name and name in self.known.values and self.known.values[name].dtype != object
        }
        if keeps_first_shape(proto) and proto.input[0] in given:
            return {step.outputs[0]: given[proto.input[0]]}
        best: dict[str, onnx.TypeProto] = {}
        for version in dict.fromkeys(
            (step.version if not shape_like else 0, defs.onnx_opset_version())
        ):
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
                self.known.reasons.setdefault(step.name, one_line(error))
                continue
            self.known.reasons.pop(step.name, None)
            local_names = dict(zip(proto.output, step.outputs, strict=True))
            types = {
                local_names[local]: kind for local, kind in raw.items() if local in local_names
            }
            for name, kind in types.items():
                if name not in best or openness(kind) < openness(best[name]):
                    best[name] = kind
            if step.outputs and step.outputs[0] in best and not openness(best[step.outputs[0]]):
                break
        return best

    def data(self, name: str) -> onnx.TensorProto:
        if name not in self.encoded:
            self.encoded[name] = numpy_helper.from_array(np.asarray(self.known.values[name]))
        return self.encoded[name]

    def declare(self, step: Step, found: Mapping[str, onnx.TypeProto]) -> None:
        """Record a node's outputs, by inference or by what the file says of them."""
        constant = step.op_type not in RANDOM and all(
            self.known.tensors[name].constant for name in step.inputs if name in self.known.tensors
        )
        for name in step.outputs:
            if not name:
                continue
            kind = found.get(name)
            said = self.flat.value_info.get(name)
            if said is not None and (kind is None or openness(kind)):
                said = bound(said, self.dims)
                kind = (
                    said if kind is None or kind.WhichOneof("value") is None else merged(kind, said)
                )
            if kind is None or (kind.HasField("tensor_type") and not kind.tensor_type.elem_type):
                kind = self.typed(step, kind)
            self.define(name, kind, constant=constant and not step.loops)

    def typed(self, step: Step, kind: onnx.TypeProto | None) -> onnx.TypeProto:
        """A type for an output that has none: the element type of the first input."""
        code: int = onnx.TensorProto.FLOAT
        for name in step.inputs:
            if name in self.types and self.types[name].tensor_type.elem_type:
                code = self.types[name].tensor_type.elem_type
                break
        made = onnx.TypeProto()
        if kind is not None:
            made.CopyFrom(kind)
        made.tensor_type.elem_type = code
        return made

    def compute(self, step: Step, given: Sequence[Any]) -> None:
        """Carry the value on, where it is small."""
        first = self.known.tensors.get(step.inputs[0]) if step.inputs else None
        if (
            step.op_type in {"Shape", "Size"}
            and first is not None
            and first.known
            and not step.domain
        ):
            shape = np.asarray(first.shape, np.int64)
            if step.op_type == "Shape":
                rank, a = len(shape), attributes(step.proto)
                value = shape[slice(a.get("start", 0), a.get("end", rank))]
            else:
                value = np.asarray(math.prod(first.dims), np.int64)
            self.known.values[step.outputs[0]] = value
        else:
            shapes = [
                t.shape if t and t.known else None
                for t in map(self.known.tensors.get, step.outputs)
            ]
            if not arithmetic.computable(step, given, shapes):
                return
            results = arithmetic.compute(step, given, step.version or defs.onnx_opset_version())
            if results is None:
                return
            for name, value in zip([n for n in step.outputs if n], results, strict=False):
                if value.dtype != object:
                    self.known.values[name] = value
        for name in step.outputs:
            if name in self.known.values:
                value = self.known.values[name]
                try:
                    code = helper.np_dtype_to_tensor_dtype(value.dtype)
                except (KeyError, ValueError):
                    continue
                self.define(name, helper.make_tensor_type_proto(code, value.shape), constant=True)


def one_line(error: BaseException) -> str:
    """What an exception says, on one line and without the C++ that said it."""
    text = " ".join(str(error).split()) or type(error).__name__
    for noise in ("[ShapeInferenceError] ", "[TypeInferenceError] "):
        text = text.partition(noise)[2] or text
    return text if len(text) <= 200 else text[:199] + "…"


def _ints(value: object) -> bool:
    return isinstance(value, int) or (
        isinstance(value, list) and all(isinstance(v, int) for v in value)
    )


@functools.cache
def _schema(op_type: str, version: int, domain: str) -> defs.OpSchema | None:
    """The operator's schema at an operator-set version, or at its newest; None without one."""
    try:
        return defs.get_schema(op_type, version or defs.onnx_opset_version(), domain)
    except defs.SchemaError:
        return _schema(op_type, 0, domain) if version else None
