"""The layers that changed as rows: what says the same of several stands in one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from costmodel.graph import Node
from guidelines.budget.figures import block
from guidelines.comparing.comparison import Comparison
from guidelines.comparing.layers import Layer
from guidelines.report.layers import dims_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Layers of which the same is to be said.

    Args:
        sign: ``~`` changed, ``+`` added, ``-`` removed.
        names: what they are called, in order of execution.
        what: what they are: an operator with its channels and kernel, or several operators.
        words: what became of them.
        madds, moved: how much more multiply-adds and bytes they take.
    """

    sign: str
    names: tuple[str, ...]
    what: str
    words: str
    madds: int
    moved: int

    @property
    def where(self) -> str:
        """``features.2``, or ``×3: features.2 … features.4``."""
        first, last = self.names[0], self.names[-1]
        if len(self.names) == 1:
            return first
        return f"×{len(self.names)}: {first}" + ("" if first == last else f" … {last}")


def rows(comparison: Comparison, *, whole: bool = False) -> list[Row]:
    """What was changed, added and removed; what says the same in one row.

    Args:
        comparison: of two networks.
        whole: whether to give each layer a row, those too that only follow what they read.
    """
    groups: dict[object, _Group] = {}
    for number, each in enumerate(comparison.changes):
        if whole or each.own:
            words = "; ".join(each.words)
            alike = number if whole else (each.head.node.op_type, words)
            group = groups.setdefault(alike, _Group("~", words))
            group.pairs.append((each.base, each.head))
    matching = comparison.matching
    sides = (("+", matching.added, matching.head), ("-", matching.removed, matching.base))
    for sign, places, layers in sides:
        for run in _runs(places, layers, whole):
            node = run[0].node
            many = len(run) == 1 and not node.cost.madds and not whole
            key = (sign, node.op_type, "" if many else node.name)
            group = groups.setdefault(key, _Group(sign, ""))
            group.pairs.extend((None, each) if sign == "+" else (each, None) for each in run)
    return [group.row for group in groups.values()]


@dataclass(frozen=True, slots=True)
class _Group:
    """Layers before and after, of which the same is to be said."""

    sign: str
    words: str
    pairs: list[tuple[Layer | None, Layer | None]] = field(default_factory=list)

    @property
    def row(self) -> Row:
        nodes = [layer.node for pair in self.pairs if (layer := pair[1] or pair[0]) is not None]
        told = {described(node) for node in nodes}
        counts = Counter(node.op_type for node in nodes)
        madds = moved = 0
        for pair in self.pairs:
            for layer, factor in zip(pair, (-1, 1), strict=True):
                if layer is not None:
                    madds += factor * layer.node.cost.madds
                    moved += factor * sum(layer.node.bytes.values())
        return Row(
            sign=self.sign, names=tuple(node.label for node in nodes),
            what=told.pop() if len(told) == 1 else _types(counts, self.sign == "~"),
            words=self.words or {"+": "added", "-": "removed"}[self.sign],
            madds=madds, moved=moved,
        )  # fmt: skip


def _types(counts: Mapping[str, int], bare: bool) -> str:
    return ", ".join(f"{name} ×{n}" if n > 1 and not bare else name for name, n in counts.items())


def _runs(places: Sequence[int], layers: Sequence[Layer], whole: bool) -> list[list[Layer]]:
    """Neighbouring layers of one block."""
    runs: list[list[Layer]] = []
    last = -2
    for place in places:
        layer = layers[place]
        near = runs and place == last + 1 and block(runs[-1][-1].node) == block(layer.node)
        if near and not whole and layer.node.scope:
            runs[-1].append(layer)
        else:
            runs.append([layer])
        last = place
    return runs


def followers(comparison: Comparison) -> int:
    """Layers that changed only as what they read did."""
    return sum(not each.own for each in comparison.changes)


def described(node: Node) -> str:
    """A layer in a few words: its type, and its channels and kernel where it has them."""
    return f"{node.op_type} {dims_text(node)}".rstrip()
