"""The formulas as text: at all sizes, then where the strides divide these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from costmodel.algebra.writing import PLAIN, TEXT, pieces
from guidelines.report.formulas import FIGURES, Formulas
from guidelines.report.heading import network
from guidelines.report.view import PROSE, View

SIGNS = "⌈x⌉ is x rounded up, ⌊x⌋ rounded down"
WORDS = (
    "madds: one multiply-add is 1; flops = 2 madds + ops; memory access = weights + reads + "
    "writes of every operator"
)
LABEL = 17
"""Columns before a formula."""


def render(networks: Sequence[Formulas], view: View) -> str:
    """Every network's header and formulas."""
    text = "\n\n".join("\n".join(_lines(one, view)) for one in networks)
    return view.finish(f"{text}\n" if text else "")


def _lines(one: Formulas, view: View) -> list[str]:
    lines = [] if view.verbosity < 0 else [*network(one, view), ""]
    lines += _block(one, one.forms.exact, view)
    if one.simpler:
        lines += ["", view.paint(f"  where {multiples(one.forms.multiples)}", "bold")]
        lines += _block(one, one.forms.divisible, view)
    if view.verbosity >= 0:
        said = f"{WORDS}; {SIGNS}" if one.simpler and not view.ascii else WORDS
        lines += ["", *(view.paint(line, "dim") for line in view.wrap(said, indent="  "))]
    return lines


def multiples(numbers: Mapping[str, int]) -> str:
    """The condition in words.

    >>> multiples({"H": 32, "W": 32}), multiples({"H": 32, "W": 8}), multiples({"H": 2})
    ('H and W are multiples of 32', 'H is a multiple of 32 and W of 8', 'H is a multiple of 2')
    """
    *names, last = numbers
    if names and len(set(numbers.values())) == 1:
        return f"{', '.join(names)} and {last} are multiples of {numbers[last]}"
    said = [f"{name} of {number}" for name, number in numbers.items()]
    return " and ".join(said).replace(" of ", " is a multiple of ", 1)


def _block(one: Formulas, forms: Mapping[str, Any], view: View) -> list[str]:
    lines = []
    for key, label in FIGURES.items():
        parts = pieces(forms[key], PLAIN if view.ascii else TEXT, order=one.sizes)
        if one.unknown and key != "params":
            parts[0] = f"≥ {parts[0]}"
        lines += _filled(label, parts, view)
    return lines


def _filled(label: str, parts: Sequence[str], view: View) -> list[str]:
    """The parts side by side as far as a line goes."""
    width = min(view.width or PROSE, PROSE) - LABEL
    rows = [parts[0]]
    for part in parts[1:]:
        if len(rows[-1]) + 1 + len(part) <= width:
            rows[-1] += f" {part}"
        else:
            rows.append(part)
    head = view.paint(f"  {label:<{LABEL - 2}}", "dim")
    return [head + rows[0], *(" " * LABEL + row for row in rows[1:])]
