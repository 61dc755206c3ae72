"""Widths that keep a budget of multiply-adds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from costmodel.channels import Channels, Width, total
from costmodel.graph import Graph
from costmodel.operators import Conv, ConvTranspose, Gemm, MatMul

TOLERANCE, MOST = 0.02, 0.06
"""Share by which multiply-adds may differ where whole channels allow it, and at most."""

STEPS = (16, 8, 4)
"""Widths are multiples of the first of these that keeps to the budget: of a kernel's block."""

TRIES = 64
"""Steps of single widths towards the budget."""

MOST_SCALE, HALVINGS = 8.0, 30
"""Logarithm of the most that widths are scaled by, and how often that interval is halved."""


Line = tuple[float, tuple[tuple[str, float], ...]]
"""A width over what it is now: a constant, and a factor for each free width."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Multiply-adds of a part of a network in its free widths.

    Args:
        terms: of each operator its multiply-adds as it is, and the widths that they go with.
    """

    terms: tuple[tuple[int, tuple[Line, ...]], ...]

    @classmethod
    def of(cls, part: Graph, known: Channels) -> Budget:
        """The budget of a part of the network whose channels these are."""
        terms = []
        for node in part.layers:
            operator = node.operator
            ends, axis = [*node.inputs[:1], *node.outputs[:1]], 1
            if isinstance(operator, Gemm | MatMul):
                axis = -1
            elif not isinstance(operator, Conv | ConvTranspose):
                ends = []
            elif operator.groups == operator.c_in > 1:
                ends = ends[:1]
            lines = [_line(total(known.sizes[n][axis]), part.tensors[n].dims[axis]) for n in ends]
            if node.cost.madds:
                terms.append((node.cost.madds, tuple(lines)))
        return cls(tuple(terms))

    def at(self, widths: Mapping[str, float]) -> float:
        """Multiply-adds at these widths."""
        whole = 0.0
        for madds, lines in self.terms:
            part = float(madds)
            for constant, factors in lines:
                part *= constant + sum(factor * widths[name] for name, factor in factors)
            whole += part
        return whole


def _line(width: Width, present: int) -> Line:
    terms = ((name, float(factor / present)) for name, factor in width.terms.items())
    return float(width.constant / present), tuple(terms)


def scaled(
    budget: Budget, madds: float, free: Mapping[str, int], shape: Mapping[str, float]
) -> dict[str, float]:
    """Widths in these proportions at a number of multiply-adds, parts of channels and all.

    Args:
        budget: multiply-adds in the free widths.
        madds: how many there are to be.
        free: every free width as it is.
        shape: those that change, in proportion to each other.
    """
    low, high = -MOST_SCALE, MOST_SCALE
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        widths = {name: width * math.exp(middle) for name, width in shape.items()}
        if budget.at({**free, **widths}) < madds:
            low = middle
        else:
            high = middle
    return {name: width * math.exp(low) for name, width in shape.items()}


def fitted(
    budget: Budget, madds: float, free: Mapping[str, int], ideal: Mapping[str, float],
    steps: Mapping[str, int],
) -> dict[str, int]:  # fmt: skip
    """Multiples of steps beside these widths, as near to a number of multiply-adds as they come.

    Args:
        budget: multiply-adds in the free widths.
        madds: how many there are to be.
        free: every free width as it is.
        ideal: those that change, as they ought to be.
        steps: what they are multiples of.
    """

    def off(widths: Mapping[str, int]) -> float:
        return deviation(budget, madds, {**free, **widths})

    widths = {name: _rounded(width, steps[name]) for name, width in ideal.items()}
    for _ in range(TRIES):
        if off(widths) <= TOLERANCE / 4:
            break
        nearer = min(_beside(widths, ideal, steps), key=off, default=widths)
        if off(nearer) >= off(widths):
            break
        widths = nearer
    return widths


def deviation(budget: Budget, madds: float, widths: Mapping[str, float]) -> float:
    """Share by which the multiply-adds at these widths differ from what they are to be."""
    return abs(budget.at(widths) / madds - 1)


def _rounded(width: float, step: int) -> int:
    return max(step, round(width / step) * step)


def _beside(
    widths: Mapping[str, int], ideal: Mapping[str, float], steps: Mapping[str, int]
) -> Iterator[dict[str, int]]:
    """One width a step wider or narrower, not farther than that from where it ought to be."""
    for name, width in widths.items():
        for changed in (width - steps[name], width + steps[name]):
            if changed > 0 and abs(changed - ideal[name]) < 1.5 * steps[name]:
                yield {**widths, name: changed}
