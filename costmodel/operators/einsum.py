"""Einsum: any product over named indices, counted over the full index space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from costmodel.cost import Cost
from costmodel.dims import Dim
from costmodel.errors import ModelError, Unknown
from costmodel.operator import Operator, operator
from costmodel.operators import shapes
from costmodel.tensor import Tensor

LONGEST = 1000
"""Characters of an equation that are looked at; a longer one is no network's."""


def terms(equation: str, ranks: Sequence[int]) -> tuple[list[list[str]], list[str]]:
    """Indices of each operand and of the result; the axes of an ellipsis are named "0", "1", …

    Raises:
        Unknown: an equation that is none.
        ModelError: one that does not fit the operands.

    >>> terms("...ij,jk->...ik", [3, 2])
    ([['0', 'i', 'j'], ['j', 'k']], ['0', 'i', 'k'])
    >>> terms("ba", [2])
    ([['b', 'a']], ['a', 'b'])
    """
    text = "".join(equation.split())
    if len(text) > LONGEST:
        raise Unknown(f"expected an equation of at most {LONGEST} characters, found {len(text)}")
    left, arrow, right = text.partition("->")
    operands = left.split(",")
    if len(operands) != len(ranks):
        raise ModelError(f"expected {len(ranks)} operands in '{text}', found {len(operands)}")
    spread = [rank - len(o.replace("...", "", 1)) for o, rank in zip(operands, ranks, strict=True)]
    width = max((s for o, s in zip(operands, spread, strict=True) if "..." in o), default=0)
    named = [
        _indices(o, s if "..." in o else 0, width) for o, s in zip(operands, spread, strict=True)
    ]
    for indices, rank, operand in zip(named, ranks, operands, strict=True):
        if len(indices) != rank:
            raise ModelError(
                f"expected {rank} indices in '{operand}' of '{text}', found {len(indices)}"
            )
    if arrow:
        result = _indices(right, width if "..." in right else 0, width)
        every = {i for indices in named for i in indices}
        if len(set(result)) != len(result) or not every.issuperset(result):
            raise ModelError(
                f"expected a result of different known indices in '{text}', found '{right}'"
            )
        return named, result
    flat = [i for indices in named for i in indices]
    around = [str(axis) for axis in range(width)]
    return named, around + sorted(i for i in set(flat) if i.isalpha() and flat.count(i) == 1)


def _indices(term: str, spread: int, width: int) -> list[str]:
    before, dots, after = term.partition("...")
    letters = before + after
    if letters and not (letters.isascii() and letters.isalpha()):
        raise Unknown(f"expected letters and at most one ellipsis in a term, found '{term}'")
    around = [str(axis) for axis in range(width - spread, width)] if dots and spread > 0 else []
    return [*before, *around, *after]


def extents(
    named: Sequence[Sequence[str]], dims: Sequence[Sequence[Dim | None]]
) -> dict[str, Dim | None]:
    """Extent of each index, None where unknown; raises ModelError where operands disagree."""
    sizes: dict[str, Dim | None] = {}
    for indices, shape in zip(named, dims, strict=True):
        for index, size in zip(indices, shape, strict=True):
            if sizes.get(index, 1) in (None, 1):
                sizes[index] = size if size != 1 else sizes.get(index, 1)
            elif size not in (None, 1, sizes[index]):
                raise ModelError(f"expected index '{index}' to be {sizes[index]}, found {size}")
    return sizes


def _shape(inputs: shapes.Inputs, attributes: shapes.Attributes, values: Any) -> shapes.Shapes:
    dtype = shapes.given(inputs, 0).dtype
    known = [t.shape for t in inputs if t is not None and t.shape is not None]
    if len(known) != len(inputs):
        return [(dtype, None)]
    named, result = terms(attributes["equation"], [len(s) for s in known])
    sizes = extents(named, known)
    return [(dtype, tuple(sizes[i] for i in result))]


@operator("Einsum", shape=_shape)
class Einsum(Operator):
    """Product over named indices, two operands at a time from left to right.

    madds = contracted
    ops = multiplied + summed
    memory access = inputs + held + elements

    Two operands that share a summed index cost one multiply-add for every point of the space
    of all their indices. Without one it is a multiply; a single operand only sums. With more
    than two operands the first two make an intermediate that keeps the indices still needed:
    no better order is looked for.

    Args:
        contracted: points of the index spaces in which a product is summed.
        multiplied: points of those in which it is not.
        summed: elements of a single operand that are added up.
        inputs: activation elements read.
        held: constant elements read.
        learned: those of them that are learned.
        elements: elements written.

    >>> from costmodel.tensor import Tensor
    >>> q, k = Tensor((2, 8, 16, 4)), Tensor((2, 8, 32, 4))
    >>> scores = Einsum.bind(q, k, y=Tensor((2, 8, 16, 32)), equation="bhqd,bhkd->bhqk")
    >>> scores.cost.madds  # 2*8*16*32*4
    32768
    """

    weights: ClassVar = None

    contracted: Dim = 0
    multiplied: Dim = 0
    summed: Dim = 0
    inputs: Dim
    held: Dim = 0
    learned: Dim = 0
    elements: Dim

    @property
    def cost(self) -> Cost:
        return Cost(
            params=self.learned,
            buffers=self.held - self.learned,
            madds=self.contracted,
            ops=self.multiplied + self.summed,
            weight_reads=self.held,
            reads=self.inputs,
            writes=self.elements,
        )

    @classmethod
    def bind(cls, *inputs: Tensor | None, y: Tensor, equation: str, **_: Any) -> Einsum:  # type: ignore[override]
        operands = [t for t in inputs if t is not None]
        named, result = terms(equation, [len(t.dims) for t in operands])
        sizes = extents(named, [t.dims for t in operands])
        known: dict[str, Dim] = {index: size for index, size in sizes.items() if size is not None}
        contracted, multiplied = 0, 0
        left = set(named[0])
        for position, indices in enumerate(named[1:], 1):
            later = set(result).union(*named[position + 1 :])
            space = left.union(indices)
            points = math.prod(known[i] for i in space)
            if space - later:
                contracted += points
            else:
                multiplied += points
            left = space & later
        lone = len(operands) == 1 and not set(named[0]) <= set(result)
        activations, held, learned = cls.split(inputs)
        return cls(
            contracted=contracted, multiplied=multiplied,
            summed=operands[0].elements if lone else 0,
            inputs=activations, held=held, learned=learned, elements=y.elements,
        )  # fmt: skip
