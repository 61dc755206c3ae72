"""The classes that a device's kernels are drawn in: those of operators, and changes of layout."""

from __future__ import annotations

from costmodel.graph import Graph
from costmodel.timing import Timed
from guidelines.operator_class import (
    COPY,
    ELEMENTWISE,
    NORMALISATION,
    POOLING,
    operator_class,
)
from guidelines.pictures import operator_class as operators
from guidelines.pictures.style import Fill

REORDER = "layout change"

FILLS = {**operators.FILLS, REORDER: Fill("#FFFFFF", "\\\\\\\\")}
"""Every class, in the order in which bars are stacked."""

MARKERS = {
    **operators.MARKERS, POOLING: "v", NORMALISATION: "h", ELEMENTWISE: "d", COPY: "<",
    REORDER: ">",
}  # fmt: skip
"""The shape of a point."""


def kernel_class(timed: Timed, graph: Graph) -> str:
    """The class of a kernel, which is that of its head: a key of FILLS."""
    if not timed.kernel.head:
        return REORDER
    return operator_class(graph.node(timed.kernel.head))
