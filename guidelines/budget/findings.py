"""What is found of budgets: those that are exceeded, and those that cannot be judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from costmodel.graph import Graph
from guidelines.budget.figures import Figure, around, figure, heaviest
from guidelines.budget.limits import Budget
from guidelines.budget.quantities import OPEN, OPEN_NAME
from guidelines.finding import Breach, Finding, Level
from guidelines.merge import merged
from guidelines.nearest import nearest
from guidelines.quantity import duration, percent

MOST_TYPES = 5
"""Operator types that are named."""


def over(graph: Graph, budgets: Iterable[Budget]) -> tuple[Finding, ...]:
    """A finding for each budget that a network exceeds, and for each part of it one for those
    that are open: what is known keeps within them, and something is not known.

    Args:
        graph: the network.
        budgets: those that are about it.
    """
    found = []
    open_: dict[str, list[Figure]] = {}
    for budget in budgets:
        today = figure(graph, budget.subject)
        if today.amount > budget.limit:
            found.append(_exceeded(graph, budget, today))
        elif today.unknown or today.empty:
            open_.setdefault(budget.subject.glob, []).append(today)
    found += [_open(graph, glob, figures) for glob, figures in open_.items()]
    return tuple(found)


def _exceeded(graph: Graph, budget: Budget, today: Figure) -> Finding:
    quantity = budget.subject.quantity
    excess = today.amount - budget.limit
    shown = quantity.kind.shown
    far = f"{shown(excess)} ({percent(excess / budget.limit)})" if budget.limit else shown(excess)
    breach = Breach(
        nodes=(),
        kind="",
        value=today.amount,
        bound=budget.limit,
        message=f"{today.told}, {far} over the budget of {budget.text}{_sure(graph, today)}",
        remedy=_weighing(graph, today),
        excess_bytes=0,
        label=budget.subject.label,
    )
    return merged(quantity.code, quantity.name, Level.ERROR, [breach])


def _weighing(graph: Graph, today: Figure) -> str:
    shown = today.subject.quantity.kind.shown
    blocks = (
        f"{name} {shown(amount)} ({percent(amount / today.amount)})"
        for name, amount in heaviest(graph, today)
    )
    told = ", ".join(blocks)
    return f"heaviest: {told}" if told else ""


def _sure(graph: Graph, today: Figure) -> str:
    if today.subject.device is None or today.subject.glob:
        return ""
    from costmodel.timing import predict

    told = predict(graph, today.subject.device)
    return f"; 9 in 10 lie between {duration(told.low)} and {duration(told.high)}"


def _open(graph: Graph, glob: str, figures: Sequence[Figure]) -> Finding:
    """Budgets of one part of the network that are open for the same reason."""
    unknown = tuple(dict.fromkeys(name for each in figures for name in each.unknown))
    keys = ", ".join(dict.fromkeys(each.subject.quantity.words for each in figures))
    if unknown:
        number = f"{len(unknown)} node{'' if len(unknown) == 1 else 's'}"
        why = f"the cost of {number} is unknown ({', '.join(_types(graph, unknown))})"
    else:
        meant = nearest(glob, around(graph))
        why = f"no layer is called '{glob}'{meant if 'did you mean' in meant else ''}"
    breach = Breach(
        nodes=unknown,
        kind="",
        value=float(len(unknown)),
        bound=0.0,
        message=f"cannot be held to its budget of {keys}: {why}",
        remedy="" if unknown else "take the budget out, or name layers that the network has",
        excess_bytes=0,
        label=glob,
    )
    return merged(OPEN, OPEN_NAME, Level.WARNING, [breach])


def _types(graph: Graph, names: Sequence[str]) -> Iterator[str]:
    counted = Counter(graph.node(name).op_type for name in names)
    for op_type, times in list(counted.items())[:MOST_TYPES]:
        yield f"{op_type} ×{times}" if times > 1 else op_type
    if len(counted) > MOST_TYPES:
        yield f"{len(counted) - MOST_TYPES} more"
