"""The report as JSON, ``schema_version`` 1."""

from __future__ import annotations

import json

from guidelines.report.report import Report
from guidelines.report.view import View


def render(report: Report, view: View) -> str:
    """ASCII only, so that no name can command a terminal; nodes with ``-v``."""
    return json.dumps(report.to_dict(nodes=view.verbosity > 0), indent=2, allow_nan=False) + "\n"
