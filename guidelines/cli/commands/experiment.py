"""``guidelint experiment``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli import reading
from guidelines.cli.destination import save
from guidelines.cli.options import colour, output
from guidelines.cli.shell import CLEAN

if TYPE_CHECKING:
    from guidelines.measuring.trial import Runtime, Trial

RUNTIMES = {"onnxruntime": "onnx_runtime", "torch": "pytorch"}
"""By choice, what makes it in ``guidelines.measuring.runtimes``."""


@click.command("experiment")
@click.argument("which", type=click.Choice(["g1", "g2", "g3", "g4", "all"]))
@click.option(
    "--widths",
    type=click.Choice(["paper", "aligned", "both"]),
    default="both",
    show_default=True,
    help="The paper's channels, or such as keep to the kernels' block of 16.",
)
@click.option(
    "--column",
    type=click.Choice(["gpu", "arm"]),
    default="gpu",
    show_default=True,
    help="The paper's device whose channels are meant.",
)
@click.option(
    "--scale",
    type=click.Choice(["1", "2", "4"]),
    default="1",
    show_default=True,
    help="How many times the channels of the paper's ×1.",
)
@click.option(
    "--runtime",
    type=click.Choice([*RUNTIMES, "both"]),
    default="both",
    show_default=True,
    help="What runs them: ONNX Runtime on the CPU, PyTorch on CUDA where there is one.",
)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, metavar="N")
@click.option(
    "--rounds",
    type=click.IntRange(min=5),
    default=50,
    show_default=True,
    metavar="N",
    help="How often each network is timed.",
)
@output("experiments")
@click.option("--plot", metavar="FILE", help="Draw it too: .png, .svg or .pdf.")
@colour
@click.option("-q", "--quiet", is_flag=True, help="Print tables and verdicts only.")
@click.option("-v", "--verbose", count=True, help="-vv: where an unexpected error arose.")
def command(which: str, **given: Any) -> int:
    """Measure a guideline: the paper's networks, run on this machine.

    WHICH is one of ShuffleNet V2's guidelines. The rows of its table are built, seen by fvcore to
    do equal multiply-adds, and run in turn; the verdict is computed from the times.
    """
    targets = reading.targets("experiments", given["output"])
    form = reading.picture(given["plot"])
    from guidelines.measuring.experiments import EXPERIMENTS
    from guidelines.measuring.trial import measure, plans

    chosen = [*EXPERIMENTS.values()] if which == "all" else [EXPERIMENTS[which]]
    planned = plans(chosen, given["widths"], given["column"], int(given["scale"]))
    runtimes = _runtimes(given["runtime"], given["threads"])
    trials = []
    for number, plan in enumerate(planned, 1):
        if sys.stderr.isatty() and not given["quiet"]:
            told = f"{plan.experiment.code}, {plan.widths} widths ({number} of {len(planned)})"
            click.echo(f"measuring {told}", err=True)
        trials.append(measure(plan, runtimes, _count, rounds=given["rounds"]))
    if form:
        _draw(trials, given["plot"], form)
    reading.deliver("experiments", targets, trials, given)
    return CLEAN


def _runtimes(choice: str, threads: int) -> list[Runtime]:
    from guidelines.measuring import runtimes

    chosen = [*RUNTIMES] if choice == "both" else [choice]
    runtimes.require(*dict.fromkeys((*chosen, "torch", "fvcore")))
    return [getattr(runtimes, RUNTIMES[each])(threads) for each in chosen]


def _count(graph: Any) -> int:
    from guidelines.measuring.torch_runtime import madds

    return madds(graph)


def _draw(trials: list[Trial], file: str, form: Any) -> None:
    from guidelines.pictures.experiment import experiments
    from guidelines.pictures.style import rendered

    picture = rendered(experiments(trials), form)
    with reading.writing():
        save({file: picture})
