"""The formula reference: what an Operator's docstring says of its symbols, and its formulas."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from costmodel.algebra.dims import symbolic
from costmodel.algebra.notation import FIGURES, aligned, latex, shortest, word
from costmodel.operator import Operator

WIDTH = 90
"""Characters of a line."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one field of an Operator stands for, or several together.

    Args:
        fields: their names.
        text: the docstring's words.
        unit: what is counted: elements, operations, bits; "0 or 1" for a choice; else "number".
    """

    fields: tuple[str, ...]
    text: str
    unit: str


def formulas(cls: type[Operator]) -> str:
    r"""Params, multiply-adds, operations and memory access of an operator, as LaTeX.

    What may be learned or computed is taken for learned; what is always zero is left out.

    >>> from costmodel.operators.matrix import Inverse
    >>> print(formulas(Inverse))
    \begin{aligned}
    \mathrm{madds} &= n \, m^{3} \\
    \mathrm{memory\ access} &= 2 \, n \, m^{2}
    \end{aligned}
    """
    choices = {field for m in meanings(cls) if m.unit == "0 or 1" for field in m.fields}
    cost = symbolic(cls, **dict.fromkeys(choices & {"learned"}, 1)).cost
    shown = [(name, shortest(getattr(cost, name))) for name in FIGURES]
    order = tuple(cls.defaults)
    return aligned(
        (word(name), [" \\\\\n& ".join(_folded(latex(formula, order=order), WIDTH))])
        for name, formula in shown
        if formula != 0
    )


def _folded(formula: str, width: int) -> Iterator[str]:
    r"""A long sum in lines of about one length, broken before a plus that no bracket encloses.

    >>> list(_folded(r"\left(a + b\right) + c", 3))
    ['\\left(a + b\\right)', '\\quad + c']
    """
    wanted = _length(formula) / -(-_length(formula) // width)
    line, depth = "", 0
    for part in re.split(r"( \+ )", formula):
        if part == " + " and not depth and _length(line) >= wanted:
            yield line
            line = r"\quad"
        line += part
        depth += part.count("(") + part.count("{") - part.count(")") - part.count("}")
    yield line


def _length(formula: str) -> int:
    """Characters that are seen, more or less."""
    return len(re.sub(r"\\\w+|[{}\\ ]", "", formula))


def meanings(cls: type[Operator]) -> list[Meaning]:
    """What the fields of an operator stand for, as its docstring and those of its bases say.

    >>> from costmodel import Conv
    >>> for meaning in meanings(Conv)[1:3]:
    ...     print(meaning)
    Meaning(fields=('c_in', 'c_out'), text='channels in and out', unit='number')
    Meaning(fields=('d_in', 'h_in', 'w_in'), text='input extent', unit='elements')
    """
    found: dict[str, Meaning] = {}
    for base in reversed(cls.__mro__):
        for meaning in _arguments(vars(base).get("__doc__") or ""):
            found.update(dict.fromkeys(meaning.fields, meaning))
    return list(dict.fromkeys(found[name] for name in cls.defaults if name in found))


def _arguments(docstring: str) -> list[Meaning]:
    """The Args section: ``a, b: meaning.``, several after semicolons, lines that go on indented."""
    section = re.search(r"Args:\n((?:    .*\n)+)", inspect.cleandoc(docstring) + "\n")
    lines = re.sub(r"\n\s{5,}", " ", section[1] if section else "").splitlines()
    found: list[Meaning] = []
    for line in lines:
        said = re.split(r"(?:^\s+|; )(\w+(?:, \w+)*): ", line)
        for fields, text in zip(said[1::2], said[2::2], strict=True):
            before = found[-1].unit if found else "number"
            found.append(_meaning(tuple(fields.split(", ")), text.rstrip("."), before))
    return found


def _meaning(fields: tuple[str, ...], text: str, before: str) -> Meaning:
    """Words and unit; ``before`` is the unit above, which words like "those of them" refer to."""
    if re.match(r"1 (with|where|for) .* 0 |1 .* else 0", text):
        return Meaning(fields, text, "0 or 1")
    text, _, unit = text.partition(", in ")
    named = re.match(r"(?:\w+ )?(elements|operations|bits)\b", text)
    refers = re.match(r"(its|those|where)\b", text)
    return Meaning(fields, text, unit or (named[1] if named else before if refers else "number"))
