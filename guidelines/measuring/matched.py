"""Kernels as predicted beside nodes as the runtime ran them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from costmodel.fusion import Kernel, Rules, kernels
from costmodel.graph import Graph
from guidelines.measuring.onnx_runtime import Profiled


@dataclass(frozen=True, slots=True)
class Measured:
    """A kernel and what the clock says of it."""

    kernel: Kernel
    profiled: Profiled


@dataclass(frozen=True, slots=True)
class Match:
    """What was found of each other.

    Args:
        kernels: kernels that ran as predicted.
        views: nodes that only show memory under another shape.
        strangers: nodes of the runtime that no predicted kernel stands for.
    """

    kernels: tuple[Measured, ...]
    views: tuple[Profiled, ...]
    strangers: tuple[Profiled, ...]


def match(graph: Graph, ran: Sequence[Profiled], rules: Rules) -> Match:
    """Find the kernel of each node that ran: by its name or output, reorders by their size."""
    waiting = list(kernels(graph, rules))
    made = {out: node.name for node in graph.layers for out in node.outputs}
    views = {node.name for node in graph.layers if node.operator and node.operator.view}
    found: list[Measured] = []
    shown: list[Profiled] = []
    strangers: list[Profiled] = []
    for each in ran:
        name = each.name.removeprefix("fused ").removesuffix("_nchwc")
        node = next((n for n in (name, name.removeprefix("/")) if n in graph), made.get(name, ""))
        if node in views:
            shown.append(each)
            continue
        kernel = next((k for k in waiting if _is(k, node, each)), None)
        if kernel is None:
            strangers.append(each)
            continue
        waiting.remove(kernel)
        found.append(Measured(kernel, each))
    return Match(tuple(found), tuple(shown), tuple(strangers))


def _is(kernel: Kernel, node: str, ran: Profiled) -> bool:
    if node:
        return node in kernel.nodes
    padded = kernel.write_bytes <= ran.output_bytes < 2 * kernel.write_bytes
    return kernel.op == ran.op_type and not kernel.nodes and padded
