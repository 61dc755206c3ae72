"""A remedy is a rewrite of the network, so that advice can be built, costed, predicted and timed.

A module of ``guidelines.remedies`` answers the findings of a rule::

    @remedy("G101")
    def equal_widths(graph, finding):
        yield Remedy(...)

Layers that depend on each other, by a width that they share, are one site. A function yields
remedies site by site; those for the same nodes are alternatives, of which a price chooses one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from costmodel.errors import ModelError
from costmodel.fusion import fused_memory_access_bytes
from costmodel.graph import Graph
from guidelines.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A change at one site.

    Args:
        nodes: of the finding, those that it answers, in order of execution.
        before: what the change touches, with its neighbours, as a network of its own.
        after: the same with the change: it reads and returns tensors of the same sizes.
        text: what was changed; one line.
    """

    nodes: tuple[str, ...]
    before: Graph
    after: Graph
    text: str

    @property
    def work(self) -> float:
        """Multiply-adds after over those before."""
        madds = self.before.cost.madds
        return float(self.after.cost.madds / madds) if madds else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBuilt:
    """A site without a remedy, or with one that did not run.

    Args:
        nodes: of the finding.
        reason: why; one line.
        failed: whether it ought to have run.
    """

    nodes: tuple[str, ...]
    reason: str
    failed: bool = False


Site = Remedy | NotBuilt
Build = Callable[[Graph, Finding], Iterator[Site]]

REMEDIES: dict[str, Build] = {}
"""By the rule's code, what answers its findings."""


def remedy(code: str) -> Callable[[Build], Build]:
    """Register what answers the findings of a rule."""

    def register(build: Build) -> Build:
        if code in REMEDIES:
            raise ValueError(f"a remedy for {code} is registered twice")
        REMEDIES[code] = build
        return build

    return register


Price = Callable[[Graph], float]
"""What a part of a network costs: seconds on a device, or bytes where none is known."""


def sites(
    graph: Graph, finding: Finding, price: Price = fused_memory_access_bytes
) -> Iterator[Site]:
    """Every site of a finding, with the remedy that saves most of the price.

    Args:
        graph: the network.
        finding: what was found in it.
        price: of a part of a network.
    """
    import guidelines.remedies  # noqa: F401  every module in it registers a remedy

    build = REMEDIES.get(finding.code)
    if build is None:
        yield NotBuilt(nodes=finding.nodes, reason=f"no remedy is known for {finding.code}")
        return
    found: dict[tuple[str, ...], list[Site]] = {}
    try:
        for each in build(graph, finding):
            found.setdefault(each.nodes, []).append(each)
    except ModelError as error:  # a size that is not known
        answered = {name for nodes in found for name in nodes}
        rest = tuple(name for name in finding.nodes if name not in answered)
        found[rest] = [NotBuilt(nodes=rest, reason=str(error))]
    for nodes, alternatives in found.items():
        built = [each for each in alternatives if isinstance(each, Remedy)]
        savings = [price(each.before) - price(each.after) for each in built]
        if built and max(savings) > 0:
            yield built[savings.index(max(savings))]
        elif built:
            reason = "at equal madds, neighbours included, nothing that was tried costs less"
            yield NotBuilt(nodes=nodes, reason=reason)
        else:
            yield next(each for each in alternatives if isinstance(each, NotBuilt))
