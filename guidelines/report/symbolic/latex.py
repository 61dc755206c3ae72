r"""The formulas as LaTeX, an ``aligned`` block for each form; it needs ``amsmath``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from costmodel.algebra.notation import spelled, word
from costmodel.algebra.writing import LATEX, PLAIN, pieces
from guidelines.report.formulas import FIGURES, Formulas
from guidelines.report.names import printable
from guidelines.report.view import View

WIDEST = 60
"""Characters of a row, as plain text would have them."""


def render(networks: Sequence[Formulas], view: View) -> str:
    """For every network the exact form and, where there is a simpler one, that too."""
    blocks = []
    for one in networks:
        blocks.append(f"% {printable(one.path)}")
        if one.unknown:
            blocks.append(f"% without the {len(one.unknown)} nodes whose cost is unknown")
        blocks.append(_block(one, one.forms.exact))
        if one.simpler:
            multiples = one.forms.multiples.items()
            where = r",\ ".join(rf"{number} \mid {spelled(name)}" for name, number in multiples)
            blocks.append(_block(one, one.forms.divisible, rf"\text{{where }} {where}"))
    return "\n".join(blocks) + "\n" if blocks else ""


def _block(one: Formulas, forms: Mapping[str, Any], where: str = "") -> str:
    rows = [f"{word(key)} &= {_filled(one, forms[key])}" for key in FIGURES]
    rows += [f"& {where}"] if where else []
    body = " \\\\\n".join(rows)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def _filled(one: Formulas, value: Any) -> str:
    """The terms side by side as far as a row goes."""
    text, room = "", WIDEST
    parts = zip(
        pieces(value, LATEX, order=one.sizes), pieces(value, PLAIN, order=one.sizes), strict=True
    )
    for part, plain in parts:
        room -= len(plain) + 1
        if text and room < 0:
            text += " \\\\\n&\\quad "
            room = WIDEST - len(plain)
        text += f" {part}" if text and not text.endswith(" ") else part
    return text
