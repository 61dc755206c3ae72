"""A network's totals, counted once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from costmodel.dims import Dim
from costmodel.fusion import fused_memory_access_bytes
from costmodel.graph import Graph, Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums over the nodes that could be costed.

    Args:
        params, buffers: learned and other constant elements.
        madds: multiply-adds.
        flops: 2*madds + ops.
        ops: operations outside multiply-adds.
        memory_access: elements moved by every operator on its own.
        memory_access_bytes: the same in bytes.
        fused_memory_access_bytes: bytes that are left where a runtime fuses.
        weight_bytes: bytes of the parameters and buffers as stored.
        peak_activation_bytes: most bytes of activations alive at once.
    """

    params: Dim
    buffers: Dim
    madds: Dim
    flops: Dim
    ops: Dim
    memory_access: Dim
    memory_access_bytes: int
    fused_memory_access_bytes: int
    weight_bytes: int
    peak_activation_bytes: int

    @classmethod
    def of(cls, graph: Graph) -> Totals:
        """The totals of a network."""
        cost = graph.cost
        return cls(
            params=cost.params,
            buffers=cost.buffers,
            madds=cost.madds,
            flops=cost.flops,
            ops=cost.ops,
            memory_access=cost.memory_access,
            memory_access_bytes=graph.memory_access_bytes,
            fused_memory_access_bytes=fused_memory_access_bytes(graph),
            weight_bytes=graph.weight_bytes,
            peak_activation_bytes=graph.peak_activation_bytes,
        )

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def unknown_types(nodes: tuple[Node, ...]) -> dict[str, int]:
    """How many nodes of each operator type, in order of execution."""
    counts: dict[str, int] = {}
    for node in nodes:
        counts[node.op_type] = counts.get(node.op_type, 0) + 1
    return counts
