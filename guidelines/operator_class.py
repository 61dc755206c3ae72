"""The classes that operators are shown in: by what they do to memory, not by their names."""

from __future__ import annotations

from costmodel.graph import Node
from costmodel.operators import (
    BatchNormalization,
    Conv,
    ConvTranspose,
    Elementwise,
    Normalization,
    Pool,
    Softmax,
)
from costmodel.operators.movement import Movement
from costmodel.operators.normalization import LRN

WIDE, POINTWISE, GROUPED, DEPTHWISE = "conv k×k", "conv 1×1", "grouped conv", "depthwise conv"
MATRIX, POOLING, NORMALISATION = "matrix product", "pooling", "normalisation"
ELEMENTWISE, COPY, OTHER = "element-wise", "copy", "other"


def operator_class(node: Node) -> str:
    """The class of an operator: one of those above.

    >>> from costmodel import Conv
    >>> sizes = {"h_in": 7, "w_in": 7, "h": 7, "w": 7}
    >>> [
    ...     operator_class(Node(name="", op_type="Conv", operator=conv, inputs=(), outputs=()))
    ...     for conv in (
    ...         Conv(c_in=8, c_out=8, **sizes), Conv(c_in=8, c_out=8, groups=8, **sizes),
    ...         Conv(c_in=8, c_out=8, groups=2, **sizes), Conv(c_in=8, c_out=8, k_w=3, **sizes),
    ...     )
    ... ]
    ['conv 1×1', 'depthwise conv', 'grouped conv', 'conv k×k']
    """
    operator = node.operator
    if isinstance(operator, Conv | ConvTranspose):
        if operator.groups > 1:
            return DEPTHWISE if operator.groups == operator.c_in else GROUPED
        return POINTWISE if operator.k_d * operator.k_h * operator.k_w == 1 else WIDE
    if isinstance(operator, Pool):
        return POOLING
    if isinstance(operator, BatchNormalization | Normalization | LRN | Softmax):
        return NORMALISATION
    if isinstance(operator, Elementwise):
        return ELEMENTWISE
    if isinstance(operator, Movement):
        return COPY
    return MATRIX if node.cost.madds else OTHER
