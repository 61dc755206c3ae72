"""Building blocks: the regions between two nodes that every path passes through.

A block begins where a tensor has several readers and ends where their paths have met again:
its entry dominates all that is inside, its exit post-dominates it. Blocks nest, and two of
them never overlap: a squeeze-and-excite gate stands inside a residual block.

>>> from costmodel.frontends.code import Network
>>> net = Network()
>>> x = net.relu(net.conv(net.input(3, 8, 8), 16))
>>> y = net.add(x, net.conv(net.relu(net.conv(x, 16)), 16))
>>> [(b.entry, b.nodes, b.exit) for b in blocks(net.graph(y))]
[('Relu_1', ('Conv_2', 'Relu_2', 'Conv_3'), 'Add_1')]

References:
    Cooper, Harvey and Kennedy, A simple, fast dominance algorithm, 2001: the dominator of a
    node is the lowest common ancestor of its predecessors' in the tree of dominators.
    Myers, An applicative random-access stack, 1983: the jump pointers that find it.
    Johnson, Pearson and Pingali, The program structure tree, PLDI 1994: regions that nest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from costmodel.graph import Graph
from costmodel.operators.view import Extent


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Block:
    """One region.

    Args:
        entry: the node whose output it reads, "" for an input of the network.
        exit: the node where its paths meet; it belongs to what comes after.
        own: nodes strictly between, those of inner blocks aside, in order of execution.
        inner: blocks inside this one, in the order of their exits.
    """

    entry: str
    exit: str
    own: tuple[str, ...]
    inner: tuple[Block, ...]

    @property
    def nodes(self) -> tuple[str, ...]:
        """All nodes inside, an inner block's after its entry."""
        found: list[str] = []
        pending = [self]
        while pending:
            block = pending.pop()
            found.extend(block.own)
            pending.extend(reversed(block.inner))
        return tuple(found)


def blocks(graph: Graph) -> tuple[Block, ...]:
    """Every block, inner ones before those that hold them.

    Shape arithmetic (what follows from Shape and Size alone) is no path. Where the network's
    inputs part, a block begins only if they are one tensor; paths that leave by several
    outputs never meet.
    """
    flow = _Flow.of(graph)
    steps = range(len(flow.names))
    before = _dominators(flow.before, steps)
    after = _dominators(flow.after, reversed(steps))
    # A region is a pair: the exit post-dominates its entry, and the entry dominates its exit.
    exits = {
        node: after[node]
        for node in steps
        if len(flow.after[node]) > 1 and before[after[node]] == node and after[node] != steps[-1]
    }
    if not flow.one_input:
        exits.pop(0, None)
    return _nest(flow.names, exits, before)


@dataclass(frozen=True, slots=True)
class _Flow:
    """The graph as numbers in order of execution, without shape arithmetic.

    Args:
        names: of the nodes; the first and the last, which have none, stand for whatever is
            before the network and after it.
        before, after: by node, those that it reads and those that read it.
        one_input: whether all that read an input of the network read the same one.
    """

    names: Sequence[str]
    before: Sequence[tuple[int, ...]]
    after: Sequence[tuple[int, ...]]
    one_input: bool

    @classmethod
    def of(cls, graph: Graph) -> _Flow:
        sizes = _size_arithmetic(graph)
        names = ["", *(name for name in graph if name not in sizes), ""]
        number = {name: i for i, name in enumerate(names)}
        returned = set(graph.outputs)
        before: list[tuple[int, ...]] = [()]
        after: list[tuple[int, ...]] = [()]
        read: set[str] = set()
        for name in names[1:-1]:
            node = graph.node(name)
            before.append(tuple(number[p] for p in graph.pred[name] if p in number) or (0,))
            onward = tuple(number[s] for s in graph.succ[name] if s in number)
            leaves = not onward or not returned.isdisjoint(node.outputs)
            after.append((*onward, len(names) - 1) if leaves else onward)
            if before[-1] == (0,):
                read.update(n for n in node.inputs if n in graph.inputs or n not in graph.tensors)
        after[0] = tuple(n for n, nodes in enumerate(before) if nodes == (0,))
        before.append(tuple(n for n, nodes in enumerate(after) if len(names) - 1 in nodes))
        after.append(())
        return cls(names, before, after, len(read) == 1)


def _size_arithmetic(graph: Graph) -> set[str]:
    """Nodes that compute from extents alone, never from elements."""
    found: set[str] = set()
    for node in graph.layers:
        before = graph.pred[node.name]
        if isinstance(node.operator, Extent) or (before and all(p in found for p in before)):
            found.add(node.name)
    return found


def _dominators(before: Sequence[Iterable[int]], order: Iterable[int]) -> list[int]:
    """The nearest dominator of each node of a DAG, visited in topological order.

    Takes O((V + E) log V): each node keeps, beside its parent, a jump to a farther ancestor.
    The first node visited is the root, its own dominator.
    """
    parent, jump, depth = [0] * len(before), [0] * len(before), [-1] * len(before)

    def meet(a: int, b: int) -> int:
        """The lowest common ancestor."""
        if depth[a] < depth[b]:
            a, b = b, a
        while depth[a] > depth[b]:
            a = jump[a] if depth[jump[a]] >= depth[b] else parent[a]
        while a != b:
            a, b = (jump[a], jump[b]) if jump[a] != jump[b] else (parent[a], parent[b])
        return a

    for node in order:
        found = node
        for other in before[node]:
            found = other if found == node else meet(found, other)
        parent[node], depth[node] = found, depth[found] + 1
        far = jump[found]
        even = depth[found] - depth[far] == depth[far] - depth[jump[far]]
        jump[node] = jump[far] if even else found
    return parent


def _nest(
    names: Sequence[str], exits: Mapping[int, int], before: Sequence[int]
) -> tuple[Block, ...]:
    """Blocks from their entries and exits: each node goes to the innermost that holds it."""
    holder: list[int | None] = [None]
    own: dict[int, list[str]] = {entry: [] for entry in exits}
    for node in range(1, len(names) - 1):
        above = before[node]
        # What a node dominates is in the block that the node is in, unless it opens one itself.
        entry = above if node < exits.get(above, 0) else holder[above]
        holder.append(entry)
        if entry is not None:
            own[entry].append(names[node])
    made: list[Block] = []
    inside: dict[int, list[Block]] = {}
    for entry in sorted(exits, key=exits.__getitem__):
        block = Block(
            entry=names[entry], exit=names[exits[entry]], own=tuple(own[entry]),
            inner=tuple(inside.get(entry, ())),
        )  # fmt: skip
        made.append(block)
        outer = holder[entry]
        if outer is not None:
            inside.setdefault(outer, []).append(block)
    return tuple(made)
