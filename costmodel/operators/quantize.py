"""Quantised operators: the arithmetic of the plain ones, on integers.

Their scales and zero points are buffers that are read once. What requantising the result
takes is left out of the operations: a runtime folds it into the end of the kernel.
"""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.operator import operator
from costmodel.operators import shapes
from costmodel.operators.contraction import Gemm, MatMul
from costmodel.operators.convolution import Conv, ConvTranspose
from costmodel.operators.elementwise import OPERATIONS, Elementwise
from costmodel.operators.movement import Concat
from costmodel.operators.normalization import Softmax
from costmodel.operators.pooling import GlobalPool, Pool
from costmodel.operators.reduction import Reduction
from costmodel.tensor import Tensor

MICROSOFT = "com.microsoft::"
NHWC = "com.ms.internal.nhwc::"


def scales_of(inputs: tuple[Tensor | None, ...], operands: tuple[int, ...]) -> Dim:
    """Elements of the constants beside the operands: scales and zero points."""
    return sum(
        t.elements
        for position, t in enumerate(inputs)
        if t is not None and t.constant and position not in operands
    )


def pick(inputs: tuple[Tensor | None, ...], operands: tuple[int, ...]) -> list[Any]:
    """The operands, None where one is omitted."""
    return [inputs[p] if p < len(inputs) else None for p in operands]


@operator("QLinearConv", operands=(0, 3, 8))
@operator("ConvInteger", operands=(0, 1), weights=(1,))
@operator(f"{MICROSOFT}QLinearConv", operands=(0, 3, 8), shape=shapes.conv(0, 3))
@operator(
    f"{NHWC}QLinearConv",
    operands=(0, 3, 8),
    channels_last=1,
    shape=shapes.conv(0, 3, channels_last=True),
)
class QuantizedConv(Conv):
    """A convolution of integers.

    madds = n*c_out*d*h*w * c_in/groups*k_d*k_h*k_w
    memory access = that of the convolution + scales

    Args:
        scales: elements of the scales and zero points.

    >>> QuantizedConv(c_in=4, c_out=8, h_in=5, w_in=5, h=5, w=5, scales=19).cost.weight_reads
    51
    """

    weights: ClassVar = (3, 8)
    quantised: ClassVar = True

    scales: Dim = 0

    @property
    def cost(self) -> Cost:
        return super().cost + Cost(buffers=self.scales, weight_reads=self.scales)

    @classmethod
    def bind(  # type: ignore[override]
        cls, *inputs: Tensor | None, operands: tuple[int, ...], **more: Any
    ) -> QuantizedConv:
        conv = Conv.bind(*pick(inputs, operands), **more)
        return cls(**conv.dims, scales=scales_of(inputs, operands))


@operator(f"{NHWC}QLinearConvTranspose", operands=(0, 3, 8), channels_last=1)
class QuantizedConvTranspose(ConvTranspose):
    """A transposed convolution of integers.

    madds = n*c_in*d_in*h_in*w_in * c_out/groups*k_d*k_h*k_w

    Args:
        scales: elements of the scales and zero points.

    >>> QuantizedConvTranspose(c_in=4, c_out=8, w_in=5, w=10, k_w=2).cost.madds  # 4*5*8*2
    320
    """

    weights: ClassVar = (3, 8)
    quantised: ClassVar = True

    scales: Dim = 0

    @property
    def cost(self) -> Cost:
        return super().cost + Cost(buffers=self.scales, weight_reads=self.scales)

    @classmethod
    def bind(  # type: ignore[override]
        cls, *inputs: Tensor | None, operands: tuple[int, ...], **more: Any
    ) -> QuantizedConvTranspose:
        conv = ConvTranspose.bind(*pick(inputs, operands), **more)
        return cls(**conv.dims, scales=scales_of(inputs, operands))


@operator("MatMulInteger", operands=(0, 1), weights=(0, 1))
@operator("QLinearMatMul", operands=(0, 3))
@operator(
    f"{MICROSOFT}MatMulIntegerToFloat",
    operands=(0, 1, 6),
    weights=(0, 1, 6),
    shape=shapes.matmul(dtype=2),
)
@operator(
    f"{MICROSOFT}DynamicQuantizeMatMul",
    operands=(0, 1, 4),
    weights=(0, 1, 4),
    shape=shapes.matmul(),
)
class QuantizedMatMul(MatMul):
    """A matrix product of integers, perhaps with a bias.

    madds = n*m*k*c_out
    memory access = that of the product + scales + bias*c_out

    Args:
        scales: elements of the scales and zero points.
        bias: 1 with a bias, 0 without.

    >>> QuantizedMatMul(m=2, k=3, c_out=5, learned_b=1, bias=1).cost.params  # 3*5 + 5
    20
    """

    weights: ClassVar = (0, 3)
    quantised: ClassVar = True

    scales: Dim = 0
    bias: Dim = 0

    @property
    def cost(self) -> Cost:
        bias = self.bias * self.c_out
        return super().cost + Cost(
            params=bias,
            buffers=self.scales,
            ops=bias * self.n * self.m,
            weight_reads=self.scales + bias,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, *inputs: Tensor | None, operands: tuple[int, ...], **more: Any
    ) -> QuantizedMatMul:
        a, b, bias = [*pick(inputs, operands), None][:3]
        product = MatMul.bind(a, b, **more)
        return cls(**product.dims, scales=scales_of(inputs, operands), bias=int(bias is not None))


@operator(f"{MICROSOFT}QGemm", operands=(0, 3, 6), shape=shapes.matmul(0, 3))
class QuantizedGemm(Gemm):
    """A fully connected layer of integers.

    madds = n*c_in*c_out

    Args:
        scales: elements of the scales and zero points.

    >>> QuantizedGemm(c_in=1024, c_out=1000, bias=1).cost.madds
    1024000
    """

    weights: ClassVar = (3, 6)
    quantised: ClassVar = True

    scales: Dim = 0

    @property
    def cost(self) -> Cost:
        return super().cost + Cost(buffers=self.scales, weight_reads=self.scales)

    @classmethod
    def bind(  # type: ignore[override]
        cls, *inputs: Tensor | None, operands: tuple[int, ...], **more: Any
    ) -> QuantizedGemm:
        gemm = Gemm.bind(*pick(inputs, operands), **more)
        return cls(**gemm.dims, scales=scales_of(inputs, operands))


for _name, _operands in {"Add": (0, 3), "Mul": (0, 3), "Sigmoid": (0,), "LeakyRelu": (0,)}.items():
    operator(
        f"{MICROSOFT}QLinear{_name}",
        shape=shapes.broadcast(*_operands),
        operations=OPERATIONS[_name],
    )(Elementwise)
operator(f"{MICROSOFT}QLinearWhere", shape=shapes.broadcast(0, 1, 4, dtype=1))(Elementwise)
operator(f"{MICROSOFT}MulInteger", shape=shapes.broadcast(0, 2))(Elementwise)
operator(f"{MICROSOFT}QLinearSoftmax", shape=shapes.like(0))(Softmax)
operator(f"{MICROSOFT}QLinearReduceMean", shape=shapes.reduced, closing=1)(Reduction)
operator(f"{MICROSOFT}QLinearConcat", shape=shapes.concat(2, 3))(Concat)
for _domain, _last in ((MICROSOFT, 0), (NHWC, 1)):
    _pool = shapes.pool(channels_last=bool(_last))
    operator(f"{_domain}QLinearAveragePool", shape=_pool, channels_last=_last)(Pool)
operator(f"{MICROSOFT}QLinearGlobalAveragePool", shape=shapes.pool(everywhere=True))(GlobalPool)

QUANTIZERS = {
    "QuantizeLinear": 5,  # divide, round, add, two comparisons
    "DequantizeLinear": 2,  # subtract, multiply
    "DynamicQuantizeLinear": 7,  # two comparisons for the range first
    f"{MICROSOFT}QuantizeLinear": 5,
    f"{MICROSOFT}DequantizeLinear": 2,
    "onnx.brevitas::Quant": 7,  # quantise and dequantise
    "onnx.brevitas::FloatQuant": 7,
    "onnx.brevitas::BipolarQuant": 2,  # compare, multiply
    "onnx.brevitas::Trunc": 7,
    "qonnx.custom_op.general::Quant": 7,
    "qonnx.custom_op.general::IntQuant": 7,
    "qonnx.custom_op.general::FloatQuant": 7,
    "qonnx.custom_op.general::BipolarQuant": 2,
    "qonnx.custom_op.general::Trunc": 7,
}
"""Operations an element takes."""


def _quantized(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    x, zero = shapes.given(inputs, 0), shapes.given(inputs, 2)
    return [("uint8" if zero.shape is None else zero.dtype, x.shape)]


def _dequantized(
    inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any
) -> shapes.Shapes:
    return [(shapes.given(inputs, 1).dtype, shapes.given(inputs, 0).shape)]


class Quantizer(Elementwise):
    """Real numbers to integers, back, or both at once as training simulates it.

    ops = operations*elements
    memory access = inputs + held + elements

    Quantising takes a division, a rounding, an addition and two comparisons: 5; dequantising
    a subtraction and a multiply: 2.

    >>> Quantizer(elements=100, inputs=100, held=2, operations=5).cost.ops
    500
    """

    weights: ClassVar = (0,)
    quantised: ClassVar = True


for _op_type, _operations in QUANTIZERS.items():
    _rule = None
    if "::" in _op_type:
        _rule = shapes.like(0)
    if _op_type == f"{MICROSOFT}QuantizeLinear":
        _rule = _quantized
    if _op_type == f"{MICROSOFT}DequantizeLinear":
        _rule = _dequantized
    operator(_op_type, operations=_operations, shape=_rule)(Quantizer)
