"""Breaches of a kind as one finding, and a finding of some of its breaches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from guidelines.finding import Breach, Finding, Level


def merged(
    code: str, name: str, level: Level, breaches: Sequence[Breach], *, moved: float = 0
) -> Finding:
    """One finding of all breaches, the worst of which speaks.

    Args:
        code, name: of the rule.
        level: note, warning or error.
        breaches: at least one, in order of execution, each with its label.
        moved: bytes that the network moves where a runtime fuses.
    """
    worst = max(breaches, key=lambda breach: breach.value)
    low = min(breach.value for breach in breaches)
    spread = f"; {low:.3g} to {worst.value:.3g} over the {len(breaches)}"
    excess = sum(breach.excess_bytes for breach in breaches)
    return Finding(
        code=code,
        name=name,
        level=level,
        nodes=tuple(dict.fromkeys(name for breach in breaches for name in breach.nodes)),
        places=tuple(breach.label for breach in breaches if breach.label),
        value=worst.value,
        bound=worst.bound,
        message=worst.message + (spread if f"{low:.3g}" != f"{worst.value:.3g}" else ""),
        remedy=worst.remedy,
        excess_bytes=excess,
        share=excess / moved if moved else 0.0,
        breaches=tuple(breaches),
    )


def split(found: Finding, gone: Collection[int]) -> tuple[Finding | None, Finding | None]:
    """What is left of a finding without some of its breaches, and what these are.

    Args:
        found: the finding.
        gone: positions among its ``parts``.
    """
    left = [breach for at, breach in enumerate(found.parts) if at not in gone]
    taken = [breach for at, breach in enumerate(found.parts) if at in gone]
    if not left or not taken:
        return (None, found) if taken else (found, None)
    return remade(found, left), remade(found, taken)


def remade(found: Finding, breaches: Sequence[Breach]) -> Finding:
    """The finding of other breaches: some of its own, or reworded ones."""
    if tuple(breaches) == found.parts:
        return found
    moved = found.excess_bytes / found.share if found.share else 0.0
    made = merged(found.code, found.name, found.level, breaches, moved=moved)
    inside = set(made.nodes)
    return replace(made, nodes=tuple(name for name in found.nodes if name in inside))
