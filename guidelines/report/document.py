"""The JSON layout of a report, as plain values; ``schema.json`` describes it.

Within a ``schema_version`` fields are added, never renamed or removed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from costmodel import __version__
from costmodel.graph import Node
from costmodel.operator import Operator
from guidelines.finding import Finding, Saving
from guidelines.report.locations import Location, source
from guidelines.report.report import Model, Report

if TYPE_CHECKING:
    from costmodel.timing import Prediction

SCHEMA_VERSION = 1


def document(report: Report, *, nodes: bool = False) -> dict[str, Any]:
    """A whole report."""
    return {
        "schema_version": SCHEMA_VERSION,
        "guidelint": __version__,
        "models": [model_entry(model, nodes=nodes) for model in report.models],
        "errors": [{"path": text(e.path), "message": text(e.message)} for e in report.errors],
    }


def model_entry(model: Model, *, nodes: bool = False) -> dict[str, Any]:
    """One network; ``findings`` are left out where no rule was run."""
    graph = model.graph
    entry: dict[str, Any] = {
        "path": text(graph.path),
        "opset": graph.opset,
        "inputs": {text(name): [plain(d) for d in shape] for name, shape in graph.inputs.items()},
        "assumed": {text(name): plain(value) for name, value in graph.assumed.items()},
        "totals": {name: plain(value) for name, value in model.totals.to_dict().items()},
        "counts": {
            "nodes": len(graph),
            "costed": len(graph) - len(model.unknown),
            "unknown": len(model.unknown),
            "folded": graph.folded,
            **({} if model.findings is None else _held_back(model)),
        },
        "unknown": [
            {"name": text(n.name), "op_type": text(n.op_type), "reason": text(n.reason)}
            for n in model.unknown
        ],
    }
    if model.prediction is not None:
        entry["prediction"] = prediction_entry(model.prediction)
        entry["unsaved"] = [finding_entry(found) for found in model.unsaved]
    if model.findings is not None:
        entry["findings"] = [finding_entry(found, source(model, found)) for found in model.findings]
    if nodes:
        entry["nodes"] = [node_entry(node) for node in graph.layers]
    return entry


def _held_back(model: Model) -> dict[str, int]:
    """How many findings are not among those listed."""
    return {"in_baseline": len(model.known), "suppressed": len(model.suppressed)}


def finding_entry(found: Finding, line: Location | None = None) -> dict[str, Any]:
    """One finding, and the line of Python that built what it blames, where that is known."""
    return {
        "code": found.code,
        "name": found.name,
        "level": str(found.level),
        "nodes": [text(name) for name in found.nodes],
        "places": [text(place) for place in found.places],
        "message": text(found.message),
        "remedy": text(found.remedy),
        "value": plain(found.value),
        "bound": plain(found.bound),
        "excess_bytes": plain(found.excess_bytes),
        "share": plain(round(found.share, 6)),
        "fingerprint": found.fingerprint,
        **({} if found.saving is None else {"saving": saving_entry(found.saving)}),
        **({} if line is None else {"source": {"file": text(line.file), "line": line.line}}),
    }


def prediction_entry(prediction: Prediction) -> dict[str, Any]:
    """The time of a network on a device."""
    return {"device": text(prediction.device), **interval_entry(prediction)}


def saving_entry(saving: Saving) -> dict[str, Any]:
    """What is saved, and by which change."""
    return {**interval_entry(saving), "change": text(saving.change)}


def interval_entry(held: Prediction | Saving) -> dict[str, float]:
    """Seconds, and between what they lie in 9 of 10 cases."""
    return {name: plain(getattr(held, name)) for name in ("seconds", "low", "high")}


def node_entry(node: Node, seconds: float | None = None) -> dict[str, Any]:
    """One node; where its cost is unknown, all is null but the constants that it owns."""
    operator = node.operator
    entry = {
        "name": text(node.name),
        "scope": text(node.scope),
        "op_type": text(node.op_type),
        "operator": None if operator is None else _operator(operator),
        "times": node.times,
        **{name: plain(value) for name, value in node.cost.to_dict().items()},
        "bytes": {dtype: plain(moved) for dtype, moved in sorted(node.bytes.items())},
        "memory_access_bytes": plain(sum(node.bytes.values())),
    }
    if seconds is not None:
        entry["predicted_seconds"] = plain(seconds)
    if operator is None:
        entry.update(dict.fromkeys(WORK))
    return entry


WORK = ("madds", "ops", "weight_reads", "reads", "writes", "bytes", "memory_access_bytes")
"""What is not known of a node without a cost."""


def _operator(operator: Operator) -> dict[str, Any]:
    return {
        "type": type(operator).__name__,
        **{name: plain(value) for name, value in operator.dims.items()},
    }


def plain(value: Any) -> Any:
    """A value that JSON has: numbers as they are, infinities as null, expressions as text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return plain(value.item())  # a numpy number
    return text(str(value))


def text(name: str) -> str:
    """Text that UTF-8 has: a file name may hold bytes that are no text."""
    return name if name.isascii() else name.encode("utf-8", "replace").decode()
