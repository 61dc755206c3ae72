"""Creation: tensors made from a few numbers. They are written, and little is read."""

from __future__ import annotations

from typing import Any

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor

OPERATIONS = {
    "Constant": 0,
    "ConstantOfShape": 0,
    "EyeLike": 0,
    "Range": 1,  # add
    "RandomNormal": 1,  # a draw counts as one operation
    "RandomNormalLike": 1,
    "RandomUniform": 1,
    "RandomUniformLike": 1,
    "HannWindow": 4,  # multiply, cos, multiply, subtract
    "HammingWindow": 4,
    "BlackmanWindow": 7,  # a second cosine term
    "MelWeightMatrix": 4,  # two slopes, two comparisons
}
"""Operations an element takes."""


def _filled(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """GivenTensorFill: the shape is an attribute."""
    shape = attributes.get("shape")
    return [("float32", None if shape is None else (*shape, *attributes.get("extra_shape", ())))]


def _counted(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """ONNX Runtime's Range: start, limit and an optional step."""
    dtype = shapes.given(inputs, 0).dtype
    if values[0] is None or values[1] is None:
        return [(dtype, (None,))]
    step = 1 if len(values) < 3 or values[2] is None else values[2]
    return [(dtype, (max(0, -int((values[0] - values[1]) // step)),))]


class Creation(Operator):
    """A tensor made from nothing but its shape and a few numbers.

    ops = operations*elements
    memory access = elements

    Args:
        elements: elements written.
        operations: operations an element takes; a random draw is one.

    >>> Creation(elements=512, operations=4).cost.ops  # a Hann window
    2048
    """

    elements: Dim
    operations: Dim = 0

    @property
    def cost(self) -> Cost:
        return Cost(ops=self.operations * self.elements, writes=self.elements)

    @classmethod
    def bind(cls, *inputs: Tensor | None, y: Tensor, operations: int = 0, **_: Any) -> Creation:
        return cls(elements=y.elements, operations=operations)


for _op_type, _operations in OPERATIONS.items():
    operator(_op_type, operations=_operations)(Creation)
operator("GivenTensorFill", shape=_filled)(Creation)
operator("com.microsoft::Range", operations=1, shape=_counted)(Creation)
