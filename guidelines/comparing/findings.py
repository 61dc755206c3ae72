"""What became of findings: new, worsened, improved, fixed or unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from guidelines.finding import Breach, Finding

TOLERANCE = 0.01
"""Share of its value by which a finding may grow and be called the same."""


class Status(StrEnum):
    """What became of a finding; what a reviewer asks for first stands first."""

    NEW = "new"
    WORSENED = "worsened"
    IMPROVED = "improved"
    FIXED = "fixed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A finding before and after; one of them may be None.

    Args:
        base, head: the finding in each.
        fresh: places where it was not before, of one that was there before.
        grown: places where its value grew.
        better: whether it is gone from a place, or its value is less at one.
    """

    base: Finding | None
    head: Finding | None
    fresh: tuple[Breach, ...] = ()
    grown: tuple[Breach, ...] = ()
    better: bool = False

    @property
    def worst(self) -> Breach | None:
        """The place that speaks: the worst of those where it got worse."""
        return max((*self.fresh, *self.grown), key=lambda part: part.value, default=None)

    @property
    def message(self) -> str:
        """What is wrong, where it got worse if it did."""
        return self.finding.message if self.worst is None else self.worst.message

    @property
    def remedy(self) -> str:
        """What would help there."""
        return self.finding.remedy if self.worst is None else self.worst.remedy

    @property
    def finding(self) -> Finding:
        """As it is now, or as it was."""
        found = self.head or self.base
        assert found is not None
        return found

    @property
    def status(self) -> Status:
        """What became of it; worse at one place is worse, whatever it is at others."""
        if self.base is None:
            return Status.NEW
        if self.head is None:
            return Status.FIXED
        if self.fresh or self.grown:
            return Status.WORSENED
        return Status.IMPROVED if self.better else Status.UNCHANGED


def judged(
    base: Iterable[Finding],
    head: Iterable[Finding],
    names: Mapping[str, str],
    *,
    quiet: tuple[Iterable[Finding], Iterable[Finding]] = ((), ()),
) -> tuple[Judged, ...]:
    """The findings of both networks, those that are new first.

    Args:
        base, head: what is found in each, and shown.
        names: the node of the head by the name of the one of the base.
        quiet: what is found in each and not shown, because its share is small. What was quiet
            and now is not has not changed for that.
    """
    shown = [*base], [*head]
    found = tuple(
        [*loud, *(each for each in rest if not any(_alike(each, one) for one in loud))]
        for loud, rest in zip(shown, quiet, strict=True)
    )
    loud = tuple({id(each) for each in side} for side in shown)
    told = []
    for one, other in _pairs(found[0], found[1], names):
        if id(one) in loud[0] or id(other) in loud[1]:
            told.append(_judged(one, other, names))
    order = list(Status)
    return tuple(sorted(told, key=lambda each: order.index(each.status)))


def _judged(base: Finding | None, head: Finding | None, names: Mapping[str, str]) -> Judged:
    """Place by place: those are the same that blame a layer in common, or that blamed only layers
    that are gone and are called the same."""
    if base is None or head is None:
        return Judged(base=base, head=head)
    before = [(each, {names[name] for name in each.nodes if name in names}) for each in base.parts]
    left = {id(each) for each in base.parts}
    fresh: list[Breach] = []
    grown: list[Breach] = []
    better = False
    for part in head.parts:
        near = [
            each
            for each, nodes in before
            if not nodes.isdisjoint(part.nodes) or (not nodes and each.label == part.label)
        ]
        left -= {id(each) for each in near}
        most = max((each.value for each in near), default=0.0)
        if not near:
            fresh.append(part)
        elif part.value > most * (1 + TOLERANCE):
            grown.append(part)
        better = better or (bool(near) and part.value < most * (1 - TOLERANCE))
    return Judged(
        base=base, head=head, fresh=tuple(fresh), grown=tuple(grown), better=better or bool(left)
    )


def _alike(one: Finding, other: Finding) -> bool:
    """Whether two findings of one network are the same, or one is a part of the other."""
    if (one.code, one.parts[0].kind) != (other.code, other.parts[0].kind):
        return False
    return not set(one.nodes).isdisjoint(other.nodes) or one.places == other.places


def _pairs(
    base: Sequence[Finding], head: Sequence[Finding], names: Mapping[str, str]
) -> list[tuple[Finding | None, Finding | None]]:
    """Findings of one rule, of one kind if there is one, that blame the most layers in common."""
    moved = [{names.get(name, "") for name in found.nodes} for found in base]
    near = []
    for j, after in enumerate(head):
        nodes = set(after.nodes)
        for i, before in enumerate(base):
            if before.code != after.code:
                continue
            met = len(moved[i] & nodes)
            if met or before.places == after.places:
                other = before.parts[0].kind != after.parts[0].kind
                near.append((other, -met, abs(after.value - before.value), j, i))
    partner: dict[int, int] = {}
    for *_, j, i in sorted(near):
        if j not in partner and i not in partner.values():
            partner[j] = i
    gone = [i for i in range(len(base)) if i not in partner.values()]
    return [
        *((base[partner[j]] if j in partner else None, head[j]) for j in range(len(head))),
        *((base[i], None) for i in gone),
    ]
