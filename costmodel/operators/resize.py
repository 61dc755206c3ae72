"""Resampling: outputs interpolated between input elements."""

from __future__ import annotations

import math
from typing import Any

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.errors import ModelError, Unknown
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor

TAPS = {"nearest": 0, "linear": 2, "bilinear": 2, "cubic": 4, "bicubic": 4}
"""Input elements that an output element mixes along one axis; 0 where it copies one."""


def taps_of(mode: str) -> int:
    """Taps along one axis of an interpolation mode; raises ModelError for another word."""
    if mode not in TAPS:
        raise ModelError(f"expected an interpolation of {sorted(TAPS)}, found '{mode}'")
    return TAPS[mode]


def _scaled(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """A whole scale for each axis, as an attribute."""
    x = shapes.given(inputs, 0)
    if x.shape is None:
        return [(x.dtype, None)]
    pairs = zip(x.shape, attributes["scales"], strict=True)
    return [(x.dtype, tuple(None if d is None else int(d * s) for d, s in pairs))]


@operator("Resize", "Upsample")
@operator("com.microsoft.nchwc::Upsample", shape=_scaled)
@operator("com.ms.internal.nhwc::Resize", shape_like="Resize")
class Resize(Operator):
    """A tensor stretched or shrunk: nearest, linear or cubic.

    ops = 2*taps*elements
    memory access = inputs + elements

    Each tap is a multiply and an addition: 4 taps for bilinear, 16 for bicubic, 0 for nearest,
    which only copies. The weights, shared by the channels, are left out.

    Args:
        elements: elements written.
        inputs: elements read.
        taps: input elements that an output element mixes.

    >>> Resize(elements=200704, inputs=50176, taps=4).cost.ops  # 64*56*56, bilinear
    1605632
    """

    elements: Dim
    inputs: Dim
    taps: Dim = 0

    @property
    def cost(self) -> Cost:
        return Cost(ops=2 * self.taps * self.elements, reads=self.inputs, writes=self.elements)

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *_: Tensor | None, y: Tensor, mode: str = "nearest", antialias: int = 0,
        **__: Any,
    ) -> Resize:  # fmt: skip
        width = taps_of(mode)
        taps = int(width > 0)
        for before, after in zip(x.dims, y.dims, strict=True):
            if before != after and width:
                taps *= -(-width * before // after) if antialias and after < before else width
        moved = any(b != a for b, a in zip(x.dims, y.dims, strict=True))
        taps = taps if moved else 0
        return cls(
            elements=y.elements,
            inputs=shapes.least(x.elements, max(taps, 1) * y.elements),
            taps=taps,
        )


@operator("GridSample")
@operator("com.microsoft::GridSample", shape_like="GridSample")
@operator("com.ms.internal.nhwc::GridSample", shape_like="GridSample")
class GridSample(Resize):
    """A tensor read at the points of a grid, interpolated there.

    ops = 2*taps*elements
    memory access = inputs + elements

    The coordinates and the weights, shared by the channels, are left out.

    >>> GridSample(elements=3 * 64, inputs=3 * 256 + 128, taps=4).cost.ops  # 2*4*192
    1536
    """

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, grid: Tensor, *, y: Tensor, mode: str = "linear", **_: Any
    ) -> GridSample:
        axes = len(x.dims) - 2
        if grid.dims[-1] != axes:
            raise ModelError(f"expected a grid of {axes} coordinates, found {grid.label}")
        return cls(
            elements=y.elements, inputs=x.elements + grid.elements, taps=taps_of(mode) ** axes
        )


@operator("AffineGrid")
class AffineGrid(Operator):
    """A grid of sampling points: an affine map of every output position.

    madds = points*axes*(axes + 1)
    memory access = n*axes*(axes + 1) + points*axes

    Args:
        n: batch.
        points: positions in the grid, over the batch.
        axes: spatial axes, 2 or 3.

    >>> AffineGrid(n=1, points=16, axes=2).cost.madds  # 16*2*3
    96

    References:
        Jaderberg et al., Spatial Transformer Networks, arXiv 1506.02025, equation 1.
    """

    n: Dim = 1
    points: Dim
    axes: Dim

    @property
    def cost(self) -> Cost:
        matrix = self.axes * (self.axes + 1)
        return Cost(
            madds=self.points * matrix, reads=self.n * matrix, writes=self.points * self.axes
        )

    @classmethod
    def bind(cls, theta: Tensor, *_: Tensor | None, y: Tensor, **__: Any) -> AffineGrid:  # type: ignore[override]
        return cls(n=theta.dims[0], points=math.prod(y.dims[:-1]), axes=y.dims[-1])


def _crops(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    x, boxes = shapes.given(inputs, 0), shapes.given(inputs, 1)
    size = values[3] if len(values) > 3 else None
    if x.shape is None or boxes.shape is None or size is None:
        return [(x.dtype, None)]
    return [(x.dtype, (boxes.shape[0], x.shape[1], int(size[0]), int(size[1])))]


@operator("RoiAlign")
@operator("com.microsoft::CropAndResize", shape=_crops, sampling_ratio=1)
class RoiAlign(Operator):
    """Regions resampled to one size: some bilinear samples averaged for each output element.

    ops = 8*samples*elements
    memory access = inputs + elements

    A bilinear sample is four multiplies and four additions, the average in its weights.

    Args:
        elements: elements written: regions*c*h*w.
        inputs: elements read: the map, the regions and their batch indices.
        samples: samples of an output element.

    >>> RoiAlign(elements=2 * 3 * 7 * 7, inputs=3 * 64, samples=4).cost.ops  # 8*4*294
    9408

    References:
        He et al., Mask R-CNN, arXiv 1703.06870, section 3.
    """

    elements: Dim
    inputs: Dim
    samples: Dim = 1

    @property
    def cost(self) -> Cost:
        return Cost(ops=8 * self.samples * self.elements, reads=self.inputs, writes=self.elements)

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, rois: Tensor, batch_indices: Tensor, *_: Tensor | None, y: Tensor,
        sampling_ratio: int = 0, **__: Any,
    ) -> RoiAlign:  # fmt: skip
        if not sampling_ratio:
            raise Unknown("with a sampling_ratio of 0 the size of each region decides the samples")
        inputs = x.elements + rois.elements + batch_indices.elements
        return cls(elements=y.elements, inputs=inputs, samples=sampling_ratio**2)
