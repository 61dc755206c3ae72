"""A network's costs in closed form: one expression in the sizes of its input for each figure.

Exact at all sizes, with the floors that the strides leave; and as a polynomial, for sizes that
the strides divide without a remainder.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy  # type: ignore[import-untyped]
from sympy import Add, Expr, Mul, floor

from costmodel.algebra.dims import names, symbols
from costmodel.algebra.extents import Extent, canonical, readable
from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.graph import Graph


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedForms:
    """The figures of a network, each an int or an expression in its sizes.

    Args:
        exact: at all sizes, by name: the fields of Cost, ``flops``, ``memory_access`` and
            ``memory_access_bytes``.
        divisible: the same where every size is a multiple of the number in ``multiples``.
        multiples: the least such number, by name of the size; sizes of any kind are not in it.
    """

    exact: Mapping[str, Dim]
    divisible: Mapping[str, Dim]
    multiples: Mapping[str, int]


def closed_forms(graph: Graph) -> ClosedForms:
    """The figures of a network whose dimensions are symbols, such as ``read(…, symbolic=True)``.

    >>> from costmodel.frontends.code import Network
    >>> n, h, w = symbols("N H W")
    >>> net = Network()
    >>> x = net.conv(net.input(3, h, w, n=n), 8, k=3, stride=2)
    >>> forms = closed_forms(net.graph(net.conv(x, 8, k=3, stride=2)))
    >>> forms.exact["madds"]  # 3*8*9 and 8*8*9
    N*(576*ceiling(H/4)*ceiling(W/4) + 216*ceiling(H/2)*ceiling(W/2))
    >>> forms.divisible["madds"], forms.multiples  # 216/4 + 576/16
    (90*H*N*W, {'H': 4, 'W': 4})
    """
    nodes = list(graph.layers)
    sums = {name: _sum(getattr(node.cost, name) for node in nodes) for name in Cost().to_dict()}
    cost = Cost(**sums)
    sums |= {"flops": cost.flops, "memory_access": cost.memory_access}
    sums["memory_access_bytes"] = _sum(size for node in nodes for size in node.bytes.values())
    multiples = divisors(sums.values())
    return ClosedForms(
        exact={name: factored(total) for name, total in sums.items()},
        divisible={name: factored(divided(total, multiples)) for name, total in sums.items()},
        multiples=multiples,
    )


def divisors(extents: Iterable[Extent]) -> dict[str, int]:
    """For each size the least number whose multiples leave no floor, by name.

    >>> from sympy import ceiling
    >>> h, w = symbols("H W")
    >>> divisors([ceiling(h / 2) * floor(w / 3), ceiling(h / 32)])
    {'H': 32, 'W': 3}
    """
    pending = [canonical(extent) for extent in extents]
    found: dict[str, int] = {}
    for _ in range(DEEPEST):
        floors = {part for extent in pending for part in sympy.sympify(extent).atoms(floor)}
        steps: dict[str, int] = {}
        for name, step in (pair for part in floors for pair in _denominators(part)):
            steps[name] = math.lcm(steps.get(name, 1), step)
        if all(step == 1 for step in steps.values()):
            break
        pending = [_scaled(extent, steps) for extent in pending]
        found |= {name: found.get(name, 1) * step for name, step in steps.items() if step > 1}
    return dict(sorted(found.items()))


DEEPEST = 8
"""How often floors may stand within floors that do not collapse."""


def divided(extent: Extent, multiples: Mapping[str, int]) -> Extent:
    """An extent for sizes that are multiples of the given numbers, multiplied out.

    >>> from sympy import ceiling
    >>> h = symbols("H")
    >>> divided(ceiling(h / 4) * floor((h + 3) / 2), {"H": 4})
    H**2/8 + H/4
    """
    back = {symbols(name): symbols(name) / number for name, number in multiples.items()}
    polynomial = sympy.expand(_scaled(extent, multiples))
    return sympy.expand(polynomial.xreplace(back))


def _scaled(extent: Extent, multiples: Mapping[str, int]) -> Extent:
    times = {symbols(name): symbols(name) * number for name, number in multiples.items()}
    return canonical(sympy.sympify(extent).xreplace(times))


def _denominators(part: Expr) -> list[tuple[str, int]]:
    """What each size in a floor is divided by, in lowest terms."""
    terms = (term.as_coeff_Mul() for term in Add.make_args(part.args[0]))
    return [(name, int(factor.q)) for factor, term in terms for name in names(term)]


def factored(total: Extent) -> Extent:
    """A sum with the sizes that all its terms have in common (the batch) before it.

    >>> n, h, w = symbols("N H W")
    >>> factored(5 * n * h * w + 3 * n + 7)
    N*(5*H*W + 3) + 7
    """
    constant, terms = sympy.sympify(total).as_coeff_add()
    shared = [set(Mul.make_args(term)) for term in terms]
    common = Mul(*(s for s in set.intersection(*shared) if s.is_Symbol)) if shared else 1
    whole = constant + common * Add(*(term / common for term in terms))
    return int(whole) if whole.is_Integer else whole


def _sum(extents: Iterable[Extent]) -> Extent:
    """Their sum; terms that differ in their factor only are one, so that it stays short."""
    totals: dict[Expr, Expr] = {}
    for extent in extents:
        for term in Add.make_args(sympy.sympify(extent)):
            factor, rest = term.as_content_primitive()
            totals[rest] = totals.get(rest, 0) + factor
    return Add(*(factor * readable(canonical(rest)) for rest, factor in totals.items()))
