"""How much more of a quantity is let through: ``madds:5%``, ``params:0``, ``time:2 ms``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from guidelines.budget.quantities import QUANTITIES, Quantity
from guidelines.nearest import nearest

NAMES = {
    "weights": "weight_bytes",
    "memory-access": "memory_access_bytes",
    "fused-memory-access": "fused_memory_access_bytes",
    "peak-activation": "peak_activation_bytes",
    "time": "seconds",
}
"""What documents for machines call a quantity, where the unit belongs to the name."""

_PERCENT = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*%")


def named(quantity: Quantity) -> str:
    """What documents for machines call it."""
    return NAMES.get(quantity.key, quantity.key)


BY_NAME = {
    name: quantity
    for quantity in QUANTITIES.values()
    for name in (quantity.key.replace("-", "_"), named(quantity))
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most that a quantity may grow by.

    Args:
        quantity: what is limited.
        share: of what there was; None where an amount is given.
        amount: in its unit; None where a share is given.
        text: as it was written.
    """

    quantity: Quantity
    share: float | None = None
    amount: float | None = None
    text: str

    def exceeded(self, base: float, head: float) -> bool:
        """Whether it grew by more; by any share of nothing, where there was nothing."""
        if self.amount is not None:
            return head - base > self.amount
        return head - base > (self.share or 0.0) * base


def limits(text: Iterable[str]) -> dict[str, Limit]:
    """The limits, by key of their quantity.

    Raises:
        ValueError: a name or an amount that means nothing, or a quantity that is given twice.

    >>> told = limits(["madds:5%,params:300k", "memory_access:0"])
    >>> [(key, limit.share, limit.amount) for key, limit in told.items()]
    [('madds', 0.05, None), ('params', None, 300000), ('memory-access', None, 0)]
    """
    found: dict[str, Limit] = {}
    for word in (word.strip() for each in text for word in each.split(",")):
        if not word:
            continue
        name, colon, amount = (part.strip() for part in word.partition(":"))
        quantity = BY_NAME.get(name.replace("-", "_"))
        if quantity is None:
            raise ValueError(f"unknown quantity '{name}'{_nearest(name)}")
        if not colon or not amount:
            raise ValueError(f"expected {name}:5% or an amount, found '{word}'")
        if quantity.key in found:
            raise ValueError(f"expected one limit for {name}, found two")
        found[quantity.key] = _limit(quantity, amount)
    return found


def _nearest(name: str) -> str:
    return nearest(name.replace("-", "_"), {each.replace("-", "_") for each in QUANTITIES})


def _limit(quantity: Quantity, text: str) -> Limit:
    share = _PERCENT.fullmatch(text)
    if share is not None:
        return Limit(quantity=quantity, share=float(share[1]) / 100, text=text)
    try:
        amount = 0 if text == "0" else quantity.kind.read(text)
    except ValueError as error:
        raise ValueError(
            f"{quantity.key.replace('-', '_')}: expected a share such as 5%, or {error}, "
            f"found '{text}'"
        ) from None
    return Limit(quantity=quantity, amount=amount, text=text)
