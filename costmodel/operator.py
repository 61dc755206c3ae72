"""An Operator is a frozen record of dimensions that knows its cost.

One line of arithmetic serves an int, a numpy array and a sympy symbol alike; whatever must
look at a value belongs in ``bind``, which makes the record from tensors and attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar, TypeVar

import numpy as np

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.record import Record
from costmodel.tensor import INTEGERS, Tensor

Inputs = tuple[Tensor | None, ...]


class Operator(Record):
    """Base of every operator: dimensions in, cost out.

    Class variables say how the constants that feed it count:

    Attributes:
        weights: positions of the inputs that carry learned values; None for all of them.
        learns_scalars: whether a learned constant of one element is a parameter (a PRelu's
            slope is, the 2.0 of a Mul is not).
        quantised: whether its integer constants are weights (as in QLinearConv).
        packed: whether several weights share a stored element, so that its params are the
            formula's and not the elements of its constants.
        view: True where the output shares the input's memory, so nothing moves.
    """

    weights: ClassVar[tuple[int, ...] | None] = ()
    learns_scalars: ClassVar[bool] = True
    quantised: ClassVar[bool] = False
    packed: ClassVar[bool] = False
    view: ClassVar[bool] = False

    @property
    def cost(self) -> Cost:
        """Cost in elements and operations, by straight-line arithmetic on the dimensions."""
        raise NotImplementedError

    @classmethod
    def bind(
        cls, *inputs: Tensor | None, y: Tensor, outputs: tuple[Tensor, ...], **attributes: Any
    ) -> Operator:
        """Make the record: inputs by position, outputs and attributes by name.

        Args:
            inputs: the node's inputs in the order of its ONNX schema, None where omitted.
            y: the first output.
            outputs: all outputs.
            attributes: the node's attributes by their ONNX names, and the options that the
                registration gave.

        Raises:
            Unknown: a shape that the formula needs is not known.
            ModelError: the shapes contradict each other.
        """
        raise NotImplementedError

    @classmethod
    def split(cls, inputs: Sequence[Tensor | None]) -> tuple[Dim, Dim, Dim]:
        """Elements of the inputs: activations, constants, and the constants that are learned.

        >>> class Scale(Operator):
        ...     weights = (1,)
        >>> Scale.split([Tensor((8, 4)), Tensor((4,), constant=True)])
        (32, 4, 4)
        """
        activations, constants, learned = 0, 0, 0
        for position, tensor in enumerate(inputs):
            if tensor is None:
                continue
            if not tensor.constant:
                activations += tensor.elements
                continue
            constants += tensor.elements
            if (
                (cls.weights is None or position in cls.weights)
                and (cls.quantised or tensor.dtype not in INTEGERS)
                and (cls.learns_scalars or tensor.elements != 1)
            ):
                learned += tensor.elements
        return activations, constants, learned

    @property
    def dims(self) -> dict[str, Dim]:
        """The fields by name, in the order of the formula."""
        return dict(self.__dict__)

    def _repr_latex_(self) -> str | None:
        shown: str | None = import_module("costmodel.notebook").latex(self)
        return shown


Shapes = list[tuple[str, tuple[Dim | None, ...] | None]]
"""Element type and shape of each output, None for what is not known."""

ShapeRule = Callable[
    [Sequence[Tensor | None], Mapping[str, Any], Sequence["np.ndarray[Any, Any] | None"]], Shapes
]
"""Output types from the inputs, the attributes, and the values of those inputs that have one."""


@dataclass(frozen=True)
class Registration:
    """How one ONNX operator type becomes an Operator: the class, and what it presets.

    Args:
        cls: the Operator class.
        options: keyword arguments for its ``bind``.
        weights: positions of the inputs that carry learned values; None for all.
        shape_like: the ``ai.onnx`` type whose shape inference also serves this one.
        shape: infers the output types where no ``ai.onnx`` schema does, or does it safely.
    """

    cls: type[Operator]
    options: Mapping[str, Any] = field(default_factory=dict)
    weights: tuple[int, ...] | None = ()
    shape_like: str | None = None
    shape: ShapeRule | None = None


REGISTRY: dict[str, Registration] = {}
"""Operator type (``Conv``, ``com.microsoft::FusedConv``) to its registration."""

UNCOSTABLE: dict[str, str] = {}
"""Operator types that no formula can cost, each with the reason."""

T = TypeVar("T", bound=Operator)
_SAME: Any = object()


def operator(
    *op_types: str,
    weights: tuple[int, ...] | None = _SAME,
    shape_like: str | None = None,
    shape: ShapeRule | None = None,
    **options: Any,
) -> Callable[[type[T]], type[T]]:
    """Register a class for ONNX operator types; the one place to add an operator.

    Args:
        op_types: names as in the ONNX schema, ``domain::name`` outside ``ai.onnx``.
        weights: overrides the class's learned input positions for these types.
        shape_like: the ``ai.onnx`` type whose shape inference also serves these types.
        shape: infers their output types; it takes the inputs, the attributes by name and, by
            position, the values of the inputs that are known, and returns the element type and
            shape of each output, None for what it cannot tell.
        options: keyword arguments that ``bind`` receives beside the node's attributes.
    """

    def register(cls: type[T]) -> type[T]:
        for op_type in op_types:
            if op_type in REGISTRY:
                raise ValueError(f"operator {op_type} is registered twice")
            learned = cls.weights if weights is _SAME else weights
            REGISTRY[op_type] = Registration(cls, options, learned, shape_like, shape)
        return cls

    return register
