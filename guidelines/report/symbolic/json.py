"""The formulas as JSON: numbers where they are numbers, else text that Python can evaluate.

With ``from math import ceil, floor`` and a value for each size, ``eval`` gives the figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from costmodel import __version__
from costmodel.algebra.writing import PLAIN, written
from guidelines.report.document import SCHEMA_VERSION, text
from guidelines.report.formulas import Formulas
from guidelines.report.json_text import dumps
from guidelines.report.view import View


def render(networks: Sequence[Formulas], view: View) -> str:
    """The networks, each with its sizes, its exact form, and the one for multiples."""
    return dumps({
        "schema_version": SCHEMA_VERSION,
        "guidelint": __version__,
        "models": [_entry(one) for one in networks],
    }) + "\n"  # fmt: skip


def _entry(one: Formulas) -> dict[str, Any]:
    graph = one.graph
    return {
        "path": text(one.path),
        "opset": graph.opset,
        "inputs": {
            text(name): [_plain(one, d) for d in shape] for name, shape in graph.inputs.items()
        },
        "sizes": one.sizes,
        "counts": {
            "nodes": len(graph),
            "costed": len(graph) - len(one.unknown),
            "unknown": len(one.unknown),
            "folded": graph.folded,
        },
        "unknown": [
            {"name": text(n.name), "op_type": text(n.op_type), "reason": text(n.reason)}
            for n in one.unknown
        ],
        "exact": _figures(one, one.forms.exact),
        "multiples": dict(one.forms.multiples),
        "divisible": _figures(one, one.forms.divisible),
    }


def _figures(one: Formulas, forms: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(one, value) for name, value in forms.items()}


def _plain(one: Formulas, value: Any) -> int | str:
    return value if isinstance(value, int) else written(value, PLAIN, order=one.sizes)
