"""A page to look at and to click through: one file, without requests to anywhere."""

from __future__ import annotations

from guidelines.report.html.document import document
from guidelines.report.report import Report
from guidelines.report.view import View


def render(report: Report, view: View) -> str:
    """Every network, with a table of contents where there are several."""
    return document(report, ascii=view.ascii)
