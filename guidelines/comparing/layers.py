"""A network as a sequence of layers that no exporter's habit changes.

What costs nothing is no layer: reshapes, identities, arithmetic on sizes. The order is that in
which the outputs need the layers, whatever order the file has.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from costmodel.cost import Cost
from costmodel.graph import Graph, Node
from costmodel.operators.view import Extent

SAME = {
    "GlobalAveragePool": "ReduceMean",
    "GlobalMaxPool": "ReduceMax",
    "GlobalLpPool": "ReduceL2",
    "Upsample": "Resize",
}
"""Types that exporters write for each other; such layers are alike if they cost the same."""

COMMUTATIVE = {"Add", "Mul", "Sum", "Max", "Min", "Mean", "And", "Or", "Xor", "Equal"}

SCALARS = 4
"""Constants up to this many are bounds and factors, which some files hold as attributes."""

SIZES = 64
"""Elements up to which what is computed from sizes alone is sizes."""

MOST_SOURCES = 256
"""Layers that a view is followed to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A node that costs something.

    Args:
        node: the node.
        shape: of its first output, None where it is not known.
        identity: what it is called: its module or name, its type, and the how-manieth of these.
        family: its operator type, one for those that stand for each other.
        key: equal for layers that do the same work on maps of the same size.
        reads: positions of the layers that it reads, views aside; the network's inputs are
            -1, -2 and so on.
    """

    node: Node
    shape: tuple[int | None, ...] | None
    identity: tuple[str, str, int]
    family: str
    key: Hashable
    reads: tuple[int, ...]


def layers(graph: Graph) -> tuple[Layer, ...]:
    """The layers, each after those that it reads.

    >>> from costmodel.frontends.code import Network
    >>> net = Network()
    >>> x = net.flatten(net.relu(net.conv(net.input(3, 8, 8), 4)))
    >>> [(layer.family, layer.reads) for layer in layers(net.graph(x))]
    [('Conv', (-1,)), ('Relu', (0,))]
    """
    sources = _sources(graph)
    order = _ordered(graph, sources)
    places = {name: -1 - i for i, name in enumerate(graph.inputs)}
    places |= {name: i for i, name in enumerate(order)}
    seen: dict[tuple[str, str], int] = {}
    found = []
    for name in order:
        node = graph.node(name)
        family = SAME.get(node.op_type, node.op_type)
        called = (node.label, family)
        seen[called] = seen.get(called, -1) + 1
        tensor = graph.tensors.get(node.outputs[0]) if node.outputs else None
        shape = None if tensor is None else tensor.shape
        found.append(
            Layer(
                node=node, shape=shape, identity=(*called, seen[called]), family=family,
                key=_key(graph, node, family, shape),
                reads=tuple(places[each] for each in sources[name]),
            )
        )  # fmt: skip
    return tuple(found)


def _sources(graph: Graph) -> dict[str, tuple[str, ...]]:
    """By layer, the layers and the network's inputs that it reads."""
    made: dict[str, tuple[str, ...]] = {name: (name,) for name in graph.inputs}
    sizes: set[str] = set()
    found = {}
    for node in graph.layers:
        given = [name for name in node.inputs if name in made]
        reads = tuple(dict.fromkeys(each for name in given for each in made[name]))[:MOST_SOURCES]
        if isinstance(node.operator, Extent) or (
            given and sizes.issuperset(given) and _small(graph, node)
        ):
            sizes.update(node.outputs)
            made.update(dict.fromkeys(node.outputs, ()))
        elif node.operator is not None and node.cost == Cost():
            made.update(dict.fromkeys(node.outputs, reads))
        else:
            found[node.name] = reads
            made.update(dict.fromkeys(node.outputs, (node.name,)))
    return found


def _small(graph: Graph, node: Node) -> bool:
    made = [graph.tensors[name] for name in node.outputs if name in graph.tensors]
    return all(tensor.known and tensor.elements <= SIZES for tensor in made)


def _ordered(graph: Graph, sources: Mapping[str, Sequence[str]]) -> list[str]:
    """The layers in the order in which the outputs need them; those that none needs come last."""
    depth: dict[str, int] = {}
    for name, reads in sources.items():
        depth[name] = 1 + max((depth.get(each, 0) for each in reads), default=0)
    makers = {tensor: node.name for node in graph.layers for tensor in node.outputs}
    before = {name: list(graph.pred[name]) for name in graph}
    ordered: dict[str, None] = {}
    entered: set[str] = set()
    pending = [makers[name] for name in reversed(graph.outputs) if name in makers]
    pending = [*reversed([*sources]), *pending]
    while pending:
        name = pending[-1]
        if name in entered:
            pending.pop()
            if name in sources:
                ordered.setdefault(name)
            continue
        entered.add(name)
        onward = before[name]
        if graph.node(name).op_type in COMMUTATIVE:
            onward = sorted(onward, key=lambda each: -depth.get(each, 0))
        pending += [each for each in reversed(onward) if each not in entered]
    return [*ordered]


def _key(graph: Graph, node: Node, family: str, shape: tuple[int | None, ...] | None) -> Hashable:
    extent = None if shape is None else tuple(size for size in shape if size != 1)
    work: Hashable
    if node.operator is None:
        work = tuple(_shapes(graph, node.inputs))
    elif family in SAME.values():
        cost = node.operator.cost
        work = (cost.reads, cost.writes, cost.params)
    else:
        work = (type(node.operator), tuple(sized(node).items()))
    return family, work, extent, node.times, frozenset(node.bytes), window(node)


def sized(node: Node) -> dict[str, int]:
    """The dimensions of the node's operator, scalars aside."""
    dims = dict(node.operator.dims) if node.operator is not None else {}
    if dims.get("held", 0) - dims.get("learned", 0) <= SCALARS and "held" in dims:
        dims["held"] = dims.get("learned", 0)
    return dims


def window(node: Node) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Strides and dilations that are not 1."""
    given = ((name, node.attributes.get(name)) for name in ("strides", "dilations"))
    return tuple(
        (name, tuple(steps))
        for name, steps in given
        if isinstance(steps, list) and any(step != 1 for step in steps)
    )


def _shapes(graph: Graph, names: Iterable[str]) -> Iterable[tuple[int | None, ...] | None]:
    for name in names:
        tensor = graph.tensors.get(name)
        yield None if tensor is None else tensor.shape
