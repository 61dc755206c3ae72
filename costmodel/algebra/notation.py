r"""Expressions as text and as LaTeX, in the papers' notation.

Terms come in the papers' order, the highest degree first, and a root of a product stays one
root. In LaTeX ``c_in`` has an index, ``groups`` is g, and what is a word stands upright.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy  # type: ignore[import-untyped]

from costmodel.algebra.dims import names, symbolic
from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.operator import Operator

SHORT = {"groups": "g", "bias": "b"}
"""Names that the papers shorten."""

FIGURES = ("params", "madds", "ops", "memory_access")
"""What is shown of a cost."""

DOT = r" \cdot "
"""Between factors of which one is a word; letters stand side by side."""

NUMBERS = (int, float, np.number)

SIGNS = {"==": "=", ">=": r"\geq", "<=": r"\leq", ">": ">", "<": "<"}


def text(what: Dim | Cost | Operator) -> str:
    """An expression, or the formulas of a cost or an operator line by line, as plain text.

    >>> from costmodel.algebra import plain, symbols
    >>> h, w, c1, c2 = symbols("h w c1 c2")
    >>> text(c1 * c2 + h * w * c1 + sympy.sqrt(h * w * c1))
    'c1*h*w + c1*c2 + sqrt(c1*h*w)'
    >>> print(text(plain()))
    params        = c_in*c_out
    madds         = c_in*c_out*h*w
    memory access = c_in*h*w + c_out*h*w + c_in*c_out
    """
    if isinstance(what, Cost | Operator):
        lines = [(name.replace("_", " "), list(map(text, sides))) for name, sides in formulas(what)]
        wide = max((len(name) for name, _ in lines), default=0)
        return "\n".join(" = ".join([name.ljust(wide), *sides]) for name, sides in lines)
    if isinstance(what, sympy.core.relational.Relational):
        sign = "=" if what.rel_op == "==" else what.rel_op
        return f"{text(what.lhs)} {sign} {text(what.rhs)}"
    if not isinstance(what, sympy.Expr):
        return str(what)
    whole = _whole_roots(what, lambda inside: f"sqrt({text(inside)})")
    return re.sub(r"\b(\w+)\*\*\(-(\d+)\)", r"1/\1**\2", sympy.sstr(whole, order="grlex"))


def latex(what: Dim | Cost | Operator, *, order: Sequence[str] = ()) -> str:
    r"""An expression, or the formulas of a cost or an operator line by line, as LaTeX.

    Args:
        what: an expression, a Cost or an Operator.
        order: names in the order in which factors stand; an operator's are its fields.

    >>> from costmodel.algebra import plain
    >>> print(latex(plain(groups="groups").cost.params))
    \frac{c_{\mathrm{in}} \, c_{\mathrm{out}}}{g}
    >>> print(latex(plain(c_in=58, c_out=116)))
    \begin{aligned}
    \mathrm{params} &= 6{,}728 \\
    \mathrm{madds} &= 6728 \, h \, w \\
    \mathrm{memory\ access} &= 174 \, h \, w + 6728
    \end{aligned}
    """
    if isinstance(what, Cost | Operator):
        order = tuple(what.dims) if isinstance(what, Operator) else order
        return aligned(
            (word(name), [latex(side, order=order) for side in sides])
            for name, sides in formulas(what)
        )
    if isinstance(what, sympy.core.relational.Relational):
        sides = [latex(side, order=order) for side in (what.lhs, what.rhs)]
        return f" {SIGNS[what.rel_op]} ".join(sides)
    if not isinstance(what, sympy.Expr):
        return f"{what:,}".replace(",", "{,}") if isinstance(what, NUMBERS) else word(str(what))
    return _latex(what, order)


def _latex(expression: Any, order: Sequence[str]) -> str:
    """Sympy sorts by name: symbols are numbered in the order wanted, and spelled when printed."""
    first = {name: i for i, name in enumerate(order)}
    free = sorted(expression.free_symbols, key=lambda s: (first.get(s.name, len(first)), s.name))
    numbered = {s: sympy.Symbol(f"x{i:04}", **s.assumptions0) for i, s in enumerate(free)}
    settings = {
        "order": "grlex",
        "mul_symbol": DOT,
        "symbol_names": {number: spelled(s.name) for s, number in numbered.items()},
    }
    whole = _whole_roots(
        expression.xreplace(numbered),
        lambda inside: rf"\sqrt{{{sympy.latex(inside, **settings)}}}",
    )
    first_factor, *factors = sympy.latex(whole, **settings).split(DOT)
    written = str(first_factor)
    for factor in factors:
        beside_word = factor.startswith(r"\mathrm") or re.search(r"\\mathrm{[^{}]*}$", written)
        written += (DOT if beside_word else r" \, ") + factor
    return written


def spelled(name: str) -> str:
    r"""A symbol's name as LaTeX.

    >>> for name in ("h", "c_in", "k_h", "c1", "groups", "offset_groups", "unk__1"):
    ...     print(spelled(name))
    h
    c_{\mathrm{in}}
    k_{h}
    c_{1}
    g
    \mathrm{offset\ groups}
    \mathrm{unk\ 1}
    """
    name = SHORT.get(name, name)
    indexed = re.fullmatch(r"([A-Za-z])(?:_?(\d+)|_([A-Za-z]+))?", name)
    if not indexed:
        return word(name)
    base, number, index = indexed.groups()
    if index and len(index) > 1:
        index = word(index)
    return f"{base}_{{{number or index}}}" if number or index else base


def word(name: str) -> str:
    """Upright; nothing of a name that a file chose reaches LaTeX but letters and digits."""
    return r"\mathrm{" + r"\ ".join(re.findall("[A-Za-z0-9]+", name)) + "}"


def aligned(lines: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Lines of LaTeX under one another, each a name and what it equals; "" without any."""
    rows = [" ".join([name, *(f"&= {side}" for side in sides)]) for name, sides in lines]
    body = " \\\\\n".join(rows)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}" if rows else ""


def formulas(what: Cost | Operator) -> list[tuple[str, list[Dim]]]:
    """The figures of a cost that are not zero: expressions, or numbers.

    Of an operator with numbers each has the formula as well, without what is as it usually is
    (a batch of one, no bias).
    """
    cost = what.cost if isinstance(what, Operator) else what
    shown = [(name, getattr(cost, name)) for name in FIGURES]
    shown = [(name, value) for name, value in shown if not _same(value, 0)]
    if not isinstance(what, Operator) or names(*what.dims.values()):
        return [(name, [value]) for name, value in shown]
    usual = {name: v for name, v in what.dims.items() if _same(v, what.defaults[name])}
    general = symbolic(type(what), **usual).cost
    return [
        (name, [shortest(getattr(general, name)), *([value] if isinstance(value, NUMBERS) else [])])
        for name, value in shown
    ]


@lru_cache(maxsize=1024)
def shortest(expression: Dim) -> Dim:
    """The shortest to write of an expression as it is, expanded, and as a product.

    >>> from costmodel.algebra import symbols
    >>> n, c, a, b = symbols("n c a b")
    >>> shortest(n * c * a + n * c * b), shortest(n * (c + a) + a * n)
    (c*n*(a + b), n*(2*a + c))
    """
    if not isinstance(expression, sympy.Expr):
        return expression
    forms = (expression, sympy.factor(expression), sympy.expand(expression))
    return min(forms, key=lambda form: len(text(form)))


def _same(value: Dim, other: Dim) -> bool:
    return not isinstance(value, np.ndarray) and bool(value == other)


def _whole_roots(expression: Any, spell: Callable[[Any], str]) -> Any:
    """Products of square roots as one root; sympy takes roots of positive factors apart."""

    def join(product: Any) -> Any:
        halves = [f for f in product.args if f.is_Pow and abs(f.exp) == sympy.Rational(1, 2)]
        if not halves:
            return product
        rest = sympy.Mul(*(f for f in product.args if f not in halves))
        inside = sympy.Mul(*(f.base ** (2 * f.exp) for f in halves))
        return rest * sympy.Symbol(spell(inside))

    return expression.replace(lambda part: part.is_Mul, join)
