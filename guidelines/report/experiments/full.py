"""Measured experiments as text: measured beside predicted beside the paper's, and a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from guidelines.measuring.experiments import BLOCK, BLOCKS, EXTENT
from guidelines.measuring.trial import Plan, Timed, Trial, shown, verdict
from guidelines.quantity import count, percent
from guidelines.report import table
from guidelines.report.view import View

LEGEND = (
    "madds: against the first row's; fvcore counts as many. Spread: from the 5th percentile of the "
    "rounds to their median. times the first: how many times as long as the first row, with a 95 % "
    "interval; beside the first row, the same network made and run once more, which is the noise. "
    "access, fused: the same predicted from memory access, of every operator on its own and as a "
    "runtime fuses. GPU, ARM: the same in the paper (GTX 1080 Ti, Snapdragon 810). A row is slower "
    "or faster if its interval lies beyond the noise and its madds, else it is not told apart."
)
COLOURS = {"yes": "green", "in part": "yellow", "no": "red", "not seen": "dim"}


def render(trials: Sequence[Trial], view: View) -> str:
    """Where the times come from, then a table and a verdict for each set of widths and runtime."""
    lines: list[str] = []
    if view.verbosity >= 0 and trials:
        lines += [*_origins(trials[0], view), ""]
        lines += [*(view.paint(line, "dim") for line in view.wrap(LEGEND)), ""]
    for trial in trials:
        lines += [*_heading(trial.plan, view), ""]
        for timed in trial.timed:
            lines += [*_table(trial, timed, view), *_verdict(trial, timed, view), ""]
    return view.finish("\n".join(lines))


def _origins(trial: Trial, view: View) -> Iterator[str]:
    """What ran where, each place once."""
    places: dict[str, list[str]] = {}
    for timed in trial.timed:
        facts = ", ".join(f"{key} {value}" for key, value in timed.runtime.origin.items())
        told = f"{facts}, rounds {len(timed.again.repeats)}"
        places.setdefault(told, []).append(timed.runtime.name)
    for told, names in places.items():
        yield from view.wrap(f"{' and '.join(names)}: {told}", indent="  ", first="")


def _heading(plan: Plan, view: View) -> Iterator[str]:
    experiment = plan.experiment
    widths = f"the paper's widths for its {plan.column.upper()}, ×{plan.scale}"
    if plan.widths == "aligned":
        widths = f"widths in blocks of {BLOCK}"
    yield view.paint(f"{experiment.code} {experiment.title}: {widths}", "bold")
    yield from view.wrap(f"{BLOCKS} blocks of {experiment.block}, on {EXTENT}×{EXTENT}")


def _table(trial: Trial, timed: Timed, view: View) -> list[str]:
    columns = [
        table.Column(title=trial.plan.experiment.setting),
        table.Column(title="channels", spare=4),
        table.Column(title="madds", right=True),
        table.Column(title=timed.runtime.name, right=True),
        table.Column(title="spread", right=True, spare=1),
        table.Column(title="times the first"),
        table.Column(title="access", right=True),
        table.Column(title="fused", right=True, spare=3),
        table.Column(title="GPU", right=True),
        table.Column(title="ARM", right=True, spare=2),
    ]
    rows = [_cells(trial, timed, index) for index in range(len(trial.rows))]
    return table.lines(columns, rows, view)


def _cells(trial: Trial, timed: Timed, index: int) -> tuple[str, ...]:
    row, first = trial.rows[index], trial.rows[0]
    work = row.madds / first.madds - 1
    taken = timed.ratios[index] if index else timed.noise
    return (
        row.name,
        ", ".join(map(str, row.widths)),
        (f"{work:+.1%}" if work else "equal") if index else count(row.madds),
        f"{timed.times[index].seconds * 1000:.4g} ms",
        percent(timed.times[index].spread),
        shown(taken),
        f"{row.memory_access / first.memory_access:.2f}",
        f"{row.fused / first.fused:.2f}",
        f"{row.paper['gpu']:.2f}",
        f"{row.paper['arm']:.2f}",
    )


def _verdict(trial: Trial, timed: Timed, view: View) -> list[str]:
    found = verdict(trial, timed)
    told = f"{timed.runtime.name}: {found.text}"
    return [
        view.paint(line, COLOURS[found.holds]) for line in view.wrap(told, indent="  ", first="")
    ]
