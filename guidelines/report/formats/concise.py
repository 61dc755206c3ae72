"""One line a finding: ``model.onnx:layer: G101 warning: message [unequal-channel-width]``."""

from __future__ import annotations

from guidelines.report.names import printable
from guidelines.report.report import Report
from guidelines.report.view import View


def render(report: Report, view: View) -> str:
    """The findings and nothing else, each on its line, dearest first within a model."""
    lines = []
    for model in report.models:
        for found in model.findings or ():
            times = f" (×{len(found.places)})" if len(found.places) > 1 else ""
            place = found.places[0] if found.places else "network"
            lines.append(
                f"{view.paint(printable(model.path), 'bold')}:{printable(place)}: "
                f"{view.paint(found.code, found.level)} {found.level}: "
                f"{printable(found.message)}{times} [{found.name}]\n"
            )
    return view.finish("".join(lines))
