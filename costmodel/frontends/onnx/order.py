"""An order in which nodes can run: the file's own, wherever that is sound."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import onnx

from costmodel.errors import ModelError
from costmodel.frontends.onnx.nodes import called


def read_by(node: onnx.NodeProto) -> Iterator[str]:
    """What a node reads from its graph: its inputs, and what its bodies take from outside."""
    yield from node.input
    for a in node.attribute:
        if a.HasField("g"):
            own = {output for inside in a.g.node for output in inside.output}
            own.update(value.name for value in a.g.input)
            own.update(tensor.name for tensor in a.g.initializer)
            for inside in a.g.node:
                yield from (name for name in read_by(inside) if name not in own)
            yield from (o.name for o in a.g.output if o.name not in own)


def ordered(nodes: list[onnx.NodeProto]) -> list[onnx.NodeProto]:
    """The nodes so that each follows what it reads; the file's order wherever it is sound."""
    producer = {output: i for i, node in enumerate(nodes) for output in node.output if output}
    needs: list[set[int]] = []
    sound = True
    for i, node in enumerate(nodes):
        reads = {producer[name] for name in read_by(node) if name in producer}
        sound = sound and all(j < i for j in reads)
        needs.append(reads)
    if sound:
        return nodes
    return [nodes[i] for i in _topological(nodes, needs)]


def _topological(nodes: list[onnx.NodeProto], needs: list[set[int]]) -> list[int]:
    readers: dict[int, list[int]] = {}
    waiting = [len(reads) for reads in needs]
    for i, reads in enumerate(needs):
        for j in reads:
            readers.setdefault(j, []).append(i)
    ready = [i for i, count in enumerate(waiting) if count == 0]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        i = heapq.heappop(ready)
        order.append(i)
        for reader in readers.get(i, ()):
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heapq.heappush(ready, reader)
    if len(order) < len(nodes):
        stuck = [called(nodes[i]) for i, count in enumerate(waiting) if count]
        listed = ", ".join(f"'{name}'" for name in stuck[:3])
        raise ModelError(f"expected a graph without cycles, found one through {listed}")
    return order
