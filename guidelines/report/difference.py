"""What the formats of a comparison have in common: its verdict and its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from guidelines.budget.quantities import QUANTITIES
from guidelines.comparing.comparison import Block, Comparison, Total
from guidelines.comparing.findings import Judged, Status
from guidelines.finding import Level
from guidelines.report.heading import shape_text

SAME = "="
"""In place of a change that is none."""

COLUMNS = ("params", "madds", "memory-access", "fused-memory-access", "time")
"""Quantities that blocks and layers are told in."""


def title(key: str) -> str:
    """A quantity at the head of a row or column.

    >>> title("fused-memory-access"), title("peak-activation")
    ('when fused', 'peak activations')
    """
    return {"fused-memory-access": "when fused", "peak-activation": "peak activations"}.get(
        key, key.replace("-", " ")
    )


def amount(total: Total, value: float | None) -> str:
    """A total, with a sign where it is a lower bound."""
    if value is None:
        return "none"
    return ("≥ " if total.least else "") + total.quantity.kind.shown(value)


def change(total: Total) -> str:
    """``+3.4%``; ``=`` where nothing changed; the amount where there was nothing."""
    if total.base is None or total.head is None:
        return "new" if total.base is None else "gone"
    if total.change == 0:
        return SAME
    if total.share is None:
        return more(total.quantity.key, total.change)
    return percentage(total.share)


def percentage(share: float) -> str:
    """A change as a share of what there was.

    >>> percentage(0.0341), percentage(-0.5), percentage(0.00001), percentage(12.5)
    ('+3.4%', '-50.0%', '+<0.1%', '×13.5')
    """
    if share >= 9:
        return f"×{1 + share:.1f}"
    if abs(share) < 0.0005:
        return f"{'+' if share > 0 else '-'}<0.1%"
    return f"{share:+.1%}"


def more(key: str, value: float) -> str:
    """How much more there is of a quantity.

    >>> more("madds", 1200), more("memory-access", -4000), more("params", 0)
    ('+1.20 k', '-4.00 kB', '=')
    """
    if not value:
        return SAME
    shown = QUANTITIES[key].kind.shown(abs(value))
    return f"{'+' if value > 0 else '-'}{shown}"


def grown(block: Block, key: str) -> float:
    """How much more a block has of a quantity."""
    return (block.head or {}).get(key, 0) - (block.base or {}).get(key, 0)


def verdict(comparison: Comparison) -> str:
    """In a few words, whether the change may be merged, and why not."""
    reasons = [
        f"{total.quantity.words} {change(total)} (limit {total.limit.text})"
        for total in comparison.exceeded
        if total.limit is not None
    ]
    reasons += _counted(comparison.against)
    if reasons:
        return f"fails: {', '.join(reasons)}"
    if comparison.same:
        return f"no change: {_alike(comparison)}"
    if comparison.base is None or comparison.head is None:
        told = ["a new model" if comparison.base is None else "the model is gone"]
    else:
        keys = ("params", "madds", "memory-access", "time")
        totals = [comparison.totals[key] for key in keys if key in comparison.totals]
        told = [f"{t.quantity.words} {change(t)}" for t in totals if t.change]
    told += _counted([each for each in comparison.findings if each.status is not Status.UNCHANGED])
    return f"passes: {', '.join(told or ['the same totals'])}"


def _alike(comparison: Comparison) -> str:
    number = len(comparison.matching.head)
    layers = f"{number} layer{'' if number == 1 else 's'}"
    renamed = comparison.matching.renamed
    return layers + (f", {renamed} of them renamed" if renamed else "")


def _counted(findings: Iterable[Judged]) -> list[str]:
    """``1 new warning``, ``2 fixed notes``."""
    found = list(findings)
    told = []
    for status in Status:
        for level in reversed(Level):
            number = sum(f.status is status and f.finding.level is level for f in found)
            if number:
                told.append(f"{number} {status} {level}{'' if number == 1 else 's'}")
    return told


def layers_told(comparison: Comparison) -> str:
    """How many layers became what."""
    matching = comparison.matching
    changed = len(comparison.changes)
    kept = len(matching.pairs) - changed
    counts = {
        "changed": changed, "added": len(matching.added), "removed": len(matching.removed),
        "unchanged": kept + sum(len(right) for _, right in matching.rewritten),
    }  # fmt: skip
    renamed = f", {matching.renamed} renamed" if matching.renamed else ""
    return ", ".join(f"{number} {word}" for word, number in counts.items() if number) + renamed


def inputs_told(comparison: Comparison) -> str:
    """The shapes of the inputs, where they are not what they were."""
    if comparison.base is None or comparison.head is None:
        return ""
    one, other = (
        ", ".join(shape_text(shape) for shape in model.graph.inputs.values())
        for model in (comparison.base, comparison.head)
    )
    return "" if one == other else f"{one} → {other}"


def worse(judged: Judged) -> str:
    """From what to what a finding went: its value, and its places."""
    if judged.base is None or judged.head is None or judged.status is Status.UNCHANGED:
        return ""
    told = []
    if f"{judged.base.value:.3g}" != f"{judged.head.value:.3g}":
        shown = _amount(judged.head.code)
        told.append(f"{shown(judged.base.value)} → {shown(judged.head.value)}")
    if len(judged.base.places) != len(judged.head.places):
        told.append(f"×{len(judged.base.places)} → ×{len(judged.head.places)}")
    return ", ".join(told)


def _amount(code: str) -> Callable[[float], str]:
    """How the value of a finding is written: those of budgets have units."""
    units = {quantity.code: quantity.kind.shown for quantity in QUANTITIES.values()}
    return units.get(code, "{:.3g}".format)


def place(judged: Judged) -> str:
    """Where it is; of one that got worse, where it did."""
    found = judged.finding
    told = []
    for word, parts in (("also at", judged.fresh), ("worse at", judged.grown)):
        labels = list(dict.fromkeys(part.label for part in parts if part.label))
        if labels:
            several = f"{labels[0]} … {labels[-1]}" if len(labels) > 2 else " and ".join(labels)
            told.append(f"{word} {several}")
    return ", ".join(told) or (found.where if found.places else "the whole network")
