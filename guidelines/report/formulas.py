"""A network's costs as formulas in the sizes of its input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from costmodel.algebra.closed import ClosedForms, closed_forms
from costmodel.algebra.dims import names
from costmodel.graph import Graph, Node

FIGURES = {
    "params": "params", "madds": "madds", "flops": "flops", "memory_access": "memory access",
    "memory_access_bytes": "… in bytes",
}  # fmt: skip
"""What is printed of the closed forms, and what it is called."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Formulas:
    """A network in symbols.

    Args:
        graph: read with ``symbolic=True``.
        forms: its costs.
    """

    graph: Graph
    forms: ClosedForms

    @classmethod
    def of(cls, graph: Graph) -> Formulas:
        return cls(graph=graph, forms=closed_forms(graph))

    @property
    def path(self) -> str:
        """Where it was read from, or what it is called."""
        return self.graph.path or "network"

    @cached_property
    def unknown(self) -> tuple[Node, ...]:
        """The nodes without a cost."""
        return self.graph.unknown

    @property
    def findings(self) -> None:
        """Rules compare numbers, so none was run."""
        return None

    @cached_property
    def sizes(self) -> list[str]:
        """Names of the symbols, in the order of the inputs' axes."""
        dims = [d for shape in self.graph.inputs.values() for d in shape]
        return list(dict.fromkeys(name for d in dims for name in names(d)))

    @property
    def simpler(self) -> bool:
        """Whether some sizes have a simpler form: those that leave no floor."""
        return bool(self.forms.multiples)
