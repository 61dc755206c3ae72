"""A tensor as the cost model sees it: shape, element type, constant or not. Never its weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

from costmodel.dims import Dim
from costmodel.errors import Unknown

BITS = {
    "float64": 64, "float32": 32, "float16": 16, "bfloat16": 16,
    "float8e4m3fn": 8, "float8e4m3fnuz": 8, "float8e5m2": 8, "float8e5m2fnuz": 8,
    "float8e8m0": 8, "float4e2m1": 4, "float6e2m3": 6, "float6e3m2": 6,
    "int64": 64, "int32": 32, "int16": 16, "int8": 8, "int4": 4, "int2": 2,
    "uint64": 64, "uint32": 32, "uint16": 16, "uint8": 8, "uint4": 4, "uint2": 2,
    "complex64": 64, "complex128": 128, "bool": 8,
}  # fmt: skip
"""Bits an element takes, by type; a type that is not here (string) has no fixed size."""

INTEGERS = {"int64", "int32", "int16", "uint64", "uint32", "uint16", "bool", "string"}
"""Types that hold indices and shapes, unless the operator that reads them is quantised."""


def bytes_of(elements: Dim, dtype: str) -> Dim:
    """Bytes that ``elements`` of ``dtype`` take, whole bytes for packed types.

    Types without a fixed size (string) count as pointers of 8 bytes.

    >>> bytes_of(10, "float16"), bytes_of(3, "int4")
    (20, 2)
    """
    bits = BITS.get(dtype, 64)
    return elements * (bits // 8) if bits >= 8 else -(-elements * bits // 8)


@dataclass(frozen=True, slots=True)
class Tensor:
    """Shape, element type, and whether the value is fixed before the network runs.

    Args:
        shape: one Dim an axis, None for an axis that is not known; None where even the
            rank is not known.
        dtype: element type as ONNX names it in lower case (``float32``, ``int8``, ``int4``).
        constant: True for weights and whatever is computed from constants alone.
        value: the elements of a small constant, last axis first to change: a shape, the lengths
            of a split, the scales of a resize; or the name of the tensor whose shape it is.

    >>> Tensor((1, 64, 56, 56)).elements
    200704
    >>> Tensor((1, None)).elements
    Traceback (most recent call last):
    ...
    costmodel.errors.Unknown: a shape is only known as [1, ?]
    """

    shape: tuple[Dim, ...] | None
    dtype: str = "float32"
    constant: bool = False
    value: tuple[float, ...] | str | None = None

    @property
    def known(self) -> bool:
        """Whether every axis is known."""
        return self.shape is not None and None not in self.shape

    @property
    def dims(self) -> tuple[Dim, ...]:
        """The shape, where it is known in full; raises Unknown otherwise."""
        if self.shape is None or None in self.shape:
            raise Unknown(f"a shape is only known as {self.label}")
        return self.shape

    @property
    def elements(self) -> Dim:
        """Number of elements; raises Unknown where the shape is not known in full."""
        return math.prod(self.dims)

    @property
    def bytes(self) -> Dim:
        """Bytes that the tensor takes."""
        return bytes_of(self.elements, self.dtype)

    @property
    def label(self) -> str:
        """The shape as people write it: ``[1, ?, 224]``, or ``[...]`` for an unknown rank."""
        if self.shape is None:
            return "[...]"
        return "[" + ", ".join("?" if d is None else str(d) for d in self.shape) + "]"
