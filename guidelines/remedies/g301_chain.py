"""A chain of few convolutions with the multiply-adds of a fragmented block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from costmodel.blocks import Block, blocks
from costmodel.channels import channels
from costmodel.errors import ModelError
from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph
from costmodel.operators import BatchNormalization, Conv
from costmodel.rewrite import outside, replaced
from guidelines.finding import Finding
from guidelines.remedies.sites import Surroundings
from guidelines.remedies.widths import at_equal_madds
from guidelines.remedy import NotBuilt, Remedy, remedy

MODULE = 64
"""Nodes of a block up to which a chain is proposed in its place."""

CHAINS = ((1, 3), (3, 1), (1, 3, 1), (1, 3, 3))
"""Kernels of the chains that are tried: alternatives."""

WIDTH = 64
"""Channels inside a chain before it is fitted to the budget."""


@remedy("G301")
def chain(graph: Graph, finding: Finding) -> Iterator[Remedy | NotBuilt]:
    """Put a chain in place of each block; a price says which."""
    around = Surroundings.of(graph)
    for block in _blocks(graph, finding):
        order = [name for name in graph if name in set(block.nodes)]
        if len(block.nodes) > MODULE:
            reason = f"a block of {len(block.nodes)} operators, which no chain stands for"
            yield NotBuilt(nodes=tuple(order), reason=reason)
            continue
        before = around.whole([*block.nodes, block.exit])
        try:
            for kernels in CHAINS:
                yield _chain(order, before, block, kernels)
        except ModelError as error:
            yield NotBuilt(nodes=tuple(order), reason=str(error))


def _blocks(graph: Graph, finding: Finding) -> Iterator[Block]:
    """The blocks that the finding is about: those of its nodes that no other of them holds."""
    blamed = set(finding.nodes)
    found = [block for block in blocks(graph) if block.nodes and blamed.issuperset(block.nodes)]
    inner = {held for block in found for held in block.inner}
    yield from (block for block in found if block not in inner)


def _chain(
    names: list[str], before: Graph, block: Block, kernels: tuple[int, ...]
) -> Remedy | NotBuilt:
    """A chain of these kernels, with the normalisation and the function that the block has."""
    y = before.node(block.exit).outputs[0]
    if len(before.inputs) != 1 or (before.outputs != (y,) and len(before.outputs) != 1):
        raise ModelError("expected a block with one map in and one out, found several")
    [(source, (_, *shape))] = before.inputs.items()
    made = before.tensors[y].dims
    if len(shape) != 3 or len(made) != 4:
        raise ModelError("expected a block of maps of two dimensions, found others")
    stride = round(shape[1] / made[2])
    finish = _finish(before, block)
    net = Network()
    x = outside(net, before, source)
    for step, k in enumerate(kernels):
        c = made[1] if step == len(kernels) - 1 else WIDTH
        strided = k == 3 and stride > 1 and step == kernels.index(3)
        pad = -(-((made[2] - 1) * stride + k - shape[1]) // 2) if strided else k // 2
        x = finish(net, net.conv(x, c, k=k, stride=stride if strided else 1, pad=max(0, pad)))
    if x.shape != made:
        raise ModelError(f"expected a map of {made[2]}×{made[3]}, found that a chain gives another")
    after = replaced(before, [*block.nodes, block.exit], net.graph(x), {y: x.name})
    moves = dict.fromkeys(channels(after).free, 0.0)
    site = at_equal_madds(names, before, after, moves, "a chain")
    return replace(site, text=_told(site.after)) if isinstance(site, Remedy) else site


def _told(chain: Graph) -> str:
    """``a chain of 1×1 192→84, 3×3 84→256``."""
    convs = [node.operator for node in chain.layers if isinstance(node.operator, Conv)]
    return "a chain of " + ", ".join(f"{c.k_h}×{c.k_w} {c.c_in}→{c.c_out}" for c in convs)


def _finish(before: Graph, block: Block) -> Callable[[Network, Value], Value]:
    """What follows a convolution of the block: batch normalisation, and mostly which function."""
    behind = Counter(
        reader.op_type
        for name in block.nodes
        if isinstance(before.node(name).operator, Conv | BatchNormalization)
        for reader in map(before.node, before.succ[name])
        if reader.op_type in FUNCTIONS
    )
    normalised = any(node.op_type == "BatchNormalization" for node in before.layers)
    kind = behind.most_common(1)[0][0] if behind else ""

    def finish(net: Network, x: Value) -> Value:
        y = net.batch_norm(x) if normalised else x
        return net.activation(y, kind) if kind else y

    return finish


FUNCTIONS = ("Relu", "Clip", "HardSwish", "LeakyRelu", "Sigmoid", "Tanh")
