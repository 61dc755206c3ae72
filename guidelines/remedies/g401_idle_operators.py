"""Element-wise operators where they cost nothing, fewer of them, or on thinner maps."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.graph import Graph
from guidelines.finding import Finding
from guidelines.remedies.folding import folded
from guidelines.remedies.gates import thin_gates
from guidelines.remedies.halves import halves
from guidelines.remedies.joins import joined_once
from guidelines.remedies.shuffles import shuffles
from guidelines.remedies.sites import Surroundings
from guidelines.remedy import NotBuilt, Remedy, remedy
from guidelines.rules.g401_elementwise_traffic import COPY, NEEDLESS, families


@remedy("G401")
def idle_operators(graph: Graph, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """By the family of what is blamed."""
    found = families(graph)
    family = next(found[name] for name in finding.nodes if found[name])
    around = Surroundings.of(graph)
    if family in NEEDLESS:
        yield from folded(around, finding)
    elif family == COPY:
        mixed = [each for each in shuffles(graph) if set(finding.nodes).issuperset(each.names)]
        yield from (halves(around, each) for each in mixed)
        if not mixed:
            yield from joined_once(around, finding)
    else:
        yield from thin_gates(around, finding)
