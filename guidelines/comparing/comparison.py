"""Two networks compared: layers, blocks, totals and findings, and whether a limit is broken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from guidelines.budget.figures import figure
from guidelines.budget.limits import Subject
from guidelines.budget.quantities import QUANTITIES, Quantity
from guidelines.comparing.changes import Change, changes
from guidelines.comparing.findings import Judged, Status, judged
from guidelines.comparing.limits import Limit
from guidelines.comparing.matching import Matching, match
from guidelines.comparing.parts import parts
from guidelines.finding import Finding, Level
from guidelines.report.report import Failure, Model

if TYPE_CHECKING:
    from costmodel.device import Device
    from costmodel.graph import Graph

NOISE = 0.001
"""Share of a total below which it is an exporter's, where no layer changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A quantity of both networks; None where there is no such network.

    Args:
        quantity: what is counted.
        base, head: how much there was and is.
        limit: the most that it may grow by; None without one.
        least: whether something is not known in either.
    """

    quantity: Quantity
    base: float | None
    head: float | None
    limit: Limit | None = None
    least: bool = False

    @property
    def change(self) -> float:
        """How much more there is."""
        return (self.head or 0) - (self.base or 0)

    @property
    def share(self) -> float | None:
        """The same as a share of what there was; None where there was nothing."""
        return self.change / self.base if self.base else None

    @property
    def exceeded(self) -> bool:
        """Whether the limit is broken. What is new has nothing to have grown from."""
        if self.limit is None or self.base is None or self.head is None:
            return False
        return self.limit.exceeded(self.base, self.head)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of either network, or of both.

    Args:
        name: its module, or its first and last node.
        base, head: amounts by key of their quantity; None where it is not there.
        touched: how many layers of it were added, removed or changed.
    """

    name: str
    base: Mapping[str, float] | None
    head: Mapping[str, float] | None
    touched: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Two networks, and what is between them.

    Args:
        base, head: the networks; None for one that is not there.
        matching: which layer is which.
        changes: the layers that changed.
        totals: by key of their quantity, in the order of the report's header.
        blocks: in order of execution, those of the base that are gone last.
        findings: those that are new first.
        failing: the least level at which a new or worsened finding fails; None for none.
    """

    base: Model | None
    head: Model | None
    matching: Matching
    changes: tuple[Change, ...]
    totals: Mapping[str, Total]
    blocks: tuple[Block, ...]
    findings: tuple[Judged, ...]
    failing: Level | None = None

    @property
    def path(self) -> str:
        """What the comparison is about: the head, or the base of what is gone."""
        model = self.head or self.base
        return model.path if model is not None else ""

    @cached_property
    def exceeded(self) -> tuple[Total, ...]:
        """Totals that grew by more than they may."""
        return tuple(total for total in self.totals.values() if total.exceeded)

    @cached_property
    def against(self) -> tuple[Judged, ...]:
        """New and worsened findings at the level that fails."""
        least = self.failing
        if least is None:
            return ()
        return tuple(
            each
            for each in self.findings
            if each.status in (Status.NEW, Status.WORSENED)
            and each.finding.level.rank >= least.rank
        )

    @property
    def fails(self) -> bool:
        """Whether the change is not to be merged."""
        return bool(self.exceeded or self.against)

    @cached_property
    def same(self) -> bool:
        """Whether nothing changed but names."""
        return not (
            self.base is None
            or self.head is None
            or self.matching.added
            or self.matching.removed
            or self.changes
            or self.exceeded
            or any(abs(total.share or 0.0) >= NOISE for total in self.totals.values())
            or any(each.status is not Status.UNCHANGED for each in self.findings)
        )

    def having(self, status: Status) -> tuple[Judged, ...]:
        """The findings of which this became."""
        return tuple(each for each in self.findings if each.status is status)


@dataclass(frozen=True, kw_only=True, eq=False)
class Compared:
    """What a run compared.

    Args:
        comparisons: each pair of models.
        errors: models that could not be analysed.
        about: what was asked for: the path of the head.
    """

    comparisons: tuple[Comparison, ...] = ()
    errors: tuple[Failure, ...] = ()
    about: str = ""


def compare(
    base: Model | None,
    head: Model | None,
    *,
    quiet: tuple[Iterable[Finding], Iterable[Finding]] = ((), ()),
    limits: Mapping[str, Limit] | None = None,
    failing: Level | None = None,
    device: Device | None = None,
) -> Comparison:
    """Compare two networks.

    Args:
        base, head: before and after; None for none.
        quiet: their findings that are too small to show.
        limits: the most that quantities may grow by, by key.
        failing: the least level at which a new or worsened finding fails.
        device: whose times to compare.
    """
    graphs = [None if model is None else model.graph for model in (base, head)]
    matching = match(graphs[0], graphs[1])
    found = changes(matching)
    known = [quantity for quantity in QUANTITIES.values() if device or not quantity.on_device]
    return Comparison(
        base=base, head=head, matching=matching, changes=found,
        totals={each.key: _total(graphs, each, limits or {}, device) for each in known},
        blocks=_blocks(graphs, matching, found, known, device),
        findings=judged(
            (base.findings or ()) if base else (), (head.findings or ()) if head else (),
            matching.names, quiet=quiet,
        ),
        failing=failing,
    )  # fmt: skip


def _total(
    graphs: list[Graph | None], quantity: Quantity, limits: Mapping[str, Limit],
    device: Device | None,
) -> Total:  # fmt: skip
    subject = Subject(quantity=quantity, device=device if quantity.on_device else None)
    found = [None if graph is None else figure(graph, subject) for graph in graphs]
    base, head = (None if each is None else each.amount for each in found)
    return Total(
        quantity=quantity, base=base, head=head, limit=limits.get(quantity.key),
        least=any(each is not None and each.unknown for each in found),
    )  # fmt: skip


def _blocks(
    graphs: list[Graph | None], matching: Matching, found: tuple[Change, ...],
    known: list[Quantity], device: Device | None,
) -> tuple[Block, ...]:  # fmt: skip
    """The sums of each block; a layer that is gone counts where its neighbours went."""
    of = [{} if graph is None else dict(parts(graph)) for graph in graphs]
    went: dict[str, dict[str, int]] = {}
    for before, after in matching.names.items():
        votes = went.setdefault(of[0][before], {})
        votes[of[1][after]] = votes.get(of[1][after], 0) + 1
    of[0] = {
        name: of[1][matching.names[name]]
        if name in matching.names
        else max(went.get(block, {block: 1}).items(), key=lambda item: item[1])[0]
        for name, block in of[0].items()
    }
    sums: tuple[dict[str, dict[str, float]], ...] = ({}, {})
    for graph, blocks, told in zip(graphs, of, sums, strict=True):
        for quantity in known if graph is not None else ():
            if quantity.whole is not None:
                continue
            assert graph is not None
            for name, amount in quantity.parts(graph, device).items():
                mine = told.setdefault(blocks[name], {})
                mine[quantity.key] = mine.get(quantity.key, 0) + amount
    touched: dict[str, int] = {}
    for name in (
        *(of[0][matching.base[i].node.name] for i in matching.removed),
        *(of[1][matching.head[j].node.name] for j in matching.added),
        *(of[1][change.head.node.name] for change in found),
    ):
        touched[name] = touched.get(name, 0) + 1
    return tuple(
        Block(
            name=name, base=sums[0].get(name), head=sums[1].get(name),
            touched=touched.get(name, 0),
        )
        for name in dict.fromkeys((*of[1].values(), *of[0].values()))
        if any(any(told.get(name, {}).values()) for told in sums)
    )  # fmt: skip
