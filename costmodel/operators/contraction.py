"""Matrix products: the operators that multiply and add without sliding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim, exact
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.operators.convolution import activation_operations
from costmodel.tensor import Tensor


@operator("MatMul")
@operator("com.microsoft::FusedMatMul", "com.microsoft::TransposeMatMul", shape=shapes.matmul())
@operator("com.microsoft::SparseToDenseMatMul", "com.microsoft::GemmFloat8", shape=shapes.matmul())
@operator("com.microsoft::MatMulInteger16", shape=shapes.matmul(dtype="int32"))
@dataclass(frozen=True, kw_only=True)
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
        if left[-1] != right[-2]:
            raise ModelError(f"expected equal inner extents, found {a.label} by {b.label}")
        m, k, c_out = left[-2], left[-1], right[-1]
        n = math.prod(y.dims) // (m * c_out) if m * c_out else 0
        return cls(
            n=n, n_a=math.prod(left[:-2]), n_b=math.prod(right[:-2]), m=m, k=k, c_out=c_out,
            learned_a=int(a.constant), learned_b=int(b.constant),
        )  # fmt: skip


@operator("com.microsoft::FusedMatMulActivation", shape=shapes.matmul())
@operator("com.microsoft::GemmFastGelu", shape=shapes.matmul(), activation="FastGelu", bias_at=2)
@dataclass(frozen=True, kw_only=True)
class FusedMatMul(MatMul):
    """A matrix product with a bias and an activation in the same kernel.

    madds = n*m*k*c_out
    ops = (bias + activation)*n*m*c_out
    memory access = that of the product + bias*c_out

    Args:
        bias: 1 with a learned vector of c_out that is added, 0 without.
        activation: operations that the activation takes an element.

    >>> FusedMatMul(m=2, k=3, c_out=5, bias=1, activation=4).cost.ops  # (1 + 4)*2*5
    50
    """

    weights: ClassVar = (0, 1, 2)

    bias: Dim = 0
    activation: Dim = 0

    @property
    def cost(self) -> Cost:
        bias = self.bias * self.c_out
        return super().cost + Cost(
            params=bias,
            ops=(self.bias + self.activation) * self.n * self.m * self.c_out,
            weight_reads=bias,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, *inputs: Tensor | None, activation: str = "", bias_at: int = 2, **more: Any
    ) -> FusedMatMul:
        product = MatMul.bind(*inputs[:2], **more)
        return cls(
            **product.dims,
            bias=int(len(inputs) > bias_at and inputs[bias_at] is not None),
            activation=activation_operations(activation),
        )


@operator("Gemm")
@dataclass(frozen=True, kw_only=True)
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
        if c_in != k:
            raise ModelError(f"expected equal inner extents, found {a.label} by {b.label}")
        vector = c is not None and c.constant and c.elements == c_out
        other = None if vector else c
        return cls(
            n=n, c_in=c_in, c_out=c_out, bias=int(vector), learned=int(b.constant),
            added=int(other is not None),
            addend=0 if other is None or other.constant else other.elements,
            addend_held=0 if other is None or not other.constant else other.elements,
        )  # fmt: skip


@operator("com.microsoft::FusedGemm", shape=shapes.matmul())
@dataclass(frozen=True, kw_only=True)
class FusedGemm(Gemm):
    """A fully connected layer with its activation in the same kernel.

    madds = n*c_in*c_out
    ops = (bias + added + activation)*n*c_out

    Args:
        activation: operations that the activation takes an element.

    >>> FusedGemm(n=2, c_in=3, c_out=5, bias=1, activation=1).cost.ops  # (1 + 1)*2*5
    20
    """

    activation: Dim = 0

    @property
    def cost(self) -> Cost:
        return super().cost + Cost(ops=self.activation * self.n * self.c_out)

    @classmethod
    def bind(cls, *inputs: Tensor | None, activation: str = "", **more: Any) -> FusedGemm:  # type: ignore[override]
        return cls(
            **Gemm.bind(*inputs, **more).dims, activation=activation_operations(activation)
        )


@operator("com.microsoft::MatMulNBits", shape=shapes.last_axis("N"), bias_at=5)
@operator("com.microsoft::MatMulBnb4", shape=shapes.last_axis("N"))
@dataclass(frozen=True, kw_only=True)
class PackedMatMul(Operator):
    """A matrix product whose weights are packed: several in a byte, a scale for each block.

    madds = m*k*c_out
    ops = 2*k*c_out + bias*m*c_out
    weight reads = k*c_out*bits/8 + scales + bias*c_out
    memory access = m*k + m*c_out + weight reads

    A weight is dequantised once: a subtraction and a multiply. Weight reads count stored
    elements, which are bytes here; params counts weights.

    Args:
        m, k, c_out: rows, contracted extent, columns.
        bits: bits that a weight takes.
        scales: elements of the scales and zero points.
        bias: 1 with a bias, 0 without.

    >>> packed = PackedMatMul(m=1, k=4096, c_out=4096, scales=4096 * 128).cost
    >>> packed.params, packed.weight_reads  # 4096*4096, 4096*4096/2 + 4096*128
    (16777216, 8912896)

    References:
        Frantar et al., GPTQ, arXiv 2210.17323; Dettmers et al., QLoRA, arXiv 2305.14314.
    """

    weights: ClassVar = (1, 5)
    quantised: ClassVar = True
    packed: ClassVar = True

    m: Dim = 1
    k: Dim
    c_out: Dim
    bits: Dim = 4
    scales: Dim = 0
    bias: Dim = 0

    @property
    def cost(self) -> Cost:
        weights = self.k * self.c_out
        bias = self.bias * self.c_out
        return Cost(
            params=weights + bias,
            buffers=self.scales,
            madds=self.m * weights,
            ops=2 * weights + self.m * bias,
            weight_reads=exact(weights * self.bits, 8) + self.scales + bias,
            reads=self.m * self.k,
            writes=self.m * self.c_out,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, a: Tensor, *more: Tensor | None, y: Tensor, N: int, K: int, bits: int = 4,
        bias_at: int = 99, **_: Any,
    ) -> PackedMatMul:  # fmt: skip
        if a.dims[-1] != K:
            raise ModelError(f"expected {K} input features, found {a.dims[-1]}")
        scales = [t for position, t in enumerate(more, 1) if position not in (1, bias_at)]
        biased = len(more) >= bias_at and more[bias_at - 1] is not None
        return cls(
            m=math.prod(a.dims[:-1]), k=K, c_out=N, bits=bits, bias=int(biased),
            scales=sum(t.elements for t in scales if t is not None),
        )  # fmt: skip
