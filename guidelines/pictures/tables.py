"""What the paper measured: tables 1 and 2, as printed.

GPU: a GTX 1080 Ti, batches a second; ARM: a Snapdragon 810, images a second. Each row is one
network at once, twice and four times its channels; the input is 56x56.

References:
    Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, tables 1 and 2.
"""

from __future__ import annotations

from typing import NamedTuple

from costmodel.operators import Conv
from guidelines.measuring.experiments import EXPERIMENTS, EXTENT, SCALES, Column

__all__ = ["DEVICES", "EXTENT", "GROUPS", "RATIOS", "SCALES", "Row"]

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


def _rows(code: str) -> dict[str, tuple[Row, ...]]:
    """A table by device, as it is printed."""
    columns: tuple[Column, ...] = ("gpu", "arm")
    found = {}
    for column in columns:
        printed = [(row.printed[column], row.multiple) for row in EXPERIMENTS[code].rows]
        found[column.upper()] = tuple(
            Row(held.widths[0], held.widths[-1], groups, held.speeds) for held, groups in printed
        )
    return found


RATIOS = _rows("g1")
"""Table 1: widths in the ratios 1:1, 1:2, 1:6 and 1:12, at multiply-adds equal to 5.5 %."""

GROUPS = _rows("g2")
"""Table 2: 1, 2, 4 and 8 groups, at multiply-adds equal to 1.2 %."""
