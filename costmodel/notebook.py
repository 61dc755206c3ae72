"""Operators, costs and graphs as a notebook shows them.

Formulas are LaTeX. Tables have inline styles only, no script, and every name escaped; where a
notebook strips them, it shows the plain text of ``repr``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from costmodel.cost import Cost
from costmodel.dims import Dim

if TYPE_CHECKING:
    from costmodel.graph import Graph
    from costmodel.operator import Operator

CONVENTIONS = "madds: one multiply-add is 1; memory access in elements"

UNITS = {"madds": "multiply-adds", "ops": "operations", "flops": "operations"}
"""What a figure of a cost counts, where it is not elements."""

MOST_LAYERS = 10
"""Rows of a graph's table."""

WIDEST = 60
"""Characters of a name or an expression in a table."""

_LEFT = "text-align:left;padding:2px 10px 2px 0"
_RIGHT = "text-align:right;padding:2px 10px 2px 0"


def latex(shown: Operator | Cost) -> str | None:
    """Its formulas; with their values where the dimensions are numbers. None without any."""
    from costmodel.algebra import latex as written

    lines = written(shown)
    return f"${lines}$" if lines else None


def cost_table(cost: Cost) -> str | None:
    """Each figure with its unit; None for a cost of symbols, which is shown as LaTeX instead."""
    fields = cost.to_dict() | {"flops": cost.flops, "memory_access": cost.memory_access}
    if any(symbolic(value) for value in fields.values()):
        return None
    rows = ((n.replace("_", " "), UNITS.get(n, "elements"), value) for n, value in fields.items())
    return _table(("figure", "unit"), ("",), rows)


def graph_table(graph: Graph) -> str:
    """What the network costs, and its most expensive layers by memory access."""
    layers = list(graph.layers)
    cost = graph.cost
    least = "≥ " if graph.unknown else ""
    facts = [
        f"{name} {least}{_said(value)}"
        for name, value in (
            ("params", cost.params), ("madds", cost.madds), ("memory access", cost.memory_access),
        )
    ]  # fmt: skip
    facts.append(f"{len(layers) - len(graph.unknown)} of {len(layers)} nodes costed")
    head = f"<p><b>{_text(graph.path or 'network')}</b><br/>{_text(' · '.join(facts))}</p>"
    ranked = layers
    if not symbolic(cost.memory_access):
        ranked = sorted(layers, key=lambda node: node.cost.memory_access, reverse=True)
    rows = (
        (n.name, n.op_type, n.cost.params)
        + (("unknown", "") if n.operator is None else (n.cost.madds, n.cost.memory_access))
        for n in ranked[:MOST_LAYERS]
    )
    table = _table(("layer", "operator"), ("params", "madds", "memory access"), rows)
    first = "first" if ranked is layers else "dearest"
    note = f"the {first} {min(MOST_LAYERS, len(layers))} of {len(layers)}; {CONVENTIONS}"
    return f"<div>{head}{table}<p>{note}</p></div>"


def graph_line(graph: Graph) -> str:
    """A graph in one line, however large it is.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> net.graph(net.relu(net.conv(net.input(3, 8, 8), 16)))
    <Graph: 2 nodes, params 48, madds 3,072>
    """
    known = [data["node"] for _, data in graph.nodes(data=True) if "node" in data]
    cost = sum((node.cost for node in known), Cost())
    path = f" {_short(graph.path)}" if graph.path else ""
    unknown = sum(node.operator is None for node in known)
    nodes = f"{len(graph)} nodes" + (f" ({unknown} unknown)" if unknown else "")
    return f"<Graph{path}: {nodes}, params {_said(cost.params)}, madds {_said(cost.madds)}>"


def symbolic(value: Dim) -> bool:
    """Whether a value is an expression, told without importing sympy."""
    return bool(getattr(value, "free_symbols", None))


def _table(words: Sequence[str], numbers: Sequence[str], rows: Iterable[Sequence[Dim]]) -> str:
    """Rows under the titles of their columns: those of words first, then those of numbers."""
    titles = [(_LEFT, title) for title in words] + [(_RIGHT, title) for title in numbers]
    head = "".join(f'<th style="{style}">{_text(title)}</th>' for style, title in titles)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Dim) -> str:
    return f'<td style="{_LEFT if isinstance(value, str) else _RIGHT}">{_text(_said(value))}</td>'


def _said(value: Dim) -> str:
    if isinstance(value, int | float | np.number):
        return f"{value:,}"
    return _short(
        np.array2string(value, threshold=6) if isinstance(value, np.ndarray) else str(value)
    )


def _short(text: str) -> str:
    half = WIDEST // 2
    return text if len(text) <= WIDEST else f"{text[: half - 1]}…{text[-half:]}"


def _text(text: str) -> str:
    return escape("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))
