"""Pooling: windows and whole planes, reduced to one element each."""

from __future__ import annotations

from typing import Any

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.operators.convolution import channels_first, check_window, spatial
from costmodel.tensor import Tensor

NCHWC = "com.microsoft.nchwc::"
NHWC = "com.ms.internal.nhwc::"
LAST = shapes.pool(channels_last=True)
PLANE_LAST = shapes.pool(channels_last=True, everywhere=True)


@operator("MaxPool", shape=shapes.pool(indices=True))
@operator("AveragePool", shape=shapes.pool())
@operator("LpPool", shape=shapes.pool(), operations=2)
@operator(f"{NCHWC}MaxPool", f"{NCHWC}AveragePool", shape=shapes.pool())
@operator("com.microsoft::MaxpoolWithMask", shape=shapes.pool())
@operator("com.microsoft::NhwcMaxPool", shape=LAST, channels_last=1)
@operator(
    f"{NHWC}MaxPool", f"{NHWC}AveragePool", shape=shapes.pool(channels_last=True), channels_last=1
)
@operator(f"{NHWC}LpPool", shape=shapes.pool(channels_last=True), channels_last=1, operations=2)
class Pool(Operator):
    """A window reduced to its maximum, its mean or its norm.

    ops = operations*n*c*d*h*w*k_d*k_h*k_w
    memory access = n*c*d_in*h_in*w_in + (1 + indices)*n*c*d*h*w

    A mean of k elements takes k - 1 additions and a division, a maximum k - 1 comparisons:
    both count k. Padding counts, as in a convolution.

    Args:
        n, c: batch and channels.
        d_in, h_in, w_in: input extent, in elements.
        d, h, w: output extent, in elements.
        k_d, k_h, k_w: window, in elements.
        operations: operations an element of the window takes: 1, for a norm 2.
        indices: 1 where the positions of the maxima are returned as well, 0 where not.

    >>> Pool(c=64, h_in=112, w_in=112, h=56, w=56, k_h=3, k_w=3).cost.ops  # 64*56*56*9
    1806336
    """

    n: Dim = 1
    c: Dim
    d_in: Dim = 1
    h_in: Dim = 1
    w_in: Dim
    d: Dim = 1
    h: Dim = 1
    w: Dim
    k_d: Dim = 1
    k_h: Dim = 1
    k_w: Dim = 1
    operations: Dim = 1
    indices: Dim = 0

    @property
    def cost(self) -> Cost:
        out = self.n * self.c * self.d * self.h * self.w
        return Cost(
            ops=self.operations * out * self.k_d * self.k_h * self.k_w,
            reads=self.n * self.c * self.d_in * self.h_in * self.w_in,
            writes=(1 + self.indices) * out,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *_: Tensor | None, y: Tensor, outputs: tuple[Tensor, ...] = (),
        kernel_shape: list[int], operations: int = 1, channels_last: int = 0, **window: Any,
    ) -> Pool:  # fmt: skip
        check_window(y, window)
        n, c, *extent_in = channels_first(x.dims, channels_last)
        d_in, h_in, w_in = spatial(tuple(extent_in))
        d, h, w = spatial(channels_first(y.dims, channels_last)[2:])
        k_d, k_h, k_w = spatial(tuple(kernel_shape))
        return cls(
            n=n, c=c, d_in=d_in, h_in=h_in, w_in=w_in, d=d, h=h, w=w, k_d=k_d, k_h=k_h, k_w=k_w,
            operations=operations, indices=sum(t.shape is not None for t in outputs[1:2]),
        )  # fmt: skip


@operator("GlobalAveragePool", "GlobalMaxPool")
@operator("GlobalLpPool", operations=2)
@operator(f"{NCHWC}GlobalAveragePool", f"{NCHWC}GlobalMaxPool", shape=shapes.pool(everywhere=True))
@operator(f"{NHWC}GlobalAveragePool", f"{NHWC}GlobalMaxPool", shape=PLANE_LAST, channels_last=1)
@operator(f"{NHWC}GlobalLpPool", shape=PLANE_LAST, channels_last=1, operations=2)
class GlobalPool(Pool):
    """A whole plane reduced to one element: a pool whose window is its input.

    ops = operations*n*c*d_in*h_in*w_in
    memory access = n*c*d_in*h_in*w_in + n*c

    >>> GlobalPool(c=1024, h_in=7, w_in=7, w=1, k_h=7, k_w=7).cost.memory_access  # 1024*49 + 1024
    51200
    """

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *_: Tensor | None, operations: int = 1, channels_last: int = 0, **__: Any
    ) -> GlobalPool:
        n, c, *extent_in = channels_first(x.dims, channels_last)
        k_d, k_h, k_w = spatial(tuple(extent_in))
        return cls(
            n=n, c=c, d_in=k_d, h_in=k_h, w_in=k_w, w=1, k_d=k_d, k_h=k_h, k_w=k_w,
            operations=operations,
        )  # fmt: skip
