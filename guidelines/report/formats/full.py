"""The screen: what each network costs, then its findings, dearest first."""

from __future__ import annotations

from collections.abc import Sequence

from guidelines.finding import Finding, Level
from guidelines.quantity import duration, percent, size
from guidelines.report import table
from guidelines.report.heading import heading
from guidelines.report.names import printable
from guidelines.report.report import Model, Report
from guidelines.report.view import View

GUTTER = 9
"""Columns on the left that the price of a finding takes."""


def render(report: Report, view: View) -> str:
    """Every network with its findings, then the sum of it all in a line."""
    blocks = [_model(model, view, first=i == 0) for i, model in enumerate(report.models)]
    if view.statistics:
        blocks.append(_statistics(report, view))
    if view.verbosity >= 0 and (report.models or not report.errors):
        blocks.append([summary(report, view)])
    text = "\n\n".join("\n".join(block) for block in blocks if block)
    return view.finish(f"{text}\n" if text else "")


def summary(report: Report, view: View) -> str:
    """``3 findings: 2 warnings, 1 note``, with how many models where they are not one, and how
    many findings are held back.

    >>> summary(Report(), View())
    'no models'
    """
    told = _counted(len(report.models), "model") if len(report.models) != 1 else ""
    found = _findings(report, view)
    failed = (
        view.paint(f"{len(report.errors)} could not be analysed", "error") if report.errors else ""
    )
    told = "; ".join(part for part in (told, found if report.models else "", failed) if part)
    return told + "".join(f"\n{line}" for line in _held_back(report, view))


def _held_back(report: Report, view: View) -> list[str]:
    """``3 findings in the baseline, 1 suppressed``; with -v which, and why."""
    known = [(found, "in the baseline") for model in report.models for found in model.known]
    gone = [
        (held.finding, f"suppressed: {held.by.reason or 'without a reason'}")
        for model in report.models
        for held in model.suppressed
    ]
    counts = [(len(known), "in the baseline"), (len(gone), "suppressed")]
    told = [(number, where) for number, where in counts if number]
    if not told:
        return []
    words = [_counted(told[0][0], "finding"), *(str(number) for number, _ in told[1:])]
    lines = [", ".join(f"{n} {where}" for n, (_, where) in zip(words, told, strict=True))]
    if view.verbosity > 0:
        for found, why in known + gone:
            held = f"{found.code} {_places(found, view)}; {printable(why)}"
            lines += view.wrap(held, indent="    ", first="  ")
    return [view.paint(line, "dim") for line in lines]


def _findings(report: Report, view: View) -> str:
    findings = report.findings
    if not findings:
        return view.paint("no findings", "green")
    by_level = [
        view.paint(_counted(sum(f.level is level for f in findings), level), level)
        for level in reversed(Level)
        if any(f.level is level for f in findings)
    ]
    return f"{_counted(len(findings), 'finding')}: {', '.join(by_level)}"


def _counted(number: int, thing: str) -> str:
    return f"{number or 'no'} {thing}{'' if number == 1 else 's'}"


def _model(model: Model, view: View, *, first: bool) -> list[str]:
    """The network and its findings; the conventions are said once."""
    findings = model.findings or ()
    if view.verbosity < 0:
        if not findings:
            return []
        lines = [view.paint(printable(model.path), "bold")]
    else:
        lines = heading(model, view, conventions=first)
    if findings:
        legend = _legend(findings, model.prediction is not None)
        lines += ["", view.paint(legend, "dim")] if legend else [""]
    if model.unsaved and view.verbosity >= 0:
        left = ", ".join(dict.fromkeys(found.code for found in model.unsaved))
        told = f"left out, as no remedy is sure to save time on {_device(model)}: {left}"
        lines += ["", *(view.paint(line, "dim") for line in view.wrap(told, indent="  "))]
        lines += [""] if findings else []
    for number, found in enumerate(findings):
        lines += ["", *_finding(found, view)] if number else _finding(found, view)
    return lines


def _device(model: Model) -> str:
    return model.prediction.device if model.prediction is not None else ""


def _legend(findings: Sequence[Finding], timed: bool) -> str:
    order = ", dearest first" if len(findings) > 1 else ""
    if timed:
        told = f"predicted for its remedies{order}; places in common are counted by each"
        return f"{'saves':>{GUTTER}}  {told}"
    budgets = ["over the budget"] * any(not f.excess_bytes and prices(f) for f in findings)
    traffic = ["share of the fused memory access, and bytes"] * any(
        found.excess_bytes for found in findings
    )
    told = ", or ".join(budgets + traffic)
    return f"{'excess':>{GUTTER}}  {told}{order}" if told else ""


def _finding(found: Finding, view: View) -> list[str]:
    """The price in the gutter; beside it what, where, why and what to do."""
    indent = " " * (GUTTER + 2)
    body = [
        f"{view.paint(found.code, found.level)} {view.paint(found.name, 'bold')}"
        f"  {view.paint(found.level, found.level)}",
        *view.wrap(_places(found, view), indent=indent),
        *view.wrap(printable(found.message), indent=indent),
    ]
    for advice in filter(None, (found.remedy, found.saving.change if found.saving else "")):
        remedy = view.wrap(printable(advice), indent=f"{indent}  ", first=f"{indent}→ ")
        body += [remedy[0].replace("→", view.paint("→", "green"), 1), *remedy[1:]]
    if view.verbosity > 0 and len(found.nodes) > 1:
        nodes = f"nodes: {', '.join(printable(name) for name in found.nodes)}"
        body += [view.paint(line, "dim") for line in view.wrap(nodes, indent=indent)]
    body[0] = indent + body[0]
    for row, price in enumerate(prices(found)):
        gutter = f"{price:>{GUTTER}}"
        shown = view.paint(gutter, "bold") if row == 0 else gutter
        body[row] = shown + body[row][GUTTER:]
    return body


def prices(found: Finding) -> tuple[str, ...]:
    """What stands in the gutter: what is saved, what is too much, or how far a budget is exceeded;
    nothing where there is no number."""
    if found.saving is not None:
        return duration(found.saving.seconds), f"±{duration(found.saving.error)}"
    if found.excess_bytes:
        return percent(found.share), size(found.excess_bytes)
    return (f"+{percent(found.value / found.bound - 1)}",) if 0 < found.bound < found.value else ()


def _places(found: Finding, view: View) -> str:
    if view.verbosity > 0 and len(found.places) > 1:
        return f"×{len(found.places)}: {', '.join(printable(place) for place in found.places)}"
    return printable(found.where) if found.places else "the whole network"


def _statistics(report: Report, view: View) -> list[str]:
    """A line a rule: findings, places, excess."""
    rows: dict[str, list[Finding]] = {}
    for found in report.findings:
        rows.setdefault(found.code, []).append(found)
    if not rows:
        return []
    columns = (
        table.Column(title="rule"), table.Column(title="name"),
        table.Column(title="findings", right=True), table.Column(title="places", right=True),
        table.Column(title="excess", right=True),
    )  # fmt: skip
    cells = [
        (
            code, found[0].name, str(len(found)), str(sum(len(f.places) for f in found)),
            size(sum(f.excess_bytes for f in found)),
        )
        for code, found in sorted(rows.items())
    ]  # fmt: skip
    return table.lines(columns, cells, view)
