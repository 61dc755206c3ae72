"""Remedies that no finding proposes: every rule at its widest, over all that a network has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from costmodel.device import Device
from costmodel.graph import Graph
from costmodel.timing import predict
from guidelines.finding import Finding
from guidelines.remedy import Remedy, sites
from guidelines.rule import RULES
from guidelines.runner import Settings, find
from guidelines.saving import saving

WIDEST = Settings(
    options={code: dict(rule.widest) for code, rule in RULES.items()}, min_share=0.0
)  # fmt: skip
"""Settings under which a rule blames whatever it could blame."""


def missed(
    graph: Graph, findings: Iterable[Finding], device: Device
) -> Iterator[tuple[Finding, tuple[Remedy, ...]]]:
    """Remedies that are sure to save time on a device, where no finding proposes any.

    Args:
        graph: the network.
        findings: what is proposed; layers that its remedies change are left alone.
        device: what predicts.
    """

    def seconds(part: Graph) -> float:
        return predict(part, device).seconds

    taken = {
        node.name for finding in findings for site in sites(graph, finding, seconds)
        if isinstance(site, Remedy) for node in site.before.layers
    }  # fmt: skip
    found: list[tuple[float, int, Finding, Remedy]] = []
    for finding in find(graph, WIDEST, device):
        rest = tuple(name for name in finding.nodes if name not in taken)
        if not rest:
            continue
        for site in sites(graph, replace(finding, nodes=rest), seconds):
            told = saving(site.before, site.after, device) if isinstance(site, Remedy) else None
            if isinstance(site, Remedy) and told is not None and told.low > 0:
                found.append((-told.seconds, len(found), finding, site))
    kept: dict[str, tuple[Finding, list[Remedy]]] = {}
    for _, _, finding, remedy in sorted(found, key=lambda each: each[:2]):
        changed = {node.name for node in remedy.before.layers}
        if taken.isdisjoint(remedy.nodes):
            taken |= changed
            kept.setdefault(finding.code, (finding, []))[1].append(remedy)
    for finding, remedies in kept.values():
        nodes = tuple(name for remedy in remedies for name in remedy.nodes)
        places = tuple(remedy.before.node(remedy.nodes[0]).label for remedy in remedies)
        yield replace(finding, nodes=nodes, places=places), tuple(remedies)
