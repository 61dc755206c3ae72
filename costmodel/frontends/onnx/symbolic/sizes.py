"""Which sizes of a model's inputs become symbols, under which names, and where to try them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import onnx

from costmodel.algebra import symbols
from costmodel.dims import Dim
from costmodel.frontends.onnx.expression import names
from costmodel.frontends.onnx.sizes import axes_of, check_names, free_names, inputs_of
from costmodel.frontends.onnx.symbolic.text import expression

IMAGE, OTHER = 224, 64
"""Sizes at which a model is read where the file has none: the edge of an image, any other."""

CHANNELS = (1, 3, 4)
"""Of an image."""

Axis = int | str
"""A size, a name, or "" for what is free and has no name."""


class Axes:
    """The inputs of a model with symbols on their axes.

    An axis that the file names keeps its name. Of an image, an input of four axes, the batch,
    the height and the width are N, H and W where they have no name, and where the file fixes
    them all; a size that is fixed beside free ones stays, as do those of other inputs. What
    ``dims`` and ``shapes`` give is no symbol.

    Args:
        model: whose inputs.
        dims: sizes by name, of the file or of those above.
        shapes: whole shapes of inputs by name.

    Attributes:
        shapes: of each input whose rank is known.
        sizes: for each symbol by name, the size that the file has there, or a usual one.
        batches: the symbols that stand first in a shape.

    Raises:
        ModelError: a size for a name that the model does not have.
    """

    def __init__(
        self,
        model: onnx.ModelProto,
        dims: Mapping[str, int],
        shapes: Mapping[str, tuple[int, ...]],
        *,
        spare: bool = False,
    ) -> None:
        declared = {name: axes_of(name, kind) for name, kind in inputs_of(model).items()}
        self.taken = free_names(declared)
        self.dims = dims
        self.labels: dict[str, str] = {}
        self.shapes: dict[str, tuple[Dim, ...]] = {}
        self.sizes: dict[str, int] = {}
        self.batches: set[str] = set()
        for name, axes in declared.items():
            if name in shapes:
                self.shapes[name] = shapes[name]
            elif axes is not None:
                roles = _roles(axes)
                self.shapes[name] = tuple(
                    self.dim(name, position, axis, roles.get(position, ""))
                    for position, axis in enumerate(axes)
                )
        if not spare:
            check_names(self.taken | set(self.labels.values()), dims)

    def dim(self, name: str, position: int, axis: Axis, role: str) -> Dim:
        """One axis: a size, a symbol, or an expression of symbols."""
        if isinstance(axis, int):
            if not role or self.sizes.get(self.label(role, role), axis) != axis:
                return axis
            return self.symbol(self.label(role, role), position, axis)
        usual = IMAGE if role in {"H", "W"} else 1 if position == 0 else OTHER
        if axis.isidentifier():
            return self.symbol(axis, position, usual)
        inside = names(axis)
        if inside != {axis} and all(part.isidentifier() for part in inside):
            found = expression(axis, {n: self.symbol(n, position, usual) for n in inside})
            if found is not None:
                return found
        if axis in self.dims:
            return self.dims[axis]
        wanted = role or ("N" if position == 0 else re.sub(r"\W", "_", f"{name}_{position}"))
        return self.symbol(self.label(axis or wanted, wanted), position, usual)

    def label(self, key: str, wanted: str) -> str:
        """A name for an axis that has none; one that is the model's own is not given twice."""
        if key not in self.labels:
            while wanted in self.taken:
                wanted += "_"
            self.labels[key] = wanted
        return self.labels[key]

    def symbol(self, label: str, position: int, size: int) -> Dim:
        if label in self.dims:
            return self.dims[label]
        self.sizes.setdefault(label, size)
        if position == 0:
            self.batches.add(label)
        return symbols(label)

    def trials(self) -> Iterator[dict[str, int]]:
        """Sizes to read the model at beside its own.

        First odd ones that differ, then, for a network that halves and doubles, ones that
        differ by multiples of 32.
        """
        for batch, first in ((3, 75), (2, 64)):
            others = iter(range(first, first + 32 * len(self.sizes), 32))
            yield {
                label: size + (batch if label in self.batches else next(others))
                for label, size in self.sizes.items()
            }


def _roles(axes: Sequence[Axis]) -> dict[int, str]:
    """N, H and W by position, where the axes are those of an image and theirs to name."""
    if len(axes) != 4:
        return {}
    last = axes[3] in CHANNELS and axes[1] not in CHANNELS
    spatial = (1, 2) if last else (2, 3)
    roles = {0: "N", spatial[0]: "H", spatial[1]: "W"}
    if all(isinstance(axes[position], int) for position in spatial):
        return roles
    return {position: role for position, role in roles.items() if isinstance(axes[position], str)}
