"""Where the boxes of a graph stand: rows by longest path, lanes by what follows what.

Networks are nearly chains: a box takes the lane of the one that it follows, a branch the nearest
free one, and an edge that passes boxes by runs down an empty lane, or a track beside its lane.
All of an edge's sources share a track. Time and memory are O(V + E), but for looking for free
lanes among those in use; the same graph gives the same layout.

>>> diamond = place(4, [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)])
>>> diamond.rows, diamond.lanes
((0, 1, 1, 2), (0, 0, 1, 0))
>>> diamond.routes[-1]
Route(start=0, end=3, lane=0, track=1)

References:
    Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical system
    structures, 1981: layers by longest path.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

TALL = 10
"""Rows that a column of the drawing has, if it can be cut there."""


@dataclass(frozen=True, slots=True)
class Route:
    """An edge: from a box through the middle of a lane, or a track beside it, to a box.

    Args:
        start, end: numbers of the boxes.
        lane: where it runs past other rows.
        track: 0 for the lane's middle, else how far to its right.
    """

    start: int
    end: int
    lane: int
    track: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows and lanes by box, routes by edge, and the rows before which the drawing may be cut.

    Args:
        rows: of each box, from the top.
        lanes: of each box, from the left.
        routes: of each edge, in the order of the edges.
        tracks: how many each lane has on its right.
        columns: first and last row of each column.
    """

    rows: tuple[int, ...]
    lanes: tuple[int, ...]
    routes: tuple[Route, ...]
    tracks: tuple[int, ...]
    columns: tuple[tuple[int, int], ...]


def place(count: int, edges: Sequence[tuple[int, int]], *, tall: int = TALL) -> Layout:
    """Lay out a graph.

    Args:
        count: boxes, numbered so that every edge goes from a lower to a higher number.
        edges: pairs of numbers, each pair once.
        tall: rows of a column, where it can be cut.

    Raises:
        ValueError: an edge that goes backwards.
    """
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for start, end in edges:
        if not 0 <= start < end < count:
            raise ValueError(
                f"expected an edge from a lower to a higher number, found {start} to {end}"
            )
        before[end].append(start)
        after[start].append(end)
    rows = _rows(before, after)
    lanes = _lanes(rows, before, after)
    routes, tracks = _routes(rows, lanes, after)
    return Layout(
        rows=tuple(rows), lanes=tuple(lanes), tracks=tuple(tracks),
        routes=tuple(routes[edge] for edge in edges), columns=tuple(_columns(rows, edges, tall)),
    )  # fmt: skip


def _rows(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> list[int]:
    """The longest path to each box; what nothing precedes stands just above what follows it."""
    rows: list[int] = []
    for box in range(len(before)):
        rows.append(max((rows[each] + 1 for each in before[box]), default=0))
    for box, following in enumerate(after):
        if not before[box] and following:
            rows[box] = min(rows[each] for each in following) - 1
    return rows


def _lanes(
    rows: Sequence[int], before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]
) -> list[int]:
    """A lane for each box: its predecessor's if that is free, else the nearest free one."""
    lanes = [0] * len(rows)
    holders: list[int] = []  # by lane, the last box in it
    until: list[int] = []  # by lane, the row up to which it is kept for that box's readers
    taken: list[int] = []  # by lane, the row of that box

    def free(lane: int, box: int) -> bool:
        if taken[lane] == rows[box]:
            return False
        return holders[lane] in before[box] or until[lane] <= rows[box]

    for box in sorted(range(len(rows)), key=lambda each: (rows[each], each)):
        near = sorted(before[box], key=lambda each: (rows[box] - rows[each], lanes[each]))
        wanted = lanes[near[0]] if near else 0
        if len(near) > 1:  # where branches meet, the leftmost goes on
            wanted = min(lanes[each] for each in near)
        choice = min(
            (lane for lane in range(len(holders)) if free(lane, box)),
            key=lambda lane: (abs(lane - wanted), lane),
            default=len(holders),
        )
        if choice == len(holders):
            holders.append(box)
            until.append(0)
            taken.append(0)
        lanes[box], holders[choice], taken[choice] = choice, box, rows[box]
        until[choice] = max((rows[each] for each in after[box]), default=rows[box])
    return lanes


def _routes(
    rows: Sequence[int], lanes: Sequence[int], after: Sequence[Sequence[int]]
) -> tuple[dict[tuple[int, int], Route], list[int]]:
    """How each edge gets past the rows between its ends, and how many tracks that takes."""
    width = max(lanes, default=-1) + 1
    filled: list[list[int]] = [[] for _ in range(width)]
    for row, lane in sorted(zip(rows, lanes, strict=True)):
        filled[lane].append(row)
    middles: list[tuple[int, int]] = [
        (-1, -1)
    ] * width  # by lane: the box whose edges run down it, to
    tracks: list[list[int]] = [
        [] for _ in range(width)
    ]  # by lane and track: where it is taken from
    routes: dict[tuple[int, int], Route] = {}

    def empty(lane: int, start: int, end: int) -> bool:
        here = filled[lane]
        place = bisect_right(here, start)
        return place == len(here) or here[place] >= end

    order = sorted(range(len(rows)), key=lambda each: (rows[each], each))
    beside: list[tuple[int, int]] = []
    for box in order:
        for end in sorted(after[box], key=lambda each: (rows[each], each)):
            if rows[end] == rows[box] + 1:
                routes[box, end] = Route(box, end, lanes[end], 0)
                continue
            for lane in dict.fromkeys((lanes[box], lanes[end])):
                owner, last = middles[lane]
                if empty(lane, rows[box], rows[end]) and (owner == box or last <= rows[box]):
                    middles[lane] = (box, max(rows[end], last if owner == box else 0))
                    routes[box, end] = Route(box, end, lane, 0)
                    break
            else:
                beside.append((box, end))
    furthest: dict[int, int] = {}
    for box, end in beside:
        furthest[box] = max(furthest.get(box, 0), rows[end])
    chosen: dict[int, int] = {}
    for box in reversed(order):  # inner ones first, so that what is nested does not cross
        if box in furthest:
            held = tracks[lanes[box]]
            track = next((k for k, begin in enumerate(held) if begin >= furthest[box]), len(held))
            held[track : track + 1] = [rows[box]]
            chosen[box] = track + 1
    for box, end in beside:
        routes[box, end] = Route(box, end, lanes[box], chosen[box])
    return routes, [len(each) for each in tracks]


def _columns(
    rows: Sequence[int], edges: Sequence[tuple[int, int]], tall: int
) -> list[tuple[int, int]]:
    """First and last rows: cut where one edge crosses, or none, so that no line is torn."""
    total = max(rows, default=-1) + 1
    if not total:
        return []
    crossing = [0] * (total + 1)
    for start, end in edges:
        crossing[rows[start] + 1] += 1
        crossing[rows[end] + 1] -= 1
    cuts = []  # rows before which to cut
    lines = 0
    for row in range(total):
        lines += crossing[row]
        if row > 0 and lines <= 1:
            cuts.append(row)
    wanted = total / -(-total // tall)
    found, begin = [], 0
    for cut, following in pairwise([*cuts, total]):
        nearest = abs(cut - begin - wanted) <= abs(following - begin - wanted)
        if nearest and min(cut - begin, total - cut) >= wanted / 2:
            found.append((begin, cut - 1))
            begin = cut
    return [*found, (begin, total - 1)]
