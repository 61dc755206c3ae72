"""Reductions: many elements in, few out."""

from __future__ import annotations

from typing import Any

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor

OPERATIONS = {
    "ReduceSum": (1, 0),
    "ReduceProd": (1, 0),
    "ReduceMax": (1, 0),
    "ReduceMin": (1, 0),
    "ReduceMean": (1, 1),  # a division
    "ReduceL1": (2, 0),  # abs, add
    "ReduceL2": (2, 1),  # multiply, add; a root
    "ReduceSumSquare": (2, 0),
    "ReduceLogSum": (1, 1),  # a log
    "ReduceLogSumExp": (4, 2),  # compare, subtract, exp, add; a log, the maximum added back
    "ArgMax": (1, 0),
    "ArgMin": (1, 0),
    "Multinomial": (2, 1),  # exp, add; a draw
    "NegativeLogLikelihoodLoss": (2, 1),  # weight, add; a division
    "SoftmaxCrossEntropyLoss": (7, 1),  # a softmax of five first
}
"""Operations an element of the input takes, and an element of the output."""


class Reduction(Operator):
    """Elements reduced along axes to a sum, a maximum, a norm, a position.

    ops = operations*elements + closing*outputs
    memory access = elements + outputs

    A sum of k elements counts k operations.

    Args:
        elements: elements read.
        outputs: elements written.
        operations: operations that each element read takes.
        closing: operations that each element written takes: the division of a mean.

    >>> Reduction(elements=50176, outputs=1024, closing=1).cost.ops  # a mean: 1024*49 + 1024
    51200
    """

    elements: Dim
    outputs: Dim
    operations: Dim = 1
    closing: Dim = 0

    @property
    def cost(self) -> Cost:
        return Cost(
            ops=self.operations * self.elements + self.closing * self.outputs,
            reads=self.elements,
            writes=self.outputs,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *_: Tensor | None, y: Tensor, operations: int = 1, closing: int = 0,
        **__: Any,
    ) -> Reduction:  # fmt: skip
        return cls(elements=x.elements, outputs=y.elements, operations=operations, closing=closing)


for _op_type, (_operations, _closing) in OPERATIONS.items():
    operator(_op_type, operations=_operations, closing=_closing)(Reduction)
operator("com.microsoft::ReduceSumInteger", shape=shapes.reduced)(Reduction)
operator("com.microsoft::IsAllFinite", shape=lambda inputs, attributes, values: [("bool", ())])(
    Reduction
)


@operator("TopK")
class TopK(Operator):
    """The k largest elements of each row, and where they stand, kept in a heap.

    ops = depth*elements
    memory access = elements + 2*outputs

    Args:
        elements: elements read.
        outputs: values written, and as many positions.
        depth: levels of a heap of k, at least 1: log2(k) rounded up.

    >>> TopK(elements=1000, outputs=8, depth=3).cost.ops  # a heap of 8
    3000
    """

    elements: Dim
    outputs: Dim
    depth: Dim = 1

    @property
    def cost(self) -> Cost:
        return Cost(ops=self.depth * self.elements, reads=self.elements, writes=2 * self.outputs)

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *_: Tensor | None, y: Tensor, axis: int = -1, **__: Any
    ) -> TopK:
        kept = y.dims[axis] if y.dims else 1
        return cls(elements=x.elements, outputs=y.elements, depth=levels(kept))


@operator("Unique")
@operator("com.microsoft::Unique", shape_like="Unique")
@operator("NonZero", passes=1)
class Selection(Operator):
    """The elements that satisfy a condition, or the different ones, by sorting.

    ops = passes*elements
    memory access = elements + outputs

    Args:
        elements: elements read.
        outputs: elements written, which the data decide.
        passes: comparisons an element takes; log2(elements) rounded up for a sort.

    >>> Selection(elements=1024, outputs=100, passes=10).cost.ops
    10240
    """

    elements: Dim
    outputs: Dim
    passes: Dim = 1

    @property
    def cost(self) -> Cost:
        return Cost(ops=self.passes * self.elements, reads=self.elements, writes=self.outputs)

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *, outputs: tuple[Tensor, ...], passes: int = 0, **_: Any
    ) -> Selection:
        written = sum(t.elements for t in outputs)
        return cls(elements=x.elements, outputs=written, passes=passes or levels(x.elements))


def levels(count: int) -> int:
    """log2 rounded up, at least 1.

    >>> levels(1), levels(8), levels(9)
    (1, 3, 4)
    """
    return max(1, (count - 1).bit_length())
