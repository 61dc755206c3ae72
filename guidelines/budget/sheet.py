"""Today's figures beside the budgets: what ``guidelint budget`` shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from costmodel.graph import Graph
from guidelines.budget.figures import Figure, figure
from guidelines.budget.limits import Budget, Subject
from guidelines.budget.quantities import QUANTITIES

if TYPE_CHECKING:
    from costmodel.device import Device


class State(StrEnum):
    """How a figure stands to its budget."""

    NONE = "none"
    WITHIN = "within"
    OPEN = "open"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Line:
    """A figure, and its budget if it has one."""

    figure: Figure
    budget: Budget | None = None

    @property
    def state(self) -> State:
        """Open is what keeps within its budget as far as it is known."""
        if self.budget is None:
            return State.NONE
        if self.figure.amount > self.budget.limit:
            return State.OVER
        return State.OPEN if self.figure.unknown or self.figure.empty else State.WITHIN


@dataclass(frozen=True, slots=True)
class Sheet:
    """A network's figures.

    Args:
        path: of the model.
        lines: of the whole network first.
    """

    path: str
    lines: tuple[Line, ...]

    @property
    def kept(self) -> bool:
        """Whether every budget is known to be kept."""
        return all(line.state in (State.NONE, State.WITHIN) for line in self.lines)


def sheet(graph: Graph, budgets: Sequence[Budget], device: Device | None = None) -> Sheet:
    """All figures of a network as a whole, and those of its parts that have a budget.

    Args:
        graph: the network.
        budgets: those that are about it.
        device: on which to predict the time, beside those that have a budget.
    """
    told = {budget.subject.key: budget for budget in budgets}
    subjects: dict[tuple[str, str, str], Subject] = {}
    for quantity in QUANTITIES.values():
        for on in [device] if quantity.on_device else [None]:
            if on is not None or not quantity.on_device:
                subject = Subject(quantity=quantity, device=on)
                subjects[subject.key] = subject
    for budget in sorted(budgets, key=lambda budget: bool(budget.subject.glob)):
        subjects.setdefault(budget.subject.key, budget.subject)
    lines = (Line(figure(graph, each), told.get(key)) for key, each in subjects.items())
    return Sheet(graph.path or "network", tuple(lines))
