"""Functions and normalisations put where a convolution takes them in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from costmodel.errors import ModelError
from costmodel.frontends.code import Network, Value
from costmodel.fusion.rules import GENERIC
from costmodel.graph import Graph, Node
from costmodel.operators import (
    BatchNormalization,
    Conv,
    ConvTranspose,
    Gemm,
    GlobalPool,
    MatMul,
    Movement,
    Normalization,
    Pool,
    View,
)
from costmodel.operators.elementwise import Elementwise
from costmodel.operators.normalization import LRN
from costmodel.rewrite import OUTSIDE, cut, outside, replaced
from guidelines.finding import Finding
from guidelines.remedies.again import passes
from guidelines.remedies.sites import Surroundings, together
from guidelines.remedy import NotBuilt, Remedy

FOLDS = GENERIC.kernels["Conv"].activations
"""Functions that a convolution takes in."""

Need = tuple[bool, str]
"""Whether to normalise, and then which function to apply; "" for none."""

NOTHING: Need = (False, "")


@dataclass(frozen=True, slots=True)
class Move:
    """Idle operators that go, and what comes in their place, elsewhere.

    Args:
        nodes: that go.
        source, result: what they read and make.
        needs: by tensor, what is to follow it.
        passed: nodes between there and here.
    """

    nodes: tuple[str, ...]
    source: str
    result: str
    needs: Mapping[str, Need]
    passed: frozenset[str]


def folded(around: Surroundings, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """Take the kernels of a site out and put what they did straight behind the convolutions.

    Kernels that hand a map on among themselves, as those of a spelled out HardSwish, are one.
    """
    graph, blamed = around.graph, set(finding.nodes)
    made = {name for each in blamed for name in graph.node(each).outputs}

    def handed(name: str) -> set[str]:
        node = graph.node(name)
        return made.intersection((*node.inputs, *node.outputs))

    moves: dict[str, Move] = {}
    for names in together((name for name in graph if name in blamed), handed):
        move = _move(graph, names)
        if move is None:
            yield NotBuilt(nodes=tuple(names), reason="it is no function of one map")
        else:
            moves[names[0]] = move
    for heads in together(moves, lambda head: (moves[head].source, *moves[head].needs)):
        site = [moves[head] for head in heads]
        gone = tuple(name for move in site for name in move.nodes)
        try:
            yield _rewritten(around, gone, site)
        except ModelError as error:
            yield NotBuilt(nodes=gone, reason=str(error))


def _move(graph: Graph, names: Sequence[str]) -> Move | None:
    """Where the work of these nodes may be done in their place; None where it may not."""
    part = cut(graph, names)
    [source, *others], [result, *more] = part.inputs, part.outputs
    if others or more or part.tensors[source].shape != part.tensors[result].shape:
        return None
    nodes = list(part.layers)
    kinds = [node.op_type for node in nodes if _is_function(node)]
    function = "Relu" if kinds else ""
    if len(kinds) == 1 and kinds[0] in FOLDS and all(passes(part, node) for node in nodes):
        function = kinds[0]
    needs, passed = _places(graph, source, (any(map(_normalises, nodes)), function))
    return Move(tuple(names), source, result, needs, passed)


def _places(graph: Graph, tensor: str, need: Need) -> tuple[dict[str, Need], frozenset[str]]:
    """Go back to what makes a map: by tensor what is to follow it, and the nodes gone by."""
    makers = {name: node for node in graph.layers for name in node.outputs}
    needs: dict[str, Need] = {}
    passed: set[str] = set()
    pending, seen = [(tensor, need)], set()
    while pending:
        tensor, need = pending.pop()
        maker, (normalise, function) = makers.get(tensor), need
        if maker is None or need == NOTHING or (tensor, need) in seen:
            continue
        seen.add((tensor, need))
        passed.add(maker.name)
        further = NOTHING
        if isinstance(maker.operator, Conv | ConvTranspose | Gemm | MatMul):
            needs[tensor] = _both(needs.get(tensor, NOTHING), need)
        elif isinstance(maker.operator, BatchNormalization):
            needs[tensor] = _both(needs.get(tensor, NOTHING), (False, function))
        elif maker.op_type in ("Add", "Sum"):
            needs[tensor] = _both(needs.get(tensor, NOTHING), (False, function))
            further = (normalise, "")
        elif _is_function(maker):
            further = (normalise, "")
        elif isinstance(maker.operator, Movement | Pool | GlobalPool | View):
            further = need
        maps = [n for n in maker.inputs if n in graph.tensors and not graph.tensors[n].constant]
        pending += [(name, further) for name in maps]
    return {name: each for name, each in needs.items() if each != NOTHING}, frozenset(passed)


def _both(one: Need, other: Need) -> Need:
    return one[0] or other[0], one[1] or other[1]


def _rewritten(around: Surroundings, names: tuple[str, ...], site: Sequence[Move]) -> Remedy:
    readers = {tensor for move in site for tensor in (*move.needs, move.source, move.result)}
    near = {name for move in site for name in (*move.nodes, *move.passed)}
    near.update(node.name for node in around.graph.layers if not readers.isdisjoint(node.inputs))
    before = around.whole(near)
    net = Network()
    needs: dict[str, Need] = {}
    for move in site:
        for tensor, need in move.needs.items():
            needs[tensor] = _both(needs.get(tensor, NOTHING), need)
    followed: dict[str, Value] = {}
    for tensor, (normalise, function) in needs.items():
        value = outside(net, before, tensor)
        if normalise:
            value = net.batch_norm(value)
        if function:
            value = net.activation(value, function)
        followed[tensor] = value
    instead = {tensor: value.name for tensor, value in followed.items()}
    sources = {move.result: move.source for move in site}
    for result, source in sources.items():
        while source in sources:  # what goes reads what goes
            source = sources[source]
        instead[result] = instead.get(source, OUTSIDE + source)
    after = replaced(before, names, net.graph(*followed.values()), instead)
    functions = sorted({function for _, function in needs.values() if function})
    put = [*(["batch normalisation"] if any(n for n, _ in needs.values()) else []), *functions]
    gone = dict.fromkeys(around.graph.node(name).op_type for name in names)
    told = f"{'·'.join(gone)} left out"
    if put:
        where = f"{len(needs)} convolutions or sums" if len(needs) > 1 else "what makes the map"
        told += f", {' and '.join(put)} straight behind {where}"
    return Remedy(nodes=names, before=before, after=after, text=told)


def _is_function(node: Node) -> bool:
    """Whether it is an activation, and not a scale or a shift."""
    return isinstance(node.operator, Elementwise) and node.op_type not in (
        "Add", "Sum", "Sub", "Div", "Mul"
    )  # fmt: skip


def _normalises(node: Node) -> bool:
    return isinstance(node.operator, BatchNormalization | Normalization | LRN)
