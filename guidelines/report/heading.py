"""What stands above the findings and above the table of layers: the network and its totals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guidelines.quantity import count, duration, size
from guidelines.report.names import printable
from guidelines.report.report import Model
from guidelines.report.totals import unknown_types
from guidelines.report.view import View

if TYPE_CHECKING:
    from costmodel.timing import Prediction
    from guidelines.report.formulas import Formulas

CONVENTIONS = (
    'madds: one multiply-add is 1, the papers\' "FLOPs"; flops = 2 madds + ops; memory access = '
    "weights + reads + writes of every operator; fused: what is left where a runtime joins them"
)


FEW = 8
"""Inputs, dimensions or operator types that are listed before the rest is only counted."""


def heading(model: Model, view: View, *, conventions: bool = True) -> list[str]:
    """The network: its file, inputs, how much of it was costed, totals and conventions."""
    lines = [*network(model, view), "", *_totals(model, view)]
    if model.prediction is not None:
        lines += ["", *_time(model.prediction, view)]
    if conventions:
        lines += ["", *(view.paint(line, "dim") for line in view.wrap(CONVENTIONS, indent="  "))]
    return lines


def network(model: Model | Formulas, view: View) -> list[str]:
    """Its file, its inputs, and how much of it was costed."""
    graph = model.graph
    opset = view.paint(f" · opset {graph.opset}", "dim") if graph.opset else ""
    lines = [view.paint(printable(model.path), "bold") + opset]
    inputs = [f"{printable(name)} {shape_text(shape)}" for name, shape in graph.inputs.items()]
    lines += _labelled("input", _few(inputs, view), view)
    if graph.assumed:
        assumed = [f"{printable(name)} = {value}" for name, value in graph.assumed.items()]
        lines += _labelled("assumed", [", ".join(_few(assumed, view))], view)
    style = "yellow" if model.unknown else "dim"
    lines += [view.paint(line, style) for line in view.wrap(_coverage(model, view), indent="  ")]
    if view.verbosity > 0:
        for node in model.unknown:
            why = f"{printable(node.op_type)} {printable(node.name)}: {printable(node.reason)}"
            lines += view.wrap(why, indent=" " * 6, first=" " * 4)
    return lines


def _labelled(label: str, facts: list[str], view: View) -> list[str]:
    """The facts below each other, the label before the first."""
    lines = []
    for number, fact in enumerate(facts):
        first = f"  {label if number == 0 else '':<9}"
        head, *rest = view.wrap(fact, indent=" " * 11, first=first)
        lines += [view.paint(first, "dim") + head[len(first) :], *rest]
    return lines


def _few(facts: list[str], view: View) -> list[str]:
    if len(facts) <= FEW or view.verbosity > 0:
        return facts
    return [*facts[:FEW], f"{len(facts) - FEW} more"]


def shape_text(shape: tuple[object, ...]) -> str:
    """The shape as 1×3×224×224.

    >>> shape_text((1, 3, 224, 224)), shape_text(())
    ('1×3×224×224', 'scalar')
    """
    return "×".join(str(d) for d in shape) or "scalar"


def _coverage(model: Model | Formulas, view: View) -> str:
    total, unknown = len(model.graph), len(model.unknown)
    told = f"{total - unknown} of {total} nodes costed"
    if unknown:
        types = [
            printable(op_type) + (f" ×{times}" if times > 1 else "")
            for op_type, times in unknown_types(model.unknown).items()
        ]
        told += f"; unknown: {', '.join(_few(types, view))}"
    return told + (f"; {model.graph.folded} more compute constants" if model.graph.folded else "")


def _time(prediction: Prediction, view: View) -> list[str]:
    """The network's time, and how sure it is."""
    low, high = duration(prediction.low), duration(prediction.high)
    told = f"{duration(prediction.seconds)} predicted on {prediction.device}, one thread"
    return _labelled("time", [f"{told}; 9 in 10 lie between {low} and {high}"], view)


def _totals(model: Model, view: View) -> list[str]:
    """Counts on the left, bytes on the right; one below the other where the view is narrow."""
    totals = model.totals
    least = "≥ " if model.unknown else ""
    counts = (
        ("params", count(totals.params)), ("buffers", count(totals.buffers)),
        ("madds", least + count(totals.madds)), ("flops", least + count(totals.flops)),
    )  # fmt: skip
    memory = (
        ("weights", size(totals.weight_bytes), ""),
        (
            "memory access",
            least + size(totals.memory_access_bytes),
            f"{count(totals.memory_access)} elements",
        ),
        ("… when fused", least + size(totals.fused_memory_access_bytes), ""),
        ("peak activations", least + size(totals.peak_activation_bytes), ""),
    )
    wide = max(len(value) for _, value in counts)
    broad = max(len(value) for _, value, _ in memory)
    left = [f"  {view.paint(f'{label:<9}', 'dim')}{value:>{wide}}" for label, value in counts]
    right = [
        f"{view.paint(f'{label:<18}', 'dim')}{value:>{broad}}"
        + (f"   {view.paint(note, 'dim')}" if note else "")
        for label, value, note in memory
    ]
    if view.width is not None and view.width < 72:
        return [*left, *(f"  {line}" for line in right)]
    return [f"{a}      {b}" for a, b in zip(left, right, strict=True)]
