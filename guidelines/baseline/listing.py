"""A baseline as a table."""

from __future__ import annotations

from guidelines.baseline.file import Baseline
from guidelines.report import table
from guidelines.report.names import printable
from guidelines.report.view import View

COLUMNS = (
    table.Column(title="model", shrink=True), table.Column(title="rule"),
    table.Column(title="layer", shrink=True), table.Column(title="value", right=True),
    table.Column(title="what", shrink=True, spare=1),
)  # fmt: skip


def listing(baseline: Baseline, view: View) -> str:
    """A line a finding, and how many there are."""
    rows = [
        (
            printable(entry.model), entry.rule, printable(entry.layer) or "the whole network",
            f"{entry.value:,.0f}" if entry.value.is_integer() else f"{entry.value:.3g}",
            printable(entry.what),
        )
        for entry in baseline.entries
    ]  # fmt: skip
    number, models = len(rows), len({entry.model for entry in baseline.entries})
    told = f"{number or 'no'} finding{'' if number == 1 else 's'}"
    where = f" in {models} model{'' if models == 1 else 's'}" if models > 1 else ""
    lines = [*table.lines(COLUMNS, rows, view), ""] if rows else []
    return view.finish("\n".join([*lines, f"{told}{where}"]) + "\n")
