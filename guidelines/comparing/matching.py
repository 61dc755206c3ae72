"""Which layer of one network is which of another: by name, or by structure and position.

Several alignments are made, which trust names more or less, and the one that tells of the fewest
differences is kept. A module that was renamed, or counted on because
another was put before it, is so told from one that changed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from costmodel.cost import Cost
from costmodel.graph import Graph
from guidelines.comparing.layers import Layer, layers
from guidelines.comparing.sequence import common
from guidelines.comparing.settling import settled

RENAMED, CHANGED, BOTH, ALONE = 0.3, 1.0, 1.25, 3.0
"""What a difference weighs where alignments are compared."""

Feature = Callable[[Layer], Hashable]


def _exactly(layer: Layer) -> Hashable:
    return layer.identity, layer.key


def _called(layer: Layer) -> Hashable:
    return layer.identity


def _alike(layer: Layer) -> Hashable:
    return layer.key


def _family(layer: Layer) -> Hashable:
    return layer.family


ALIGNMENTS: tuple[tuple[Feature, ...], ...] = (
    (_exactly, _called, _alike, _family),
    (_alike, _called, _family),
    (_alike, _family),
)
"""What layers are aligned by, each within the gaps that the one before it leaves: names first,
structure first, and structure alone."""


@dataclass(frozen=True, kw_only=True)
class Matching:
    """Two networks' layers, and which are the same.

    Args:
        base, head: the layers of each, in order.
        pairs: positions in both, in the order of ``head``.
        rewritten: positions of layers that move the same bytes by other operators, as two
            Slices do for a Split.
        inputs: what a layer of ``head`` reads for what one of ``base`` does, of the networks'
            inputs.
    """

    base: tuple[Layer, ...]
    head: tuple[Layer, ...]
    pairs: tuple[tuple[int, int], ...]
    rewritten: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = ()
    inputs: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def removed(self) -> tuple[int, ...]:
        """Positions in ``base`` of layers that ``head`` lacks."""
        kept = {i for i, _ in self.pairs} | {i for left, _ in self.rewritten for i in left}
        return tuple(i for i in range(len(self.base)) if i not in kept)

    @cached_property
    def added(self) -> tuple[int, ...]:
        """Positions in ``head`` of layers that ``base`` lacks."""
        kept = {j for _, j in self.pairs} | {j for _, right in self.rewritten for j in right}
        return tuple(j for j in range(len(self.head)) if j not in kept)

    @cached_property
    def renamed(self) -> int:
        """How many of the pairs are called otherwise."""
        return sum(self.base[i].node.label != self.head[j].node.label for i, j in self.pairs)

    @cached_property
    def names(self) -> dict[str, str]:
        """The node of ``head`` by the name of the one of ``base``."""
        pairs = [*self.pairs]
        for left, right in self.rewritten:
            pairs += zip(left, [*right, *[right[-1]] * len(left)], strict=False)
        return {self.base[i].node.name: self.head[j].node.name for i, j in pairs}


def match(base: Graph | None, head: Graph | None) -> Matching:
    """Match the layers of two networks; None stands for no network.

    >>> from costmodel.frontends.code import Network
    >>> def network(width):
    ...     net = Network()
    ...     return net.graph(net.conv(net.relu(net.conv(net.input(3, 8, 8), width)), 8))
    >>> match(network(16), network(24)).pairs
    ((0, 0), (1, 1), (2, 2))
    """
    one, other = (() if graph is None else layers(graph) for graph in (base, head))
    found = min(
        (_aligned(one, other, features) for features in ALIGNMENTS),
        key=lambda pairs: _weight(one, other, pairs),
    )
    found = settled(one, other, found)
    found = [(i, j) for j, i in settled(other, one, [(j, i) for i, j in found])]
    inputs = _inputs(base, head)
    return Matching(
        base=one, head=other, pairs=tuple(sorted(found, key=lambda pair: pair[::-1])),
        rewritten=_rewritten(one, other, {**inputs, **dict(found)}), inputs=inputs,
    )  # fmt: skip


def _inputs(base: Graph | None, head: Graph | None) -> dict[int, int]:
    """The networks' inputs, by name where both have the same names, else by position."""
    one, other = ([] if graph is None else [*graph.inputs] for graph in (base, head))
    if {*one} == {*other}:
        return {-1 - i: -1 - other.index(name) for i, name in enumerate(one)}
    return {-1 - i: -1 - i for i in range(len(one))}


def _rewritten(
    one: Sequence[Layer], other: Sequence[Layer], images: Mapping[int, int]
) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Operators that only move, read the same in both, and cost the same together."""
    met = set(images.values())
    left: dict[tuple[int | None, ...], list[int]] = {}
    right: dict[tuple[int | None, ...], list[int]] = {}
    for i, layer in enumerate(one):
        if i not in images and _moves(layer):
            read = tuple(images.get(each) for each in layer.reads)
            left.setdefault(read, []).append(i)
    for j, layer in enumerate(other):
        if j not in met and _moves(layer):
            right.setdefault(layer.reads, []).append(j)
    return tuple(
        (tuple(left[read]), tuple(right[read]))
        for read in right
        if read in left and _together(one, left[read]) == _together(other, right[read])
    )


def _moves(layer: Layer) -> bool:
    cost = layer.node.cost
    return layer.node.operator is not None and not (cost.madds or cost.ops or cost.params)


def _together(part: Sequence[Layer], places: Sequence[int]) -> Hashable:
    moved: dict[str, int] = {}
    for place in places:
        for dtype, number in part[place].node.bytes.items():
            moved[dtype] = moved.get(dtype, 0) + number
    cost = sum((part[place].node.cost for place in places), Cost())
    return cost.reads, cost.writes, frozenset(moved.items())


def _aligned(
    one: Sequence[Layer], other: Sequence[Layer], features: Sequence[Feature]
) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for feature in features:
        pairs = _filled(one, other, pairs, feature)
    pairs += _replaced(one, other, pairs)
    return pairs + _moved(one, other, pairs)


def _gaps(
    one: Sequence[Layer], other: Sequence[Layer], pairs: Sequence[tuple[int, int]]
) -> list[tuple[range, range]]:
    """The stretches between neighbouring pairs, where both networks have layers."""
    bounds = [(-1, -1), *sorted(pairs), (len(one), len(other))]
    found = []
    for (i, j), (end, stop) in pairwise(bounds):
        if end - i > 1 and stop - j > 1:
            found.append((range(i + 1, end), range(j + 1, stop)))
    return found


def _filled(
    one: Sequence[Layer], other: Sequence[Layer], pairs: list[tuple[int, int]], feature: Feature
) -> list[tuple[int, int]]:
    found = list(pairs)
    for left, right in _gaps(one, other, pairs):
        told = common([feature(one[i]) for i in left], [feature(other[j]) for j in right])
        found += [(left[i], right[j]) for i, j in told]
    return found


def _replaced(
    one: Sequence[Layer], other: Sequence[Layer], pairs: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Where one operator stands in for another: one for one, or under one name."""
    found = []
    for left, right in _gaps(one, other, pairs):
        if len(left) == len(right) == 1:
            found.append((left[0], right[0]))
            continue
        calls = [_once(part, at) for part, at in ((one, left), (other, right))]
        found += _in_order([(calls[0][n], calls[1][n]) for n in calls[0] if n in calls[1]])
    return found


def _once(part: Sequence[Layer], at: range) -> dict[str, int]:
    """Where the names stand that stand there once."""
    places: dict[str, list[int]] = {}
    for i in at:
        places.setdefault(part[i].node.label, []).append(i)
    return {name: found[0] for name, found in places.items() if len(found) == 1}


def _in_order(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of the pairs that stand in one order in both."""
    kept: list[tuple[int, int]] = []
    for pair in sorted(pairs):
        if not kept or pair[1] > kept[-1][1]:
            kept.append(pair)
    return kept


def _moved(
    one: Sequence[Layer], other: Sequence[Layer], pairs: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Layers that kept their names and their work, and run at another place."""
    here, there = {i for i, _ in pairs}, {j for _, j in pairs}
    left = {_exactly(layer): i for i, layer in enumerate(one) if i not in here}
    return [
        (left[_exactly(layer)], j)
        for j, layer in enumerate(other)
        if j not in there and _exactly(layer) in left
    ]


def _weight(
    one: Sequence[Layer], other: Sequence[Layer], pairs: Sequence[tuple[int, int]]
) -> float:
    total = ALONE * (len(one) + len(other) - 2 * len(pairs))
    for i, j in pairs:
        same, called = one[i].key == other[j].key, one[i].node.label == other[j].node.label
        total += (0.0 if called else RENAMED) if same else (CHANGED if called else BOTH)
    return total
