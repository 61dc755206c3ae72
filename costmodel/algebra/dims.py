"""Symbols in place of dimensions, and values in place of symbols."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, TypeVar

import numpy as np
import sympy  # type: ignore[import-untyped]

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.operator import Operator
from costmodel.operators.convolution import Conv

O = TypeVar("O", bound=Operator)  # noqa: E741
W = TypeVar("W")


def symbols(names: str) -> Any:
    """Positive integers without a value: one for one name, a tuple for several.

    >>> c, g = symbols("c g")
    >>> (c * g).is_positive, symbols("h")
    (True, h)
    """
    return sympy.symbols(names, positive=True, integer=True)


def symbolic(cls: type[O], **given: Dim) -> O:
    """An operator with a symbol, named as the field, for each dimension that is not given.

    Args:
        cls: the operator's class.
        given: values or expressions by field; a string is the name of a symbol.

    >>> from costmodel import Gemm
    >>> layer = symbolic(Gemm, n=1, bias=0, added=0, addend=0, addend_held=0, learned=1)
    >>> layer.cost.memory_access
    c_in*c_out + c_in + c_out
    """
    free = {name: name for name in cls.defaults if name not in given}
    return cls(**{name: _dim(value) for name, value in (free | given).items()})


def plain(cls: type[O] = Conv, **given: Dim) -> O:  # type: ignore[assignment]
    """A convolution as the papers write it: one image, 1x1, stride 1, one group, no bias.

    Args:
        cls: ``Conv``, or another class with its fields.
        given: what differs, as in :func:`symbolic`; input extents follow the output's.

    >>> plain().cost.madds
    c_in*c_out*h*w
    >>> plain(k_h="k", k_w="k", groups="g").cost.params
    c_in*c_out*k**2/g

    References:
        Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, G1.
    """
    ones = dict.fromkeys(("n", "d_in", "d", "k_d", "k_h", "k_w", "groups", "learned"), 1)
    same = {"h_in": given.get("h", "h"), "w_in": given.get("w", "w")}
    return symbolic(cls, **(ones | same | {"bias": 0} | given))


def at(what: W, **dims: Dim) -> Any:
    """Values, or other expressions, in place of symbols, found by their names.

    ``expr.subs({"c": 8})`` silently replaces nothing where the symbol carries assumptions;
    this finds it whatever it assumes, and says so where there is none.

    Args:
        what: an expression, a Cost or an Operator; whatever in it is a number stays.
        dims: value by name of a symbol; a string is the name of another.

    Returns:
        The same kind of thing; an expression without symbols left becomes an int or a float.

    Raises:
        TypeError: no symbol of that name, or an array, which ``compiled`` takes.

    >>> conv = plain(h="s", w="s")
    >>> at(conv.cost.madds, c_in=58, c_out=58), at(conv.cost.madds, c_in=58, c_out=58, s=28)
    (3364*s**2, 2637376)
    >>> at(conv, c_in=24, c_out="c_in", s=7).cost.memory_access
    73*c_in + 1176
    >>> at(conv.cost.madds, c=58)
    Traceback (most recent call last):
    ...
    TypeError: expected one of c_in, c_out, s, found c; did you mean c_in?
    """
    values = {name: _dim(value) for name, value in dims.items()}
    arrays = [name for name, value in values.items() if isinstance(value, np.ndarray)]
    if arrays:
        raise TypeError(
            f"expected a number or an expression for {arrays[0]}, found an array; "
            "compiled() makes a function of arrays"
        )
    if isinstance(what, Operator):
        _check(names(*what.dims.values()), values)
        return what.replace(**{name: _put(dim, values) for name, dim in what.dims.items()})
    if isinstance(what, Cost):
        fields = what.to_dict()
        _check(names(*fields.values()), values)
        return replace(what, **{name: _put(value, values) for name, value in fields.items()})
    _check(names(what), values)
    return _put(what, values)


def names(*expressions: Dim) -> list[str]:
    """Names of the symbols in them, in alphabetical order.

    >>> names(plain().cost.reads, 8)
    ['c_in', 'h', 'w']
    """
    return sorted({s.name for e in expressions for s in getattr(e, "free_symbols", ())})


def _dim(value: Dim) -> Dim:
    return sympy.Symbol(value, positive=True, integer=True) if isinstance(value, str) else value


def _check(known: list[str], values: Mapping[str, Dim]) -> None:
    for name in values:
        if name not in known:
            near = get_close_matches(name, known, 1, cutoff=0.3)
            raise TypeError(
                f"expected {'one of ' + ', '.join(known) if known else 'no name'}, found {name}"
                + (f"; did you mean {near[0]}?" if near else "")
            )


def _put(expression: Dim, values: Mapping[str, Dim]) -> Dim:
    free = getattr(expression, "free_symbols", ())
    found = {s: sympy.sympify(values[s.name]) for s in free if s.name in values}
    return _number(expression.xreplace(found)) if found else expression


def _number(expression: Any) -> Dim:
    if expression.is_Integer:
        return int(expression)
    return float(expression) if expression.is_Float else expression
