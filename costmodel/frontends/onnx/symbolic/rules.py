"""Shape rules for symbols, where ``onnx-shape-inference`` leaves them open or assumes a case.

It takes a slice to lie inside its input, gives a window that rounds up a place too many where
that starts in the padding, and pads by plain numbers only. These hold for all sizes, or leave
the extent open.
"""

from __future__ import annotations

from typing import Any

from sympy import Max, Min  # type: ignore[import-untyped]

from costmodel.algebra.extents import Extent, canonical, never_negative
from costmodel.dims import Dim
from costmodel.operator import ShapeRule
from costmodel.operators.shapes import Attributes, Inputs, Shapes, given

FAR = 10**9
"""From here on a bound stands for the end of the axis, whatever its size."""


def sliced(size: Dim, start: Extent, end: Extent, step: Extent = 1) -> Dim | None:
    """How many elements a slice takes of an axis, its bounds clamped as ONNX does.

    >>> from costmodel.algebra import symbols
    >>> h = symbols("H")
    >>> sliced(h, 0, 2**63 - 1, 2), sliced(h, 1, -1), sliced(h, 0, 7)
    (floor(H/2 + 1/2), Max(0, H - 2), Min(7, H))
    """
    if not isinstance(step, int):
        return None
    if all(isinstance(bound, int) for bound in (size, start, end)):
        return len(range(*slice(start, end, step).indices(size)))
    first, last = _place(size, start), _place(size, end)
    if first is None or last is None or step < 1:
        return None
    return _from_zero(-((first - last) // step), size)


def _place(size: Dim, bound: Extent) -> Extent | None:
    """A bound as a position from the front, None where the sizes decide on which side it lies."""
    if isinstance(bound, int) and abs(bound) >= FAR:
        return size if bound > 0 else 0
    if never_negative(bound):
        return bound if never_negative(size - bound, size) else canonical(Min(size, bound))
    return _from_zero(size + bound, size) if never_negative(-1 - bound) else None


def _from_zero(extent: Extent, size: Dim) -> Extent:
    """The extent, or 0 where it is less; that an axis has elements may tell that it is not."""
    extent = canonical(extent)
    return extent if never_negative(extent, size) else canonical(Max(0, extent))


def _slice(inputs: Inputs, attributes: Attributes, values: Any) -> Shapes:
    x = given(inputs, 0)
    if x.shape is None:
        return [(x.dtype, None)]
    named = {
        name: attributes.get(name, values[position] if position < len(values) else None)
        for position, name in enumerate(("starts", "ends", "axes", "steps"), 1)
    }
    starts, ends, axes, steps = named.values()
    if starts is None or ends is None:
        return [(x.dtype, (None,) * len(x.shape))]
    kept = list(x.shape)
    for i, bounds in enumerate(zip(starts, ends, strict=True)):
        axis = i if axes is None else axes[i]
        size, step = kept[axis], 1 if steps is None else steps[i]
        kept[axis] = None if size is None else sliced(size, *bounds, step)
    return [(x.dtype, tuple(kept))]


def _pad(inputs: Inputs, attributes: Attributes, values: Any) -> Shapes:
    x = given(inputs, 0)
    pads = attributes.get("pads", attributes.get("paddings", values[1] if values[1:] else None))
    if x.shape is None or pads is None:
        return [(x.dtype, None)]
    axes = values[3] if values[3:] and inputs[3] is not None else range(len(x.shape))
    grown = list(x.shape)
    for axis, before, behind in zip(axes, pads, pads[len(axes) :], strict=False):
        size = grown[axis]
        grown[axis] = None if size is None else size + before + behind
    return [(x.dtype, tuple(grown))]


def _filled(inputs: Inputs, attributes: Attributes, values: Any) -> Shapes:
    return [("float32", None if values[0] is None else tuple(values[0]))]


RULES: dict[str, ShapeRule] = {
    "Slice": _slice,
    "Pad": _pad,
    "ConstantOfShape": _filled,
}
