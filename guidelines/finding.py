"""A finding: which rule, where, by how much, and what to change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters, least first."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for a note, 2 for an error."""
        return list(Level).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """What a rule yields: one place that breaks it. The runner makes Findings of these.

    Args:
        nodes: names of the graph's nodes that are to blame, in order of execution.
        kind: breaches of one kind in one network are reported as one finding ("×16").
        value: the measured number (access over its bound, fragments, share of traffic).
        bound: what the rule allows it to be.
        message: what is wrong here, with its numbers; one line.
        remedy: the nearest change that would help, with its predicted effect; one line.
        excess_bytes: bytes moved beyond the bound, in one run of the network.
        label: what to call the place; the first node's scope or name by default.
    """

    nodes: tuple[str, ...]
    kind: str
    value: float
    bound: float
    message: str
    remedy: str
    excess_bytes: int
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Seconds that a change saves, in 9 of 10 cases between ``low`` and ``high``.

    Args:
        seconds, low, high: of all places together.
        change: what is changed at the place that saves most; "" where it is one that is known.
    """

    seconds: float
    low: float
    high: float
    change: str = ""

    @property
    def error(self) -> float:
        """Half of the interval."""
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report: a breach, or all of a kind in the network.

    Args:
        code, name: of the rule.
        level: note, warning or error.
        nodes: every node to blame, in order of execution.
        places: labels of the places, in order of execution; ``len(places)`` is the "×16".
        value, bound: of the worst place.
        message, remedy: one line each.
        excess_bytes: over all places.
        share: excess_bytes over the bytes that the network moves where a runtime fuses, which
            is what excess_bytes counts too.
        saving: what a device is predicted to save by the remedy; None without a device.
        breaches: what it was merged from, in order of execution, each with its label.
    """

    code: str
    name: str
    level: Level
    nodes: tuple[str, ...]
    places: tuple[str, ...]
    value: float
    bound: float
    message: str
    remedy: str
    excess_bytes: int
    share: float
    saving: Saving | None = None
    breaches: tuple[Breach, ...] = ()

    @property
    def parts(self) -> tuple[Breach, ...]:
        """The breaches; of a finding that was not merged, itself as one."""
        whole = Breach(
            nodes=self.nodes, kind="", value=self.value, bound=self.bound, message=self.message,
            remedy=self.remedy, excess_bytes=self.excess_bytes, label=", ".join(self.places),
        )  # fmt: skip
        return self.breaches or (whole,)

    @property
    def where(self) -> str:
        """``features.2``, or ``×16: features.2 … features.17``."""
        if len(self.places) == 1:
            return self.places[0]
        first, last = self.places[0], self.places[-1]
        reach = first if first == last else f"{first} … {last}"
        return f"×{len(self.places)}: {reach}"

    @property
    def fingerprint(self) -> str:
        """Stable identity: the rule and the places, never the values."""
        text = "\n".join((self.code, *self.places))
        return hashlib.sha256(text.encode()).hexdigest()[:16]
