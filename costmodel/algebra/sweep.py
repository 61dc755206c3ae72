"""Sweeps: one call for a million candidates.

An Operator over arrays is a sweep already; an expression of a network becomes one when it is
compiled to numpy. Both want float64: int64 wraps silently at 9.2e18 and int32 at 2.1e9, while
float64 is exact up to 2**53 = 9.0e15 and from there on as exact as any measurement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from typing import Any

import numpy as np
import sympy  # type: ignore[import-untyped]

from costmodel.algebra.dims import names as names_of
from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.graph import Graph
from costmodel.operator import Operator

BLOCK = 1 << 14
"""Elements computed at a time, so that what lies between input and output stays in the cache."""


def compiled(what: Dim | Cost | Operator | Graph, *names: str) -> Callable[..., Any]:
    """A vectorised function of arrays that evaluates an expression, or every field of a cost.

    Args:
        what: an expression, a Cost, or an Operator or Graph, whose cost is meant.
        names: the arguments, in order; without any, the symbols in alphabetical order.

    Returns:
        A function of numbers or arrays, by position or name. They are broadcast, and converted
        to float64, so that nothing wraps. It returns float64: a Cost for a Cost, else an array,
        or a float where all arguments are numbers. Floors and ceilings of quotients of whole
        numbers are exact as long as these are below 2**53.

    Raises:
        TypeError: a symbol that is not among the names.

    >>> from costmodel.algebra import plain
    >>> madds = compiled(plain(h=56, w=56).cost.madds, "c_in", "c_out")
    >>> madds([128, 90, 52, 36], [128, 180, 312, 432]) / 3136  # ShuffleNet V2, table 1
    array([16384., 16200., 16224., 15552.])
    >>> compiled(plain(groups="g", h=7, w=7))(c_in=64, c_out=64, g=np.array([1, 2])).weight_reads
    array([4096., 2048.])
    """
    cost = what.cost if isinstance(what, Operator | Graph) else what
    fields = cost.to_dict() if isinstance(cost, Cost) else {"": cost}
    varying = {key: e for key, e in fields.items() if names_of(e)}
    free = names_of(*varying.values())
    missing = [name for name in free if names and name not in names]
    if missing:
        raise TypeError(f"expected names for {', '.join(free)}, found no {', '.join(missing)}")
    arguments = names or tuple(free)
    signature = Signature([Parameter(n, Parameter.POSITIONAL_OR_KEYWORD) for n in arguments])
    distinct = list(dict.fromkeys(map(_by_name, varying.values())))
    function = sympy.lambdify(
        [sympy.Symbol(name) for name in arguments], [_one_division(e) for e in distinct],
        modules=[{"quotient": np.divide}, "numpy"], cse=True,
    )  # fmt: skip

    def evaluate(*values: Any, **named: Any) -> Any:
        bound = signature.bind(*values, **named)
        arrays = [np.asarray(bound.arguments[name], np.float64) for name in arguments]
        results = dict(zip(distinct, _blocks(function, arrays, len(distinct)), strict=True))
        found = fields | {key: results[_by_name(e)] for key, e in varying.items()}
        return Cost(**found) if isinstance(cost, Cost) else found[""]

    return evaluate


def _blocks(
    function: Callable[..., Sequence[Any]], arrays: Sequence[Any], count: int
) -> Sequence[Any]:
    """The function of the broadcast arrays, a block of rows at a time."""
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    if not shape:
        return [float(value) for value in function(*arrays)]
    rows = max(1, BLOCK // max(1, int(np.prod(shape[1:]))))
    results = [np.empty(shape) for _ in range(count)]
    whole = [a.ndim < len(shape) or a.shape[0] == 1 for a in arrays]
    for start in range(0, shape[0], rows):
        block = slice(start, start + rows)
        given = [a if all_ else a[block] for a, all_ in zip(arrays, whole, strict=True)]
        for result, value in zip(results, function(*given), strict=True):
            result[block] = value
    return results


def _by_name(expression: Any) -> Any:
    """The expression with plain symbols, so that equal names are one argument."""
    return expression.xreplace({s: sympy.Symbol(s.name) for s in expression.free_symbols})


def _one_division(expression: Any) -> Any:
    """Floors and ceilings as those of a single division of whole numbers.

    (h - 1)/3 becomes h/3 - 1/3 in the algebra, which in floating point can miss an integer by
    a hair; one correctly rounded division cannot, below 2**53.
    """
    quotient = sympy.Function("quotient")

    def divided(rounding: Any) -> Callable[[Any], Any]:
        return lambda inside: rounding(quotient(*sympy.fraction(sympy.together(inside))))

    return expression.replace(sympy.floor, divided(sympy.floor)).replace(
        sympy.ceiling, divided(sympy.ceiling)
    )
