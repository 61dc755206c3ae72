"""The costs as comma-separated values, numbers in full."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from guidelines.report.layers import Row, Table
from guidelines.report.names import printable
from guidelines.report.view import View

COLUMNS = (
    "path", "name", "scope", "op_type", "dims", "output", "nodes", "unknown", "params",
    "buffers", "madds", "ops", "flops", "weight_reads", "reads", "writes", "memory_access",
    "memory_access_bytes", "predicted_seconds",
)  # fmt: skip


def render(tables: Sequence[Table], view: View) -> str:
    """A title row and a row a layer, operator type or module."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in tables:
        for row in one.rows:
            writer.writerow(_cells(one.model.path, row))
    return view.finish(text.getvalue())


def _cells(path: str, row: Row) -> tuple[object, ...]:
    cost = row.cost
    name, scope = (row.name, "") if row.node is None else (row.node.name, row.node.scope)
    names = (_inert(path), _inert(name), _inert(scope), _inert(row.op_type), row.dims, row.shape)
    return (
        *names, row.nodes, row.unknown, cost.params, cost.buffers, cost.madds, cost.ops, cost.flops,
        cost.weight_reads, cost.reads, cost.writes, cost.memory_access, row.bytes,
        "" if row.seconds is None else f"{row.seconds:.4g}",
    )  # fmt: skip


def _inert(name: str) -> str:
    """The name, with an apostrophe before what a spreadsheet would take for a formula.

    >>> _inert("=HYPERLINK(0)"), _inert("conv1")
    ("'=HYPERLINK(0)", 'conv1')
    """
    shown = printable(name)
    return f"'{shown}" if shown[:1] in {"=", "+", "-", "@"} else shown
