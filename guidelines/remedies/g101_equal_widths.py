"""Equal widths at equal multiply-adds, for the layers that share them and their neighbours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from costmodel.graph import Graph
from costmodel.operators import Conv, ConvTranspose
from guidelines.finding import Finding
from guidelines.remedies.sites import Surroundings, together
from guidelines.remedies.widths import at_equal_madds, held, in_step, made_by
from guidelines.remedy import NotBuilt, Remedy, remedy

SHARES = (1.0, 0.75, 0.5, 0.25)
"""How far to go towards equal widths, in the logarithm: alternatives."""


@remedy("G101")
def equal_widths(graph: Graph, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """Bring the widths of each site together; a price says how far."""
    around = Surroundings.of(graph)
    for names in together(finding.nodes, lambda name: made_by(around, [name])):
        moves = in_step(around, balance(around, names))
        if not moves:
            yield held(around, names)
            continue
        before = around.touched(moves)
        for share in SHARES:
            part = {width: share * move for width, move in moves.items()}
            yield at_equal_madds(names, before, before, part)


def balance(around: Surroundings, names: Sequence[str]) -> dict[str, float]:
    """The least changes of widths, in the logarithm, that balance these convolutions.

    A width that is a sum changes by its parts, each in proportion to its share.
    """
    known = around.known
    columns = {width: column for column, width in enumerate(made_by(around, names))}
    matrix, ratios = np.zeros((len(names), len(columns))), np.zeros(len(names))
    for row, name in enumerate(names):
        node = around.graph.node(name)
        conv = node.operator
        assert isinstance(conv, Conv | ConvTranspose)
        inside, outside = conv.d_in * conv.h_in * conv.w_in, conv.d * conv.h * conv.w
        ratios[row] = math.log(inside * conv.c_in / (outside * conv.c_out))
        for tensor, c, sign in ((node.inputs[0], conv.c_in, -1), (node.outputs[0], conv.c_out, 1)):
            for width, factor in known.width(tensor).terms.items():
                matrix[row, columns[width]] += sign * float(factor) * known.free[width] / c
    if not columns:
        return {}
    solved = np.linalg.lstsq(matrix, ratios, rcond=None)[0]
    return dict(zip(columns, map(float, solved), strict=True))
