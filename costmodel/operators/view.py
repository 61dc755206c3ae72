"""Views: the output shares the input's memory, so nothing is computed and nothing moves."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor


def _expanded(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """ExpandDims: an axis of 1 where the second input says."""
    x = shapes.given(inputs, 0)
    if x.shape is None or values[1] is None:
        return [(x.dtype, None)]
    axis = int(values[1]) % (len(x.shape) + 1)
    return [(x.dtype, (*x.shape[:axis], 1, *x.shape[axis:]))]


@operator("Reshape", "Flatten", "Squeeze", "Unsqueeze", whole=True)
@operator("Identity", "Dropout", "BitCast")
@operator("Optional", "OptionalGetElement", "SequenceConstruct", "SequenceEmpty", "SequenceAt")
@operator("SequenceInsert", "SequenceErase")
@operator("com.microsoft::BitmaskDropout", shape=shapes.like(0))
@operator("com.microsoft::ExpandDims", shape=_expanded)
class View(Operator):
    """Another name or shape of the same memory: costs nothing.

    A sequence holds its tensors, so taking one out or putting one in moves none of them.
    Dropout is the identity outside training.

    >>> View().cost.memory_access
    0
    """

    weights: ClassVar = (0,)
    view: ClassVar = True

    @property
    def cost(self) -> Cost:
        return Cost()

    @classmethod
    def bind(cls, *inputs: Tensor | None, y: Tensor, whole: bool = False, **_: Any) -> View:
        """``whole`` where the output must have as many elements as the first input."""
        x = inputs[0] if inputs else None
        if (
            whole
            and x is not None
            and x.known
            and y.known
            and shapes.differ(x.elements, y.elements)
        ):
            raise ModelError(f"expected {x.elements} elements as in {x.label}, found {y.label}")
        return cls()


@operator("Shape", "Size", "SequenceLength", "OptionalHasElement")
class Extent(Operator):
    """What the runtime knows about a tensor without touching its elements: costs nothing.

    >>> Extent().cost.memory_access
    0
    """

    @property
    def cost(self) -> Cost:
        return Cost()

    @classmethod
    def bind(cls, *inputs: Tensor | None, **_: Any) -> Extent:
        return cls()
