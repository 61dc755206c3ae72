"""What two sequences have in common, in order."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

MOST = 2**30
"""Bits of the table that is kept; longer sequences are compared in pieces that lie level."""

Pairs = list[tuple[int, int]]


def common(one: Sequence[Hashable], other: Sequence[Hashable]) -> Pairs:
    """A longest common subsequence, as pairs of positions.

    A row of the textbook's table is one integer, whose additions carry the comparison along: ten
    thousand against ten thousand take a fraction of a second.

    >>> common("kitten", "sitting")
    [(1, 1), (2, 2), (3, 3), (5, 5)]

    References:
        Crochemore, Iliopoulos, Pinzon and Reid, A fast and practical bit-vector algorithm for
        the longest common subsequence problem, 2001.
    """
    first = 0
    shorter = min(len(one), len(other))
    while first < shorter and one[first] == other[first]:
        first += 1
    last = 0
    while last < shorter - first and one[-1 - last] == other[-1 - last]:
        last += 1
    known = set(one[first : len(one) - last]) & set(other[first : len(other) - last])
    left = [i for i in range(first, len(one) - last) if one[i] in known]
    right = [j for j in range(first, len(other) - last) if other[j] in known]
    inner = _pieces([one[i] for i in left], [other[j] for j in right])
    return [
        *((i, i) for i in range(first)),
        *((left[i], right[j]) for i, j in inner),
        *((len(one) - k, len(other) - k) for k in range(last, 0, -1)),
    ]


def _pieces(one: Sequence[Hashable], other: Sequence[Hashable]) -> Pairs:
    pieces = -(-len(one) * len(other) // MOST) or 1
    found: Pairs = []
    for piece in range(pieces):
        i, j = piece * len(one) // pieces, piece * len(other) // pieces
        end, stop = (piece + 1) * len(one) // pieces, (piece + 1) * len(other) // pieces
        found += [(i + a, j + b) for a, b in _longest(one[i:end], other[j:stop])]
    return found


def _longest(one: Sequence[Hashable], other: Sequence[Hashable]) -> Pairs:
    """Bit j of row i is 0 where ``other[:j + 1]`` has more in common with ``one[:i]`` than
    ``other[:j]``."""
    places: dict[Hashable, int] = {}
    for j, item in enumerate(other):
        places[item] = places.get(item, 0) | 1 << j
    row = full = (1 << len(other)) - 1
    rows = [row]
    for item in one:
        met = row & places.get(item, 0)
        row = ((row + met) | (row - met)) & full
        rows.append(row)
    found: Pairs = []
    i, j = len(one), len(other)
    while i and j:
        if rows[i] >> (j - 1) & 1:
            j -= 1
        else:
            i -= 1
            if rows[i] >> (j - 1) & 1:
                j -= 1
                found.append((i, j))
    return found[::-1]
