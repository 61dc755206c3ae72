"""ONNX types of values: their element types, shapes and sizes, and how much of them is open."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import onnx
from onnx import helper

from costmodel.errors import ModelError
from costmodel.frontends.onnx.expression import evaluate
from costmodel.tensor import Tensor

MAX_ELEMENTS = 2**50
MAX_RANK = 64

ELEMENT_TYPES: dict[int, str] = {
    code: name.lower() for name, code in onnx.TensorProto.DataType.items()
} | {
    onnx.TensorProto.FLOAT: "float32",
    onnx.TensorProto.DOUBLE: "float64",
    # What later versions of onnx name; a file may use them whichever is installed.
    23: "float4e2m1",
    24: "float8e8m0",
    25: "uint2",
    26: "int2",
}
CODES = {name: code for code, name in ELEMENT_TYPES.items()}


def element_type(code: int) -> str:
    """Name of an ONNX element type; raises ModelError on a number that stands for none."""
    if code not in ELEMENT_TYPES:
        raise ModelError(f"expected an ONNX element type, found {code}")
    return ELEMENT_TYPES[code]


def checked(shape: Sequence[int], what: str) -> tuple[int, ...]:
    """The shape, where it can be one of a network; raises ModelError otherwise."""
    if len(shape) > MAX_RANK:
        raise ModelError(f"expected {what} to have at most {MAX_RANK} axes, found {len(shape)}")
    if any(d < 0 for d in shape):
        raise ModelError(
            f"expected {what} to have a shape without negative dimensions, found {list(shape)}"
        )
    if math.prod(shape) > MAX_ELEMENTS or max(shape, default=0) > MAX_ELEMENTS:
        raise ModelError(
            f"expected {what} to have a size that a network can have, found {list(shape)}"
        )
    return tuple(shape)


def as_tensor(kind: onnx.TypeProto, constant: bool) -> Tensor:
    """The Tensor of an ONNX type; of a sequence or an optional only its element type."""
    while not kind.HasField("tensor_type"):
        which = kind.WhichOneof("value")
        if which in {"sequence_type", "optional_type"}:
            kind = getattr(kind, which).elem_type
            if kind.HasField("tensor_type"):
                return Tensor(
                    None, ELEMENT_TYPES.get(kind.tensor_type.elem_type, "float32"), constant
                )
        elif which == "sparse_tensor_type":
            kind = helper.make_tensor_type_proto(kind.sparse_tensor_type.elem_type, [
                d.dim_value for d in kind.sparse_tensor_type.shape.dim])  # fmt: skip
        else:
            return Tensor(None, "float32", constant)
    tensor = kind.tensor_type
    dtype = ELEMENT_TYPES.get(tensor.elem_type, "float32")
    if not tensor.HasField("shape"):
        return Tensor(None, dtype, constant)
    shape = tuple(d.dim_value if d.HasField("dim_value") else None for d in tensor.shape.dim)
    if all(d is not None for d in shape) and math.prod(d or 0 for d in shape) > MAX_ELEMENTS:
        raise ModelError(f"expected tensors of a size that a network can have, found {list(shape)}")
    return Tensor(shape, dtype, constant)


def bound(kind: onnx.TypeProto, dims: Mapping[str, int]) -> onnx.TypeProto:
    """The type with its named dimensions, and expressions of them, replaced by their values."""
    if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return kind
    made = onnx.TypeProto()
    made.CopyFrom(kind)
    for dim in made.tensor_type.shape.dim:
        if dim.HasField("dim_param"):
            value = evaluate(dim.dim_param, dims)
            dim.ClearField("dim_param")
            if value is not None and value >= 0:
                dim.dim_value = value
        elif dim.HasField("dim_value") and dim.dim_value < 0:
            dim.ClearField("dim_value")
    return made


def openness(kind: onnx.TypeProto) -> int:
    """How much of a type is open: 0 for one that is known in full."""
    if not kind.HasField("tensor_type"):
        return 0 if kind.WhichOneof("value") else 1000
    if not kind.tensor_type.HasField("shape"):
        return 999
    return sum(not d.HasField("dim_value") for d in kind.tensor_type.shape.dim)


def merged(found: onnx.TypeProto, said: onnx.TypeProto) -> onnx.TypeProto:
    """What inference found, with the axes it left open as the file says them."""
    if not found.HasField("tensor_type") or not said.HasField("tensor_type"):
        return found
    if not found.tensor_type.HasField("shape"):
        return said
    made = onnx.TypeProto()
    made.CopyFrom(found)
    if len(said.tensor_type.shape.dim) == len(made.tensor_type.shape.dim):
        for mine, theirs in zip(
            made.tensor_type.shape.dim, said.tensor_type.shape.dim, strict=True
        ):
            if not mine.HasField("dim_value") and theirs.HasField("dim_value"):
                mine.dim_value = theirs.dim_value
    return made
