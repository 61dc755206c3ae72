"""What is known of a model's values while its steps are inferred one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from costmodel.errors import ModelError
from costmodel.frontends.onnx.flatten import Flat, Step
from costmodel.frontends.onnx.kinds import (
    as_tensor,
    bound,
    checked,
    element_type,
    merged,
    openness,
)
from costmodel.frontends.onnx.values import small_value
from costmodel.tensor import Tensor

RANDOM = {
    "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial",
    "Bernoulli",
}  # fmt: skip
"""Operators whose result is no constant whatever they read."""


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

    def runs(self, step: Step) -> bool:
        """Whether no If is known to take another branch than the step stands in."""
        return all(self.taken.get(node, branch) == branch for node, branch in step.guards)


class State:
    """The Resolved under construction, with the ONNX types that inference works on."""

    def __init__(
        self,
        flat: Flat,
        inputs: Mapping[str, onnx.TypeProto],
        dims: Mapping[str, int],
    ) -> None:
        self.flat = flat
        self.dims = dims
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
            self.encoded[name] = tensor

    def define(self, name: str, kind: onnx.TypeProto, *, constant: bool) -> None:
        self.types[name] = kind
        self.known.tensors[name] = as_tensor(kind, constant)

    def declare(self, step: Step, found: Mapping[str, onnx.TypeProto]) -> None:
        """Record a node's outputs, by inference or by what the file says of them."""
        known = self.known.tensors
        constant = (
            step.op_type not in RANDOM
            and any(step.inputs)
            and all(name in known and known[name].constant for name in step.inputs if name)
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
            if kind is not None and any(d.dim_value < 0 for d in kind.tensor_type.shape.dim):
                if not step.guards:
                    raise ModelError(
                        f"{step.op_type} node '{step.name}': expected sizes that leave something, "
                        f"found an output of {as_tensor(kind, constant).label}"
                    )
                kind = None  # a branch for other sizes than these
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

    def data(self, name: str) -> onnx.TensorProto:
        if name not in self.encoded:
            self.encoded[name] = numpy_helper.from_array(np.asarray(self.known.values[name]))
        return self.encoded[name]

    def leave_open(self, step: Step, reason: str) -> None:
        """Say why a step was not inferred; its outputs are what the file says of them."""
        self.known.reasons[step.name] = reason
        self.declare(step, {})
