"""The guidelines' bounds, derived from the formulas that the Operators ship with.

The question is always the same: of all dimensions that do the same multiply-adds, which move
the fewest elements? Fix the multiply-adds at B, let that decide one dimension, and look how
the memory access changes with another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy  # type: ignore[import-untyped]

from costmodel.algebra.dims import plain
from costmodel.algebra.notation import SIGNS, latex, text, word
from costmodel.dims import Dim
from costmodel.operator import Operator
from costmodel.operators.convolution import Conv

B = sympy.Symbol("B", positive=True)
"""Multiply-adds that are held fixed; the papers' letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """The least memory access at B multiply-adds, step by step; each field is a step.

    Args:
        over: the symbol that varies.
        decided: the symbol that B then decides.
        madds: the multiply-adds, which are B.
        width: ``decided``, in terms of B.
        access: the memory access, in terms of B and ``over``.
        slope: its derivative by ``over``.
        curvature: its second derivative, positive for all ``over`` if the slope has a root.
        least_at: the value of ``over`` where the memory access is least.
        bound: the memory access there.
        condition: where the bound is reached, in terms of the dimensions.
    """

    over: Any
    decided: Any
    madds: Any
    width: Any
    access: Any
    slope: Any
    curvature: Any
    least_at: Any
    bound: Any
    condition: Any

    @property
    def steps(self) -> list[tuple[str, Dim, str, Dim]]:
        """Each step as words, a left side, a sign and a right side."""
        moved, zero = "memory access", sympy.Integer(0)
        turns = [("level where", self.slope, "=", zero), ("curvature", self.curvature, ">", zero)]
        return [
            ("fixed", B, "=", self.madds),
            ("so", self.decided, "=", self.width),
            ("moved", moved, "=", self.access),
            *(turns if self.curvature != 0 else [("slope", self.slope, ">", zero)]),
            ("least at", self.over, "=", self.least_at),
            ("bound", moved, ">=", self.bound),
            ("equal where", self.condition.lhs, "=", self.condition.rhs),
        ]

    def __str__(self) -> str:
        return "\n".join(
            f"{why:13}{text(left)} {sign} {text(right)}" for why, left, sign, right in self.steps
        )

    def _repr_latex_(self) -> str:
        rows = [
            rf"& {word(why)} & {latex(left)} &{SIGNS.get(sign, sign)} {latex(right)}"
            for why, left, sign, right in self.steps
        ]
        body = " \\\\\n".join(rows)
        return f"$\\begin{{aligned}}\n{body}\n\\end{{aligned}}$"


def bound(cls: type[Operator] = Conv, *, over: str = "c_in", **given: Dim) -> Derivation:
    """The least memory access of a convolution that does B multiply-adds.

    Over ``c_in`` this is guideline 1, equal channel widths; over ``groups``, at a given input,
    guideline 2.

    Args:
        cls: ``Conv`` or another class with its fields.
        over: the field that varies; B then decides ``c_out``.
        given: what is not as in :func:`plain`, which is 1x1 without stride.

    >>> print(bound(Conv))
    fixed        B = c_in*c_out*h*w
    so           c_out = B/(c_in*h*w)
    moved        memory access = c_in*h*w + B/c_in + B/(h*w)
    level where  h*w - B/c_in**2 = 0
    curvature    2*B/c_in**3 > 0
    least at     c_in = sqrt(B/(h*w))
    bound        memory access >= 2*sqrt(B*h*w) + B/(h*w)
    equal where  c_in = c_out

    >>> print(bound(Conv, over="groups"))
    fixed        B = c_in*c_out*h*w/groups
    so           c_out = B*groups/(c_in*h*w)
    moved        memory access = c_in*h*w + B*groups/c_in + B/(h*w)
    slope        B/c_in > 0
    least at     groups = 1
    bound        memory access >= c_in*h*w + B/c_in + B/(h*w)
    equal where  groups = 1

    References:
        Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, equations 1 and 2.
    """
    operator = plain(cls, **({over: over} | given))
    dims = operator.dims
    return least(operator.cost.memory_access, operator.cost.madds, dims[over], dims["c_out"])


def least(access: Dim, madds: Dim, over: Dim, decided: Dim) -> Derivation:
    """The least of ``access`` at fixed ``madds``, over one symbol, another being decided by B.

    Args:
        access: elements moved.
        madds: multiply-adds.
        over: the symbol that varies, at least 1.
        decided: the symbol that follows from B.

    Raises:
        ValueError: there is none: ``access`` neither turns up nor grows with ``over``.

    >>> from costmodel.algebra import symbols
    >>> h, w, c1, c2 = symbols("h w c1 c2")
    >>> text(least(h * w * (c1 + c2) + c1 * c2, h * w * c1 * c2, c1, c2).bound)
    '2*sqrt(B*h*w) + B/(h*w)'
    """
    if not (isinstance(over, sympy.Symbol) and isinstance(decided, sympy.Symbol)):
        raise ValueError(f"expected two symbols to vary, found {over} and {decided}")
    width = sympy.solve(madds - B, decided)[0]
    moved = sympy.expand(access.subs(decided, width))
    slope = sympy.diff(moved, over)
    curvature = sympy.diff(slope, over)
    levels = [root for root in sympy.solve(slope, over) if root.is_positive]
    if len(levels) == 1 and curvature.is_positive:
        condition, (at,) = _balance(slope.subs(B, madds), over), levels
    elif not levels and slope.is_positive:
        at = sympy.Integer(1)
        condition = sympy.Eq(over, at)
    else:
        raise ValueError(f"expected a memory access with one minimum in {over}, found {moved}")
    return Derivation(
        over=over, decided=decided, madds=madds, width=width, access=moved, slope=slope,
        curvature=curvature, least_at=at, bound=sympy.expand(moved.subs(over, at)),
        condition=condition,
    )  # fmt: skip


def _balance(slope: Any, over: Any) -> Any:
    """Where a slope in terms of the dimensions vanishes: what it adds is what it takes away."""
    factors = sympy.Mul.make_args(sympy.numer(sympy.factor(slope)))
    (difference,) = (factor for factor in factors if factor.is_Add)
    added = [term for term in difference.args if not term.could_extract_minus_sign()]
    left, right = sympy.Add(*added), sympy.Add(*added) - difference
    return sympy.Eq(left, right) if left.has(over) else sympy.Eq(right, left)
