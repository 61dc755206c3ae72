"""Signals: Fourier transforms and the filters around them."""

from __future__ import annotations

import math
from typing import Any

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.errors import Unknown
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.operators.reduction import levels
from costmodel.tensor import Tensor


def _real(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """Rfft: half of the spectrum, as pairs of numbers."""
    x = shapes.given(inputs, 0)
    if x.shape is None or x.shape[-1] is None:
        return [(x.dtype, None)]
    return [(x.dtype, (*x.shape[:-1], x.shape[-1] // 2 + 1, 2))]


def _inverse(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """Irfft: the signal whose half spectrum is given."""
    x = shapes.given(inputs, 0)
    if x.shape is None or x.shape[-2] is None:
        return [(x.dtype, None)]
    return [(x.dtype, (*x.shape[:-2], 2 * (x.shape[-2] - 1)))]


@operator("DFT")
class Fourier(Operator):
    """Discrete Fourier transforms, counted as fast ones.

    ops = n*(5*points*stages + window)
    memory access = inputs + elements

    A fast transform of N points has log2(N) stages of N/2 butterflies, each a complex multiply
    (6) and two complex additions (4): 5*N*log2(N). Between powers of two the stages round up,
    and a real signal counts as a complex one.

    Args:
        n: transforms.
        points: points of a transform.
        stages: log2(points), rounded up.
        window: multiplies by a window before each transform.
        inputs: elements read.
        elements: elements written.

    >>> Fourier(n=1, points=512, stages=9, inputs=512, elements=514).cost.ops  # 5*512*9
    23040

    References:
        Cooley and Tukey, An Algorithm for the Machine Calculation of Complex Fourier Series, 1965.
    """

    n: Dim = 1
    points: Dim
    stages: Dim
    window: Dim = 0
    inputs: Dim
    elements: Dim

    @property
    def cost(self) -> Cost:
        return Cost(
            ops=self.n * (5 * self.points * self.stages + self.window),
            reads=self.inputs,
            writes=self.elements,
        )

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, length: Tensor | None = None, axis_input: Tensor | None = None, *,
        y: Tensor, axis: int | None = None, onesided: int = 0, inverse: int = 0, **_: Any,
    ) -> Fourier:  # fmt: skip
        """The axis may be a value, which is not seen here: the extents then tell it."""
        before, after = x.dims[:-1], y.dims[:-1]
        if axis is None and axis_input is None:
            axis = len(before) - 1
        likely = [i for i, (b, a) in enumerate(zip(before, after, strict=True)) if b != a]
        likely = likely or [i for i, b in enumerate(before) if b > 1] or [0]
        if axis is None and len({before[i] for i in likely}) > 1:
            raise Unknown("the axis of the transform is known by its value only")
        axis = likely[0] if axis is None else axis
        points = after[axis]
        if onesided and not inverse:
            points = 2 * (after[axis] - 1) if length is not None else before[axis]
        n = math.prod(before) // max(1, before[axis])
        return cls(
            n=n, points=points, stages=levels(points), inputs=x.elements, elements=y.elements
        )


@operator("com.microsoft::Rfft", shape=_real)
@operator("com.microsoft::Irfft", shape=_inverse, back=True)
class RealFourier(Fourier):
    """ONNX Runtime's transform of the last axis of a real signal, or back to one.

    ops = 5*n*points*stages
    memory access = inputs + elements

    >>> RealFourier(n=2, points=8, stages=3, inputs=16, elements=20).cost.ops  # 2*5*8*3
    240
    """

    @classmethod
    def bind(cls, x: Tensor, *, y: Tensor, back: bool = False, **_: Any) -> Fourier:  # type: ignore[override]
        signal = y if back else x
        points = signal.dims[-1]
        return cls(
            n=math.prod(signal.dims[:-1]), points=points, stages=levels(points),
            inputs=x.elements, elements=y.elements,
        )  # fmt: skip


@operator("STFT")
class ShortTimeFourier(Fourier):
    """A transform of every frame of a signal, each weighted by a window.

    ops = n*(5*points*stages + window)
    memory access = inputs + elements

    >>> frames = ShortTimeFourier(n=98, points=512, stages=9, window=512, inputs=0, elements=0)
    >>> frames.cost.ops  # 98*(5*512*9 + 512)
    2308096
    """

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, step: Tensor, window: Tensor | None = None, *_: Tensor | None,
        y: Tensor, onesided: int = 1, **__: Any,
    ) -> ShortTimeFourier:  # fmt: skip
        n, frames, bins, _pair = y.dims
        points = bins if not onesided else 2 * (bins - 1)
        if window is not None:
            points = window.elements
        return cls(
            n=n * frames, points=points, stages=levels(points),
            window=0 if window is None else points, inputs=x.elements, elements=y.elements,
        )  # fmt: skip
