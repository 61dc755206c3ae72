"""What a run found: networks with their totals and findings, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from costmodel.graph import Graph, Node
from guidelines.finding import Finding
from guidelines.report.totals import Totals

if TYPE_CHECKING:
    from costmodel.timing import Prediction
    from guidelines.budget import Budget
    from guidelines.report.locations import Location
    from guidelines.rule import Rule
    from guidelines.suppress import Suppressed


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A network, what it costs, and what was found in it.

    Args:
        graph: the network.
        totals: its costs, summed.
        findings: dearest first; None where the rules were not run.
        prediction: its time on a device; None without one.
        unsaved: findings that are left out, because on the device no remedy is sure to save.
        rules: those that were run, by code.
        suppressed: findings that a suppression holds back, with it.
        known: findings that the baseline holds back.
        budgets: what the network may cost.
        file: its path from the root of the repository, "" until ``located``.
        lines: of Python that built its nodes, by the node's name, until ``located`` none.
    """

    graph: Graph
    totals: Totals
    findings: tuple[Finding, ...] | None = ()
    prediction: Prediction | None = None
    unsaved: tuple[Finding, ...] = ()
    rules: tuple[Rule, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    known: tuple[Finding, ...] = ()
    budgets: tuple[Budget, ...] = ()
    file: str = ""
    lines: Mapping[str, Location] = field(default_factory=dict)

    @classmethod
    def costed(cls, graph: Graph) -> Model:
        """A network with its totals, in which no rule was run."""
        return cls(graph=graph, totals=Totals.of(graph), findings=None)

    @cached_property
    def unknown(self) -> tuple[Node, ...]:
        """The nodes without a cost."""
        return self.graph.unknown

    @property
    def path(self) -> str:
        """Where it was read from, or what it is called."""
        return self.graph.path or "network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A file that could not be analysed, and why, in one line.

    Args:
        path: as given.
        message: what was expected, what was found, what to do.
        file: its path from the root of the repository, "" until ``located``.
    """

    path: str
    message: str
    file: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """What a run found; prints itself as text, and as a table in a notebook.

    Args:
        models: in the order in which they were given.
        errors: files that could not be analysed.
    """

    models: tuple[Model, ...] = ()
    errors: tuple[Failure, ...] = field(default=())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of all networks."""
        return tuple(found for model in self.models for found in model.findings or ())

    def to_dict(self, *, nodes: bool = False) -> dict[str, Any]:
        """The JSON layout, ``schema_version`` 1; ``schema.json`` beside this file describes it.

        Args:
            nodes: whether to list every node with its operator and cost.
        """
        from guidelines.report.document import document

        return document(self, nodes=nodes)

    def __str__(self) -> str:
        from guidelines.report.formats.full import render
        from guidelines.report.view import View

        return render(self, View()).rstrip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from guidelines.report.notebook import table

        return table(self)
