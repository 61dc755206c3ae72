"""Packed weights: several in a byte, with a scale for each block of them."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim, exact
from costmodel.errors import ModelError
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor


@operator("com.microsoft::MatMulNBits", shape=shapes.last_axis("N"), bias_at=5)
@operator("com.microsoft::MatMulBnb4", shape=shapes.last_axis("N"))
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


def _unpacked(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    data, indices, scales = (shapes.given(inputs, p) for p in range(3))
    if data.shape is None or indices.shape is None:
        return [(scales.dtype, None)]
    full = list(data.shape)
    stored = 8 // attributes.get("bits", 4) if data.dtype == "uint8" else 1
    if full[-1] is not None:
        full[-1] *= stored
    axis = attributes.get("gather_axis", 0) % len(full)
    return [(scales.dtype, (*full[:axis], *indices.shape, *full[axis + 1 :]))]


@operator("com.microsoft::GatherBlockQuantized", shape=_unpacked)
class PackedGather(Operator):
    """Rows of a packed table picked by index and dequantised: a subtraction and a multiply.

    params = table
    ops = 2*elements
    memory access = indices + elements*bits/8 + elements

    Args:
        elements: elements picked, and written.
        indices: indices read.
        table: weights in the table.
        scales: elements of the scales and zero points, few of which are read.
        bits: bits that a weight takes, of those of a stored element.
        stored: bits of a stored element.

    >>> row = PackedGather(elements=4096, indices=1, table=32000 * 4096, scales=32000 * 128)
    >>> row.cost.weight_reads  # 4096 weights of 4 bits in bytes
    2048
    """

    weights: ClassVar = (0,)
    quantised: ClassVar = True
    packed: ClassVar = True

    elements: Dim
    indices: Dim
    table: Dim
    scales: Dim = 0
    bits: Dim = 4
    stored: Dim = 8

    @property
    def cost(self) -> Cost:
        return Cost(
            params=self.table,
            buffers=self.scales,
            ops=2 * self.elements,
            weight_reads=exact(self.elements * self.bits, self.stored),
            reads=self.indices,
            writes=self.elements,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, data: Tensor, indices: Tensor, *scales: Tensor | None, y: Tensor, bits: int = 4,
        **_: Any,
    ) -> PackedGather:  # fmt: skip
        stored = 8 if data.dtype == "uint8" else bits
        return cls(
            elements=y.elements, indices=indices.elements, bits=bits, stored=stored,
            table=data.elements * stored // bits,
            scales=sum(t.elements for t in scales if t is not None),
        )  # fmt: skip
