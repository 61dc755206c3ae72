"""What a remedy saves on a device, as its profile predicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from costmodel.device import Device
from costmodel.graph import Graph
from costmodel.timing import SURE, predict
from guidelines.finding import Finding, Saving
from guidelines.quantity import duration
from guidelines.remedy import Remedy, sites
from guidelines.rule import RULES


def saving(before: Graph, after: Graph, device: Device) -> Saving:
    """What a device is predicted to save by a change of a part of a network."""
    takes = predict(before, device).seconds
    seconds = takes - predict(after, device).seconds
    error = SURE * device.savings.error(takes, seconds)
    return Saving(seconds=seconds, low=seconds - error, high=seconds + error)


def priced(graph: Graph, findings: Iterable[Finding], device: Device) -> list[Finding]:
    """The findings with what their remedies save on a device, the most first.

    A finding has none where no remedy could be built, or none is predicted to save. A rule about
    the device does not say again what a guideline says of the same layers.
    """

    def seconds(part: Graph) -> float:
        return predict(part, device).seconds

    found = []
    for finding in findings:
        saved = [
            _told(graph, site, saving(site.before, site.after, device))
            for site in sites(graph, finding, seconds)
            if isinstance(site, Remedy)
        ]
        found.append(replace(finding, saving=together(saved)) if saved else finding)
    said = {n for each in found if _sure(each) and not _on_device(each) for n in each.nodes}
    found = [each for each in found if not (_on_device(each) and _is_said(each, said))]
    return sorted(found, key=lambda each: -each.saving.seconds if each.saving else 0.0)


def _told(graph: Graph, site: Remedy, saved: Saving) -> Saving:
    """The saving with what is changed, and where."""
    place = graph.node(site.nodes[0]).label
    return replace(saved, change=f"{site.text} at {place}: {duration(saved.seconds)}")


def _on_device(finding: Finding) -> bool:
    return RULES[finding.code].on_device


def _is_said(finding: Finding, said: set[str]) -> bool:
    """Whether most of its layers are named already."""
    return 2 * len(said.intersection(finding.nodes)) > len(finding.nodes)


def _sure(finding: Finding) -> bool:
    return finding.saving is not None and finding.saving.low > 0


def together(savings: Sequence[Saving]) -> Saving:
    """The sum; errors of one kind of kernel go the same way, so that their intervals add up."""
    most = max(savings, key=lambda each: each.seconds)
    others = len(savings) - 1
    places = f"{others} other place{'' if others == 1 else 's'}"
    return Saving(
        seconds=sum(each.seconds for each in savings),
        low=sum(each.low for each in savings),
        high=sum(each.high for each in savings),
        change=f"{most.change}; the like at {places}" if most.change and others else most.change,
    )
