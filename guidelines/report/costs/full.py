"""The table of costs as text: a row a layer, an operator type or a module, and the total."""

from __future__ import annotations

from collections.abc import Sequence

from guidelines.quantity import count, duration, percent, size
from guidelines.report import table
from guidelines.report.heading import heading
from guidelines.report.layers import Row, Table
from guidelines.report.names import printable
from guidelines.report.view import View

COSTS = (
    table.Column(title="params", right=True, spare=3),
    table.Column(title="madds", right=True),
    table.Column(title="%", right=True, spare=4),
    table.Column(title="memory access", right=True),
    table.Column(title="%", right=True, spare=5),
    table.Column(title="madds/B", right=True, spare=2),
)

TIMES = (table.Column(title="time", right=True), table.Column(title="%", right=True, spare=6))
"""What a device adds."""


def render(tables: Sequence[Table], view: View) -> str:
    """Every network's header and table."""
    text = "\n\n".join("\n".join(_table(one, view, first=i == 0)) for i, one in enumerate(tables))
    return view.finish(f"{text}\n" if text else "")


def _table(one: Table, view: View, *, first: bool) -> list[str]:
    lines = [*heading(one.model, view, conventions=first), ""] if view.verbosity >= 0 else []
    costed = COSTS if one.model.prediction is None else (*COSTS, *TIMES)
    if one.by == "layer":
        columns: tuple[table.Column, ...] = (
            table.Column(title="layer", shrink=True), table.Column(title="operator", shrink=True),
            table.Column(title="dimensions", shrink=True, spare=6),
            table.Column(title="output", shrink=True, spare=1), *costed,
        )  # fmt: skip
    else:
        title = "operator" if one.by == "op" else "module"
        columns = (
            table.Column(title=title, shrink=True),
            table.Column(title="nodes", right=True),
            *costed,
        )
    rows = [_cells(row, one) for row in one.rows]
    rows.append(_total(one))
    last = len(rows) - 1

    def style(index: int, cell: str) -> str:
        return view.paint(cell, "bold") if index == last else cell

    lines += table.lines(columns, rows, view, style=style)
    if len(one.rows) < one.total:
        lines.append(view.paint(f"the first {len(one.rows)} of {one.total} rows", "dim"))
    return lines


def _cells(row: Row, one: Table) -> tuple[str, ...]:
    totals = one.model.totals
    name = printable(row.name) or ("(no module)" if one.by == "scope" else "(no name)")
    if one.nested and "." in name:
        # Its parents stand above it, so the last part of its path says which it is.
        name = "  " * name.count(".") + name.rpartition(".")[2]
    known = row.unknown < row.nodes
    costs: tuple[str, ...] = (
        count(row.cost.params),
        count(row.cost.madds) if known else "?",
        _percent(row.cost.madds, totals.madds) if known else "?",
        size(row.bytes) if known else "?",
        _percent(row.bytes, totals.memory_access_bytes) if known else "?",
        f"{row.intensity:.1f}" if row.intensity else "" if known else "?",
    )
    if one.model.prediction is not None:
        taken = row.seconds or 0.0
        share = _percent(taken, one.model.prediction.seconds)
        costs = (*costs, duration(taken) if taken else "", share)
    if one.by == "layer":
        return name, printable(row.op_type), row.dims, row.shape, *costs
    return name, str(row.nodes), *costs


def _total(one: Table) -> tuple[str, ...]:
    totals, nodes = one.model.totals, len(one.model.graph)
    costs: tuple[str, ...] = (
        count(totals.params), count(totals.madds), "", size(totals.memory_access_bytes), "",
        f"{totals.madds / (totals.memory_access_bytes or 1):.1f}",
    )  # fmt: skip
    if one.model.prediction is not None:
        costs = (*costs, duration(one.model.prediction.seconds), "")
    return ("total", "", "", "", *costs) if one.by == "layer" else ("total", str(nodes), *costs)


def _percent(part: float, whole: float) -> str:
    return percent(part / whole) if part and whole else ""
