"""How every picture looks: its colours and sizes, and files whose bytes repeat.

The colours are those of Okabe and Ito, which people tell apart whatever their eyes see; in a
stack they go from dark to light, so that a grey print keeps them apart too. Where more are
needed than there are steps of grey, hatches do it.

References:
    Okabe and Ito, Color Universal Design, 2008, https://jfly.uni-koeln.de/color/.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, NamedTuple, ParamSpec

from matplotlib import style
from matplotlib.figure import Figure

BLACK, BLUE, VERMILION, GREEN = "#000000", "#0072B2", "#D55E00", "#009E73"
PURPLE, SKY, ORANGE, YELLOW = "#CC79A7", "#56B4E9", "#E69F00", "#F0E442"
INK, GREY, PALE = "#333333", "#999999", "#DDDDDD"

WIDTH = 7.0
"""Inches: the text of a page; type of 8 points stays 8 points in print."""

SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans", "sans-serif"],  # comes with matplotlib, so sizes repeat
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titlelocation": "left",
    "figure.titlesize": 9,
    "figure.titleweight": "bold",
    "text.parse_math": False,  # a layer may be called $x$
    "axes.edgecolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.xmargin": 0.02,
    "axes.grid": True,
    "grid.color": PALE,
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.5,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.borderpad": 0.2,
    "legend.columnspacing": 1.2,
    "legend.handletextpad": 0.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 5,
    "savefig.dpi": 200,
    "svg.fonttype": "none",  # text stays text: small, searchable
    "svg.hashsalt": "guidelint",
    "pdf.fonttype": 42,
}  # fmt: skip

Form = Literal["png", "svg", "pdf"]
FORMS: tuple[Form, ...] = ("png", "svg", "pdf")

_NO_METADATA: dict[Form, dict[str, None]] = {
    "png": dict.fromkeys(("Software",)),
    "svg": dict.fromkeys(("Date", "Creator")),
    "pdf": dict.fromkeys(("CreationDate", "Creator", "Producer")),
}
"""Neither the time nor the version, which would change every file."""


class Fill(NamedTuple):
    """How an area is filled."""

    colour: str
    hatch: str = ""


P = ParamSpec("P")


def picture(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw in this style, whatever the settings of who calls."""

    @wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with style.context(["default", SETTINGS]):
            return draw(*args, **kwargs)

    return styled


def rendered(figure: Figure, form: Form) -> bytes:
    """The picture as a file: the same bytes for the same picture, with no date in them."""
    with style.context(["default", SETTINGS]), io.BytesIO() as file:
        figure.savefig(file, format=form, metadata=_NO_METADATA[form])
        return file.getvalue()
