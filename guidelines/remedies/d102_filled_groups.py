"""Fewer groups of the same channels, so that each fills the device's blocks."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.errors import ModelError
from costmodel.graph import Graph
from costmodel.rewrite import resized
from guidelines.finding import Finding
from guidelines.remedies.g201_fewer_groups import fewer_groups, groups_of
from guidelines.remedies.shuffles import reshuffled
from guidelines.remedies.sites import Surroundings, together
from guidelines.remedies.widths import made_by
from guidelines.remedy import NotBuilt, Remedy, remedy


@remedy("D102")
def filled_groups(graph: Graph, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """As for G201 at equal madds; and with fewer groups at the widths that there are."""
    yield from fewer_groups(graph, finding)
    around = Surroundings.of(graph)
    for names in together(finding.nodes, lambda name: made_by(around, [name])):
        widths = made_by(around, names)
        if not widths:
            continue
        before = around.touched(widths)
        for count in sorted({groups_of(before, name) for name in names}):
            alike = [node.name for node in before.layers if groups_of(before, node.name) == count]
            for fewer in (g for g in range(1, count) if count % g == 0):
                try:
                    after = resized(before, {}, groups=dict.fromkeys(alike, fewer))
                    after = reshuffled(after, count, fewer)
                except ModelError as error:
                    yield NotBuilt(nodes=tuple(names), reason=str(error))
                    continue
                text = f"{count}→{fewer} group{'s' if fewer > 1 else ''}, widths as they are"
                yield Remedy(nodes=tuple(names), before=before, after=after, text=text)
