"""Formulas as trees of MathML, into which a page puts numbers for symbols.

A tree is a list: a tag, then its children, each a tree or a text. A symbol is ``["symbol",
name, its spelling]``, so that whoever draws the tree may write the name or its value.

>>> from costmodel.algebra import symbols
>>> tree(symbols("c_in") ** 2)
['msup', ['symbol', 'c_in', ['msub', ['mi', 'c'], ['mi', 'in']]], ['mn', '2']]
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.dom.minidom import Element, Text

import sympy  # type: ignore[import-untyped]
from sympy.printing.mathml import MathMLPresentationPrinter  # type: ignore[import-untyped]

from costmodel.algebra.derivation import B
from costmodel.algebra.dims import symbolic
from costmodel.algebra.notation import SHORT, formulas, shortest
from costmodel.bound import Convolution, balanced
from costmodel.dims import Dim
from costmodel.operator import Operator

Tree = list[Any]
"""A tag, then trees and texts."""


def figures(operator: Operator) -> dict[str, Tree]:
    """Params, madds, ops and memory access of an operator with numbers, those that are not zero.

    What is as it usually is (a batch of one, no bias) is left out.

    >>> from costmodel import Gemm
    >>> list(figures(Gemm(n=1, c_in=4, c_out=2)))
    ['params', 'madds', 'memory_access']
    """
    order = tuple(operator.dims)
    return {name: tree(sides[0], order=order) for name, sides in formulas(operator)}


LEAST_ORDER = ("groups", "n", "d_in", "h_in", "w_in", "d", "h", "w")


def least(conv: Convolution) -> Tree:
    """The least memory access of a convolution of these groups and B madds: equation 1.

    What is as it usually is, is left out.

    >>> from costmodel import Conv
    >>> from costmodel.algebra.notation import text
    >>> text(_least(Conv(c_in=16, c_out=96, h_in=112, w_in=112, h=112, w=112)))
    '2*sqrt(B*h*w) + B/(h*w)'
    >>> text(_least(Conv(c_in=8, c_out=8, k_h=3, k_w=3, groups=2, h_in=8, w_in=8, h=4, w=4)))
    '2*sqrt(B*groups*h_in*w_in/(k_h*k_w)) + B/(h*w)'
    """
    return tree(_least(conv), order=(*LEAST_ORDER, "B"))


def _least(conv: Convolution) -> Any:
    """:func:`costmodel.bound.balanced` at symbols, in terms of the multiply-adds."""
    usual = {name: v for name, v in conv.dims.items() if v == conv.defaults[name]}
    same = {
        f"{e}_in": e for e in ("d", "h", "w")
        if f"{e}_in" not in usual and conv.dims[f"{e}_in"] == conv.dims[e]
    }  # fmt: skip
    general = symbolic(type(conv), **({"learned": 1} | usual | same | {"bias": 0}))
    return _bound(general) + (general.c_out if conv.bias else 0)


@lru_cache(maxsize=256)
def _bound(general: Convolution) -> Any:
    width = general.c_out * B / general.cost.madds  # which are proportional to it
    bound = balanced(general, groups=general.groups)
    return sympy.expand(sympy.nsimplify(bound).subs(general.c_out, width))


@lru_cache(maxsize=1024)
def tree(expression: Dim, *, order: tuple[str, ...] = ()) -> Tree:
    """An expression, or a number, as a tree.

    Args:
        expression: what to write.
        order: names in the order in which factors stand.
    """
    value = sympy.sympify(shortest(expression))
    first = {name: place for place, name in enumerate(order)}
    free = sorted(value.free_symbols, key=lambda s: (first.get(s.name, len(first)), s.name))
    # Sympy sorts by name, and splits roots of what it knows to be positive.
    numbered = {symbol: sympy.Symbol(f"x{place:04}") for place, symbol in enumerate(free)}
    names = {number.name: symbol.name for symbol, number in numbered.items()}
    element = _Printer({"mul_symbol": "dot", "order": "grlex"})._print(_joined(value, numbered))
    return _converted(element, names)


def spelled(name: str) -> Tree:
    """A symbol's name: ``c_in`` with an index, what is a word as a word."""
    name = SHORT.get(name, name)
    base, _, index = name.partition("_")
    if len(base) == 1 and index:
        return ["msub", ["mi", base], ["mi", index.replace("_", " ")]]
    return ["mi", name.replace("_", " ")]


class _Printer(MathMLPresentationPrinter):  # type: ignore[misc]
    """Sympy's, with a symbol's name left whole."""

    def _print_Symbol(self, symbol: Any, style: str = "plain") -> Element:
        element: Element = self.dom.createElement("mi")
        element.appendChild(self.dom.createTextNode(symbol.name))
        return element


def _joined(value: Any, numbered: dict[Any, Any]) -> Any:
    """With numbered symbols, and each product of roots as one root."""

    def join(product: Any) -> Any:
        halves = [f for f in product.args if f.is_Pow and abs(f.exp) == sympy.Rational(1, 2)]
        rest = sympy.Mul(*(f for f in product.args if f not in halves)).xreplace(numbered)
        inside = sympy.Mul(*(f.base ** (2 * f.exp) for f in halves)).xreplace(numbered)
        return sympy.Mul(rest, sympy.sqrt(inside), evaluate=False) if halves else product

    return value.replace(lambda part: part.is_Mul, join).xreplace(numbered)


def _converted(element: Element, names: dict[str, str]) -> Tree:
    """The printer's element; rows of one child are that child."""
    children = list(_children(element, names))
    if element.tagName == "mrow" and len(children) == 1:
        only: Tree = children[0]
        return only
    if element.tagName == "mi" and children[0] in names:
        name = names[children[0]]
        return ["symbol", name, spelled(name)]
    if element.tagName == "msqrt":
        children = [_level(child) for child in children]
    return [element.tagName, *children]


def _level(tree: Tree) -> Tree:
    """A fraction on one line: without a font for mathematics no root grows as high as one."""
    if tree[0] != "mfrac":
        return tree
    above, below = tree[1:]
    row = below[0] == "mrow"
    return ["mrow", above, ["mo", "/"], *([["mo", "("], below, ["mo", ")"]] if row else [below])]


def _children(element: Element, names: dict[str, str]) -> Iterator[Any]:
    for child in element.childNodes:
        if isinstance(child, Text):
            yield child.data.replace("&#xB7;", "·")
        elif isinstance(child, Element):
            yield _converted(child, names)
