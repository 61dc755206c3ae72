"""JSON lines: each finding, and each file that could not be analysed, on a line of its own."""

from __future__ import annotations

from guidelines.report.document import finding_entry, text
from guidelines.report.json_text import line
from guidelines.report.locations import source
from guidelines.report.report import Report
from guidelines.report.view import View


def render(report: Report, view: View) -> str:
    """The fields are those of ``json``; before them stands the path of the model."""
    lines = [
        {"path": text(model.path), **finding_entry(found, source(model, found))}
        for model in report.models
        for found in model.findings or ()
    ]
    lines += [{"path": text(e.path), "message": text(e.message)} for e in report.errors]
    return "".join(f"{line(each)}\n" for each in lines)
