"""Values of small tensors as expressions of a model's sizes: the arithmetic on shapes.

The tables of :mod:`values` serve, on arrays of ints and expressions. What cannot be told for
all sizes alike (which of two extents is the larger) has no value here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import sympy  # type: ignore[import-untyped]

from costmodel.algebra.extents import Extent, canonical, never_negative
from costmodel.frontends.onnx.flatten import Step
from costmodel.frontends.onnx.nodes import attributes
from costmodel.frontends.onnx.values import LIMIT, TABLE

Value: TypeAlias = npt.NDArray[np.object_]
"""Ints, exact fractions, truth values and expressions."""

FINEST = 1024
"""Largest denominator of a fraction that the floats of a model multiply without rounding."""


class Undecided(ValueError):
    """It depends on the sizes."""


def exact(array: npt.NDArray[Any]) -> Value | None:
    """The array's numbers as exact ones, None where a float may be rounded in use."""
    if array.dtype.kind not in "iubf" or array.size > LIMIT:
        return None
    if array.dtype.kind == "f":
        if not np.isfinite(array).all() or (array * FINEST % 1).any():
            return None
        numbers = [sympy.Rational(float(number)) for number in array.flat]
    else:
        numbers = array.ravel().tolist()
    return _array(numbers, array.shape)


def compute(step: Step, inputs: Sequence[Value | None], *, whole: bool) -> Value | None:
    """The node's result for all sizes, None where it cannot be had.

    Args:
        step: an operator of one output.
        inputs: its inputs.
        whole: whether it gives integers, so that a division truncates.
    """
    given = [value for value in inputs if value is not None]
    if len(given) < len(inputs) or not (step.op_type in MOVES or step.op_type in ARITHMETIC):
        return None
    try:
        if step.op_type in MOVES:
            found = _move(step, given)
        elif step.op_type == "Div" and whole:
            found = _each(lambda a, b: _truncate(_divide(a, b)))(*given)
        else:
            found = ARITHMETIC[step.op_type](*given, **attributes(step.proto))
    except (Undecided, TypeError, ValueError, IndexError, KeyError, ZeroDivisionError):
        return None
    return np.asarray(found, dtype=object)


def extents(step: Step, dims: Sequence[Extent]) -> Value:
    """What Shape or Size gives for a tensor of these dimensions."""
    if step.op_type == "Size":
        return _array([canonical(math.prod(dims))], ())
    given = attributes(step.proto)
    chosen = dims[slice(given.get("start", 0), given.get("end", len(dims)))]
    return _array(chosen, (len(chosen),))


def _move(step: Step, given: Sequence[Value]) -> Any:
    """By the table of :mod:`values`; where to, and which, must be plain numbers."""
    if step.op_type != "Concat":
        plain = [value.astype(np.int64) for value in given[1:]]
        return TABLE[step.op_type](given[0], *plain, **attributes(step.proto))
    return TABLE[step.op_type](*given, **attributes(step.proto))


def _array(numbers: Sequence[Any], shape: tuple[int, ...]) -> Value:
    made = np.empty(len(numbers), dtype=object)
    made[:] = numbers
    return made.reshape(shape)


def _each(function: Callable[..., Any]) -> Callable[..., Value]:
    """Apply to each element, after broadcasting."""

    def run(*inputs: Value, **_: Any) -> Value:
        spread = np.broadcast_arrays(*inputs)
        numbers = [function(*numbers) for numbers in zip(*(s.flat for s in spread), strict=True)]
        return _array(numbers, spread[0].shape)

    return run


def _less(a: Extent, b: Extent) -> bool:
    """Of whole numbers, so that less is less by 1 at least."""
    if never_negative(canonical(a - b)):
        return False
    if never_negative(canonical(b - a - 1)):
        return True
    raise Undecided(f"{a} < {b}")


def _equal(a: Extent, b: Extent) -> bool:
    return canonical(a - b) == 0 or not (_less(a, b) or _less(b, a))


def _truncate(a: Extent) -> Extent:
    """Towards zero, as integers divide and floats become integers."""
    if sympy.sympify(a).is_integer:
        return a
    down = canonical(sympy.floor(a))
    return -canonical(sympy.floor(-a)) if _less(down, 0) else down


def _divide(a: Extent, b: Extent) -> Extent:
    if b == 0:
        raise Undecided("division by 0")
    return sympy.sympify(a) / b


def _where(condition: Value, a: Value, b: Value, **_: Any) -> Value:
    if not all(isinstance(c, bool) for c in condition.flat):
        raise Undecided("condition")
    return np.where(condition.astype(bool), a, b)


def _cast(x: Value, to: int, **_: Any) -> Value:
    """Only to numbers: floats keep what they are, to integers they are truncated."""
    if to in FLOATS:
        return x
    if to not in INTEGERS:
        raise Undecided("cast")
    return _each(_truncate)(x)


def _same(x: Value) -> Value:
    return _each(canonical)(x)


FLOATS, INTEGERS = {1, 10, 11, 16}, {2, 3, 4, 5, 6, 7, 12, 13}
"""Codes of ``onnx.TensorProto`` for element types."""

MOVES = {
    "Identity", "Concat", "Gather", "Reshape", "Unsqueeze", "Squeeze", "Transpose", "Slice",
    "Expand", "ReduceProd", "ReduceSum",
}  # fmt: skip
"""What moves numbers about, or multiplies and adds them: arrays of expressions do as well."""

ARITHMETIC: dict[str, Callable[..., Value]] = {
    "Add": _each(lambda a, b: canonical(a + b)),
    "Sub": _each(lambda a, b: canonical(a - b)),
    "Mul": _each(lambda a, b: canonical(a * b)),
    "Div": _each(_divide),
    "Neg": _each(lambda a: -a),
    "Mod": _each(lambda a, b: canonical(sympy.Mod(a, b))),
    "Floor": _each(lambda a: canonical(sympy.floor(a))),
    "Ceil": _each(lambda a: canonical(sympy.ceiling(a))),
    "Equal": _each(_equal),
    "Less": _each(_less),
    "Greater": _each(lambda a, b: _less(b, a)),
    "LessOrEqual": _each(lambda a, b: not _less(b, a)),
    "GreaterOrEqual": _each(lambda a, b: not _less(a, b)),
    "Not": _each(lambda a: not a),
    "And": _each(lambda a, b: a and b),
    "Or": _each(lambda a, b: a or b),
    "Min": _each(lambda *numbers: canonical(sympy.Min(*numbers))),
    "Max": _each(lambda *numbers: canonical(sympy.Max(*numbers))),
    "Where": _where,
    "Cast": _cast,
}
"""What must look at the numbers, an expression at a time."""
