"""Output types of operators that no ONNX schema describes, chiefly what runtimes emit.

Each rule takes the inputs, the attributes and the known values of a node, and returns the
element type and shape of every output; an extent that cannot be told is None.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from costmodel.dims import Dim
from costmodel.errors import ModelError
from costmodel.operator import ShapeRule as ShapeRule
from costmodel.operator import Shapes as Shapes
from costmodel.tensor import Tensor

Inputs = Sequence[Tensor | None]
Attributes = Mapping[str, Any]
Shape = tuple[Dim | None, ...] | None


def given(inputs: Inputs, position: int) -> Tensor:
    """The input at a position; one without a shape where it is omitted."""
    found = inputs[position] if position < len(inputs) else None
    return Tensor(None) if found is None else found


def like(*positions: int) -> ShapeRule:
    """Each output is typed as one input."""

    def rule(inputs: Inputs, attributes: Attributes, values: Any) -> Shapes:
        return [(t.dtype, t.shape) for t in (given(inputs, p) for p in positions)]

    return rule


def differ(a: Dim, b: Dim) -> bool:
    """Whether two extents are unequal; of symbols, whether they are so at all sizes.

    >>> from sympy import Symbol
    >>> h = Symbol("h", integer=True, positive=True)
    >>> differ(7, 8), differ(h, 224), differ(h, h + 1)
    (True, False, True)
    """
    if isinstance(a, int) and isinstance(b, int):
        return a != b
    return getattr(a - b, "is_zero", None) is False


def least(a: Dim, b: Dim) -> Dim:
    """The smaller of two numbers of elements; of symbols both, where the sizes decide.

    >>> from sympy import Symbol, floor
    >>> h = floor(Symbol("h", integer=True, positive=True) / 2)
    >>> least(7, 8), least(h, 4 * h), least(h, 8)
    (7, floor(h/2), Min(8, floor(h/2)))
    """
    if isinstance(a, int) and isinstance(b, int):
        return min(a, b)
    ratio = b / a
    if ratio.is_number:
        return a if ratio >= 1 else b
    return sys.modules["sympy"].Min(a, b)


def joined(shapes: Sequence[Shape]) -> Shape:
    """The shape that all broadcast to.

    >>> joined([(8, 1, 6), (7, 1)]), joined([(None, 3), (5, 1)])
    ((8, 7, 6), (5, 3))
    """
    if any(s is None for s in shapes):
        return None
    known = [s for s in shapes if s is not None]
    rank = max(map(len, known), default=0)
    result: list[Dim | None] = []
    for axis in zip(*((1,) * (rank - len(s)) + s for s in known), strict=True):
        wide = {d for d in axis if d is not None and d != 1}
        if len(wide) > 1:
            raise ModelError(f"expected extents that broadcast, found {sorted(map(str, wide))}")
        result.append(wide.pop() if wide else None if None in axis else 1)
    return tuple(result)


def broadcast(*positions: int, dtype: int = 0) -> ShapeRule:
    """One output: the inputs at the positions broadcast, with the type of one input."""

    def rule(inputs: Inputs, attributes: Attributes, values: Any) -> Shapes:
        chosen = positions or range(len(inputs))
        return [(given(inputs, dtype).dtype, joined([given(inputs, p).shape for p in chosen]))]

    return rule


def slid(size: Dim | None, kernel: int, axis: int, rank: int, attributes: Attributes) -> Dim | None:
    """Output extent of a window that slides along one spatial axis.

    >>> slid(224, 7, 0, 2, {"strides": [2, 2], "pads": [3, 3, 3, 3]})
    112
    """
    if size is None:
        return None
    stride = (attributes.get("strides") or [1] * rank)[axis]
    pads = attributes.get("pads") or [0] * (2 * rank)
    reach = (attributes.get("dilations") or [1] * rank)[axis] * (kernel - 1) + 1
    pad_mode = attributes.get("auto_pad", "NOTSET")
    if pad_mode in ("SAME_UPPER", "SAME_LOWER"):
        return -(-size // stride)
    before, behind = (0, 0) if pad_mode == "VALID" else (pads[axis], pads[axis + rank])
    if not attributes.get("ceil_mode"):
        return (size + before + behind - reach) // stride + 1
    # A window more for what is left over, unless it would start in the padding behind.
    return -(-(size + before + min(0, behind - reach + stride)) // stride)


def conv(
    data: int = 0, kernel: int = 1, *, dtype: int = 0, channels_last: bool = False
) -> ShapeRule:
    """A convolution whose kernel is (c_out, c_in/groups, k...), on either layout."""

    def rule(inputs: Inputs, attributes: Attributes, values: Any) -> Shapes:
        x, w = given(inputs, data), given(inputs, kernel)
        if x.shape is None or w.shape is None:
            return [(x.dtype, None)]
        last = attributes.get("channels_last", channels_last)
        extents = x.shape[1:-1] if last else x.shape[2:]
        taps = w.shape[2:]
        if len(taps) != len(extents):
            raise ModelError(f"expected a kernel of {len(extents)} spatial axes, found {w.label}")
        moved = tuple(
            None if k is None else slid(s, k, i, len(extents), attributes)
            for i, (s, k) in enumerate(zip(extents, taps, strict=True))
        )
        n, c_out = x.shape[0], w.shape[0]
        return [(x.dtype, (n, *moved, c_out) if last else (n, c_out, *moved))]

    return rule


def pool(
    *, channels_last: bool = False, everywhere: bool = False, indices: bool = False
) -> ShapeRule:
    """A window of ``kernel_shape``, or the whole plane where ``everywhere``.

    onnx's own inference, before version 22 of the operators, counts a window of ``ceil_mode`` that
    begins in the padding; runtimes do not.
    """

    def rule(inputs: Inputs, attributes: Attributes, values: Any) -> Shapes:
        x = given(inputs, 0)
        if x.shape is None:
            return [(x.dtype, None)]
        last = attributes.get("channels_last", channels_last)
        extents = x.shape[1:-1] if last else x.shape[2:]
        moved: tuple[Dim | None, ...] = (1,) * len(extents)
        if not everywhere:
            moved = tuple(
                slid(s, k, i, len(extents), attributes)
                for i, (s, k) in enumerate(zip(extents, attributes["kernel_shape"], strict=True))
            )
        n, c = x.shape[0], x.shape[-1 if last else 1]
        shape = (n, *moved, c) if last else (n, c, *moved)
        return [(x.dtype, shape), ("int64", shape)] if indices else [(x.dtype, shape)]

    return rule


def oriented(shape: Sequence[Any], transposed: int, batch_transposed: int = 0) -> tuple[Any, ...]:
    """A stack of matrices as the product reads it, its transpositions undone.

    >>> oriented((3, 5, 7), 1), oriented((3, 5, 7), 0, 1)
    ((3, 7, 5), (5, 3, 7))
    """
    dims = tuple(shape)
    if batch_transposed and len(dims) > 2:
        dims = (*dims[1:-1], dims[0], dims[-1])
    if transposed and len(dims) > 1:
        dims = (*dims[:-2], dims[-1], dims[-2])
    return dims


def matmul(left: int = 0, right: int = 1, *, dtype: int | str = 0) -> ShapeRule:
    """A broadcasting matrix product, with ONNX Runtime's transposition attributes."""

    def rule(inputs: Inputs, attributes: Attributes, values: Any) -> Shapes:
        made = dtype if isinstance(dtype, str) else given(inputs, dtype).dtype
        a, b = given(inputs, left).shape, given(inputs, right).shape
        if not a or not b:
            return [(made, None)]
        a = oriented(a, attributes.get("transA", 0), attributes.get("transBatchA", 0))
        b = oriented(b, attributes.get("transB", 0), attributes.get("transBatchB", 0))
        batch = joined([a[:-2], b[:-2]]) or ()
        return [(made, batch + a[-2:-1] * (len(a) > 1) + b[-1:] * (len(b) > 1))]

    return rule


def gemm(left: int = 0, right: int = 1, *, dtype: int = 0) -> ShapeRule:
    """A product of two matrices."""
    return matmul(left, right, dtype=dtype)


def last_axis(attribute: str) -> ShapeRule:
    """The first input with its last extent given by an attribute (``N`` of MatMulNBits)."""

    def rule(inputs: Inputs, attributes: Attributes, values: Any) -> Shapes:
        x = given(inputs, 0)
        return [(x.dtype, None if x.shape is None else (*x.shape[:-1], attributes[attribute]))]

    return rule


def reduced(inputs: Inputs, attributes: Attributes, values: Any) -> Shapes:
    """A reduction whose axes are an attribute."""
    x = given(inputs, 0)
    if x.shape is None:
        return [(x.dtype, None)]
    rank = len(x.shape)
    axes = {a % rank for a in attributes.get("axes") or range(rank)}
    kept = tuple(1 if i in axes else d for i, d in enumerate(x.shape))
    if not attributes.get("keepdims", 1):
        kept = tuple(d for i, d in enumerate(x.shape) if i not in axes)
    return [(x.dtype, kept)]


def concat(first: int = 0, step: int = 1) -> ShapeRule:
    """Inputs ``first``, ``first + step``, … joined along ``axis``."""

    def rule(inputs: Inputs, attributes: Attributes, values: Any) -> Shapes:
        parts = [given(inputs, p) for p in range(first, len(inputs), step)]
        if any(p.shape is None for p in parts) or not parts:
            return [(given(inputs, first).dtype, None)]
        shapes = [p.shape for p in parts if p.shape is not None]
        axis = attributes["axis"] % len(shapes[0])
        along = [s[axis] for s in shapes]
        total = None if None in along else sum(d for d in along if d is not None)
        return [(parts[0].dtype, (*shapes[0][:axis], total, *shapes[0][axis + 1 :]))]

    return rule


def broadcastable(inputs: Sequence[Tensor | None]) -> None:
    """Raise ModelError where known shapes do not broadcast to each other.

    >>> broadcastable([Tensor((8, 1)), Tensor((4,))])
    >>> broadcastable([Tensor((8, 3)), Tensor((4,))])
    Traceback (most recent call last):
    ...
    costmodel.errors.ModelError: expected shapes that broadcast, found [8, 3] and [4]
    """
    known = [t for t in inputs if t is not None and t.known]
    for axis in range(1, 1 + max((len(t.dims) for t in known), default=0)):
        first, *others = {t.dims[-axis] for t in known if len(t.dims) >= axis} - {1} or {1}
        if any(differ(first, other) for other in others):
            _contradict("that broadcast", known)


def joinable(inputs: Sequence[Tensor | None], axis: int) -> None:
    """Raise ModelError where known shapes differ in rank, or along another axis; scalars pass.

    >>> joinable([Tensor((1, 16)), Tensor((1, 8))], axis=1)
    >>> joinable([Tensor((1, 16)), Tensor((2, 16))], axis=1)
    Traceback (most recent call last):
    ...
    costmodel.errors.ModelError: expected shapes that differ along axis 1, found [1, 16] and [2, 16]
    """
    known = [t for t in inputs if t is not None and t.known and t.shape]
    if len({len(t.dims) for t in known}) > 1:
        _contradict("of one rank", known)
    for position, sizes in enumerate(zip(*(t.dims for t in known), strict=True)):
        joins = position == axis % len(known[0].dims)
        if not joins and any(differ(sizes[0], size) for size in sizes):
            _contradict(f"that differ along axis {axis}", known)


def _contradict(expected: str, found: Sequence[Tensor]) -> NoReturn:
    raise ModelError(f"expected shapes {expected}, found {' and '.join(t.label for t in found)}")
