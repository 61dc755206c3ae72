"""The table of costs: a row a layer, an operator type or a module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from costmodel.cost import Cost
from costmodel.graph import Graph, Node
from guidelines.report.heading import shape_text
from guidelines.report.report import Model

DEPTH = 12
"""Levels of modules that get rows of their own; what lies deeper is counted in the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table.

    Args:
        name: a layer's module or name, an operator type, or a module's path.
        op_type: of a layer, else "".
        dims: a layer's ``c_in→c_out k×k``, or "".
        shape: of a layer's first output, or "".
        nodes: how many it stands for; ``unknown`` of them have no cost.
        cost, bytes: over its nodes.
        seconds: predicted over its nodes; None without a device.
        node: the layer itself.
    """

    name: str
    op_type: str = ""
    dims: str = ""
    shape: str = ""
    nodes: int
    unknown: int
    cost: Cost
    bytes: int
    seconds: float | None = None
    node: Node | None = None

    @property
    def intensity(self) -> float:
        """Multiply-adds for each byte moved."""
        return self.cost.madds / self.bytes if self.bytes else 0.0


@dataclass(frozen=True, kw_only=True)
class Table:
    """The rows of one network.

    Args:
        model: the network; its ``findings`` are None.
        by: what a row is: layer, op or scope.
        rows: sorted and cut as asked; modules contain each other, so these do not add up.
        total: how many rows there are without the cut.
    """

    model: Model
    by: str
    rows: tuple[Row, ...]
    total: int
    nested: bool = False


SORTS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.name,
    "op": lambda row: (row.op_type, row.name),
    "params": lambda row: -row.cost.params,
    "madds": lambda row: -row.cost.madds,
    "flops": lambda row: -row.cost.flops,
    "bytes": lambda row: -row.bytes,
    "intensity": lambda row: -row.intensity,
    "time": lambda row: -(row.seconds or 0.0),
}
"""Columns to sort by: names upwards, numbers from the largest down."""


def tabulate(
    model: Model, *, by: str = "layer", sort: str | None = None, top: int | None = None
) -> Table:
    """The network's costs as rows.

    Args:
        model: the network.
        by: ``layer`` in order of execution; ``op`` by bytes moved; ``scope`` as a tree in order
            of execution, each module with all that lies inside it.
        sort: a key of SORTS, in place of that order.
        top: how many rows to keep.
    """
    times = model.prediction.of_node if model.prediction is not None else None
    rows = {"layer": _layers, "op": _operators, "scope": _modules}[by](model.graph, times)
    if by == "op" and sort is None:
        sort = "bytes"
    if sort is not None:
        rows.sort(key=SORTS[sort])
    kept = rows if top is None else rows[:top]
    return Table(
        model=model, by=by, rows=tuple(kept), total=len(rows), nested=by == "scope" and sort is None
    )


Times = Mapping[str, float] | None
"""Seconds by node, where they are predicted."""


def _layers(graph: Graph, times: Times) -> list[Row]:
    return [
        Row(
            name=node.label, op_type=node.op_type, dims=dims_text(node),
            shape=_output_shape(graph, node), nodes=1, unknown=int(node.operator is None),
            cost=node.cost, bytes=sum(node.bytes.values()), node=node,
            seconds=None if times is None else times.get(node.name, 0.0),
        )
        for node in graph.layers
    ]  # fmt: skip


def _operators(graph: Graph, times: Times) -> list[Row]:
    return _grouped(((node.op_type, node) for node in graph.layers), times)


def _modules(graph: Graph, times: Times) -> list[Row]:
    return _grouped(
        ((prefix, node) for node in graph.layers for prefix in _prefixes(node.scope)), times
    )


def _prefixes(scope: str) -> list[str]:
    """The modules around a module, outermost first.

    >>> _prefixes("layer1.0.conv1"), _prefixes("")
    (['layer1', 'layer1.0', 'layer1.0.conv1'], [''])
    """
    parts = scope.split(".", DEPTH)[:DEPTH]
    return [".".join(parts[: depth + 1]) for depth in range(len(parts))]


def _grouped(keyed: Iterable[tuple[str, Node]], times: Times) -> list[Row]:
    groups: dict[str, list[Node]] = {}
    for key, node in keyed:
        groups.setdefault(key, []).append(node)
    return [
        Row(
            name=key, nodes=len(nodes), unknown=sum(node.operator is None for node in nodes),
            cost=sum((node.cost for node in nodes), Cost()),
            bytes=sum(sum(node.bytes.values()) for node in nodes),
            seconds=None if times is None else sum(times.get(node.name, 0.0) for node in nodes),
        )
        for key, nodes in groups.items()
    ]  # fmt: skip


def dims_text(node: Node) -> str:
    """A layer's dimensions as people write them: ``64→128 3×3 g32``; "" if it has no channels.

    Any operator with fields ``c_in`` and ``c_out`` has them, and ``k_d``, ``k_h``, ``k_w`` and
    ``groups`` where it has those too.
    """
    dims = node.operator.dims if node.operator is not None else {}
    if "c_in" not in dims or "c_out" not in dims:
        return ""
    parts = [f"{dims['c_in']}→{dims['c_out']}"]
    kernel = [dims[name] for name in ("k_d", "k_h", "k_w") if name in dims]
    if len(kernel) == 3 and kernel[0] == 1:
        kernel = kernel[1:]
    if kernel:
        parts.append("×".join(str(k) for k in kernel))
    if dims.get("groups", 1) != 1:
        parts.append(f"g{dims['groups']}")
    return " ".join(parts)


def _output_shape(graph: Graph, node: Node) -> str:
    tensor = graph.tensors.get(node.outputs[0]) if node.outputs else None
    if tensor is None or tensor.shape is None:
        return ""
    return shape_text(tuple("?" if d is None else d for d in tensor.shape))
