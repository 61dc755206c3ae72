"""Two networks beside each other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from costmodel.cost import Cost
from costmodel.graph import Graph, Node
from costmodel.operators import Movement
from guidelines.pictures import panel
from guidelines.pictures.labels import column, shown
from guidelines.pictures.partition import MOST, Part, measured, missing, partition
from guidelines.pictures.style import BLUE, INK, ORANGE, WIDTH, picture

COLOURS = (BLUE, ORANGE)

QUANTITIES = {"memory_access": "elements", "madds": "", "params": ""}
"""What is compared, with its unit."""

ROWS = {None: "size of the map written", "op": "operator type", "scope": "module"}
"""What a row can be."""

UNSIZED = "size not known"

PITCH, HIGHEST = 0.26, 30
"""Inches of a row of two bars, and how many of them make a page; more are thinner."""


@picture
def compare(
    one: Graph, other: Graph, *, by: str | None = None, titles: Sequence[str] = ()
) -> Figure:
    """Memory access, multiply-adds and parameters of two networks, on the same axes.

    Args:
        one, other: the networks.
        by: ``op`` for operator types; ``scope`` for modules, which share a row where both
            networks call them the same; None for the sizes of the maps that are written: the
            stages, which all networks have.
        titles: of the networks, in place of their files' names.

    Raises:
        ModelError: nothing to draw, or symbols in place of sizes.
        ValueError: a ``by`` that is none of these.
    """
    if by not in ROWS:
        raise ValueError(f"expected rows by op, scope or None, found {by!r}")
    graphs = (one, other)
    names = [shown(name, 36) for name in _names(graphs, titles)]
    sides = [{part.name: part for part in _parts(graph, by)} for graph in graphs]
    rows = _merged(*map(list, sides))
    if by is None:
        rows.sort(key=_area, reverse=True)
    elif by == "op":
        dearest = {
            row: sum(side[row].cost.memory_access for side in sides if row in side) for row in rows
        }
        rows.sort(key=dearest.__getitem__, reverse=True)
    room = min(len(rows), HIGHEST)
    figure = Figure(figsize=(WIDTH, 1.6 + PITCH * room), layout="constrained")
    above, below = figure.subplots(
        2, len(QUANTITIES), sharey="row", height_ratios=[1, max(1.0, room / 1.5)]
    )
    uncertain = [
        i for i, row in enumerate(rows) if any(row in side and side[row].unknown for side in sides)
    ]
    panel.unknowns(below, uncertain)
    for whole, axes, (quantity, unit) in zip(above, below, QUANTITIES.items(), strict=True):
        values = [
            [float(getattr(side[row].cost, quantity)) if row in side else 0.0 for row in rows]
            for side in sides
        ]
        _draw(whole, axes, values, names)
        for bar, side, graph in zip(whole.containers, values, graphs, strict=True):
            least = quantity != "params" and bool(graph.unknown)
            whole.bar_label(bar, [panel.total(side, least=least)], padding=3)
        panel.scaled(axes.xaxis, [max(map(max, values))], quantity.replace("_", " "), unit)
    above[0].set_yticks([0], ["all"])
    step = -(-len(rows) // MOST)
    below[0].set_yticks(range(0, len(rows), step), column(rows[::step], panel.LETTERS))
    panel.legend(figure, above[0])
    notes = [panel.thinned(len(rows), "rows")]
    notes += [f"{n}: {missing(g)}" for n, g in zip(names, graphs, strict=True) if g.unknown]
    panel.caption(figure, f"{' against '.join(names)}, by {ROWS[by]}", notes)
    return figure


def _draw(whole: Axes, axes: Axes, values: Sequence[Sequence[float]], names: Sequence[str]) -> None:
    """Two bars a row below, and their sums above."""
    for side, lengths in enumerate(values):
        offset = 0.4 * side - 0.2
        looks: dict[str, Any] = {
            "height": 0.38,
            "color": COLOURS[side],
            "edgecolor": INK,
            "linewidth": 0.4,
        }
        whole.barh([offset], [sum(lengths)], label=names[side], **looks)
        axes.barh([row + offset for row in range(len(lengths))], lengths, **looks)
    whole.set_ylim(0.5, -0.5)
    whole.set_xlim(0, 1.5 * (max(map(sum, values)) or 1.0))  # the sums stand beside the bars
    whole.tick_params(bottom=False, labelbottom=False, left=False)
    whole.grid(visible=False)
    whole.spines.bottom.set_visible(False)
    axes.set_ylim(len(values[0]) - 0.5, -0.5)
    axes.set_xlim(0, 1.04 * (max(map(max, values)) or 1.0))
    axes.tick_params(left=False)
    axes.grid(visible=False, axis="y")


def _names(graphs: Sequence[Graph], titles: Sequence[str]) -> Sequence[str]:
    """The titles, else the files' names, with their folders where these are the same."""
    names = [*titles, *(panel.called(graph) for graph in graphs[len(titles) :])]
    if names[0] != names[1]:
        return names
    paths = [graph.path for graph in graphs]
    return paths if paths[0] != paths[1] else [f"{name} ({i})" for i, name in enumerate(names, 1)]


def _parts(graph: Graph, by: str | None) -> Iterable[Part]:
    """What costs something, in parts whose names can be compared with another network's."""
    if by is not None:
        parts: Sequence[Part] = partition(graph, by).parts
    else:
        sizes: dict[str, str] = {}
        stages: dict[str, list[Node]] = {}
        for node in measured(graph):
            sizes[node.name] = _size(graph, node, sizes)
            stages.setdefault(sizes[node.name], []).append(node)
        parts = [Part(name=name, nodes=tuple(nodes)) for name, nodes in stages.items()]
    return [part for part in parts if part.unknown or part.cost != Cost()]


def _size(graph: Graph, node: Node, before: Mapping[str, str]) -> str:
    """Height and width of the map that an operator writes; what only moves it changes neither."""
    operator, makers = node.operator, list(graph.pred[node.name])
    if operator is not None and (operator.view or isinstance(operator, Movement)) and makers:
        return before[makers[0]]
    tensor = graph.tensors.get(node.outputs[0]) if node.outputs else None
    if tensor is None or tensor.shape is None or not tensor.known:
        return UNSIZED
    return "×".join(map(str, tensor.shape[2:])) or "no map"


def _area(size: str) -> tuple[int, str]:
    """What to sort sizes by."""
    if size[0].isdigit():
        return math.prod(map(int, size.split("×"))), size
    return (-1 if size == UNSIZED else 0), size


def _merged(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """The names of both, each after those that it follows."""
    names, place = list(first), 0
    for name in second:
        if name in first:
            place = names.index(name) + 1
        else:
            names.insert(place, name)
            place += 1
    return names
