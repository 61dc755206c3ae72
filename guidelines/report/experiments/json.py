"""Measured experiments as JSON, every repeat included, so that intervals can be computed anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from costmodel import __version__
from guidelines.measuring.clock import Ratio, Times
from guidelines.measuring.trial import Timed, Trial, verdict
from guidelines.report.json_text import dumps
from guidelines.report.view import View

SCHEMA_VERSION = 1


def render(trials: Sequence[Trial], view: View) -> str:
    """Every experiment: its networks, and under each runtime what they took, in the same order."""
    whole = {
        "schema_version": SCHEMA_VERSION,
        "guidelint": __version__,
        "experiments": [_trial(trial) for trial in trials],
    }
    return dumps(whole) + "\n"


def _trial(trial: Trial) -> dict[str, Any]:
    plan = trial.plan
    return {
        "guideline": plan.experiment.code,
        "widths": plan.widths,
        "column": plan.column,
        "scale": plan.scale,
        "rows": [
            {
                "name": row.name,
                "channels": list(row.widths),
                "madds": row.madds,
                "memory_access_bytes": row.memory_access,
                "fused_memory_access_bytes": row.fused,
                "paper": {column: round(times, 4) for column, times in row.paper.items()},
            }
            for row in trial.rows
        ],
        "runtimes": [_timed(trial, timed) for timed in trial.timed],
    }


def _timed(trial: Trial, timed: Timed) -> dict[str, Any]:
    found = verdict(trial, timed)
    return {
        "name": timed.runtime.name,
        "origin": dict(timed.runtime.origin),
        "verdict": {"holds": found.holds, "text": found.text},
        "rows": [_row(*each) for each in zip(timed.times, timed.ratios, strict=True)],
        "first_row_again": _row(timed.again, timed.noise),
    }


def _row(times: Times, found: Ratio) -> dict[str, Any]:
    return {
        "seconds": round(times.seconds, 9),
        "spread": round(times.spread, 4),
        "times_first": {key: round(getattr(found, key), 4) for key in ("value", "low", "high")},
        "microseconds": [round(seconds * 1e6, 1) for seconds in times.repeats.tolist()],
    }
