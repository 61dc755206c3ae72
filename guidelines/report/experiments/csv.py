"""Measured experiments as comma-separated values: a row of a table on a runtime a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

from guidelines.measuring.origin import PACKAGES
from guidelines.measuring.trial import Timed, Trial, verdict
from guidelines.report.view import View

COLUMNS = (
    "guideline", "widths", "column", "scale", "runtime", "processor", "threads", "date",
    "versions", "rounds", "row", "channels", "madds", "memory_access_bytes",
    "fused_memory_access_bytes", "seconds", "spread", "times_first", "low", "high",
    "times_first_gpu", "times_first_arm", "holds",
)  # fmt: skip


def render(trials: Sequence[Trial], view: View) -> str:
    """A title row, then every row; the first of a table stands there once more, against itself."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for trial in trials:
        for timed in trial.timed:
            writer.writerows(_rows(trial, timed))
    return view.finish(text.getvalue())


def _rows(trial: Trial, timed: Timed) -> list[tuple[object, ...]]:
    plan, origin = trial.plan, timed.runtime.origin
    holds = verdict(trial, timed).holds
    which = (
        plan.experiment.code, plan.widths, plan.column, plan.scale, timed.runtime.name,
        origin["processor"], origin["threads"], origin["date"], _versions(origin),
        len(timed.again.repeats),
    )  # fmt: skip
    measured = [*zip(trial.rows, timed.times, timed.ratios, strict=True)]
    again = replace(trial.rows[0], name=f"{trial.rows[0].name} again")
    measured.append((again, timed.again, timed.noise))
    return [
        (
            *which, row.name, " ".join(map(str, row.widths)), row.madds, row.memory_access,
            row.fused, f"{times.seconds:.6g}", f"{times.spread:.4f}", f"{found.value:.4f}",
            f"{found.low:.4f}", f"{found.high:.4f}", f"{row.paper['gpu']:.4f}",
            f"{row.paper['arm']:.4f}", holds,
        )
        for row, times, found in measured
    ]  # fmt: skip


def _versions(origin: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {origin[name]}" for name in ("python", *PACKAGES) if name in origin)
