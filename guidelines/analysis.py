"""A graph in, its report out: costs summed, rules run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from costmodel.graph import Graph
from guidelines.report.report import Model, Report
from guidelines.report.totals import Totals
from guidelines.runner import Settings, find

if TYPE_CHECKING:
    from costmodel.device import Device


def analyse(
    graph: Graph, settings: Settings = Settings(), device: Device | None = None  # noqa: B008
) -> Model:  # fmt: skip
    """One network with its totals and its findings."""
    totals, findings = Totals.of(graph), find(graph, settings)
    if device is None:
        return Model(graph=graph, totals=totals, findings=findings)
    from costmodel.timing import predict
    from guidelines.saving import priced

    told = priced(graph, findings, device)
    sure = tuple(each for each in told if each.saving is not None and each.saving.low > 0)
    return Model(
        graph=graph, totals=totals, findings=sure, prediction=predict(graph, device),
        unsaved=tuple(each for each in told if each not in sure),
    )  # fmt: skip


def lint(
    graph: Graph | Iterable[Graph],
    settings: Settings = Settings(),  # noqa: B008  frozen
    device: Device | None = None,
) -> Report:
    """Run the rules on one network, or on several.

    Args:
        graph: as ``costmodel.read`` gives it, or built in code.
        settings: which rules, with which options.
        device: whose times to predict; findings whose remedy is not sure to save any there are
            left out.
    """
    # A Graph is iterable itself (over its nodes' names), so ask for it first.
    graphs = (graph,) if isinstance(graph, Graph) else tuple(graph)
    return Report(models=tuple(analyse(each, settings, device) for each in graphs))
