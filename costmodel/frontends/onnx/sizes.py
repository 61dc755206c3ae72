"""The sizes of a model's inputs: what the file says, what the caller says, what is assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import onnx
from onnx import helper

from costmodel.errors import ModelError
from costmodel.frontends.onnx.expression import evaluate, names
from costmodel.frontends.onnx.kinds import checked, element_type


@dataclass(slots=True)
class Sizes:
    """Types of the inputs with every axis known, the named dimensions, and what was assumed."""

    types: dict[str, onnx.TypeProto] = field(default_factory=dict)
    dims: dict[str, int] = field(default_factory=dict)
    assumed: dict[str, int] = field(default_factory=dict)


def bind_inputs(
    model: onnx.ModelProto,
    dims: Mapping[str, int],
    shapes: Mapping[str, tuple[int, ...]],
    *,
    spare: bool = False,
    assume: int | None = None,
) -> Sizes:
    """Give every input a size: free leading axes are 1, other free ones must be named, or are
    ``assume``.

    Raises:
        ModelError: a free axis without a size, a name that the model does not have, a shape
            that contradicts the file's rank.
    """
    inputs = inputs_of(model)
    if spare:
        shapes = {name: shape for name, shape in shapes.items() if name in inputs}
    for name in shapes:
        if name not in inputs:
            raise ModelError(
                f"expected --shape for one of the inputs {_listed(inputs)}, found '{name}'"
            )
    declared = {name: axes_of(name, kind) for name, kind in inputs.items()}
    free = free_names(declared)
    if spare:
        dims = {name: size for name, size in dims.items() if name in free}
    check_names(free, dims)
    sizes = Sizes(dims=dict(dims))
    for name, given in shapes.items():
        axes = declared[name]
        if axes is not None and len(axes) != len(given):
            raise ModelError(
                f"expected --shape with {len(axes)} sizes for input '{name}', found {len(given)}"
            )
        for axis, size in zip(axes or (), given, strict=False):
            if not isinstance(axis, str) or not axis:
                continue
            before = sizes.dims.setdefault(axis, size)
            if before != size:
                raise ModelError(
                    f"expected one size for dimension '{axis}', found {before} and {size}"
                )
    for axes in declared.values():
        if (
            axes
            and isinstance(axes[0], str)
            and axes[0].isidentifier()
            and axes[0] not in sizes.dims
        ):
            sizes.dims[axes[0]] = sizes.assumed[axes[0]] = 1
    if assume is not None:
        _assume(assume, declared, shapes, sizes)
    missing: list[str] = []  # what to give, in the caller's words
    for name, kind in inputs.items():
        axes = declared[name]
        if name in shapes:
            shape = list(shapes[name])
        elif axes is None:
            if kind.HasField("tensor_type"):
                missing.append(f"--shape {name}=1,3,224,224 (its rank is free too)")
            sizes.types[name] = kind
            continue
        else:
            shape = [
                _size(name, position, axis, sizes, missing) for position, axis in enumerate(axes)
            ]
            if assume is not None:
                shape = [assume if a == "" and i else d
                         for i, (a, d) in enumerate(zip(axes, shape, strict=True))]  # fmt: skip
            elif "" in axes[1:]:
                template = ",".join(
                    "?" if a == "" and i else str(d)
                    for i, (a, d) in enumerate(zip(axes, shape, strict=True))
                )
                missing.append(f"--shape {name}={template} with a size for each ?")
        code = kind.tensor_type.elem_type
        element_type(code)
        sizes.types[name] = helper.make_tensor_type_proto(
            code, checked(shape, f"the input '{name}'")
        )
    if missing:
        raise ModelError(
            "expected sizes for what the file leaves free: give "
            + ", ".join(dict.fromkeys(missing))
        )
    return sizes


def _assume(
    size: int, declared: Mapping[str, list[int | str] | None],
    shapes: Mapping[str, tuple[int, ...]], sizes: Sizes,
) -> None:  # fmt: skip
    """Take a size for every free axis but the first that nobody gives one."""
    for name, axes in declared.items():
        if name in shapes:
            continue
        for position, axis in enumerate(axes or ()):
            if axis == "" and position:
                sizes.assumed[f"{name}[{position}]"] = size
            elif isinstance(axis, str) and position:
                for each in sorted(names(axis) - sizes.dims.keys()):
                    sizes.dims[each] = sizes.assumed[each] = size


def inputs_of(model: onnx.ModelProto) -> dict[str, onnx.TypeProto]:
    """Type by name of the inputs that the caller gives: those without an initializer."""
    held = {tensor.name for tensor in model.graph.initializer}
    held.update(sparse.values.name for sparse in model.graph.sparse_initializer)
    return {value.name: value.type for value in model.graph.input if value.name not in held}


def axes_of(name: str, kind: onnx.TypeProto) -> list[int | str] | None:
    """Each axis as its size, its name, or "" where it has neither; None for an unknown rank.

    Exporters write 0, -1 or a bare "?" for an axis that is free and has no name.
    """
    if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    axes: list[int | str] = []
    for dim in kind.tensor_type.shape.dim:
        if any(c.isalnum() for c in dim.dim_param):
            axes.append(dim.dim_param)
        elif dim.HasField("dim_value") and dim.dim_value not in {0, -1}:
            axes.append(dim.dim_value)
        else:
            axes.append("")
    checked([a for a in axes if isinstance(a, int)], f"the input '{name}'")
    return axes


def free_names(declared: Mapping[str, list[int | str] | None]) -> set[str]:
    """The names that axes are called by, whole or within an expression."""
    called = {a for axes in declared.values() for a in axes or () if isinstance(a, str) and a}
    return called | {name for axis in called for name in names(axis)}


def check_names(free: set[str], dims: Mapping[str, int]) -> None:
    for name, size in dims.items():
        if name not in free:
            known = _listed(free) if free else "none: its sizes are fixed, use --shape"
            raise ModelError(
                f"expected --dim for one of the model's dimensions ({known}), found '{name}'"
            )
        if size < 1:
            raise ModelError(f"expected a size of at least 1 for dimension '{name}', found {size}")


def _size(name: str, position: int, axis: int | str, sizes: Sizes, missing: list[str]) -> int:
    if isinstance(axis, int):
        return axis
    value = evaluate(axis, sizes.dims) if axis else None
    if value is not None:
        return value
    if position == 0:
        sizes.assumed[axis or f"{name}[0]"] = 1
        return 1
    if axis:
        missing.extend(f"--dim {n}=SIZE" for n in sorted(names(axis)) if n not in sizes.dims)
    return 1


def _listed(found: object) -> str:
    return ", ".join(f"'{name}'" for name in sorted(found)[:8])  # type: ignore[call-overload]
