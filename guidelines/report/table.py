"""Columns of text: aligned, ruled by space alone, shortened only where a terminal ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from guidelines.report.view import View

GAP = "  "
NARROWEST = 14
"""Characters that a shortened column keeps."""

WIDEST = 500
"""Characters of a column at most, off a terminal too: a longer name is nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Args:
        title: in the first line.
        right: whether its cells end at one edge, as numbers do.
        shrink: whether it may be shortened, in the middle, where the terminal is too narrow.
        spare: the order in which columns are left out there, 1 first; 0 for never.
    """

    title: str
    right: bool = False
    shrink: bool = False
    spare: int = 0


def lines(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], view: View,
    *, style: Callable[[int, str], str] | None = None,
) -> list[str]:  # fmt: skip
    """A title line and one line a row.

    Args:
        columns: what the cells of each row are.
        rows: cells, one a column, already printable.
        view: its width decides; None leaves every cell whole.
        style: colours a padded cell, given its row's index.
    """
    widths = [
        min(WIDEST, max(len(c.title), *(len(row[i]) for row in rows), 0))
        for i, c in enumerate(columns)
    ]
    kept = list(range(len(columns)))
    if view.width is not None:
        kept = _fit(columns, widths, view.width)
    title = GAP.join(_pad(columns[i].title, widths[i], columns[i]) for i in kept).rstrip()
    table = [view.paint(title, "dim")]
    for index, row in enumerate(rows):
        cells = [_pad(shorten(row[i], widths[i]), widths[i], columns[i]) for i in kept]
        if style is not None:
            table.append(GAP.join(style(index, cell) for cell in cells).rstrip())
        else:
            table.append(GAP.join(cells).rstrip())
    return table


def shorten(text: str, width: int) -> str:
    """The text's beginning and end, which tell names apart better than the beginning alone.

    >>> shorten("features.denseblock4.denselayer16.conv2", 21)
    'features.d…er16.conv2'
    """
    if len(text) <= width:
        return text
    front = (width - 1) // 2
    return f"{text[:front]}…{text[len(text) - (width - 1 - front) :]}"


def _fit(columns: Sequence[Column], widths: list[int], available: int) -> list[int]:
    """Narrow ``widths`` in place, leave columns out at need; the indices that stay."""
    kept = list(range(len(columns)))

    def excess() -> int:
        return sum(widths[i] for i in kept) + len(GAP) * (len(kept) - 1) - available

    spares = sorted((i for i in kept if columns[i].spare), key=lambda i: columns[i].spare)
    flexible = [i for i in kept if columns[i].shrink]
    room = sum(max(0, widths[i] - NARROWEST) for i in flexible)
    while spares and excess() > room:
        kept.remove(spares.pop(0))
    for i in flexible:
        widths[i] -= max(0, min(excess(), widths[i] - NARROWEST))
    return kept


def _pad(text: str, width: int, column: Column) -> str:
    return text.rjust(width) if column.right else text.ljust(width)
