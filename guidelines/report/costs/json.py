"""The costs as JSON: a report without findings, with its nodes, and the groups if asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from guidelines.report.document import document, node_entry, plain, text
from guidelines.report.json_text import dumps
from guidelines.report.layers import Row, Table
from guidelines.report.report import Report
from guidelines.report.view import View


def render(tables: Sequence[Table], view: View) -> str:
    """Under ``--by layer`` the nodes are the rows, sorted and cut; otherwise they are all there."""
    report = Report(models=tuple(one.model for one in tables))
    whole = document(report, nodes=False)
    for entry, one in zip(whole["models"], tables, strict=True):
        if one.by == "layer":
            entry["nodes"] = [
                node_entry(row.node, row.seconds) for row in one.rows if row.node is not None
            ]
        else:
            entry["groups"] = {"by": one.by, "rows": [_group(row) for row in one.rows]}
            entry["nodes"] = [node_entry(node) for node in one.model.graph.layers]
    return dumps(whole) + "\n"


def _group(row: Row) -> dict[str, Any]:
    return {
        "name": text(row.name),
        "nodes": row.nodes,
        "unknown": row.unknown,
        **{name: plain(value) for name, value in row.cost.to_dict().items()},
        "memory_access_bytes": plain(row.bytes),
        **({} if row.seconds is None else {"predicted_seconds": plain(row.seconds)}),
    }
