"""Widths that are multiples of what the device's kernels work on."""

from __future__ import annotations

from collections.abc import Iterator

from costmodel.errors import ModelError
from costmodel.graph import Graph
from costmodel.rewrite import resized
from guidelines.finding import Finding
from guidelines.remedies.sites import Surroundings, together
from guidelines.remedies.widths import at_equal_madds, held, in_step, made_by
from guidelines.remedies.words import changes
from guidelines.remedy import NotBuilt, Remedy, remedy

MULTIPLES = (4, 8, 16, 32)
"""Of which a width may have to be one: half of it a multiple of 4, or a whole block of 16."""

MOST_WIDENING = 1.1
"""How much wider a width may get, unless it is so narrow that its next multiple is farther."""


@remedy("D101")
def whole_blocks(graph: Graph, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """Widths rounded up, madds and all; and rounded at equal madds."""
    around = Surroundings.of(graph)
    for names in together(finding.nodes, lambda name: made_by(around, [name])):
        moves = in_step(around, dict.fromkeys(made_by(around, names), 0.0))
        if not moves:
            yield held(around, names)
            continue
        before = around.touched(moves)
        yield at_equal_madds(names, before, before, moves)
        free = {name: around.known.free[name] for name in moves}
        for step in MULTIPLES:
            wider = {name: -(-width // step) * step for name, width in free.items()}
            if wider == free or any(
                wider[name] > max(MOST_WIDENING * width, width + MULTIPLES[0])
                for name, width in free.items()
            ):
                continue
            try:
                after = resized(before, wider)
            except ModelError as error:
                yield NotBuilt(nodes=tuple(names), reason=str(error))
                continue
            yield Remedy(
                nodes=tuple(names), before=before, after=after, text=changes(free, wider)
            )  # fmt: skip


remedy("D103")(whole_blocks)
