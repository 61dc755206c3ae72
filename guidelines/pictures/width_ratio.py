"""Guideline 1 as curves: equal widths move least."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from costmodel.bound import imbalance
from costmodel.operators import Conv
from guidelines.pictures.panel import caption
from guidelines.pictures.style import picture
from guidelines.pictures.table_panels import moved, panels
from guidelines.pictures.tables import EXTENT, RATIOS


@picture
def channel_ratio() -> Figure:
    """Memory access of a 1x1 convolution against the ratio of its widths, at fixed multiply-adds.

    The curves are the formula over its bound, hw(c1 + c2) + c1*c2 over 2*sqrt(hw*B) + B/hw; the
    points on them are the rows of the paper's table 1, and the points beside them its times.

    >>> len(channel_ratio().axes)
    4

    References:
        Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, G1, equation 1 and table 1.
    """
    figure, _ = panels(
        RATIOS, lambda row: row.c_out // row.c_in, factor=imbalance, sweep=_widths,
        tick=lambda ratio: f"1:{ratio}", name="c1:c2", start="1:1", top=2.1,
    )  # fmt: skip
    caption(
        figure,
        "G1: at the same madds, equal channel widths move least",
        (
            f"1×1 convolutions on {EXTENT}×{EXTENT}. Curves: the formula. Points: ShuffleNet V2, "
            "arXiv 1807.11164, table 1, whose rows have equal madds to 5.5 %.",
            f"Elements that a layer of ×1 moves on the GPU: {moved(RATIOS['GPU'])}.",
        ),
    )
    return figure


def _widths(width: float, ratio: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Conv:
    """Widths of this ratio and of the same product."""
    root = np.sqrt(ratio)
    return Conv(c_in=width / root, c_out=width * root, h_in=EXTENT, w_in=EXTENT, h=EXTENT, w=EXTENT)
