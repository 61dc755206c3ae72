"""Extents as sympy expressions, with their floors in one canonical form.

A strided layer makes a floor, and the next nests it: ``floor((floor((H - 1)/2) + 1 - 1)/2) + 1``.
Of whole numbers, floor((floor(x) + a)/m) = floor((x + a)/m), so that five strides of two read
``ceiling(H/32)``. Symbols stand for positive whole numbers.

References:
    Graham, Knuth, Patashnik, Concrete Mathematics, section 3.2, equation 3.11.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import sympy  # type: ignore[import-untyped]
from sympy import Add, Expr, Integer, Max, Min, Mod, Rational, ceiling, floor

from costmodel.algebra.dims import symbols

Extent: TypeAlias = Any
"""int or sympy expression."""

LONGEST_PERIOD = 4096
"""Sizes that are tried, one by one, to tell which of two extents is the larger."""


def canonical(extent: Extent) -> Extent:
    """The same extent with ceilings and remainders as floors, and floors not nested.

    Equal extents of one symbol become the same expression; what is a whole number, an int.

    >>> from costmodel.algebra import symbols
    >>> h = symbols("H")
    >>> canonical(floor((floor((h - 1) / 2) + 1 - 1) / 2) + 1), canonical(ceiling(h / 4))
    (floor(H/4 + 3/4), floor(H/4 + 3/4))
    >>> canonical(h + (-h) % 7)
    7*floor(H/7 + 6/7)
    """
    found = _canonical(sympy.sympify(extent))
    return int(found) if found.is_Integer else found


def readable(extent: Extent) -> Extent:
    """A canonical extent, with ceilings where they say it shorter.

    >>> from costmodel.algebra import symbols
    >>> h = symbols("H")
    >>> readable(canonical((h - 1) // 32 + 1)), readable(canonical((h - 3) // 2 + 1))
    (ceiling(H/32), ceiling(H/2) - 1)
    """
    return extent if isinstance(extent, int) else _readable(extent)


def operations(extent: Extent) -> int:
    """How many operations it takes to write it."""
    return 0 if isinstance(extent, int) else int(extent.count_ops())


class At:
    """Extents at given sizes, as ints; each is worked out once.

    >>> from costmodel.algebra import symbols
    >>> there = At({"H": 331})
    >>> there(ceiling(symbols("H") / 2)), str(there)
    (166, 'H=331')
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.known: dict[Extent, int] = {}
        self.values = {symbols(name): Integer(size) for name, size in sizes.items()}

    def __call__(self, extent: Extent) -> int:
        """The extent's value; raises TypeError where it has other symbols."""
        if isinstance(extent, int):
            return extent
        if extent not in self.known:
            self.known[extent] = int(extent.xreplace(self.values))
        return self.known[extent]

    def __str__(self) -> str:
        return ", ".join(f"{name}={size}" for name, size in self.sizes.items())


@lru_cache(maxsize=65536)
def _canonical(expr: Expr) -> Expr:
    if expr.is_Atom:
        return expr
    args = [_canonical(arg) for arg in expr.args]
    if isinstance(expr, floor):
        return _floor(args[0])
    if isinstance(expr, ceiling):
        return -_floor(-args[0])
    if isinstance(expr, Mod):
        whole, part = args
        return sympy.expand(whole - part * _floor(whole / part))
    if isinstance(expr, Max | Min):
        return _extreme(expr.func, args)
    return _merged(expr.func(*args))


def _extreme(function: Any, args: Sequence[Expr]) -> Expr:
    """The largest or the smallest, without those that never are, over what divides them all.

    Over it because sympy takes an even number over 6 for whole.
    """
    kept: list[Expr] = []
    for arg in args:
        above = [arg - other if function is Max else other - arg for other in kept]
        if any(never_negative(-gap) for gap in above):
            continue
        kept = [other for other, gap in zip(kept, above, strict=True) if not never_negative(gap)]
        kept.append(arg)
    common = sympy.igcd(0, *(factor.p for arg in kept for factor in _factors(arg))) or 1
    return common * function(*(sympy.expand(arg / common) for arg in kept))


def _factors(expr: Expr) -> list[Rational]:
    """The constant and the factors; 1 where one of them is no whole number."""
    constant, parts = _linear(expr)
    factors = [constant, *parts.values()]
    return factors if all(factor.is_Integer for factor in factors) else [Integer(1)]


@lru_cache(maxsize=4096)
def never_negative(extent: Extent, where: Extent = 1) -> bool:
    """Whether an extent is shown to be at least 0 at all sizes where another is positive.

    A sum of floors of one symbol grows by the same amount with each period, so two periods
    tell.

    >>> from costmodel.algebra import symbols
    >>> h = symbols("H")
    >>> never_negative(7 * ceiling(h / 28) - h // 4), never_negative(h - 3)
    (True, False)
    >>> never_negative(7 * (h // 28) - 3, where=h // 28)
    True
    """
    expr, there = sympy.sympify(extent), sympy.sympify(where)
    if expr.is_nonnegative is not None and (expr.is_nonnegative or where == 1):
        return bool(expr.is_nonnegative)
    pieces, others = _pieces(_canonical(expr)), _pieces(there)
    if len((expr + there).free_symbols) != 1 or pieces is None or others is None:
        return False
    period = math.lcm(*(divisor for *_, divisor in pieces + others))
    if period > LONGEST_PERIOD:
        return False
    values, counts = _values(pieces, 2 * period), _values(others, 2 * period)
    grows = values[period] >= values[0] and counts[period] >= counts[0]
    return bool(grows and (values[counts > 0] >= 0).all())


def _pieces(expr: Expr) -> list[tuple[int, int, int, int]] | None:
    """A sum of c*((a*size + b)//m) as its (c, a, b, m), None for what is no such sum."""
    constant, parts = _linear(expr)
    pieces = [(constant, Integer(0), Integer(1), 1)]
    for term, factor in parts.items():
        start, inside = _linear(term.args[0] if isinstance(term, floor) else term)
        if len(inside) != 1 or not next(iter(inside)).is_Symbol:
            return None
        [slope] = inside.values()
        divisor = int(sympy.ilcm(1, slope.q, start.q))
        pieces.append((factor, slope * divisor, start * divisor, divisor))
    if not all(number.is_Integer for piece in pieces for number in piece[:3]):
        return None
    return [(int(c), int(a), int(b), m) for c, a, b, m in pieces]


def _values(pieces: Sequence[tuple[int, int, int, int]], count: int) -> Any:
    sizes = np.arange(1, count + 1)
    return sum(c * ((a * sizes + b) // m) for c, a, b, m in pieces)


def _merged(expr: Expr) -> Expr:
    """The sum with floor(2*x) - floor(x) as floor(x + 1/2), which is Hermite's identity."""
    if not isinstance(expr, Add):
        return expr
    _, parts = _linear(expr)
    for small, factor in parts.items():
        if not isinstance(small, floor) or factor > 0:
            continue
        _, double = _linear(_floor(2 * small.args[0]))
        if len(double) == 1 and parts.get(next(iter(double)), 0) >= -factor:
            gap = _floor(2 * small.args[0]) - small - _floor(small.args[0] + sympy.S.Half)
            return _merged(sympy.expand(expr + factor * gap))
    return expr


def _floor(expr: Expr) -> Expr:
    """floor of an expression whose own floors are canonical."""
    if sympy.fraction(expr)[1].free_symbols:
        expr = sympy.cancel(expr)
    constant, parts = _linear(expr)
    if any(not term.is_integer for term in parts):
        return floor(expr)
    divisor = sympy.ilcm(1, 1, *(factor.q for factor in parts.values()))
    start = floor(constant * divisor)  # as what it is added to, times the divisor, is whole
    whole, start = divmod(start, divisor)
    outside = whole + Add(*(_nearest(factor) * term for term, factor in parts.items()))
    parts = {t: factor - _nearest(factor) for t, factor in parts.items() if factor.q > 1}
    inside = Add(*(factor * term for term, factor in parts.items()))
    if parts and next(iter(parts.values())) < 0:  # floor(-x/m) is -floor((x + m - 1)/m)
        return outside - _floor(-inside + (divisor - 1 - start) / divisor)
    for term, factor in parts.items():
        if isinstance(term, floor) and factor * divisor == 1:
            unnested = inside + (term.args[0] - term) / divisor
            return outside + _floor(unnested + start / divisor)
    return outside + (floor(inside + start / divisor) if parts else 0)


def _nearest(factor: Rational) -> Integer:
    """The nearest whole number, of two the one nearer to zero."""
    return sympy.sign(factor) * ceiling(abs(factor) - sympy.S.Half)


def _linear(expr: Expr) -> tuple[Expr, dict[Expr, Expr]]:
    """The constant, and the factor of every other term, in a fixed order."""
    constant, terms = sympy.expand(expr).as_coeff_add()
    pairs = (term.as_coeff_Mul() for term in terms)
    ordered = sorted(pairs, key=lambda pair: sympy.default_sort_key(pair[1]))
    return constant, {term: factor for factor, term in ordered}


@lru_cache(maxsize=65536)
def _readable(expr: Expr) -> Expr:
    if expr.is_Atom:
        return expr
    args = [_readable(arg) for arg in expr.args]
    if isinstance(expr, floor):
        constant, parts = _linear(args[0])
        divisor = sympy.ilcm(1, 1, *(factor.q for factor in parts.values()))
        if divisor > 1 and constant == sympy.Rational(divisor - 1, divisor):
            return ceiling(args[0] - constant)
    return expr.func(*args)
