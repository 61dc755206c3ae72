"""How near predictions come to the clock, as a table: what calibrate and measure both print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan

from guidelines.measuring.accuracy import Pair, accuracy, total
from guidelines.quantity import percent
from guidelines.report import table
from guidelines.report.view import View

COLUMNS = (
    table.Column(title="of", shrink=True), table.Column(title="count", right=True),
    table.Column(title="of the time", right=True, spare=1), table.Column(title="MAPE", right=True),
    table.Column(title="noise", right=True), table.Column(title="±10 %", right=True),
    table.Column(title="±20 %", right=True), table.Column(title="bias", right=True, spare=3),
    table.Column(title="Spearman", right=True, spare=2),
)  # fmt: skip

LEGEND = (
    "MAPE: mean of |predicted - measured| / measured; noise: what it would be of a perfect model, "
    "from how far the second half of the rounds lies from the first; bias: median of predicted / "
    "measured - 1."
)


def errors(
    whole: Mapping[str, Sequence[Pair]], kinds: Mapping[str, Sequence[Pair]], view: View
) -> list[str]:
    """A line for each group, then one for each kind of kernel with its share of their time.

    Groups of nothing are left out; a cell is blank where nothing is known.
    """
    every = sum(total(pairs).measured for pairs in kinds.values())
    rows = [("", name, pairs) for name, pairs in whole.items() if pairs]
    rows += [
        (percent(total(pairs).measured / every), f"  {kind}", pairs)
        for kind, pairs in kinds.items()
    ]
    return table.lines(COLUMNS, [_cells(*row) for row in rows], view)


def _cells(share: str, name: str, pairs: Sequence[Pair]) -> tuple[str, ...]:
    told = accuracy(pairs)
    return (
        name, str(told.count), share, percent(told.mape),
        "" if isnan(told.noise) else percent(told.noise),
        percent(told.within_10), percent(told.within_20), f"{told.bias:+.0%}",
        "" if isnan(told.spearman) else f"{told.spearman:.3f}",
    )  # fmt: skip
