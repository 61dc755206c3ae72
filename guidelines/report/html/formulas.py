"""The formulas of a network's operators, as data from which the page writes them with numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from costmodel.algebra.mathml import Tree, figures, least
from costmodel.bound import balanced, imbalance
from costmodel.graph import Node
from costmodel.operator import Operator
from costmodel.operators import Conv, ConvTranspose
from guidelines.quantity import count


def catalogue(nodes: Sequence[Node]) -> dict[str, Any]:
    """Every operator once, every formula once, and which node has which.

    Returns:
        ``formulas``: trees by figure; ``operators``: the number of the formulas, the dimensions
        by name, the figures' values, and of a convolution its bound; ``layers``: by node the
        number of its operator, or None.
    """
    formulas: dict[str, int] = {}
    operators: dict[Operator, int] = {}
    entries: list[dict[str, Any]] = []
    layers: list[int | None] = []
    for node in nodes:
        operator = node.operator
        if operator is None or not _numbers(operator):
            layers.append(None)
            continue
        if operator not in operators:
            trees: dict[str, Tree] = figures(operator)
            if isinstance(operator, Conv | ConvTranspose) and operator.cost.madds:
                trees["least"] = least(operator)
            number = formulas.setdefault(json.dumps(trees), len(formulas))
            operators[operator] = len(entries)
            entries.append({"formulas": number, **_values(operator, trees)})
        layers.append(operators[operator])
    return {"formulas": [json.loads(t) for t in formulas], "operators": entries, "layers": layers}


def _numbers(operator: Operator) -> bool:
    return all(isinstance(value, int) for value in operator.cost.to_dict().values())


def _values(operator: Operator, trees: dict[str, Tree]) -> dict[str, Any]:
    dims = {name: f"{v:,}" for name, v in operator.dims.items() if isinstance(v, int)}
    cost = operator.cost
    found: dict[str, Any] = {
        "dims": dims,
        "values": {name: f"{getattr(cost, name):,}" for name in trees if name != "least"},
    }
    if "least" in trees and isinstance(operator, Conv | ConvTranspose):
        dims["B"] = f"{cost.madds:,}"
        bound = float(balanced(operator, groups=operator.groups))
        found["values"]["least"] = f"{round(bound):,}"
        found["excess"] = f"{imbalance(operator):.2f}"
        if operator.groups > 1:
            one = round(float(balanced(operator)))
            found["ungrouped"] = f"{count(one)}"
    return found
