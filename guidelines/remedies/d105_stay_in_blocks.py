"""What stands between kernels on blocks, changed so that maps stay there, or move less often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from costmodel.graph import Graph
from guidelines.finding import Finding
from guidelines.remedies.gates import thin_gates
from guidelines.remedies.halves import halves
from guidelines.remedies.shuffles import shuffles
from guidelines.remedies.sites import Surroundings
from guidelines.remedies.widths import at_equal_madds, in_step, made_by
from guidelines.remedy import NotBuilt, Remedy, remedy


@remedy("D105")
def stay_in_blocks(graph: Graph, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """By what stands there: shuffles, gates, concats."""
    around = Surroundings.of(graph)
    blamed = set(finding.nodes)
    mixed = [each for each in shuffles(graph) if blamed.issuperset(each.names)]
    for shuffle in mixed:
        yield halves(around, shuffle)
    kinds = {name: graph.node(name).op_type for name in finding.nodes}
    gates = tuple(name for name, kind in kinds.items() if kind == "Mul")
    if gates:
        yield from thin_gates(around, replace(finding, nodes=gates))
    if mixed or gates:
        return
    joins = [name for name, kind in kinds.items() if kind == "Concat"]
    for name in joins:
        moves = in_step(around, dict.fromkeys(_joined(around, name), 0.0))
        before = around.touched(moves) if moves else graph
        if moves:
            yield at_equal_madds([name], before, before, moves)
    if not joins:
        told = "·".join(dict.fromkeys(kinds.values()))
        yield NotBuilt(nodes=finding.nodes, reason=f"nothing is known in place of {told}")


def _joined(around: Surroundings, name: str) -> list[str]:
    """The free widths of what a concat joins."""
    node = around.graph.node(name)
    found: dict[str, object] = {}
    for tensor in node.inputs:
        found.update(around.known.width(tensor).terms)
    return list(found) or made_by(around, [name])
