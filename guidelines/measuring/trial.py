"""An experiment at one set of widths: its rows run in turn, and what that says of the guideline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from costmodel.errors import ModelError
from costmodel.fusion import fused_memory_access_bytes
from costmodel.graph import Graph
from guidelines.measuring.clock import Ratio, Run, Times, in_turn, ratio
from guidelines.measuring.counts import agree
from guidelines.measuring.experiments import (
    MOST_DEVIATION,
    Benchmark,
    Column,
    Experiment,
    aligned_widths,
    paper_widths,
    slow_down,
)

Widths = Literal["paper", "aligned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """What runs networks.

    Args:
        name: as reports call it.
        runner: makes a call that runs a network once.
        clock: seconds.
        origin: where its times come from: processor, versions, threads.
    """

    name: str
    runner: Callable[[Graph], Run]
    clock: Callable[[], float]
    origin: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """An experiment at certain widths.

    Args:
        experiment: the table.
        widths: the paper's, or those that keep to the block.
        column: whose widths of the paper.
        scale: how many times the channels of ×1.
    """

    experiment: Experiment
    widths: Widths
    column: Column
    scale: int

    @property
    def rows(self) -> tuple[Benchmark, ...]:
        """The networks, the advised one first."""
        choose = aligned_widths if self.widths == "aligned" else paper_widths
        return choose(self.experiment, self.column, self.scale)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    """What is known of a row before it runs.

    Args:
        name: what sets the row apart.
        widths: its channels.
        madds: multiply-adds, as fvcore counts them too.
        memory_access, fused: bytes, by every operator on its own and as a runtime fuses.
        paper: how many times as long as on the first row it took the paper's devices.
    """

    name: str
    widths: tuple[int, ...]
    madds: int
    memory_access: int
    fused: int
    paper: Mapping[Column, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """The rows on one runtime.

    Args:
        runtime: what ran them.
        times: a row each.
        again: the first row's, made and run a second time as one more row.
    """

    runtime: Runtime
    times: tuple[Times, ...]
    again: Times

    @property
    def ratios(self) -> tuple[Ratio, ...]:
        """How many times as long as the first row each took."""
        return tuple(ratio([each], [self.times[0]]) for each in self.times)

    @property
    def noise(self) -> Ratio:
        """How many times as long as itself the first row took."""
        return ratio([self.again], [self.times[0]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """An experiment's networks, and their times on each runtime."""

    plan: Plan
    rows: tuple[Predicted, ...]
    timed: tuple[Timed, ...]


Holds = Literal["yes", "in part", "no", "not seen"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether rows against the guideline are slower than the row that keeps to it.

    Args:
        holds: yes if all are, in part if some are, no if none is and some are faster, not seen
            if none is told apart.
        text: one line.
    """

    holds: Holds
    text: str


def plans(
    experiments: Sequence[Experiment], widths: Widths | Literal["both"], column: Column, scale: int
) -> tuple[Plan, ...]:
    """Every experiment at these widths; of both only one where the paper's keep to the block."""
    chosen: tuple[Widths, ...] = ("paper", "aligned") if widths == "both" else (widths,)
    found: list[Plan] = []
    for experiment in experiments:
        done = set()
        for each in chosen:
            plan = Plan(experiment, each, column, scale)
            channels = tuple(row.widths for row in plan.rows)
            if channels not in done:
                found.append(plan)
            done.add(channels)
    return tuple(found)


def measure(
    plan: Plan, runtimes: Sequence[Runtime], count: Callable[[Graph], int], *, rounds: int
) -> Trial:
    """Run a plan's networks, the rows of each runtime in turn after a warm-up.

    Args:
        plan: what to run.
        runtimes: on what.
        count: multiply-adds of a network, by other means than this package's.
        rounds: how often each network is timed.

    Raises:
        ModelError: multiply-adds that are not equal to 6 %, or that the two counts differ on.
    """
    graphs = [row.graph() for row in plan.rows]
    confirm(graphs, count)
    rows = _predicted(plan, graphs)
    timed = []
    for runtime in runtimes:
        runs = [runtime.runner(graph) for graph in (*graphs, graphs[0])]
        *times, again = in_turn(runs, rounds=rounds, clock=runtime.clock)
        timed.append(Timed(runtime=runtime, times=tuple(times), again=again))
    return Trial(plan=plan, rows=rows, timed=tuple(timed))


def confirm(graphs: Sequence[Graph], count: Callable[[Graph], int]) -> None:
    """See that the networks do equal multiply-adds, and as many by the other count.

    Raises:
        ModelError: they do not.
    """
    counted = [count(graph) for graph in graphs]
    for graph, other in zip(graphs, counted, strict=True):
        agree(graph, other)
        if abs(other / counted[0] - 1) > MOST_DEVIATION:
            raise ModelError(
                f"expected rows of equal madds to {MOST_DEVIATION:.0%}, found {counted}"
            )


def verdict(trial: Trial, timed: Timed) -> Verdict:
    """What the intervals say of the guideline on this runtime.

    A row is slower, or faster, if its interval lies beyond 1, beyond the interval of the first
    row against itself, and beyond its multiply-adds over the first row's. Otherwise it is not
    told apart.
    """
    noise = timed.noise
    found: dict[str, list[str]] = {"slower": [], "faster": [], "not told apart": []}
    for row, taken in list(zip(trial.rows, timed.ratios, strict=True))[1:]:
        work = row.madds / trial.rows[0].madds
        how = "not told apart"
        if taken.slower(noise, work):
            how = "slower"
        elif taken.faster(noise, work):
            how = "faster"
        found[how].append(f"{row.name} takes {shown(taken)}")
    code = trial.plan.experiment.code
    others = [f"{told}, {how}" for how in ("faster", "not told apart") for told in found[how]]
    if found["slower"] and others:
        told = f"{'; '.join(found['slower'])}; but {'; '.join(others)}"
        return Verdict("in part", f"{code} holds in part: {told}")
    if found["slower"]:
        return Verdict("yes", f"{code} holds: {'; '.join(found['slower'])}")
    if found["faster"]:
        return Verdict("no", f"{code} does not hold: {'; '.join(others)}")
    return Verdict("not seen", f"{code} is not seen: {'; '.join(others)}")


def shown(found: Ratio) -> str:
    """The ratio with its interval.

    >>> shown(Ratio(1.618, 1.5, 1.749))
    '1.62× (1.50 to 1.75)'
    """
    return f"{found.value:.2f}× ({found.low:.2f} to {found.high:.2f})"


def _predicted(plan: Plan, graphs: Sequence[Graph]) -> tuple[Predicted, ...]:
    columns: tuple[Column, ...] = ("gpu", "arm")
    return tuple(
        Predicted(
            name=row.row.name, widths=row.widths, madds=int(graph.cost.madds),
            memory_access=graph.memory_access_bytes, fused=int(fused_memory_access_bytes(graph)),
            paper={c: slow_down(plan.experiment, i, c, plan.scale) for c in columns},
        )
        for i, (row, graph) in enumerate(zip(plan.rows, graphs, strict=True))
    )  # fmt: skip
