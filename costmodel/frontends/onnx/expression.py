"""Dimensions that exporters write as expressions: ``8*s23*s27``, ``Min(512, s70)``.

A small grammar, evaluated on integers: names, integers, ``+ - * // / % **``, and the
functions that torch and sympy print. Python's own parser gives the tree; nothing is executed.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

MAX_LENGTH = 500
MAX_VALUE = 2**62

Number = int | float


def _divide(a: Number, b: Number) -> Number:
    """True division that keeps ints where it is exact."""
    quotient = a / b
    return a // b if quotient == a // b else quotient


_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Div: _divide,
    ast.Mod: operator.mod,
}

_FUNCTIONS: dict[str, Callable[..., Number]] = {
    "min": min, "max": max, "floor": math.floor, "ceil": math.ceil, "ceiling": math.ceil,
    "floordiv": operator.floordiv, "cleandiv": operator.floordiv, "mod": operator.mod,
    "pythonmod": operator.mod, "abs": abs, "inttruediv": _divide, "truncdiv": operator.floordiv,
    "floattoint": math.floor, "trunctoint": math.trunc, "toint": math.trunc, "tofloat": float,
}  # fmt: skip


def names(text: str) -> frozenset[str]:
    """The free names of an expression; the text itself where it is no expression.

    >>> sorted(names("8*s23*s27")), sorted(names("batch size"))
    (['s23', 's27'], ['batch size'])
    """
    tree = parsed(text)
    if tree is None:
        return frozenset([text])
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    return frozenset(
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called
    )


def evaluate(text: str, values: Mapping[str, int]) -> int | None:
    """The value of an expression, None where a name is free or the text is no expression.

    >>> evaluate("Min(512, s70) + 24*s23", {"s70": 128, "s23": 2})
    176
    >>> evaluate("-floor(-w/2)", {"w": 7})
    4
    >>> evaluate("__import__('os')", {}) is None
    True
    """
    if text in values:
        return values[text]
    tree = parsed(text)
    if tree is None:
        return None
    try:
        found = _value(tree, values)
        value = int(found) if found == int(found) and abs(found) <= MAX_VALUE else None
    except (KeyError, ZeroDivisionError, OverflowError, ValueError, TypeError, RecursionError):
        return None
    return value


def parsed(text: str) -> ast.expr | None:
    if len(text) > MAX_LENGTH:
        return None
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _value(tree: ast.expr, values: Mapping[str, int]) -> Number:
    """Evaluate by the grammar above; ValueError on anything else."""
    match tree:
        case ast.Constant(value=int() as number) if abs(number) <= MAX_VALUE:
            return number
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, values)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            base, power = _value(left, values), _value(right, values)
            if not isinstance(power, int) or not 0 <= power <= 8 or abs(base) > 2**31:
                raise ValueError(tree)
            result: Number = base**power
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            result = _BINARY[type(op)](_value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name.lower() in _FUNCTIONS:
            result = _FUNCTIONS[name.lower()](*(_value(a, values) for a in args))
        case _:
            raise ValueError(tree)
    if abs(result) > MAX_VALUE:
        raise OverflowError(tree)
    return result
