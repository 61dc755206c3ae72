"""What the paper measured: tables 1 and 2, as printed.

GPU: a GTX 1080 Ti, batches a second; ARM: a Snapdragon 810, images a second. Each row is one
network at once, twice and four times its channels; the input is 56x56.

References:
    Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, tables 1 and 2.
"""

from __future__ import annotations

from typing import NamedTuple

from costmodel.operators import Conv

SCALES = (1, 2, 4)
"""How many times the channels of a row the columns have."""

EXTENT = 56
"""Height and width of the maps."""

DEVICES = {"GPU": "GTX 1080 Ti", "ARM": "Snapdragon 810"}


class Row(NamedTuple):
    """One row: the layer's widths at ×1, its groups, and the speed at each of SCALES."""

    c_in: int
    c_out: int
    groups: int
    speeds: tuple[float, float, float]

    def conv(self, scale: int = 1) -> Conv:
        """The layer, its first one where a block has two.

        >>> RATIOS["GPU"][-1].conv().cost.memory_access  # 56*56*(36 + 432) + 36*432
        1483200
        """
        return Conv(
            c_in=scale * self.c_in, c_out=scale * self.c_out, groups=self.groups,
            h_in=EXTENT, w_in=EXTENT, h=EXTENT, w=EXTENT,
        )  # fmt: skip


RATIOS = {
    "GPU": (
        Row(128, 128, 1, (1480, 723, 232)),
        Row(90, 180, 1, (1296, 586, 206)),
        Row(52, 312, 1, (876, 489, 189)),
        Row(36, 432, 1, (748, 392, 163)),
    ),
    "ARM": (
        Row(32, 32, 1, (76.2, 21.7, 5.3)),
        Row(22, 44, 1, (72.9, 20.5, 5.1)),
        Row(13, 78, 1, (69.1, 17.9, 4.6)),
        Row(9, 108, 1, (57.6, 15.1, 4.4)),
    ),
}
"""Table 1: widths in the ratios 1:1, 1:2, 1:6 and 1:12, at multiply-adds equal to 5.5 %."""

GROUPS = {
    "GPU": (
        Row(128, 128, 1, (2451, 1289, 437)),
        Row(180, 180, 2, (1725, 873, 341)),
        Row(256, 256, 4, (1026, 644, 338)),
        Row(360, 360, 8, (634, 445, 230)),
    ),
    "ARM": (
        Row(64, 64, 1, (40.0, 10.2, 2.3)),
        Row(90, 90, 2, (35.0, 9.5, 2.2)),
        Row(128, 128, 4, (32.9, 8.7, 2.1)),
        Row(180, 180, 8, (27.8, 7.5, 1.8)),
    ),
}
"""Table 2: 1, 2, 4 and 8 groups, at multiply-adds equal to 1.2 %."""
