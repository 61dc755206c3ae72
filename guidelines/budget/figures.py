"""Today's figures: how much a network, or a part of it, has of a quantity, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from costmodel.graph import Graph, Node
from guidelines.budget.limits import Subject

HEAVIEST = 3
"""Blocks that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """How much there is of something.

    Args:
        subject: what was counted.
        amount: the sum; what is not known is left out.
        parts: what each node has of it, by name, in order of execution.
        unknown: the nodes of which it is not known.
        empty: whether no layer is called as the subject says.
    """

    subject: Subject
    amount: float
    parts: Mapping[str, float]
    unknown: tuple[str, ...]
    empty: bool

    @property
    def told(self) -> str:
        """``300.8 M multiply-adds``, ``at least`` that much where some is not known."""
        quantity = self.subject.quantity
        shown = quantity.kind.shown(self.amount)
        where = f" on {self.subject.device.name}" if self.subject.device else ""
        return f"{'at least ' if self.unknown else ''}{shown} {quantity.noun}{where}"


def figure(graph: Graph, subject: Subject) -> Figure:
    """How much a network has of a subject today."""
    inside = {node.name: node for node in graph.layers if belongs(node, subject.glob)}
    parts = {
        name: amount
        for name, amount in subject.quantity.parts(graph, subject.device).items()
        if name in inside and amount
    }
    quantity = subject.quantity
    amount = sum(parts.values()) if quantity.whole is None else quantity.whole(graph)
    unknown = tuple(name for name, node in inside.items() if quantity.unknown(graph, node))
    return Figure(
        subject=subject, amount=amount, parts=parts, unknown=unknown,
        empty=bool(subject.glob) and not inside,
    )  # fmt: skip


def belongs(node: Node, glob: str) -> bool:
    """Whether a glob means a node: its name, its module, a module around that, or ``op:Conv``."""
    names = (node.name, f"op:{node.op_type}", *_modules(node))
    return not glob or any(fnmatchcase(each, glob) for each in names)


def around(graph: Graph) -> set[str]:
    """Every module of a network."""
    return {module for node in graph.layers for module in _modules(node)}


def _modules(node: Node) -> tuple[str, ...]:
    """The module that it stands in, and those around that."""
    parts = node.scope.split(".") if node.scope else []
    return tuple(".".join(parts[:end]) for end in range(1, len(parts) + 1))


def heaviest(graph: Graph, found: Figure) -> tuple[tuple[str, float], ...]:
    """The blocks that weigh most, heaviest first; of one block its modules, of one its nodes."""
    join = found.subject.quantity.join
    for called in (block, lambda node: node.label, lambda node: node.name):
        groups: dict[str, list[float]] = {}
        for name, amount in found.parts.items():
            groups.setdefault(called(graph.node(name)), []).append(amount)
        if len(groups) > 1:
            joined = {label: join(amounts) for label, amounts in groups.items()}
            return tuple(sorted(joined.items(), key=lambda item: -item[1])[:HEAVIEST])
    return ()


def block(node: Node) -> str:
    """The module that repeats: the path up to its first number; the node's name without modules.

    >>> from costmodel.graph import Node
    >>> words = {"op_type": "Conv", "operator": None, "inputs": (), "outputs": ()}
    >>> block(Node(name="n", scope="features.2.conv.0", **words)), block(Node(name="n", **words))
    ('features.2', 'n')
    """
    parts = node.scope.split(".")
    number = next((at for at, part in enumerate(parts) if part.isdecimal()), len(parts) - 1)
    return ".".join(parts[: number + 1]) or node.name
