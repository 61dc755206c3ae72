"""What the boxes of a network weigh, and which findings are theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt

from guidelines.finding import Breach, Finding, Level
from guidelines.quantity import percent
from guidelines.report.html.outline import Box
from guidelines.report.report import Model

STEPS = 6
"""Shades of a box, beside the one of nothing."""

MARKS = {Level.ERROR: "◆", Level.WARNING: "▲", Level.NOTE: "●"}
"""The sign of a level, which is told by shape and word, never by colour alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Something that boxes are shaded by.

    Args:
        key: in the page's data.
        title: for people.
        of: its amount in a box.
        total: of the network.
        largest: of a box of the first drawing; it has the darkest shade.
    """

    key: str
    title: str
    of: Callable[[Box], float]
    total: float
    largest: float

    def share(self, box: Box) -> str:
        """Percent of the network; "" for nothing, ? or ≥ where something is not known."""
        amount = self.of(box)
        told = percent(amount / self.total) if amount and self.total else ""
        if self.key == "params" or all(node.operator is not None for node in box.nodes):
            return told
        return f"≥ {told}" if told else "?"

    def shade(self, box: Box) -> int:
        """0 for nothing up to STEPS for the largest; a quarter of it is half as dark."""
        if not self.largest:
            return 0
        return min(STEPS, ceil(STEPS * sqrt(self.of(box) / self.largest)))


def metrics(model: Model, boxes: Sequence[Box]) -> tuple[Metric, ...]:
    """What the boxes of a network can be shaded by; its time where that is predicted."""
    amounts: dict[tuple[str, str], Callable[[Box], float]] = {
        ("traffic", "fused memory access"): lambda box: float(box.bytes),
        ("madds", "multiply-adds"): lambda box: float(sum(n.cost.madds for n in box.nodes)),
        ("params", "parameters"): lambda box: float(sum(n.cost.params for n in box.nodes)),
    }
    if model.prediction is not None:
        seconds = model.prediction.of_node
        amounts = {
            ("time", "predicted time"): lambda box: sum(seconds.get(n.name, 0.0) for n in box.nodes)
        } | amounts
    return tuple(
        Metric(
            key=key, title=title, of=of, total=sum(map(of, boxes)),
            largest=max(map(of, boxes), default=0.0),
        )
        for (key, title), of in amounts.items()
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Blamed:
    """Which of a network's findings blame which nodes.

    Args:
        findings: of the network.
        by_node: places in ``findings``, and in the finding's parts, by the node's name.
    """

    findings: tuple[Finding, ...]
    by_node: Mapping[str, tuple[tuple[int, int], ...]]

    @classmethod
    def of(cls, findings: tuple[Finding, ...]) -> Blamed:
        """Index them."""
        found: dict[str, list[tuple[int, int]]] = {}
        for number, finding in enumerate(findings):
            for place, part in enumerate(finding.parts):
                for name in part.nodes:
                    found.setdefault(name, []).append((number, place))
        return cls(findings, {name: tuple(places) for name, places in found.items()})

    def parts(self, names: Sequence[str]) -> dict[int, list[Breach]]:
        """Of each finding that blames one of the nodes, by its number, the parts that do."""
        places = sorted({place for name in names for place in self.by_node.get(name, ())})
        found: dict[int, list[Breach]] = {}
        for number, place in places:
            found.setdefault(number, []).append(self.findings[number].parts[place])
        return found

    def numbers(self, box: Box) -> list[int]:
        """Of the findings that blame a node of the box."""
        places = (self.by_node.get(node.name, ()) for node in box.nodes)
        return sorted({number for each in places for number, _ in each})

    def level(self, box: Box) -> Level | None:
        """The gravest of the box's findings; None without any."""
        levels = (self.findings[number].level for number in self.numbers(box))
        return max(levels, key=lambda level: level.rank, default=None)


def shades(found: Sequence[Metric], blamed: Blamed, box: Box) -> Iterator[tuple[str, list[object]]]:
    """By metric: the shade and what is written; for findings the level and how many there are."""
    for metric in found:
        yield metric.key, [metric.shade(box), metric.share(box)]
    level, number = blamed.level(box), len(blamed.numbers(box))
    yield "findings", [level or "none", str(number or "")]
