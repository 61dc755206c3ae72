r"""Closed forms as people write them: the largest term first, numbers in groups, ⌈H/2⌉.

>>> from costmodel.algebra import symbols
>>> n, h, w = symbols("N H W")
>>> total = n * (64 * ceiling(h / 4) * w + 27 * w * (ceiling(h / 2) - 3) - 5) + 1000 * n / 3
>>> written(total, order="NHW")
'N·(27·(⌈H/2⌉ − 3)·W + 64·⌈H/4⌉·W − 5) + 1,000/3·N'
>>> written(total, PLAIN, order="NHW")
'N*(27*(ceil(H/2) - 3)*W + 64*ceil(H/4)*W - 5) + 1000/3*N'
>>> print(written(ceiling(h / 2) * n + (h + 1) // 4, LATEX, order="NHW"))
N \left\lceil \frac{H}{2} \right\rceil + \left\lfloor \frac{H + 1}{4} \right\rfloor
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy  # type: ignore[import-untyped]
from sympy import Add, Expr, Max, Min, Mul, Pow, ceiling, floor

from costmodel.algebra.extents import Extent
from costmodel.algebra.notation import spelled

LARGE = 10**6
"""A size at which one term is plainly larger than another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the parts of an expression are written.

    Args:
        times: between factors.
        minus: the sign.
        group: between every three digits.
        brackets: around a sum.
        floor, ceiling: what is rounded stands for ``{}``.
        fraction: of two texts.
        power: of two texts.
        name: a symbol's, from its own.
    """

    times: str
    minus: str
    group: str
    brackets: str
    floor: str
    ceiling: str
    fraction: str
    power: str
    name: Callable[[str], str]


TEXT = Style(
    times="·", minus="−", group=",", brackets="({})", floor="⌊{}⌋", ceiling="⌈{}⌉",
    fraction="{}/{}", power="{}^{}", name=str,
)  # fmt: skip
PLAIN = Style(
    times="*", minus="-", group="", brackets="({})", floor="floor({})", ceiling="ceil({})",
    fraction="{}/{}", power="{}**{}", name=str,
)  # fmt: skip
LATEX = Style(
    times=" ", minus="-", group="{,}", brackets=r"\bigl({}\bigr)",
    floor=r"\left\lfloor {} \right\rfloor", ceiling=r"\left\lceil {} \right\rceil",
    fraction=r"\frac{{{}}}{{{}}}", power="{}^{{{}}}", name=spelled,
)  # fmt: skip


def written(extent: Extent, style: Style = TEXT, *, order: Sequence[str] = ()) -> str:
    """The expression as text; names in ``order`` come first, in that order."""
    return _Writer(style, order).write(sympy.sympify(extent))


def pieces(extent: Extent, style: Style = TEXT, *, order: Sequence[str] = ()) -> list[str]:
    """The same text in parts, one for each term of a sum, so that lines may break between them.

    >>> from costmodel.algebra import symbols
    >>> n, h = symbols("N H")
    >>> pieces(n * (9 * h**2 - 4 * h) + 1000, PLAIN)
    ['N*(9*H**2', '- 4*H)', '+ 1000']
    """
    return _Writer(style, order).pieces(sympy.sympify(extent))


class _Writer:
    def __init__(self, style: Style, order: Sequence[str]) -> None:
        self.style = style
        self.order = {name: place for place, name in enumerate(order)}

    def write(self, expr: Expr) -> str:
        style = self.style
        if expr.is_Integer:
            return f"{int(expr):,}".replace(",", style.group).replace("-", style.minus)
        if expr.is_Symbol:
            return style.name(expr.name)
        if isinstance(expr, Add):
            return self.sum(expr)
        if isinstance(expr, Mul) or expr.is_Rational:
            return self.product(expr)
        if isinstance(expr, floor | ceiling):
            inside = self.ratio(*sympy.fraction(sympy.together(expr.args[0])))
            return (style.floor if isinstance(expr, floor) else style.ceiling).format(inside)
        if isinstance(expr, Pow):
            base, exponent = expr.args
            return style.power.format(self.factor(base), self.write(exponent))
        if isinstance(expr, Max | Min):
            inside = ", ".join(map(self.write, expr.args))
            return style.name(expr.func.__name__.lower()) + style.brackets.format(inside)
        return style.brackets.format(expr)

    def sum(self, expr: Expr) -> str:
        return " ".join(self.sign(term, i == 0) for i, term in enumerate(self.terms(expr)))

    def terms(self, expr: Expr) -> list[Expr]:
        return sorted(Add.make_args(expr), key=self.size)

    def sign(self, term: Expr, first: bool) -> str:
        """A term of a sum with its sign."""
        negative = bool(term.could_extract_minus_sign())
        sign = self.style.minus if negative else "+"
        text = self.write(-term if negative else term)
        return f"{sign if negative else ''}{text}" if first else f"{sign} {text}"

    def pieces(self, expr: Expr) -> list[str]:
        """Each term of a sum, and each of the sum within a term that has one."""
        found: list[str] = []
        for term in self.terms(expr):
            inner = [factor for factor in Mul.make_args(term) if isinstance(factor, Add)]
            if len(inner) != 1:
                found.append(self.sign(term, not found))
                continue
            opened, closed = self.style.brackets.split("{}")
            before = self.sign(term / inner[0], not found) + self.style.times + opened
            said = [self.sign(each, i == 0) for i, each in enumerate(self.terms(inner[0]))]
            found += [before + said[0], *said[1:]]
            found[-1] += closed
        return found

    def product(self, expr: Expr) -> str:
        number, rest = expr.as_coeff_Mul()
        if number < 0:
            return self.style.minus + self.product(-expr)
        factors = sorted(Mul.make_args(rest), key=self.place)
        said = [self.factor(factor) for factor in factors if factor != 1]
        if number != 1 or not said:
            said.insert(0, self.ratio(sympy.Integer(number.p), sympy.Integer(number.q)))
        return self.style.times.join(said)

    def factor(self, expr: Expr) -> str:
        text = self.write(expr)
        return self.style.brackets.format(text) if isinstance(expr, Add) else text

    def ratio(self, top: Expr, bottom: Expr) -> str:
        if bottom == 1:
            return self.write(top)
        above = self.write(top) if "frac" in self.style.fraction else self.factor(top)
        return self.style.fraction.format(above, self.write(bottom))

    def place(self, factor: Expr) -> tuple[bool, int, str]:
        """Symbols before sums, in the order wanted."""
        first = min((self.order.get(s.name, LARGE) for s in factor.free_symbols), default=LARGE)
        return (isinstance(factor, Add) and len(factor.free_symbols) > 1, first, str(factor))

    def size(self, term: Expr) -> tuple[float, str]:
        """The largest term first, by what stands beside its number."""
        rest = term.as_coeff_Mul()[1]
        value = rest.xreplace({s: sympy.Integer(LARGE) for s in rest.free_symbols})
        return (-abs(float(value)), str(rest))
