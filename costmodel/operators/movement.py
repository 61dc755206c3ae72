"""Movement: operators that copy elements to other places and compute nothing."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor


def _reordered(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """ReorderInput and ReorderOutput: the layout changes, and the padding of the channels."""
    x = shapes.given(inputs, 0)
    if x.shape is None:
        return [(x.dtype, None)]
    n, c, *extents = x.shape
    if "channels" in attributes:
        c = attributes["channels"]
        return [
            (x.dtype, (n, *extents, c) if attributes.get("channels_last") else (n, c, *extents))
        ]
    if attributes.get("channels_last"):
        n, *extents, c = x.shape
    return [(x.dtype, (n, c, *extents))]


def _cropped(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """Crop: left, top, right and bottom borders, or the height and width to keep."""
    x = shapes.given(inputs, 0)
    if x.shape is None or len(x.shape) != 4:
        return [(x.dtype, None)]
    n, c, h, w = x.shape
    left, top, right, bottom = (attributes.get("border") or [0] * 4)[:4]
    if attributes.get("scale"):
        return [(x.dtype, (n, c, *attributes["scale"][:2]))]
    h = None if h is None else h - top - bottom
    return [(x.dtype, (n, c, h, None if w is None else w - left - right))]


def _unfolded(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    """UnfoldTensor: windows of one axis become a last axis."""
    x = shapes.given(inputs, 0)
    if x.shape is None:
        return [(x.dtype, None)]
    axis, size = attributes.get("dim", -1) % len(x.shape), attributes["size"]
    extent = x.shape[axis]
    count = None if extent is None else (extent - size) // attributes.get("step", 1) + 1
    return [(x.dtype, (*x.shape[:axis], count, *x.shape[axis + 1 :], size))]


@operator("Transpose", "Tile", "Expand", "DepthToSpace", "SpaceToDepth", "ReverseSequence", "Trilu")
@operator("Cast", "CastLike", "Pad", "ConcatFromSequence")
@operator("Compress", "MaxUnpool", data=(0, 1))
@operator("com.microsoft::Trilu", shape_like="Trilu")
@operator("com.microsoft::Pad", shape_like="Pad")
@operator("com.microsoft::UnfoldTensor", shape=_unfolded)
@operator("com.microsoft.nchwc::ReorderInput", shape=_reordered)
@operator("com.microsoft.nchwc::ReorderOutput", shape=_reordered)
@operator("MemcpyFromHost", "MemcpyToHost", shape=shapes.like(0))
class Movement(Operator):
    """A copy: every element of the data read once, every element of the output written once.

    memory access = inputs + held + elements

    A cast moves as well: its conversions count as no arithmetic.

    Args:
        elements: elements written.
        inputs: activation elements read.
        held: constant elements read.
        learned: learned elements owned, of which those held are read.

    >>> Movement(elements=90944, inputs=90944).cost.memory_access  # 116x28x28 transposed: 2*90944
    181888
    """

    weights: ClassVar[tuple[int, ...] | None] = (0,)
    learns_scalars: ClassVar[bool] = False

    elements: Dim
    inputs: Dim
    held: Dim = 0
    learned: Dim = 0

    @property
    def cost(self) -> Cost:
        return Cost(
            params=self.learned,
            weight_reads=self.held,
            reads=self.inputs,
            writes=self.elements,
        )

    @classmethod
    def bind(
        cls, *inputs: Tensor | None, y: Tensor, data: tuple[int, ...] = (0,), **_: Any
    ) -> Movement:
        moved = [t if position in data else None for position, t in enumerate(inputs)]
        activations, held, learned = cls.split(moved)
        return cls(elements=y.elements, inputs=activations, held=held, learned=learned)


@operator("Slice")
@operator("CenterCropPad", padded=True)
@operator("Crop", shape=_cropped)
@operator("DynamicSlice", shape_like="Slice")
class Slice(Movement):
    """A copy of a part: only what is kept is read.

    memory access = 2*elements

    >>> Slice(elements=45472, inputs=45472).cost.memory_access  # half of 116x28x28, in and out
    90944
    """

    @classmethod
    def bind(  # type: ignore[override]
        cls, x: Tensor, *_: Tensor | None, y: Tensor, padded: bool = False, **__: Any
    ) -> Movement:
        """``padded`` where the output may be the larger along an axis."""
        kept = y.elements
        if padded:
            kept = math.prod(shapes.least(a, b) for a, b in zip(x.dims, y.dims, strict=True))
        constant = int(x.constant)
        learned = cls.split([x])[2]
        return cls(
            elements=y.elements,
            inputs=kept - constant * kept,
            held=constant * kept,
            learned=learned,
        )


@operator("Concat")
class Concat(Movement):
    """Tensors joined along an axis; constants among them (a class token) are learned.

    memory access = inputs + held + elements

    >>> Concat(elements=197 * 768, inputs=196 * 768, held=768, learned=768).cost.memory_access
    302592
    """

    weights: ClassVar = None

    @classmethod
    def bind(cls, *inputs: Tensor | None, y: Tensor, axis: int = 1, **_: Any) -> Movement:
        shapes.joinable(inputs, axis)
        activations, held, learned = cls.split(inputs)
        return cls(elements=y.elements, inputs=activations, held=held, learned=learned)


@operator("Split", "SplitToSequence")
class Split(Movement):
    """A tensor copied into parts along an axis; the parts together are the whole.

    memory access = 2*elements

    >>> Split(elements=90944, inputs=90944).cost.memory_access  # 116x28x28, in and out
    181888
    """

    @classmethod
    def bind(cls, x: Tensor, *_: Tensor | None, **__: Any) -> Movement:  # type: ignore[override]
        activations, held, learned = cls.split([x])
        return cls(elements=x.elements, inputs=activations, held=held, learned=learned)


def _restored(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    packed, offsets = shapes.given(inputs, 0), shapes.given(inputs, 1)
    if packed.shape is None or offsets.shape is None:
        return [(packed.dtype, None)]
    return [(packed.dtype, (*offsets.shape, packed.shape[-1]))]


def _removed(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    x = shapes.given(inputs, 0)
    if x.shape is None:
        return [(x.dtype, None)]
    n, s, width = x.shape
    ends = None if n is None else n + 1
    return [(x.dtype, (None, width)), ("int32", (n, s)), ("int32", (ends,)), ("int32", (1,))]


operator("com.microsoft::RestorePadding", shape=_restored, data=(0, 1))(Movement)
operator("com.microsoft::RemovePadding", shape=_removed)(Movement)
