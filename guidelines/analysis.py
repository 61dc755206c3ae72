"""A graph in, its report out: costs summed, rules run."""

from __future__ import annotations

from collections.abc import Iterable

from costmodel.graph import Graph
from guidelines.report.report import Model, Report
from guidelines.report.totals import Totals
from guidelines.runner import Settings, find


def analyse(graph: Graph, settings: Settings = Settings()) -> Model:  # noqa: B008  frozen
    """One network with its totals and its findings."""
    return Model(graph=graph, totals=Totals.of(graph), findings=find(graph, settings))


def lint(graph: Graph | Iterable[Graph], settings: Settings = Settings()) -> Report:  # noqa: B008  frozen
    """Run the rules on one network, or on several.

    Args:
        graph: as ``costmodel.read`` gives it, or built in code.
        settings: which rules, with which options.
    """
    # A Graph is iterable itself (over its nodes' names), so ask for it first.
    graphs = (graph,) if isinstance(graph, Graph) else tuple(graph)
    return Report(models=tuple(analyse(each, settings) for each in graphs))
