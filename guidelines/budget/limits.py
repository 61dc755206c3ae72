"""Budgets as values: what is limited, to how much; read from the tables of a configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guidelines.budget.quantities import QUANTITIES, Quantity
from guidelines.nearest import nearest

if TYPE_CHECKING:
    from costmodel.device import Device

FILE = "file:"
"""What the name of a table begins with that is about some models only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What has a figure, and may have a budget.

    Args:
        quantity: what is counted.
        glob: on a node's name, on its module or one that holds it, or ``op:Conv``; "" for the
            whole network.
        device: on which a time is predicted.
    """

    quantity: Quantity
    glob: str = ""
    device: Device | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """Tells subjects apart."""
        return self.glob, self.quantity.key, self.device.name if self.device else ""

    @property
    def label(self) -> str:
        """What a finding calls the place; "" for the whole network."""
        where = f"on {self.device.name}" if self.device else ""
        return " ".join(part for part in (self.glob, where) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """A limit.

    Args:
        subject: what is limited.
        limit: in elements, operations, bytes or seconds.
        text: as it was written.
        file: a glob on the paths of the models that it is about, "" for all.
    """

    subject: Subject
    limit: float
    text: str
    file: str = ""


class BudgetError(ValueError):
    """A table that is no budget.

    Args:
        keys: the way to what is wrong, from the table on.
        message: what was expected, and what was found.
    """

    def __init__(self, keys: tuple[str, ...], message: str) -> None:
        super().__init__(f"{'.'.join(('budget', *keys))}: {message}")
        self.keys = keys
        self.message = message


def budgets(table: Mapping[str, Any], folder: Path = Path()) -> tuple[Budget, ...]:
    """The budgets of a table: amounts by quantity, and tables of them by glob, by ``file:`` and
    a glob, or both.

    Args:
        table: as TOML or a dictionary has it.
        folder: where the profiles of devices lie that are named by their file.

    Raises:
        BudgetError: a key or an amount that means nothing.

    >>> told = budgets({"madds": "300 MMAdd", "features.*": {"params": "2 M"}})
    >>> [(each.subject.glob, each.subject.quantity.key, each.limit) for each in told]
    [('', 'madds', 300000000), ('features.*', 'params', 2000000)]
    """
    return tuple(_read(table, (), folder, file="", glob=""))


def _read(
    table: Mapping[str, Any], keys: tuple[str, ...], folder: Path, *, file: str, glob: str
) -> Iterator[Budget]:
    for key, given in table.items():
        here = (*keys, key)
        name = key.replace("_", "-")
        quantity = QUANTITIES.get(name)
        if quantity is not None and quantity.on_device:
            if not isinstance(given, Mapping):
                raise BudgetError(here, f"expected a time on a device such as {TIME}")
            for called, amount in given.items():
                subject = Subject(
                    quantity=quantity, glob=glob, device=_device((*here, called), folder)
                )
                yield _budget(subject, amount, (*here, called), file)
        elif quantity is not None:
            yield _budget(Subject(quantity=quantity, glob=glob), given, here, file)
        elif isinstance(given, Mapping) and key.startswith(FILE) and not keys:
            yield from _read(given, here, folder, file=key.removeprefix(FILE), glob="")
        elif isinstance(given, Mapping) and not glob:
            yield from _read(given, here, folder, file=file, glob=key)
        else:
            raise BudgetError(here, f"unknown quantity{nearest(name, QUANTITIES)}")


TIME = '{ amd-epyc-zen3 = "8 ms" }'


def _budget(subject: Subject, given: object, keys: tuple[str, ...], file: str) -> Budget:
    if subject.glob and subject.quantity.whole is not None:
        raise BudgetError(keys, "expected for the whole network only, found for a part of it")
    try:
        limit = subject.quantity.kind.read(given)
    except ValueError as error:
        found = json.dumps(given, ensure_ascii=False, default=str)
        raise BudgetError(keys, f"expected {error}, found {found}") from None
    return Budget(subject=subject, limit=limit, text=str(given).strip(), file=file)


def _device(keys: tuple[str, ...], folder: Path) -> Device:
    from costmodel.device import load, names
    from costmodel.errors import ModelError

    name = keys[-1]
    if name.endswith(".toml"):
        name = str(folder / name)
    elif name not in names():
        raise BudgetError(keys, f"unknown device{nearest(name, names())}")
    try:
        return load(name)
    except ModelError as error:
        raise BudgetError(keys, str(error)) from None


def applying(told: Iterable[Budget], matches: Callable[[str], bool]) -> tuple[Budget, ...]:
    """The budgets that are about a model: one for its file goes before one for all, and of two
    for its file the later.

    Args:
        told: as a configuration gives them.
        matches: whether a glob matches the model's path.
    """
    chosen: dict[tuple[str, str, str], Budget] = {}
    for each in sorted(told, key=lambda budget: bool(budget.file)):
        if not each.file or matches(each.file):
            chosen[each.subject.key] = each
    return tuple(chosen.values())
