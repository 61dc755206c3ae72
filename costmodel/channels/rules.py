"""How operators hand sizes on, one rule a way of doing so."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

from costmodel.channels.reading import Reading
from costmodel.channels.width import Axis, fixed, total
from costmodel.graph import Node
from costmodel.operators import Conv, ConvTranspose
from costmodel.operators.elementwise import Elementwise

Sizes = list[tuple[Axis, ...]]
Rule = Callable[[Reading, Node], Sizes | None]
"""Sizes of what a node makes; None where it is used in a way that is not understood."""


def _convolution(reading: Reading, node: Node) -> Sizes | None:
    x, kernel, *bias = node.inputs
    conv = node.operator
    if type(conv) not in (Conv, ConvTranspose) or not all(map(reading.constant, (kernel, *bias))):
        return None
    n, c, *window = reading.sizes[x]
    made = reading.shape(node.outputs[0])
    if any(part.terms for axis in (n, *window) for part in axis):
        return None
    c_in = reading.shape(x)[1]
    if node.attributes.get("group", 1) == c_in > 1:
        width = tuple(part * Fraction(made[1], c_in) for part in c)
    else:
        width = reading.new(node, made[1])
    return [(n, width, *map(fixed, made[2:]))]


def _product(reading: Reading, node: Node) -> Sizes | None:
    """A matrix product with a constant, whose columns are free."""
    x, *held = node.inputs
    turned = node.attributes.get("transA", 0)
    if turned or len(reading.shape(held[0])) != 2 or not all(map(reading.constant, held)):
        return None
    return [(*reading.sizes[x][:-1], reading.new(node, reading.shape(node.outputs[0])[-1]))]


def _same(reading: Reading, node: Node) -> Sizes | None:
    """What is read under its own shape; further outputs are not."""
    if reading.shape(node.outputs[0]) != reading.shape(node.inputs[0]):
        return None
    further = [tuple(map(fixed, reading.shape(name))) for name in node.outputs[1:]]
    return [reading.sizes[node.inputs[0]], *further]


def _window(reading: Reading, node: Node) -> Sizes | None:
    """Each channel on its own; the extents of the map may change."""
    before, after = reading.shape(node.inputs[0]), reading.shape(node.outputs[0])
    n, c, *rest = reading.sizes[node.inputs[0]]
    if before[:2] != after[:2] or any(part.terms for axis in rest for part in axis):
        return None
    return [(n, c, *map(fixed, after[2:])) for _ in node.outputs]


def _broadcast(reading: Reading, node: Node) -> Sizes | None:
    """Maps of one size, or of one element where another has more."""
    after = reading.shape(node.outputs[0])
    made: list[Axis | None] = [None] * len(after)
    for name in node.inputs:
        axes, shape = reading.sizes.get(name, ()), reading.shape(name)
        start = len(after) - len(axes)
        for step, axis in enumerate(axes, start):
            if shape[step - start] != after[step]:
                continue
            first = made[step]
            if first is None:
                made[step] = axis
            else:
                reading.tie(first, axis, f"{node.op_type} at {node.label} ties it")
    return [tuple(fixed(after[i]) if axis is None else axis for i, axis in enumerate(made))]


def _concat(reading: Reading, node: Node) -> Sizes | None:
    if any(map(reading.constant, node.inputs)):
        return None
    first, *others = (reading.sizes[name] for name in node.inputs)
    at = node.attributes.get("axis", 1) % len(first)
    for axes in others:
        for step, (a, b) in enumerate(zip(first, axes, strict=True)):
            if step != at:
                reading.tie(a, b, f"{node.op_type} at {node.label} ties it")
    joined = tuple(part for axes in (first, *others) for part in axes[at])
    return [(*first[:at], joined, *first[at + 1 :])]


def _split(reading: Reading, node: Node) -> Sizes | None:
    """The parts of a concat where the cuts are theirs, else shares of the whole."""
    axes, shape = reading.sizes[node.inputs[0]], reading.shape(node.inputs[0])
    at = node.attributes.get("axis", 0) % len(axes)
    lengths = [reading.shape(name)[at] for name in node.outputs]
    ends = [int(part.at(reading.present)) for part in axes[at]]
    cuts = [0, *accumulate(ends)]
    wanted = [0, *accumulate(lengths)]
    if set(wanted) <= set(cuts):
        taken = [axes[at][cuts.index(a) : cuts.index(b)] for a, b in pairwise(wanted)]
    else:
        whole = total(axes[at])
        taken = [(whole * Fraction(length, shape[at]),) for length in lengths]
    return [(*axes[:at], axis, *axes[at + 1 :]) for axis in taken]


def _transpose(reading: Reading, node: Node) -> Sizes | None:
    axes = reading.sizes[node.inputs[0]]
    order = node.attributes.get("perm") or range(len(axes))[::-1]
    return [tuple(axes[step] for step in order)]


def _reshape(reading: Reading, node: Node) -> Sizes | None:
    """Axes that stay, are multiplied, or are taken apart: (groups, c / groups) of c."""
    axes, before = reading.sizes[node.inputs[0]], reading.shape(node.inputs[0])
    after = reading.shape(node.outputs[0])
    made: list[Axis] = []
    for old, new in _factors(before, after):
        free = [step for step in old if any(part.terms for part in axes[step])]
        if len(free) > 1:
            return None
        if not free:
            made += [fixed(after[step]) for step in new]
            continue
        [step] = free
        many = [extent for extent in (after[each] for each in new) if extent != 1]
        others = math.prod(before[each] for each in old) // before[step]
        if len(many) == 1:
            outer = math.prod(before[each] for each in old if each < step) == 1
            axis = axes[step] if outer else (total(axes[step]),)
            varied, wide = tuple(part * others for part in axis), many[0]
        elif len(many) == 2 and others == 1:
            varied, wide = (total(axes[step]) * Fraction(1, many[0]),), many[1]
        else:
            return None
        last = max(each for each in new if after[each] == wide)
        made += [varied if each == last else fixed(after[each]) for each in new]
    return [tuple(made)]


def _factors(before: Sequence[int], after: Sequence[int]) -> Iterable[tuple[list[int], list[int]]]:
    """The least runs of axes that hold equally many elements, old and new."""
    i = j = 0
    while i < len(before) or j < len(after):
        old, new = [i] if i < len(before) else [], [j] if j < len(after) else []
        i, j = i + len(old), j + len(new)
        held, wanted = math.prod(before[s] for s in old), math.prod(after[s] for s in new)
        while held != wanted:
            if held < wanted and i < len(before):
                old.append(i)
                held, i = held * before[i], i + 1
            elif j < len(after):
                new.append(j)
                wanted, j = wanted * after[j], j + 1
            else:
                break
        yield old, new


def rule_of(node: Node) -> Rule:
    """The rule for an operator; for one that is not understood, a rule that gives nothing."""
    if isinstance(node.operator, Elementwise):
        return _broadcast
    return RULES.get(node.op_type, lambda reading, node: None)


RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("Conv", "ConvTranspose"), _convolution),
    **dict.fromkeys(("Gemm", "MatMul"), _product),
    **dict.fromkeys(
        ("BatchNormalization", "InstanceNormalization", "LRN", "Identity", "Dropout", "Softmax"),
        _same,
    ),
    **dict.fromkeys(
        ("MaxPool", "AveragePool", "LpPool", "GlobalMaxPool", "GlobalAveragePool", "Pad", "Resize",
         "Upsample", "ReduceMean"), _window,
    ),
    "Concat": _concat,
    "Split": _split,
    "Transpose": _transpose,
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshape),
}  # fmt: skip
