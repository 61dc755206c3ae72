"""The benchmark networks of ShuffleNet V2's tables 1 to 4, and what the paper measured on them.

A table compares networks of ten equal blocks on 56x56 maps that do the same multiply-adds; its
first row here is the one that the guideline advises. Speeds are the paper's, per second: on GPU
(GTX 1080 Ti) in batches, on ARM (Snapdragon 810, one thread) in images, at once, twice and four
times the channels.

The paper leaves some of it open. Here a block holds what the paper names and nothing else:
convolutions without bias, no batch normalisation, ReLUs in table 4 only. (Its own tables bear
that out: one group in table 2 and one fragment in table 3 are then one network, and their times
agree to 1.2 %.) The batch is 1. Widths that table 3 does not print are rounded as table 1 rounds
them; 180 channels in 8 groups, as table 2 has for ARM, cannot be built and are 184. Table 4 gives
no input size, taken as that of the others, and one width c, taken as the outer one of a
bottleneck of c/4: with c inside, its ARM device would be ten times as fast as in other tables.

Kernels handle channels in blocks, so that a width beside a multiple of the block costs more than
its multiply-adds say. Each table therefore has a twin whose widths keep to the block.

References:
    Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, tables 1 to 4, and appendix figure 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Literal, NamedTuple

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph

BLOCKS, EXTENT, NARROWING = 10, 56, 4
"""Blocks of a network, height and width of its maps, and the outer by the inner bottleneck."""

SCALES = (1, 2, 4)
"""How many times the channels of a row the columns have."""

BLOCK = 16
"""Channels that a kernel handles at once: 16 with AVX-512, of which AVX2's 8 is a part."""

MOST_DEVIATION = 0.06
"""Share by which a row's multiply-adds may differ from the first row's: the paper's do by 5.5 %."""

ALIGNED_DEVIATION, OFF_SHAPE = 0.03, 0.1
"""The same where widths are searched for, and how far each may be from what its row asks for."""

Column = Literal["gpu", "arm"]
Block = Callable[[Network, Value, tuple[int, ...]], Value]
"""What a block of these widths makes of its input."""


class Printed(NamedTuple):
    """What the paper prints of a row for one device: widths at ×1, and speeds at SCALES."""

    widths: tuple[int, ...]
    speeds: tuple[float, float, float]


Figures = tuple[tuple[int, ...], tuple[float, float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table.

    Args:
        name: what sets it apart.
        shares: its widths, as multiples of the first row's first width.
        block: what is stacked.
        multiple: what its widths must be divisible by.
        printed: widths and speeds by column.
    """

    name: str
    shares: tuple[float, ...]
    block: Block
    multiple: int = 1
    printed: Mapping[Column, Printed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One table.

    Args:
        code: of its guideline.
        title: what the guideline says.
        block: what the networks are made of.
        setting: what the rows differ by.
        rows: the advised one first.
    """

    code: str
    title: str
    block: str
    setting: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A row at certain widths.

    >>> rows = paper_widths(EXPERIMENTS["g1"], "gpu")
    >>> rows[1].widths, rows[1].graph().cost.madds  # 10 * 2 * 56*56 * 90*180
    ((90, 180), 1016064000)
    """

    row: Row
    widths: tuple[int, ...]

    def graph(self, blocks: int = BLOCKS) -> Graph:
        """The network."""
        net = Network()
        x = net.input(self.widths[0], EXTENT, EXTENT)
        for number in range(blocks):
            with net.scope(f"block{number + 1}"):
                x = self.row.block(net, x, self.widths)
        return net.graph(x)


def paper_widths(experiment: Experiment, column: Column, scale: int = 1) -> tuple[Benchmark, ...]:
    """The rows at the widths that the paper used for a device, at 1, 2 or 4 times the channels.

    >>> [row.widths for row in paper_widths(EXPERIMENTS["g2"], "arm")]  # printed: 180, in 8 groups
    [(64,), (90,), (128,), (184,)]
    """
    return tuple(
        Benchmark(row, tuple(_divisible(scale * c, row) for c in row.printed[column].widths))
        for row in experiment.rows
    )


def aligned_widths(
    experiment: Experiment, column: Column, scale: int = 1, *, block: int = BLOCK
) -> tuple[Benchmark, ...]:
    """The rows at multiples of a kernel's block, in each of their groups.

    Of all first widths at which every row has the first one's multiply-adds to 3 % and its own
    shape to 10 % a width, the nearest to the paper's.

    >>> [row.widths for row in aligned_widths(EXPERIMENTS["g1"], "gpu")]
    [(112, 112), (80, 160), (48, 256), (32, 384)]
    """
    printed = scale * experiment.rows[0].printed[column].widths[0]
    for base in sorted(range(block, 8 * printed, block), key=lambda c: abs(math.log(c / printed))):
        first = Benchmark(experiment.rows[0], (base,) * len(experiment.rows[0].shares))
        madds = first.graph(1).cost.madds
        rows = [_aligned(row, base, block, madds) for row in experiment.rows]
        if all(rows):
            return tuple(row for row in rows if row)
    raise ValueError(f"expected widths up to {8 * printed} that keep to {block}, found none")


def slow_down(experiment: Experiment, row: int, column: Column, scale: int = 1) -> float:
    """How many times as long the paper's device took as on the first row.

    >>> round(slow_down(EXPERIMENTS["g1"], 3, "gpu"), 2)  # 1480 / 748
    1.98
    """
    of, first = (experiment.rows[i].printed[column].speeds[SCALES.index(scale)] for i in (row, 0))
    return first / of


def _divisible(c: int, row: Row) -> int:
    """The width, or the next that can be built."""
    return -(-c // row.multiple) * row.multiple


def _aligned(row: Row, base: int, block: int, madds: int) -> Benchmark | None:
    """The row at the aligned widths around ``base`` that come nearest to these multiply-adds."""
    unit = row.multiple * block
    near = [
        range(math.ceil((1 - OFF_SHAPE) * c / unit) * unit, int((1 + OFF_SHAPE) * c) + 1, unit)
        for c in (share * base for share in row.shares)
    ]
    found = [Benchmark(row, widths) for widths in product(*near)]
    off = [abs(each.graph(1).cost.madds / madds - 1) for each in found]
    least = min(off, default=math.inf)
    return found[off.index(least)] if least <= ALIGNED_DEVIATION else None


def _pair(net: Network, x: Value, widths: tuple[int, ...]) -> Value:
    c1, c2 = widths
    return net.conv(net.conv(x, c2), c1)


def _ratio(ratio: int, *printed: Figures) -> Row:
    return Row(
        name=f"1:{ratio}", shares=(ratio**-0.5, ratio**0.5), block=_pair, printed=_printed(printed)
    )


def _grouped(groups: int, *printed: Figures) -> Row:
    def block(net: Network, x: Value, widths: tuple[int, ...]) -> Value:
        return net.conv(x, *widths, groups=groups)

    return Row(
        name=f"g={groups}", shares=(groups**0.5,), block=block, multiple=groups,
        printed=_printed(printed),
    )  # fmt: skip


def _fragments(number: int, how: Literal["", "series", "parallel"], *printed: Figures) -> Row:
    def block(net: Network, x: Value, widths: tuple[int, ...]) -> Value:
        if how == "parallel":
            return reduce(net.add, [net.conv(x, *widths) for _ in range(number)])
        return net.chain(x, *[lambda y: net.conv(y, *widths)] * number)

    return Row(
        name=f"{number}-fragment" + f"-{how}" * bool(how), shares=(number**-0.5,), block=block,
        printed=_printed(printed),
    )  # fmt: skip


def _bottleneck(relu: bool, shortcut: bool, *printed: Figures) -> Row:
    def block(net: Network, x: Value, widths: tuple[int, ...]) -> Value:
        (c,) = widths
        act = net.relu if relu else lambda y: y
        y = act(net.conv(x, c // NARROWING))
        y = net.conv(act(net.conv(y, c // NARROWING, k=3)), c)
        return act(net.add(y, x) if shortcut else y)

    return Row(
        name=", ".join(["ReLU"] * relu + ["shortcut"] * shortcut) or "neither", shares=(1,),
        block=block, multiple=NARROWING, printed=_printed(printed),
    )  # fmt: skip


def _printed(figures: Sequence[Figures]) -> Mapping[Column, Printed]:
    return {"gpu": Printed(*figures[0]), "arm": Printed(*figures[1])}


EXPERIMENTS: Mapping[str, Experiment] = {
    "g1": Experiment(
        code="G1", title="equal channel widths", block="two 1×1 convolutions, c1→c2→c1",
        setting="c1:c2",
        rows=(
            _ratio(1, ((128, 128), (1480, 723, 232)), ((32, 32), (76.2, 21.7, 5.3))),
            _ratio(2, ((90, 180), (1296, 586, 206)), ((22, 44), (72.9, 20.5, 5.1))),
            _ratio(6, ((52, 312), (876, 489, 189)), ((13, 78), (69.1, 17.9, 4.6))),
            _ratio(12, ((36, 432), (748, 392, 163)), ((9, 108), (57.6, 15.1, 4.4))),
        ),
    ),
    "g2": Experiment(
        code="G2", title="few groups", block="a grouped 1×1 convolution, c→c", setting="groups",
        rows=(
            _grouped(1, ((128,), (2451, 1289, 437)), ((64,), (40.0, 10.2, 2.3))),
            _grouped(2, ((180,), (1725, 873, 341)), ((90,), (35.0, 9.5, 2.2))),
            _grouped(4, ((256,), (1026, 644, 338)), ((128,), (32.9, 8.7, 2.1))),
            _grouped(8, ((360,), (634, 445, 230)), ((180,), (27.8, 7.5, 1.8))),
        ),
    ),
    "g3": Experiment(
        code="G3", title="little fragmentation", setting="structure",
        block="1×1 convolutions in series, or in parallel and added up",
        rows=(
            _fragments(1, "", ((128,), (2446, 1274, 434)), ((64,), (40.2, 10.1, 2.3))),
            _fragments(2, "series", ((90,), (1790, 909, 336)), ((45,), (38.6, 10.1, 2.2))),
            _fragments(4, "series", ((64,), (752, 745, 349)), ((32,), (38.4, 10.1, 2.3))),
            _fragments(2, "parallel", ((90,), (1537, 803, 320)), ((45,), (33.4, 9.1, 2.2))),
            _fragments(4, "parallel", ((64,), (691, 572, 292)), ((32,), (35.0, 8.4, 2.1))),
        ),
    ),
    "g4": Experiment(
        code="G4", title="few element-wise operations",
        block="1×1, 3×3 and 1×1 convolutions, c→c/4→c/4→c", setting="with",
        rows=(
            _bottleneck(False, False, ((32,), (2842, 2376, 1782)), ((32,), (66.3, 20.2, 5.4))),
            _bottleneck(False, True, ((32,), (2672, 2121, 1458)), ((32,), (57.3, 18.2, 5.1))),
            _bottleneck(True, False, ((32,), (2647, 2256, 1735)), ((32,), (61.9, 18.8, 5.2))),
            _bottleneck(True, True, ((32,), (2427, 2066, 1436)), ((32,), (56.7, 16.9, 5.0))),
        ),
    ),
}  # fmt: skip
"""Tables 1 to 4 by guideline."""
