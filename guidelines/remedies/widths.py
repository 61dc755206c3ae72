"""Widths moved towards what a rule advises, at the multiply-adds that the site has."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from costmodel.channels import Channels, channels
from costmodel.errors import ModelError
from costmodel.graph import Graph
from costmodel.operators import Conv, ConvTranspose
from costmodel.rewrite import resized
from guidelines.remedies.budget import MOST, STEPS, TOLERANCE, Budget, deviation, fitted, scaled
from guidelines.remedies.sites import Surroundings
from guidelines.remedies.words import changes
from guidelines.remedy import NotBuilt, Remedy


def made_by(around: Surroundings, names: Sequence[str]) -> list[str]:
    """The free widths that go into these convolutions and come out of them."""
    found: dict[str, object] = {}
    for name in names:
        node = around.graph.node(name)
        for tensor in (node.inputs[0], node.outputs[0]):
            found.update(around.known.width(tensor).terms)
    return list(found)


def held(around: Surroundings, names: Sequence[str]) -> NotBuilt:
    """Why widths that nobody is free to change are as they are."""
    reasons = [around.known.held[name] for name in names if name in around.known.held]
    return NotBuilt(nodes=tuple(names), reason=(reasons or ["its widths are those of an input"])[0])


def in_step(around: Surroundings, moves: Mapping[str, float]) -> dict[str, float]:
    """The moves, and those of widths that must add up with them, which are the same.

    Where halves make up a whole, one of them is the difference, and all three go together.
    """
    sums = {
        frozenset(part.terms)
        for axes in around.known.sizes.values()
        for axis in axes
        for part in axis
        if min(part.terms.values(), default=0) < 0
    }
    found = dict(moves)
    while pending := [each for each in sums if not each.isdisjoint(found)]:
        for each in pending:
            mean = statistics.fmean(found[name] for name in each if name in found)
            found.update(dict.fromkeys(each, mean))
            sums.discard(each)
    return found


def at_equal_madds(
    names: Sequence[str], before: Graph, after: Graph, moves: Mapping[str, float], text: str = ""
) -> Remedy | NotBuilt:
    """Move widths in the logarithm, then scale those that move until the madds are the same.

    Args:
        names: nodes of the finding that this answers.
        before: the part of the network that is touched.
        after: the same, changed at the widths that it has.
        moves: by free width, how far it is to move.
        text: what was changed besides.
    """
    known = channels(after)
    shape = {name: known.free[name] * math.exp(move) for name, move in moves.items()}
    reason = f"no multiples of {STEPS[-1]} channels keep the madds to {MOST:.0%}"
    for widths in _whole(after, known, shape, before.cost.madds):
        try:
            built = resized(after, widths, known=known)
        except ModelError as error:
            reason = str(error)
            continue
        if any(width != known.free[name] for name, width in widths.items()) or text:
            told = ", ".join(filter(None, (text, changes(known.free, widths))))
            return Remedy(nodes=tuple(names), before=before, after=built, text=told)
        reason = "the nearest whole channels are those that it has"
    return NotBuilt(nodes=tuple(names), reason=reason)


def _whole(
    part: Graph, known: Channels, shape: Mapping[str, float], madds: int
) -> list[dict[str, int]]:
    """Whole channels in these proportions that keep to the budget, those to try first.

    Multiples of the largest step that keep to the tolerance; where none do, what comes nearest.
    """
    budget = Budget.of(part, known)
    ideal = scaled(budget, madds, known.free, shape)
    divisors = {name: _divisor(part, known, name) for name in shape}
    found: list[tuple[float, dict[str, int]]] = []
    for step in STEPS:
        steps = {name: math.lcm(step, divisor) for name, divisor in divisors.items()}
        widths = fitted(budget, madds, known.free, ideal, steps)
        found.append((deviation(budget, madds, {**known.free, **widths}), widths))
    near = [widths for off, widths in found if off <= TOLERANCE]
    found.sort(key=lambda each: each[0])
    return near or [widths for off, widths in found if off <= MOST]


def _divisor(part: Graph, known: Channels, width: str) -> int:
    """What a width has to be a multiple of, for the groups of convolutions beside it."""
    divisor = 1
    for node in part.layers:
        conv = node.operator
        if not isinstance(conv, Conv | ConvTranspose) or not 1 < conv.groups < conv.c_in:
            continue
        if any(width in known.width(n).terms for n in (node.inputs[0], node.outputs[0])):
            divisor = math.lcm(divisor, conv.groups)
    return divisor
