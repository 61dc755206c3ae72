"""One place of one finding, as a baseline keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from costmodel.graph import Graph
from guidelines.finding import Breach, Finding

DIGITS = 6
"""Significant digits of a value that is no whole number."""

MOST_DIMS = 12
"""Dimensions of a layer that are written."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Entry:
    """A place that breaks a rule, and by how much.

    Args:
        model: the file's path, relative to the baseline.
        rule: its code.
        layer: what the finding calls the place, "" for the whole network.
        what: the layer's operator and its dimensions, which outlast a new name.
        value: the measured number.
    """

    model: str
    rule: str
    layer: str
    what: str
    value: float


def entries(graph: Graph, findings: Iterable[Finding], model: str) -> tuple[Entry, ...]:
    """The entries of findings, one for each place, in their order."""
    return tuple(entry for found in findings for entry in _of(graph, found, model))


def _of(graph: Graph, found: Finding, model: str) -> Iterator[Entry]:
    for breach in found.parts:
        value = float(breach.value)
        value = value if value.is_integer() else float(f"{value:.{DIGITS}g}")
        yield Entry(
            model=model, rule=found.code, layer=breach.label, what=_what(graph, breach), value=value
        )


def _what(graph: Graph, breach: Breach) -> str:
    """``Conv(c_in=16 c_out=96 h=112 w=112)``, and how many more nodes there are."""
    if not breach.nodes:
        return ""
    node = graph.node(breach.nodes[0])
    operator = node.operator
    dims = {} if operator is None else operator.dims
    told = [f"{name}={value}" for name, value in dims.items() if value != 1][:MOST_DIMS]
    more = f" +{len(breach.nodes) - 1}" if len(breach.nodes) > 1 else ""
    return f"{node.op_type}({' '.join(told)}){more}"
