"""A comparison as JSON, ``schema_version`` 1; ``schema.json`` beside this file describes it."""

from __future__ import annotations

from typing import Any

from costmodel import __version__
from guidelines.budget.quantities import QUANTITIES
from guidelines.comparing.comparison import Block, Compared, Comparison, Total
from guidelines.comparing.findings import Judged
from guidelines.comparing.layers import Layer
from guidelines.comparing.limits import named
from guidelines.report.difference import verdict
from guidelines.report.document import finding_entry, plain, text
from guidelines.report.json_text import dumps
from guidelines.report.locations import source
from guidelines.report.report import Model
from guidelines.report.view import View

SCHEMA_VERSION = 1


def render(compared: Compared, view: View) -> str:
    """Every pair of networks; unchanged layers are only counted."""
    return dumps(document(compared)) + "\n"


def document(compared: Compared) -> dict[str, Any]:
    """The layout as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "guidelint": __version__,
        "comparisons": [_comparison(each) for each in compared.comparisons],
        "errors": [{"path": text(e.path), "message": text(e.message)} for e in compared.errors],
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    matching = comparison.matching
    kept = len(matching.pairs) - len(comparison.changes)
    return {
        "base": _model(comparison.base),
        "head": _model(comparison.head),
        "same": comparison.same,
        "fails": comparison.fails,
        "verdict": text(verdict(comparison)),
        "totals": {named(t.quantity): _total(t) for t in comparison.totals.values()},
        "counts": {
            "changed": len(comparison.changes), "added": len(matching.added),
            "removed": len(matching.removed), "renamed": matching.renamed,
            "unchanged": kept + sum(len(right) for _, right in matching.rewritten),
        },
        "findings": [_judged(each, comparison.head) for each in comparison.findings],
        "blocks": [_block(each) for each in comparison.blocks],
        "changed": [
            {**_layer(each.head), "was": text(each.base.node.name),
             "changes": [text(word) for word in each.words], "own": each.own}
            for each in comparison.changes
        ],
        "added": [_layer(matching.head[j]) for j in matching.added],
        "removed": [_layer(matching.base[i]) for i in matching.removed],
    }  # fmt: skip


def _model(model: Model | None) -> dict[str, Any] | None:
    if model is None:
        return None
    graph = model.graph
    return {
        "path": text(model.path),
        "inputs": {text(name): [plain(d) for d in shape] for name, shape in graph.inputs.items()},
        "nodes": len(graph),
        "unknown": len(model.unknown),
    }


def _total(total: Total) -> dict[str, Any]:
    limit = total.limit
    return {
        "base": plain(total.base),
        "head": plain(total.head),
        "change": None if total.share is None else plain(round(total.share, 6)),
        "limit": None if limit is None else limit.text,
        "exceeded": total.exceeded,
    }


def _layer(layer: Layer) -> dict[str, Any]:
    node = layer.node
    return {
        "name": text(node.name),
        "scope": text(node.scope),
        "op_type": text(node.op_type),
        "params": plain(node.cost.params),
        "madds": plain(node.cost.madds),
        "memory_access_bytes": plain(sum(node.bytes.values())),
    }


def _block(block: Block) -> dict[str, Any]:
    def told(amounts: Any) -> dict[str, Any] | None:
        if amounts is None:
            return None
        return {named(QUANTITIES[key]): plain(value) for key, value in amounts.items()}

    return {
        "name": text(block.name), "base": told(block.base), "head": told(block.head),
        "touched": block.touched,
    }  # fmt: skip


def _judged(judged: Judged, head: Model | None) -> dict[str, Any]:
    """As it is now, or as it was; of one that was there before its old value as well."""
    line = None if head is None or judged.head is None else source(head, judged.head)
    entry = {"status": str(judged.status), **finding_entry(judged.finding, line)}
    if judged.base is not None and judged.head is not None:
        entry["was"] = {
            "value": plain(judged.base.value),
            "places": [text(each) for each in judged.base.places],
        }
    return entry
