"""Expressions of sizes as text: what exporters write on an axis, and what sympy prints."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import sympy  # type: ignore[import-untyped]

from costmodel.algebra.extents import Extent
from costmodel.frontends.onnx.expression import parsed

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}  # fmt: skip

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "floor": sympy.floor, "ceiling": sympy.ceiling, "mod": sympy.Mod, "min": sympy.Min,
    "max": sympy.Max,
}  # fmt: skip


def expression(text: str, symbols: Mapping[str, Extent]) -> Extent | None:
    """The expression, None where it is none or has names or functions that are not known.

    >>> from costmodel.algebra import symbols
    >>> h = symbols("H")
    >>> expression("floor(H/2 - 1/2) + 1", {"H": h}), expression("_d0 + 1", {"H": h})
    (floor(H/2 - 1/2) + 1, None)
    """
    tree = parsed(text)
    try:
        return None if tree is None else _value(tree, symbols)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None


def _value(tree: ast.expr, symbols: Mapping[str, Extent]) -> Any:
    match tree:
        case ast.Constant(value=int() as number):
            return sympy.Integer(number)
        case ast.Name(id=name):
            return symbols[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, symbols)
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_value(left, symbols), _value(right, symbols))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return _FUNCTIONS[name.lower()](*(_value(arg, symbols) for arg in args))
    raise ValueError(f"expected an expression of sizes, found {ast.dump(tree)}")
