"""One network counted twice."""

from __future__ import annotations

from costmodel.errors import ModelError
from costmodel.graph import Graph


def agree(graph: Graph, found: int) -> None:
    """See that fvcore found as many multiply-adds as the cost model.

    Raises:
        ModelError: it found others.
    """
    if found != graph.cost.madds:
        raise ModelError(f"expected {graph.cost.madds} madds, found {found} by fvcore")
