"""Predicted beside measured as JSON: every network, every kernel."""

from __future__ import annotations

from typing import Any

from costmodel.errors import ModelError
from costmodel.roofs import Roofs, roofs
from guidelines.measuring.study import Measured, Study
from guidelines.report.document import plain, text
from guidelines.report.json_text import dumps
from guidelines.report.view import View


def render(study: Study, view: View) -> str:
    """Seconds; times are the lower quartile of the rounds, noise what they may be off by.

    ``least`` is what the device's roofs allow, null where its profile has none.
    """
    try:
        bounds = roofs(study.device)
    except ModelError:
        bounds = None
    return view.finish(
        dumps(
            {
                "device": text(study.device.name),
                "origin": dict(study.origin),
                "networks": [_network(each, bounds) for each in study.networks],
            }
        )
        + "\n"
    )


def _network(each: Measured, bounds: Roofs | None) -> dict[str, Any]:
    return {
        "path": text(each.path),
        "measured": plain(each.times.seconds),
        "spread": plain(each.times.spread),
        "noise": plain(each.pair.noise),
        "predicted": plain(each.prediction.seconds),
        "low": plain(each.prediction.low),
        "high": plain(each.prediction.high),
        "unpredicted": plain(each.strange),
        "kernels": [
            {
                "node": text(layer.timed.node),
                "kind": layer.timed.kind,
                "measured": plain(layer.times.seconds),
                "noise": plain(layer.pair.noise),
                "predicted": plain(layer.timed.seconds),
                "least": None if bounds is None else plain(bounds.least(layer.timed, each.graph)),
            }
            for layer in each.layers
        ],
    }
