"""A comparison as Markdown, for a comment on a pull request or the summary of a job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from guidelines.comparing.comparison import Compared, Comparison
from guidelines.comparing.findings import Judged, Status
from guidelines.report.difference import (
    COLUMNS,
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
from guidelines.report.heading import CONVENTIONS
from guidelines.report.layer_rows import followers, rows
from guidelines.report.locations import Location, location
from guidelines.report.markdown_text import code, fitting, prose
from guidelines.report.report import Model
from guidelines.report.view import View

LIMIT = 65_000
"""Bytes of all: GitHub takes comments of 65,536 characters."""

FRAME = 1_000
"""Bytes kept for what stands around the tables."""

SHOWN = 20
"""Findings that are shown before the rest is folded."""

FEW = 20
"""Files that could not be analysed that are named."""


class _Page:
    """Lines, while there is room for them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.room = LIMIT - FRAME
        self.left = 0

    def add(self, lines: Sequence[str], *, after: Sequence[str] = (), cut: int = 0) -> None:
        """Add lines that belong together; those from ``cut`` on may be left out from the end."""
        kept = [*lines]
        if cut:
            room = self.room - sum(len(line.encode()) + 1 for line in after)
            kept = kept[: fitting(kept, room)]
            self.left += len(lines) - len(kept)
            if len(kept) <= cut:
                return
        kept += after
        size = sum(len(line.encode()) + 1 for line in kept)
        if size > self.room:
            self.left += len(kept)
            return
        self.lines += kept
        self.room -= size


def render(compared: Compared, view: View) -> str:
    """The verdict first, then totals, new and worse findings, and the rest folded.

    Above stands a comment that a job can find again, to write a new verdict in its place.
    """
    page = _Page()
    page.add([_marker(compared), f"**guidelint: {_verdict(compared)}**"])
    failures = [f"- {code(each.path)}: {prose(each.message)}" for each in compared.errors]
    if failures:
        page.add(["", *failures[:FEW]], cut=1)
        page.left += len(failures[FEW:])
    several = len(compared.comparisons) > 1
    if several:
        told = [f"| {code(_path(one))} | {prose(verdict(one))} |" for one in compared.comparisons]
        page.add(["", "| model | verdict |", "|---|---|", *told], cut=3)
    for each in sorted(compared.comparisons, key=lambda each: not each.fails):
        if not each.same:
            _comparison(each, page, several)
    if page.left:
        page.lines += ["", f"{page.left} lines are left out: comments have a limit."]
    if any(not each.same for each in compared.comparisons):
        page.lines += ["", f"<sub>{prose(CONVENTIONS)}</sub>"]
    return view.finish("\n".join(page.lines) + "\n")


def _marker(compared: Compared) -> str:
    about = compared.about or next((_path(each) for each in compared.comparisons), "")
    if len(compared.comparisons) == 1:
        about = _path(compared.comparisons[0])
    return f"<!-- guidelint:{Location(about).uri} -->"


def _path(comparison: Comparison) -> str:
    model = comparison.head or comparison.base
    return (model.file or model.path) if model is not None else ""


def _verdict(compared: Compared) -> str:
    told = []
    if len(compared.comparisons) == 1:
        told.append(prose(verdict(compared.comparisons[0])))
    elif compared.comparisons:
        failed = sum(each.fails for each in compared.comparisons)
        same = sum(each.same for each in compared.comparisons)
        told.append(f"{failed} of {len(compared.comparisons)} models fail" if failed else "passes")
        told += [f"{same} unchanged"] if same else []
    if compared.errors:
        told.append(f"{len(compared.errors)} could not be analysed")
    return ", ".join(told) or "no models"


def _comparison(comparison: Comparison, page: _Page, several: bool) -> None:
    before = "nothing" if comparison.base is None else code(comparison.base.path)
    after = "nothing" if comparison.head is None else code(_path(comparison))
    heading = [f"{'### ' if several else ''}{after} against {before}"]
    if told := inputs_told(comparison):
        heading += ["", f"input {prose(told)}"]
    page.add(["", *heading, "", *_totals(comparison)])
    loud = [f for f in comparison.findings if f.status in (Status.NEW, Status.WORSENED)]
    told_findings = [_finding(each, comparison.head) for each in loud]
    if told_findings:
        page.add(["", *_HEAD, *told_findings[:SHOWN]], cut=3)
    rest = told_findings[SHOWN:]
    better = [f for f in comparison.findings if f.status in (Status.IMPROVED, Status.FIXED)]
    _fold(page, f"{len(rest)} more findings", _HEAD, rest)
    if comparison.base is not None and comparison.head is not None:
        _fold(page, f"layers: {layers_told(comparison)}", _LAYERS, [*_layers(comparison)])
        keys = [key for key in COLUMNS if key in comparison.totals]
        _fold(page, "blocks", _columns(keys), [*_blocks(comparison, keys)])
    kept = len(comparison.having(Status.UNCHANGED))
    told = f"{len(better)} findings are better" + (f", {kept} unchanged" if kept else "")
    _fold(page, told, _HEAD, [_finding(each, comparison.head) for each in better])


_HEAD = ("| | finding |", "|---|---|")
_LAYERS = ("| | layer | | change | madds | memory access |", "|---|---|---|---|--:|--:|")


def _columns(keys: Sequence[str]) -> tuple[str, str]:
    return f"| block | {' | '.join(map(title, keys))} |", f"|---|{'--:|' * len(keys)}"


def _fold(page: _Page, told: str, head: Sequence[str], lines: Sequence[str]) -> None:
    """A table that opens with a click."""
    if lines:
        opened = ["", f"<details><summary>{prose(told)}</summary>", "", *head]
        page.add([*opened, *lines], after=["", "</details>"], cut=len(opened))


def _totals(comparison: Comparison) -> Iterator[str]:
    limited = any(total.limit for total in comparison.totals.values())
    yield "| | before | after | change |" + (" limit |" if limited else "")
    yield "|---|--:|--:|--:|" + ("--:|" if limited else "")
    for total in comparison.totals.values():
        name, told = title(total.quantity.key), prose(change(total))
        if total.exceeded:
            name, told = f"**{name}**", f"**{told}**"
        cells = [name, amount(total, total.base), amount(total, total.head), told]
        cells += [prose(total.limit.text) if total.limit else ""] if limited else []
        yield f"| {' | '.join(cells)} |"


def _finding(judged: Judged, model: Model | None) -> str:
    found = judged.finding
    where = code(place(judged)) if found.places else place(judged)
    if judged.head is not None and model is not None and model.lines:
        where += f", {code(str(location(model, found)))}"
    told = [
        f"**{found.code} {prose(found.name)}** · {found.level} · {where}",
        prose(judged.message),
    ]
    if judged.remedy and judged.status in (Status.NEW, Status.WORSENED):
        told.append(f"→ {prose(judged.remedy)}")
    moved = worse(judged)
    return f"| {judged.status}{f'<br>{moved}' if moved else ''} | {'<br>'.join(told)} |"


def _layers(comparison: Comparison) -> Iterator[str]:
    for row in rows(comparison):
        cells = (
            prose(row.sign), code(row.where), prose(row.what), prose(row.words),
            more("madds", row.madds), more("memory-access", row.moved),
        )  # fmt: skip
        yield f"| {' | '.join(cells)} |"
    if number := followers(comparison):
        yield f"| | {number} more | | follow what comes before | | |"


def _blocks(comparison: Comparison, keys: Sequence[str]) -> Iterator[str]:
    for block in comparison.blocks:
        changes = [more(key, grown(block, key)) for key in keys]
        if block.touched or any(change != "=" for change in changes):
            yield f"| {code(block.name)} | {' | '.join(changes)} |"
