"""Today's figures as budgets in a configuration, of which all else stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from costmodel.graph import Graph
from guidelines.budget.figures import figure
from guidelines.budget.limits import FILE, Budget, Subject
from guidelines.budget.quantities import QUANTITIES

FIRST = ("params", "madds", "memory-access", "peak-activation")
"""What is recorded of a network that has no budget yet."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A budget to write.

    Args:
        keys: the way to it from the table ``budget``.
        text: the amount.
    """

    keys: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Held:
    """A network with the budgets that are about it.

    Args:
        graph: the network.
        budgets: those that are about it.
        file: what a table of its own would be called, "" where the whole configuration is its.
    """

    graph: Graph
    budgets: tuple[Budget, ...]
    file: str = ""


def recorded(
    networks: Iterable[Held], headroom: float, extra: Iterable[Subject] = ()
) -> tuple[Recorded, ...]:
    """Today's figures, with headroom, in the places where the budgets stand.

    A budget for several networks is what the largest of them needs.

    Args:
        networks: those of one configuration.
        headroom: share that is added.
        extra: what to record beside what has a budget.
    """
    amounts: dict[tuple[str, ...], tuple[Subject, float]] = {}
    for each in networks:
        for file, subject in _subjects(each, extra):
            keys = _keys(file, subject)
            amount = figure(each.graph, subject).amount
            most = max(amount, amounts[keys][1]) if keys in amounts else amount
            amounts[keys] = subject, most
    return tuple(
        Recorded(keys, subject.quantity.kind.written(amount * (1 + headroom)))
        for keys, (subject, amount) in amounts.items()
    )


def _subjects(network: Held, extra: Iterable[Subject]) -> list[tuple[str, Subject]]:
    told = [(budget.file, budget.subject) for budget in network.budgets]
    if not told:
        told = [(network.file, Subject(quantity=QUANTITIES[key])) for key in FIRST]
    own = told[0][0]
    known = {subject.key for _, subject in told}
    return [*told, *((own, subject) for subject in extra if subject.key not in known)]


def _keys(file: str, subject: Subject) -> tuple[str, ...]:
    device = subject.device.name if subject.device else ""
    keys = (f"{FILE}{file}" if file else "", subject.glob, subject.quantity.key, device)
    return tuple(key for key in keys if key)


def written(text: str, top: tuple[str, ...], budgets: Iterable[Recorded]) -> str:
    """The text of a configuration with budgets, comments and order as they were.

    Args:
        text: TOML.
        top: the tables around ours.
        budgets: to write.
    """
    import tomlkit

    document = tomlkit.parse(text)
    for each in budgets:
        *tables, key = ("budget", *each.keys)
        here: Any = document
        for name in (*top, *tables):
            found = _called(name, here)
            if found not in here:
                if name == "budget" and len(here):
                    here.add(tomlkit.nl())
                device = name in QUANTITIES
                here[found] = tomlkit.inline_table() if device else tomlkit.table()
            here = here[found]
        here[_called(key, here)] = each.text
    return tomlkit.dumps(document)


def _called(name: str, table: Mapping[str, Any]) -> str:
    """The key as the table has it, with ``-`` or with ``_``."""
    return next((key for key in table if key.replace("_", "-") == name), name)
