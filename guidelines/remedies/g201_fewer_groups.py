"""Fewer groups on narrower maps, at equal multiply-adds."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.graph import Graph
from costmodel.operators import Conv
from costmodel.rewrite import resized
from guidelines.finding import Finding
from guidelines.remedies.shuffles import reshuffled
from guidelines.remedies.sites import Surroundings, together
from guidelines.remedies.widths import at_equal_madds, held, in_step, made_by
from guidelines.remedy import NotBuilt, Remedy, remedy


@remedy("G201")
def fewer_groups(graph: Graph, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """Take the groups of a site down, and its widths with them; a price says how far.

    Neighbours of as many groups follow, and so do the shuffles between them.
    """
    around = Surroundings.of(graph)
    for names in together(finding.nodes, lambda name: made_by(around, [name])):
        moves = in_step(around, dict.fromkeys(made_by(around, names), 0.0))
        if not moves:
            yield held(around, names)
            continue
        before = around.touched(moves)
        groups = {groups_of(before, name) for name in names}
        for count in sorted(groups):
            alike = [node.name for node in before.layers if groups_of(before, node.name) == count]
            for fewer in (g for g in range(1, count) if count % g == 0):
                after = resized(before, {}, groups=dict.fromkeys(alike, fewer), known=around.known)
                after = reshuffled(after, count, fewer)
                text = f"{count}→{fewer} group{'s' if fewer > 1 else ''}"
                yield at_equal_madds(names, before, after, moves, text)


def groups_of(part: Graph, name: str) -> int:
    """Groups of a convolution; 1 of one that is depthwise, or of another operator."""
    conv = part.node(name).operator
    if not isinstance(conv, Conv) or conv.groups == conv.c_in:
        return 1
    return int(conv.groups)
