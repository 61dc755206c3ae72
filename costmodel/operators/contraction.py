"""Matrix products: the operators that multiply and add without sliding."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor


@operator("MatMul")
@operator("com.microsoft::FusedMatMul", "com.microsoft::TransposeMatMul", shape=shapes.matmul())
@operator("com.microsoft::SparseToDenseMatMul", "com.microsoft::GemmFloat8", shape=shapes.matmul())
@operator("com.microsoft::MatMulInteger16", shape=shapes.matmul(dtype="int32"))
class MatMul(Operator):
    """Batched, broadcasting matrix product of (m, k) by (k, c_out).

    madds = n*m*k*c_out
    memory access = n_a*m*k + n_b*k*c_out + n*m*c_out

    A sparse matrix counts as a dense one.

    Args:
        n: matrices in the product, after broadcasting; n_a, n_b: matrices held on each side.
        m, k, c_out: rows, contracted extent, columns.
        learned_a, learned_b: 1 where that side is a constant, else 0.

    >>> MatMul(m=196, k=768, c_out=3072, learned_b=1).cost.madds  # 196*768*3072
    462422016
    """

    weights: ClassVar[tuple[int, ...] | None] = (0, 1)

    n: Dim = 1
    n_a: Dim = 1
    n_b: Dim = 1
    m: Dim
    k: Dim
    c_out: Dim
    learned_a: Dim = 0
    learned_b: Dim = 0

    @property
    def cost(self) -> Cost:
        a = self.n_a * self.m * self.k
        b = self.n_b * self.k * self.c_out
        held = self.learned_a * a + self.learned_b * b
        return Cost(
            params=held,
            madds=self.n * self.m * self.k * self.c_out,
            weight_reads=held,
            reads=a + b - held,
            writes=self.n * self.m * self.c_out,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, a: Tensor, b: Tensor, *_: Tensor | None, y: Tensor, transA: int = 0, transB: int = 0,
        transBatchA: int = 0, transBatchB: int = 0, **__: Any,
    ) -> MatMul:  # fmt: skip
        left = shapes.oriented(a.dims, transA, transBatchA)
        right = shapes.oriented(b.dims, transB, transBatchB)
        left = left if len(left) > 1 else (1, *left)
        right = right if len(right) > 1 else (*right, 1)
        if shapes.differ(left[-1], right[-2]):
            raise ModelError(f"expected equal inner extents, found {a.label} by {b.label}")
        m, k, c_out = left[-2], left[-1], right[-1]
        n = math.prod(y.dims[: len(y.dims) - sum(len(t.dims) > 1 for t in (a, b))])
        return cls(
            n=n, n_a=math.prod(left[:-2]), n_b=math.prod(right[:-2]), m=m, k=k, c_out=c_out,
            learned_a=int(a.constant), learned_b=int(b.constant),
        )  # fmt: skip


@operator("Gemm")
class Gemm(Operator):
    """Matrix product of (n, c_in) by (c_in, c_out), with a bias: a fully connected layer.

    madds = n*c_in*c_out
    ops = (bias + added)*n*c_out
    memory access = n*c_in + c_in*c_out + bias*c_out + addend + n*c_out

    Args:
        n, c_in, c_out: rows, contracted extent, columns.
        bias: 1 with a learned vector of c_out that is added, 0 without.
        added: 1 where a tensor of another shape, or a computed one, is added, 0 where not.
        addend: its elements, where it is computed; addend_held: where it is a constant.
        learned: 1 where the second matrix is a constant, 0 where it is computed.

    >>> Gemm(c_in=1024, c_out=1000, bias=1).cost.params  # 1024*1000 + 1000
    1025000
    """

    weights: ClassVar[tuple[int, ...] | None] = (0, 1, 2)

    n: Dim = 1
    c_in: Dim
    c_out: Dim
    bias: Dim = 0
    added: Dim = 0
    addend: Dim = 0
    addend_held: Dim = 0
    learned: Dim = 1

    @property
    def cost(self) -> Cost:
        matrix = self.c_in * self.c_out
        held = self.learned * matrix + self.bias * self.c_out + self.addend_held
        return Cost(
            params=held,
            madds=self.n * matrix,
            ops=(self.bias + self.added) * self.n * self.c_out,
            weight_reads=held,
            reads=self.n * self.c_in + matrix - self.learned * matrix + self.addend,
            writes=self.n * self.c_out,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, a: Tensor, b: Tensor, c: Tensor | None = None, *, y: Tensor,
        transA: int = 0, transB: int = 0, **_: Any,
    ) -> Gemm:  # fmt: skip
        n, c_in = a.dims[::-1] if transA else a.dims
        k, c_out = b.dims[::-1] if transB else b.dims
        if shapes.differ(c_in, k):
            raise ModelError(f"expected equal inner extents, found {a.label} by {b.label}")
        vector = c is not None and c.constant and c.elements == c_out
        other = None if vector else c
        return cls(
            n=n, c_in=c_in, c_out=c_out, bias=int(vector), learned=int(b.constant),
            added=int(other is not None),
            addend=0 if other is None or other.constant else other.elements,
            addend_held=0 if other is None or not other.constant else other.elements,
        )  # fmt: skip
