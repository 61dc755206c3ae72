"""The report as JSON, ``schema_version`` 1."""

from __future__ import annotations

from guidelines.report.json_text import dumps
from guidelines.report.report import Report
from guidelines.report.view import View


def render(report: Report, view: View) -> str:
    """Nodes are listed with ``-v``."""
    return dumps(report.to_dict(nodes=view.verbosity > 0)) + "\n"
