"""The report as a table in a notebook: inline styles only, no script, every name escaped."""

from __future__ import annotations

from html import escape

from guidelines.finding import Finding
from guidelines.quantity import count, percent, size
from guidelines.report.formats.full import summary
from guidelines.report.heading import CONVENTIONS
from guidelines.report.names import printable
from guidelines.report.report import Model, Report
from guidelines.report.view import View

_CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0"
_QUIET = "color:gray;font-size:smaller"


def table(report: Report) -> str:
    """HTML that a notebook shows as it is; one that strips HTML shows the report's text instead."""
    parts = [_model(model) for model in report.models]
    failed = [f"<p><b>{_text(e.path)}</b>: {_text(e.message)}</p>" for e in report.errors]
    return f"<div>{''.join((*parts, *failed))}<p>{_text(summary(report, View()))}</p></div>"


def _model(model: Model) -> str:
    totals = model.totals
    fused = size(totals.fused_memory_access_bytes)
    facts = (
        f"params {count(totals.params)}",
        f"madds {count(totals.madds)}",
        f"flops {count(totals.flops)}",
        f"memory access {size(totals.memory_access_bytes)}, fused {fused}",
        f"peak activations {size(totals.peak_activation_bytes)}",
        f"{len(model.graph) - len(model.unknown)} of {len(model.graph)} nodes costed",
    )
    head = f"<p><b>{_text(model.path)}</b><br>{_text(' · '.join(facts))}</p>"
    note = f'<p style="{_QUIET}">{_text(CONVENTIONS)}</p>'
    if not model.findings:
        return head + note
    titles = "".join(
        f'<th style="{_CELL}">{t}</th>' for t in ("rule", "where", "excess", "what", "remedy")
    )
    rows = "".join(_row(found) for found in model.findings)
    return f"{head}<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>{note}"


def _row(found: Finding) -> str:
    cells = (
        f"{found.code} {found.name} ({found.level})", found.where,
        f"{percent(found.share)}, {size(found.excess_bytes)}", found.message, found.remedy,
    )  # fmt: skip
    return "<tr>" + "".join(f'<td style="{_CELL}">{_text(cell)}</td>' for cell in cells) + "</tr>"


def _text(text: str) -> str:
    return escape(printable(text))
