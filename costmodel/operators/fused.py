"""Products and norms with what a runtime puts into the same kernel: bias, residual, activation."""

from __future__ import annotations

from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.errors import Unknown
from costmodel.operator import operator
from costmodel.operators import shapes
from costmodel.operators.contraction import Gemm, MatMul
from costmodel.operators.convolution import Conv
from costmodel.operators.elementwise import FUSED, OPERATIONS
from costmodel.operators.normalization import Normalization
from costmodel.tensor import Tensor

SKIP = "com.microsoft::Skip"


def activation_operations(activation: str) -> int:
    """Operations a fused activation takes; raises Unknown for one that is not in the table."""
    if activation in ("", "Identity"):
        return 0
    if activation in FUSED:
        return FUSED[activation][0]
    if activation not in OPERATIONS:
        raise Unknown(f"no formula for the fused activation {activation}")
    return OPERATIONS[activation]


@operator("com.microsoft::FusedConv", shape=shapes.conv())
@operator("com.microsoft.nchwc::Conv", shape=shapes.conv(), blocked=True)
@operator("com.microsoft::NhwcFusedConv", shape=shapes.conv(channels_last=True), channels_last=1)
@operator("com.ms.internal.nhwc::Conv", shape=shapes.conv(channels_last=True), channels_last=1)
class FusedConv(Conv):
    """A convolution with a residual addition and an activation in the same kernel.

    madds = n*c_out*d*h*w * c_in/groups*k_d*k_h*k_w
    ops = (bias + residual + activation)*n*c_out*d*h*w
    memory access = that of the convolution + residual*n*c_out*d*h*w

    Args:
        residual: 1 where a tensor of the output's shape is added, 0 where not.
        activation: operations that the activation takes an element, 0 without one.

    >>> fused = FusedConv(c_in=4, c_out=8, h_in=5, w_in=5, h=5, w=5, residual=1, activation=1)
    >>> fused.cost.ops, fused.cost.reads  # (1 + 1)*8*25, 4*25 + 8*25
    (400, 300)
    """

    residual: Dim = 0
    activation: Dim = 0

    @property
    def cost(self) -> Cost:
        out = self.n * self.c_out * self.d * self.h * self.w
        return super().cost + Cost(
            ops=(self.residual + self.activation) * out, reads=self.residual * out
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, w: Tensor, b: Tensor | None = None, z: Tensor | None = None, *,
        activation: str = "", **more: Any,
    ) -> FusedConv:  # fmt: skip
        conv = Conv.bind(x, w, b, **more)
        return cls(
            **conv.dims,
            residual=int(z is not None),
            activation=activation_operations(activation),
        )


@operator("com.microsoft::FusedMatMulActivation", shape=shapes.matmul())
@operator("com.microsoft::GemmFastGelu", shape=shapes.matmul(), activation="FastGelu")
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
        cls, a: Tensor, b: Tensor, bias: Tensor | None = None, *, activation: str = "", **more: Any
    ) -> FusedMatMul:
        return cls(
            **MatMul.bind(a, b, **more).dims,
            bias=int(bias is not None),
            activation=activation_operations(activation),
        )


@operator("com.microsoft::FusedGemm", shape=shapes.matmul())
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
    def bind(  # type: ignore[override]
        cls, a: Tensor, b: Tensor, c: Tensor | None = None, *, activation: str = "", **more: Any
    ) -> FusedGemm:
        return cls(**Gemm.bind(a, b, c, **more).dims, activation=activation_operations(activation))


def _skipped(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """The normalised sum, two statistics, the sum."""
    x = shapes.given(inputs, 0)
    rows = None if x.shape is None else (*x.shape[:-1], 1)
    return [(x.dtype, x.shape), ("float32", rows), ("float32", rows), (x.dtype, x.shape)]


@operator(f"{SKIP}LayerNormalization", shape=_skipped, operations=7, bias_at=4, sum_at=3)
@operator(f"{SKIP}SimplifiedLayerNormalization", shape=_skipped, operations=4, bias_at=3, sum_at=3)
@operator(f"{SKIP}GroupNorm", shape=shapes.like(0, 0), operations=7, bias_at=4, sum_at=1)
class SkipNormalization(Normalization):
    """A residual, and perhaps a bias, added before the normalisation, in the same kernel.

    ops = operations*elements
    memory access = inputs + held + written*elements

    >>> SkipNormalization(elements=768, inputs=1536, operations=8).cost.ops  # 768*(1 + 7)
    6144
    """

    weights: ClassVar[tuple[int, ...] | None] = (1, 2, 3, 4)

    @classmethod
    def bind(  # type: ignore[override]
        cls, *inputs: Tensor, outputs: tuple[Tensor, ...] = (), operations: int = 7, bias_at: int,
        sum_at: int, **more: Any,
    ) -> SkipNormalization:  # fmt: skip
        biased = len(inputs) > bias_at and inputs[bias_at] is not None
        plain = super().bind(*inputs, operations=operations + 1 + biased, **more)
        written = 1 + sum(t.shape is not None for t in outputs[sum_at : sum_at + 1])
        return cls(**{**plain.dims, "written": written})


def carried(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """A causal convolution of one axis: the output, and the state of the last positions."""
    x, w = shapes.given(inputs, 0), shapes.given(inputs, 1)
    if x.shape is None or w.shape is None or attributes.get("ndim", 1) != 1:
        return [(x.dtype, x.shape), (x.dtype, None)]
    kept = None if w.shape[-1] is None else w.shape[-1] - 1
    return [(x.dtype, x.shape), (x.dtype, (x.shape[0], x.shape[1], kept))]


@operator("CausalConvWithState")
@operator("com.microsoft::CausalConvWithState", shape=carried)
class CausalConv(FusedConv):
    """Depthwise 1-D convolution over the past, which a state carries from call to call.

    madds = n*c_out*w*k_w
    memory access = that of the convolution + 2*n*c_in*state

    Args:
        state: past positions read and written again: k_w - 1.

    >>> step = CausalConv(c_in=64, c_out=64, groups=64, w_in=1, w=1, k_w=4, state=3)
    >>> step.cost.madds, step.cost.reads  # 64*4, 64 + 64*3
    (256, 256)

    References:
        Gu and Dao, Mamba, arXiv 2312.00752, section 3.4.
    """

    state: Dim = 0

    @property
    def cost(self) -> Cost:
        carried = self.n * self.c_in * self.state
        return super().cost + Cost(reads=carried, writes=carried)

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, w: Tensor, b: Tensor | None = None, *_: Tensor | None,
        activation: str = "none", **more: Any,
    ) -> CausalConv:  # fmt: skip
        fused = {"none": "", "silu": "Swish", "swish": "Swish"}.get(activation, activation)
        conv = Conv.bind(x, w, b, **{**more, "group": w.dims[0]})
        return cls(**conv.dims, activation=activation_operations(fused), state=w.dims[-1] - 1)
