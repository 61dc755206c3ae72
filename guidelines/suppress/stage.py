"""Which findings are suppressed: a step between finding and reporting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase

from costmodel.graph import Graph
from guidelines.finding import Breach, Finding
from guidelines.merge import split
from guidelines.rule import RULES
from guidelines.selector import codes
from guidelines.suppress.suppression import Suppression


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that is not reported, or the part of one, and what holds it back."""

    finding: Finding
    by: Suppression


def in_force(suppressions: Iterable[Suppression], today: date | None) -> tuple[Suppression, ...]:
    """Those that have not expired.

    Args:
        suppressions: as they are written.
        today: the day that decides; None where time does not pass.
    """
    return tuple(
        each
        for each in suppressions
        if today is None or each.expires is None or today <= each.expires
    )


def suppress(
    graph: Graph, findings: Iterable[Finding], suppressions: Iterable[Suppression]
) -> tuple[tuple[Finding, ...], tuple[Suppressed, ...]]:
    """What is left of the findings, and what is not, with the suppression that is to thank.

    A place is suppressed if all its nodes are; the first suppression that says so counts.

    Args:
        graph: the network.
        findings: what was found in it.
        suppressions: those in force, about this network.
    """
    gone: list[Suppressed] = []
    left: list[Finding] = list(findings)
    for each in suppressions:
        meant = frozenset(code for rule in each.rules for code in codes(rule, RULES))
        kept: list[Finding] = []
        for found in left:
            if found.code not in meant:
                kept.append(found)
                continue
            about = covers(graph, each.layer)
            whole, taken = split(found, {at for at, b in enumerate(found.parts) if about(b)})
            if taken is not None:
                gone.append(Suppressed(taken, each))
            if whole is not None:
                kept.append(whole)
        left = kept
    return tuple(left), tuple(gone)


def covers(graph: Graph, glob: str) -> Callable[[Breach], bool]:
    """Whether a glob means all that a breach blames; of the whole network only ``*`` does."""

    def called(breach: Breach) -> Iterable[tuple[str, ...]]:
        for name in breach.nodes:
            node = graph.node(name)
            yield node.name, node.scope, f"op:{node.op_type}"
        if not breach.nodes:
            yield (breach.label,)

    return lambda breach: all(
        any(fnmatchcase(each, glob) for each in names) for names in called(breach)
    )
