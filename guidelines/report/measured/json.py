"""Predicted beside measured as JSON: every network, every kernel."""

from __future__ import annotations

from typing import Any

from guidelines.measuring.study import Measured, Study
from guidelines.report.document import plain, text
from guidelines.report.json_text import dumps
from guidelines.report.view import View


def render(study: Study, view: View) -> str:
    """Seconds; times are the lower quartile of the rounds."""
    return view.finish(
        dumps(
            {
                "device": text(study.device.name),
                "origin": dict(study.origin),
                "networks": [_network(each) for each in study.networks],
            }
        )
        + "\n"
    )


def _network(each: Measured) -> dict[str, Any]:
    return {
        "path": text(each.path),
        "measured": plain(each.times.seconds),
        "spread": plain(each.times.spread),
        "predicted": plain(each.prediction.seconds),
        "low": plain(each.prediction.low),
        "high": plain(each.prediction.high),
        "unpredicted": plain(each.strange),
        "kernels": [
            {
                "node": text(layer.timed.node),
                "kind": layer.timed.kind,
                "measured": plain(layer.times.seconds),
                "predicted": plain(layer.timed.seconds),
            }
            for layer in each.layers
        ],
    }
