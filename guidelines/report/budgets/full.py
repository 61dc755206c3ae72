"""The figures beside their budgets, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from guidelines.budget.sheet import Line, Sheet, State
from guidelines.report import table
from guidelines.report.names import printable
from guidelines.report.view import View

COLUMNS = (
    table.Column(title="quantity"), table.Column(title="of", shrink=True),
    table.Column(title="today", right=True), table.Column(title="budget", right=True),
    table.Column(title="used", right=True), table.Column(title=""),
)  # fmt: skip

STYLES = {State.OVER: "red", State.OPEN: "yellow", State.WITHIN: "green"}


def render(sheets: Sequence[Sheet], view: View) -> str:
    """A table for each network."""
    text = "\n\n".join("\n".join(_table(each, view)) for each in sheets)
    return view.finish(f"{text}\n" if text else "")


def _table(sheet: Sheet, view: View) -> list[str]:
    shown = [line for line in sheet.lines if line.budget or view.verbosity >= 0]
    states = [line.state for line in shown]

    def style(index: int, cell: str) -> str:
        return view.paint(cell, STYLES[states[index]]) if states[index] in STYLES else cell

    rows = [_cells(line) for line in shown]
    return [
        view.paint(printable(sheet.path), "bold"),
        *table.lines(COLUMNS, rows, view, style=style),
    ]


def _cells(line: Line) -> tuple[str, ...]:
    figure, budget = line.figure, line.budget
    quantity = figure.subject.quantity
    today = ("≥ " if figure.unknown else "") + quantity.kind.shown(figure.amount)
    of = printable(figure.subject.label) or "the network"
    if budget is None:
        return quantity.words, of, today, "", "", ""
    used = f"{figure.amount / budget.limit:.1%}" if budget.limit else ""
    return quantity.words, of, today, printable(budget.text), used, _remark(line)


def _remark(line: Line) -> str:
    if line.state is State.OVER and line.budget is not None:
        over = line.figure.amount - line.budget.limit
        return f"over by {line.figure.subject.quantity.kind.shown(over)}"
    if line.state is not State.OPEN:
        return ""
    number = len(line.figure.unknown)
    why = f"{number} node{'' if number == 1 else 's'} unknown" if number else "no such layer"
    return f"open: {why}"
