"""Where a stretch that was added or removed begins, of the places where it could.

After ``a b a b`` became ``a b a b a b`` the new stretch may be ``a b`` or ``b a``: it is told as
whole modules, as a reader would.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from guidelines.budget.figures import block
from guidelines.comparing.layers import Layer

Pairs = list[tuple[int, int]]


def settled(one: Sequence[Layer], other: Sequence[Layer], pairs: Pairs) -> Pairs:
    """The pairs, with stretches of ``other`` that ``one`` lacks moved to where modules end."""
    ordered = sorted(pairs)
    if any(after[1] < before[1] for before, after in pairwise(ordered)):
        return pairs  # a layer moved: what lies between two others says nothing
    partner = {j: i for i, j in ordered}
    start = 0
    while start < len(other):
        if start in partner:
            start += 1
            continue
        end = start
        while end < len(other) and end not in partner:
            end += 1
        _slide(one, other, partner, start, end)
        start = end + 1
    return [(i, j) for j, i in partner.items()]


def _slide(
    one: Sequence[Layer], other: Sequence[Layer], partner: dict[int, int], start: int, end: int
) -> None:
    """Move the stretch up while what stands before it is what it ends with, if that is better."""
    length = end - start
    best, least = 0, _modules(other[start:end])
    for up in range(1, length + 1):
        first, last = start - up, end - up
        if first not in partner or other[first].key != other[last].key:
            break
        if (found := _modules(other[first:last])) < least:
            best, least = up, found
    for up in range(1, best + 1):
        partner[end - up] = partner.pop(start - up)


def _modules(part: Sequence[Layer]) -> int:
    """How many blocks the layers are of."""
    return len({block(layer.node) for layer in part})
