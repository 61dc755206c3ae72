"""What a remedy saves on a device, as its profile predicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import sqrt

from costmodel.device import Device
from costmodel.graph import Graph
from costmodel.timing import SURE, Prediction, Timed, predict
from guidelines.finding import Finding, Saving
from guidelines.remedy import Remedy, sites


def saving(before: Prediction, after: Prediction) -> Saving:
    """The difference of two predictions; kernels that both have cancel, errors and all."""
    gone, new = _only(before, after), _only(after, before)
    error = SURE * sqrt(sum((each.seconds * each.spread) ** 2 for each in (*gone, *new)))
    seconds = before.seconds - after.seconds
    return Saving(seconds=seconds, low=seconds - error, high=seconds + error)


def _only(these: Prediction, others: Prediction) -> list[Timed]:
    """Kernels that the others do not have, as often as they do not."""
    left = Counter((each.kind, each.seconds) for each in others.kernels)
    found = []
    for each in these.kernels:
        key = (each.kind, each.seconds)
        if left[key]:
            left[key] -= 1
        else:
            found.append(each)
    return found


def priced(graph: Graph, findings: Iterable[Finding], device: Device) -> list[Finding]:
    """The findings with what their remedies save on a device, the most first.

    A finding has none where no remedy could be built, or none is predicted to save.
    """

    def seconds(part: Graph) -> float:
        return predict(part, device).seconds

    found = []
    for finding in findings:
        saved = [
            saving(predict(site.before, device), predict(site.after, device))
            for site in sites(graph, finding, seconds)
            if isinstance(site, Remedy)
        ]
        found.append(replace(finding, saving=together(saved)) if saved else finding)
    return sorted(found, key=lambda each: -each.saving.seconds if each.saving else 0.0)


def together(savings: Sequence[Saving]) -> Saving:
    """The sum; errors of one kind of kernel go the same way, so that their intervals add up."""
    return Saving(
        seconds=sum(each.seconds for each in savings),
        low=sum(each.low for each in savings),
        high=sum(each.high for each in savings),
    )
