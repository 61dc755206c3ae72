"""Matrices: determinants, inverses, distances."""

from __future__ import annotations

import math
from typing import Any

from costmodel.cost import Cost
from costmodel.dims import Dim, exact
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor


def square(tensor: Tensor) -> tuple[Dim, Dim]:
    """Number of matrices and their order; raises ModelError where they are not square.

    >>> square(Tensor((2, 5, 3, 3)))
    (10, 3)
    """
    *batch, rows, columns = tensor.dims
    if rows != columns:
        raise ModelError(f"expected square matrices, found {tensor.label}")
    return math.prod(batch), rows


@operator("Det")
class Det(Operator):
    """Determinants by triangular decomposition.

    madds = n*(m - 1)*m*(2*m - 1)/6
    ops = n*(m*(m - 1)/2 + m)
    memory access = n*m*m + n

    Step k of m - 1 divides m - k factors and updates (m - k)^2 elements; the diagonal is then
    multiplied up.

    Args:
        n: matrices.
        m: their order.

    >>> Det(m=3).cost.madds, Det(m=3).cost.ops  # 4 + 1, 2 + 1 + 3
    (5, 6)
    """

    n: Dim = 1
    m: Dim

    @property
    def cost(self) -> Cost:
        return Cost(
            madds=self.n * exact((self.m - 1) * self.m * (2 * self.m - 1), 6),
            ops=self.n * (exact(self.m * (self.m - 1), 2) + self.m),
            reads=self.n * self.m * self.m,
            writes=self.n,
        )

    @classmethod
    def bind(cls, x: Tensor, **_: Any) -> Det:  # type: ignore[override]
        n, m = square(x)
        return cls(n=n, m=m)


@operator("com.microsoft::Inverse", shape=shapes.like(0))
class Inverse(Operator):
    """Inverses by elimination on the matrix and the identity beside it.

    madds = n*m*m*m
    memory access = 2*n*m*m

    Args:
        n: matrices.
        m: their order.

    >>> Inverse(m=4).cost.madds
    64
    """

    n: Dim = 1
    m: Dim

    @property
    def cost(self) -> Cost:
        matrix = self.n * self.m * self.m
        return Cost(madds=matrix * self.m, reads=matrix, writes=matrix)

    @classmethod
    def bind(cls, x: Tensor, **_: Any) -> Inverse:  # type: ignore[override]
        n, m = square(x)
        return cls(n=n, m=m)


def _pairs(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    a, b = shapes.given(inputs, 0), shapes.given(inputs, 1)
    if a.shape is None or b.shape is None:
        return [(a.dtype, None)]
    return [(a.dtype, (a.shape[0], b.shape[0]))]


@operator("com.microsoft::CDist", shape=_pairs)
class Distance(Operator):
    """Distance of every row of one matrix to every row of another.

    madds = m*k*c
    ops = m*k*(c + 1)
    memory access = m*c + k*c + m*k

    Each coordinate is a subtraction and a multiply-add, each pair a root.

    Args:
        m, k: rows of the two matrices.
        c: coordinates.

    >>> Distance(m=2, k=3, c=4).cost.madds
    24
    """

    m: Dim
    k: Dim
    c: Dim

    @property
    def cost(self) -> Cost:
        pairs = self.m * self.k
        return Cost(
            madds=pairs * self.c,
            ops=pairs * (self.c + 1),
            reads=(self.m + self.k) * self.c,
            writes=pairs,
        )

    @classmethod
    def bind(cls, a: Tensor, b: Tensor, **_: Any) -> Distance:  # type: ignore[override]
        (m, c), (k, width) = a.dims, b.dims
        if c != width:
            raise ModelError(f"expected equal numbers of columns, found {a.label} and {b.label}")
        return cls(m=m, k=k, c=c)
