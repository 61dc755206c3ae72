"""The figures beside their budgets, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costmodel import __version__
from guidelines.budget.sheet import Line, Sheet
from guidelines.report.document import plain, text
from guidelines.report.json_text import dumps
from guidelines.report.view import View


def render(sheets: Sequence[Sheet], view: View) -> str:
    """``limit`` and ``budget`` are null where there is none."""
    models = [
        {"path": text(sheet.path), "figures": [_entry(line) for line in sheet.lines]}
        for sheet in sheets
    ]
    return dumps({"schema_version": 1, "guidelint": __version__, "models": models}) + "\n"


def _entry(line: Line) -> dict[str, Any]:
    subject, budget = line.figure.subject, line.budget
    return {
        "quantity": subject.quantity.key,
        "layer": text(subject.glob),
        "device": text(subject.device.name) if subject.device else None,
        "amount": plain(line.figure.amount),
        "unknown": len(line.figure.unknown),
        "limit": None if budget is None else plain(budget.limit),
        "budget": None if budget is None else text(budget.text),
        "state": str(line.state),
    }
