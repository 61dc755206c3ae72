"""The screen: totals before and after, blocks, layers and findings that changed, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from guidelines.comparing.comparison import Compared, Comparison
from guidelines.comparing.findings import Judged, Status
from guidelines.report import table
from guidelines.report.difference import (
    COLUMNS,
    SAME,
    amount,
    change,
    grown,
    inputs_told,
    layers_told,
    more,
    place,
    title,
    verdict,
    worse,
)
from guidelines.report.layer_rows import followers, rows
from guidelines.report.names import printable
from guidelines.report.view import View

INDENT = "  "

SHOWN = 20
"""Rows of blocks and of layers that are printed without -v."""

COLOURS = {
    Status.NEW: "red", Status.WORSENED: "red", Status.IMPROVED: "green", Status.FIXED: "green",
    Status.UNCHANGED: "dim",
}  # fmt: skip
SIGNS = {"~": "yellow", "+": "green", "-": "red"}


def render(compared: Compared, view: View) -> str:
    """Each pair of networks; one that did not change takes a line."""
    told = ""
    short = False
    for number, each in enumerate(compared.comparisons):
        lines = [*_comparison(each, view)]
        between = "\n" if short and len(lines) == 1 else "\n\n"
        told += (between if number else "") + "\n".join(lines)
        short = len(lines) == 1
    if len(compared.comparisons) > 1:
        told += f"\n\n{_summary(compared, view)}"
    return view.finish(f"{told}\n" if told else "")


def _summary(compared: Compared, view: View) -> str:
    parts = [f"{len(compared.comparisons)} models"]
    failed = sum(each.fails for each in compared.comparisons)
    same = sum(each.same for each in compared.comparisons)
    parts += [view.paint(f"{failed} fail", "red")] if failed else []
    parts += [f"{same} unchanged"] if same else []
    if compared.errors:
        parts.append(view.paint(f"{len(compared.errors)} could not be analysed", "error"))
    return ", ".join(parts)


def _comparison(comparison: Comparison, view: View) -> Iterator[str]:
    style = "red" if comparison.fails else "green"
    told = [*_findings(comparison, view)]
    if comparison.same or (view.verbosity < 0 and not told):
        yield f"{_called(comparison, view)}: {view.paint(verdict(comparison), style)}"
        return
    yield _called(comparison, view)
    if view.verbosity >= 0:
        yield ""
        if inputs := inputs_told(comparison):
            yield from (*view.wrap(f"input  {inputs}", indent="  "), "")
        inner = view if view.width is None else replace(view, width=view.width - len(INDENT))
        yield from (INDENT + line for line in _totals(comparison, inner))
        if comparison.base is not None and comparison.head is not None:
            yield from _blocks(comparison, inner)
            yield from _layers(comparison, inner)
    yield from told
    yield ""
    yield from (view.paint(line, style) for line in view.wrap(verdict(comparison)))


def _called(comparison: Comparison, view: View) -> str:
    base, head = (
        "none" if model is None else printable(model.path)
        for model in (comparison.base, comparison.head)
    )
    return view.paint(f"{base} → {head}", "bold")


def _totals(comparison: Comparison, view: View) -> list[str]:
    totals = [*comparison.totals.values()]
    limited = any(total.limit for total in totals)
    columns = [
        table.Column(title=""), table.Column(title="before", right=True),
        table.Column(title="after", right=True), table.Column(title="change", right=True),
        *([table.Column(title="limit", right=True)] if limited else []),
    ]  # fmt: skip
    cells = [
        (
            title(total.quantity.key), amount(total, total.base), amount(total, total.head),
            change(total), *([total.limit.text if total.limit else ""] if limited else []),
        )
        for total in totals
    ]  # fmt: skip

    def style(index: int, cell: str) -> str:
        if totals[index].exceeded:
            return view.paint(cell, "red")
        return view.paint(cell, "dim") if cell.strip() == SAME else cell

    return table.lines(columns, cells, view, style=style)


def _blocks(comparison: Comparison, view: View) -> Iterator[str]:
    keys = [key for key in COLUMNS if key in comparison.totals]
    found = [
        block for block in comparison.blocks
        if block.touched or any(grown(block, key) for key in keys)
    ]  # fmt: skip
    if len(found) < 2:
        return
    columns = [table.Column(title="block", shrink=True)]
    columns += [table.Column(title=title(key), right=True) for key in keys]
    shown = found if view.verbosity > 0 else found[:SHOWN]
    cells = [
        (printable(block.name), *(more(key, grown(block, key)) for key in keys)) for block in shown
    ]
    yield ""
    yield from (INDENT + line for line in table.lines(columns, cells, view, style=_dimmed(view)))
    if len(found) > len(shown):
        yield f"  … and {len(found) - len(shown)} more blocks; -v prints them"


def _layers(comparison: Comparison, view: View) -> Iterator[str]:
    yield from ("", f"  {layers_told(comparison)}")
    found = rows(comparison, whole=view.verbosity > 0)
    shown = found if view.verbosity > 0 else found[:SHOWN]
    if shown:
        columns = [
            table.Column(title=""), table.Column(title="layer", shrink=True),
            table.Column(title="", spare=1), table.Column(title="change", shrink=True),
            table.Column(title="madds", right=True),
            table.Column(title="memory access", right=True),
        ]  # fmt: skip
        cells = [
            (
                row.sign, printable(row.where), printable(row.what),
                printable(row.words) or {"+": "added", "-": "removed"}.get(row.sign, ""),
                more("madds", row.madds), more("memory-access", row.moved),
            )
            for row in shown
        ]  # fmt: skip

        def style(index: int, cell: str) -> str:
            return view.paint(cell, SIGNS[cell]) if cell in SIGNS else _dimmed(view)(index, cell)

        yield from (INDENT + line for line in table.lines(columns, cells, view, style=style))
    if len(found) > len(shown):
        yield f"  … and {len(found) - len(shown)} more rows; -v prints them"
    follow = followers(comparison)
    if follow and view.verbosity <= 0:
        layers = "layer follows" if follow == 1 else "layers follow"
        yield f"  {follow} {layers} what comes before; -v prints {'it' if follow == 1 else 'them'}"


def _dimmed(view: View) -> Callable[[int, str], str]:
    return lambda index, cell: view.paint(cell, "dim") if cell.strip() == SAME else cell


def _findings(comparison: Comparison, view: View) -> Iterator[str]:
    loud = [each for each in comparison.findings if each.status is not Status.UNCHANGED]
    for each in loud:
        if view.verbosity >= 0 or each.status in (Status.NEW, Status.WORSENED):
            yield from ("", *_finding(each, view))
    kept = len(comparison.findings) - len(loud)
    if kept and view.verbosity >= 0:
        yield from ("", f"  {kept} finding{' is' if kept == 1 else 's are'} unchanged")


def _finding(judged: Judged, view: View) -> Iterator[str]:
    found, status = judged.finding, judged.status
    indent = " " * 13
    moved = worse(judged)
    yield (
        f"  {view.paint(f'{status:<9}', COLOURS[status])}  {view.paint(found.code, found.level)} "
        f"{view.paint(found.name, 'bold')}  {view.paint(found.level, found.level)}"
        + (f"  {moved}" if moved else "")
    )
    yield from view.wrap(printable(place(judged)), indent=indent)
    if status in (Status.NEW, Status.WORSENED) or view.verbosity > 0:
        yield from view.wrap(printable(judged.message), indent=indent)
        if judged.remedy:
            yield from view.wrap(
                printable(judged.remedy), indent=f"{indent}  ", first=f"{indent}→ "
            )
