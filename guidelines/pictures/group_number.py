"""Guideline 2 as curves: groups move more."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from costmodel.bound import balanced
from costmodel.dims import Dim
from costmodel.operators import Conv
from guidelines.pictures.panel import caption
from guidelines.pictures.style import BLACK, picture
from guidelines.pictures.table_panels import moved, panels
from guidelines.pictures.tables import EXTENT, GROUPS

Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]


@picture
def group_count() -> Figure:
    """Memory access of a grouped 1x1 convolution against its groups, at fixed multiply-adds.

    More groups at the same multiply-adds are wider layers. The curves widen both sides, as
    the paper's table 2 does, whose rows are the points on them; the dash-dotted one keeps the input
    and widens the output, as equation 2 does: hw*c1 + B*g/c1 + B/hw.

    >>> len(group_count().axes)
    4

    References:
        Ma et al., ShuffleNet V2, arXiv 1807.11164, section 2, G2, equation 2 and table 2.
    """
    figure, axes = panels(
        GROUPS, lambda row: row.groups, factor=_factor, sweep=_widened, tick=str, name="groups",
        start="1 group", top=4.6,
    )  # fmt: skip
    for computed, rows in zip(axes[::2], GROUPS.values(), strict=True):
        groups = np.geomspace(1, rows[-1].groups, 100)
        wider = _factor(_conv(rows[0].c_in, rows[0].c_in * groups, groups))
        label = f"{rows[0].c_in} in, more out (equation 2)"
        computed.plot(groups, wider, color=BLACK, linestyle="-.", linewidth=0.8, label=label)
        computed.legend(loc="upper left")
    caption(
        figure,
        "G2: at the same madds, groups move more",
        (
            f"1×1 convolutions on {EXTENT}×{EXTENT}. Curves: the formula. Points: ShuffleNet V2, "
            "arXiv 1807.11164, table 2, whose rows have equal madds to 1.2 %. "
            "At fixed widths groups save access and madds alike.",
            f"Elements that a layer of ×1 moves on the GPU: {moved(GROUPS['GPU'])}.",
        ),
    )
    return figure


def _factor(conv: Conv) -> Dim:
    """Times the least access that its multiply-adds need, which has one group."""
    return conv.cost.memory_access / balanced(conv)


def _widened(width: float, groups: Numbers) -> Conv:
    """As many channels in as out, wider by the root of the groups."""
    return _conv(width * np.sqrt(groups), width * np.sqrt(groups), groups)


def _conv(c_in: float | Numbers, c_out: Numbers, groups: Numbers) -> Conv:
    return Conv(c_in=c_in, c_out=c_out, groups=groups, h_in=EXTENT, w_in=EXTENT, h=EXTENT, w=EXTENT)
