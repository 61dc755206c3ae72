"""Maps that leave the device's blocked layout and come back.

**Why**

Convolutions run on channels in blocks. What cannot, a channel shuffle, a split, a gate, a concat
of widths that are no multiples of the block, needs the map as the file has it: it is reordered
on the way out and again on the way in, twice the map in and out, and the operator itself moves
it a third time. ShuffleNet V2 does this in every unit.

The rule lays the network out as the device's runtime does, and adds up what the profile says of
the reorders around operators that stand between kernels on blocks. It speaks where those of a
kind take more than ``max_share`` of the network's time.

**Fix**

Concatenate multiples of the block; gate the narrow map behind the convolution, not the wide one
before it; instead of shuffling two halves put halves of halves together, which mixes the same
channels in fewer passes.

**References**

ONNX Runtime, core/optimizer/nchwc_transformer.cc. Ma et al., ShuffleNet V2, ECCV 2018, arXiv
1807.11164: section 3, for concat, shuffle and split in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import networkx as nx

from costmodel.frontends.code import Network
from costmodel.graph import Graph, Node
from costmodel.operators import Elementwise
from guidelines.finding import Breach
from guidelines.quantity import duration, percent
from guidelines.rule import Case, rule
from guidelines.rules.d104_unfused_function import ARITHMETIC

if TYPE_CHECKING:
    from costmodel.device import Device
    from costmodel.timing import Prediction


@rule("D105", "layout-round-trip", max_share=0.02, widest={"max_share": 0.0})
def check(graph: Graph, device: Device, *, max_share: float) -> Iterator[Breach]:
    """Add up the reorders around what stands between kernels on blocks."""
    from costmodel.timing import predict

    prediction = predict(graph, device)
    kinds: dict[str, list[Trip]] = {}
    for trip in trips(graph, prediction):
        ops = dict.fromkeys(graph.node(name).op_type for name in trip.nodes)
        kinds.setdefault("·".join(ops), []).append(trip)
    for kind, found in kinds.items():
        total = sum(trip.seconds for trip in found)
        share = total / prediction.seconds
        if share <= max_share:
            continue
        for trip in found:
            yield Breach(
                nodes=trip.nodes,
                kind=kind,
                value=share,
                bound=max_share,
                message=f"{kind} between convolutions: on {device.name} the maps are put out of "
                f"blocks and back, {duration(total)} in all, {percent(share)} of the network "
                f"(limit {percent(max_share)})",
                remedy="concatenate multiples of the block, gate behind the narrowing "
                "convolution, put halves together instead of shuffling",
                excess_bytes=trip.bytes,
            )


@dataclass(frozen=True, slots=True)
class Trip:
    """Operators outside of blocks, between kernels that work on blocks.

    Args:
        nodes: in order of execution.
        seconds, bytes: of the reorders on their way in and out.
    """

    nodes: tuple[str, ...]
    seconds: float
    bytes: int


def trips(graph: Graph, prediction: Prediction) -> Iterator[Trip]:
    """Every one of them that no other rule judges."""
    blocked = {
        name for timed in prediction.kernels if timed.kernel.path.startswith("nchwc")
        for name in timed.kernel.nodes if not _is_view(graph, name)
    }  # fmt: skip
    flow = nx.subgraph_view(graph, filter_node=lambda name: name not in blocked)
    makers = {name: node.name for node in graph.layers for name in node.outputs}
    readers: dict[str, list[str]] = {}
    for node in graph.layers:
        for name in node.inputs:
            readers.setdefault(name, []).append(node.name)
    reorders: dict[str, list[tuple[str, frozenset[str]]]] = {
        "ReorderInput": [],
        "ReorderOutput": [],
    }
    seconds: dict[str, float] = {}
    moved: dict[str, int] = {}
    for timed in prediction.kernels:
        if timed.kernel.op in reorders:
            ((name, _),) = timed.kernel.reads
            ends = [makers[name]] if name in makers else []
            if timed.kernel.op == "ReorderOutput":
                ends = readers.get(name, [])
            reorders[timed.kernel.op].append((name, frozenset(ends)))
            seconds[name] = seconds.get(name, 0.0) + timed.seconds
            moved[name] = moved.get(name, 0) + int(timed.kernel.bytes)
    rank = {name: step for step, name in enumerate(graph)}
    for part in nx.weakly_connected_components(flow):
        out = [name for name, ends in reorders["ReorderOutput"] if ends & part]
        back = [name for name, ends in reorders["ReorderInput"] if ends & part]
        if out and back and not _is_judged_elsewhere([graph.node(name) for name in part]):
            names = tuple(sorted(part, key=rank.__getitem__))
            both = dict.fromkeys((*out, *back))
            yield Trip(names, sum(seconds[n] for n in both), sum(moved[n] for n in both))


def _is_judged_elsewhere(nodes: Sequence[Node]) -> bool:
    """Convolutions that are off the fast path are D101's and D102's, lone functions D104's."""
    lone = len(nodes) == 1 and isinstance(nodes[0].operator, Elementwise)
    lone &= nodes[0].op_type not in ARITHMETIC
    return lone or any(node.cost.madds for node in nodes)


def _is_view(graph: Graph, name: str) -> bool:
    operator = graph.node(name).operator
    return operator is not None and operator.view


def cases() -> Iterator[Case]:
    """Shuffled units, gates, and a residual network, whose maps stay in blocks."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
    for _ in range(3):
        kept, y = net.split(x, 32, 32)
        y = net.batch_norm(net.depthwise(net.conv_bn_relu(y, 32)))
        x = net.shuffle(net.concat(kept, net.conv_bn_relu(y, 32)), 2)
    yield Case("shuffled units: one long way round", net.graph(net.conv(x, 16)), 1)
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
    for _ in range(3):
        x = net.add(net.conv_bn_relu(net.conv_bn_relu(x, 32), 64), x)
    yield Case("residual units", net.graph(net.conv(x, 16)), 0)
