"""``guidelint measure``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli import reading
from guidelines.cli.named import analysed
from guidelines.cli.options import output, reads_models
from guidelines.cli.shell import CLEAN, FAILED, complain, unexpected
from guidelines.config import Config
from guidelines.report.names import printable

if TYPE_CHECKING:
    from costmodel.device import Device
    from costmodel.graph import Graph
    from guidelines.measuring.study import Measured


@click.command("measure")
@click.option(
    "--device",
    required=True,
    metavar="NAME|FILE",
    help="The profile that predicts: one that ships, or one that calibrate wrote.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=5),
    default=30,
    show_default=True,
    metavar="N",
    help="How often each network runs.",
)
@output("measured")
@reads_models
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Run models on ONNX Runtime, one thread, beside what a device's profile predicts.

    PATH is as for check, or network:NAME for a network of the literature, network:all for all.
    A file's own weights are not needed: random ones stand in, at the same shapes.
    """
    targets = reading.targets("measured", given["output"])
    from guidelines.measuring.runtimes import require

    require("onnxruntime", "scipy")
    from costmodel.device import load
    from guidelines.measuring.origin import origin
    from guidelines.measuring.study import Study

    device = load(given["device"])
    flags = Config(**reading.sizes(given))
    graphs, failed = analysed(paths, flags, given, lambda graph, config: graph)
    done = _measured(graphs, device, given)
    study = Study(
        networks=done,
        device=device,
        origin=origin() | {"rounds": str(given["rounds"])},
    )
    reading.deliver("measured", targets, study, given)
    return FAILED if failed or len(done) < len(graphs) else CLEAN


def _measured(
    graphs: Sequence[Graph], device: Device, given: Mapping[str, Any]
) -> tuple[Measured, ...]:
    """Each network that runs, with half of the rounds and then, after all others, with the rest.

    How far the halves are apart says how far a machine is from itself.
    """
    from guidelines.measuring.clock import halves
    from guidelines.measuring.study import measure

    found: dict[int, Measured] = {}
    waiting = dict(enumerate(graphs))
    shown = sys.stderr.isatty() and not given["quiet"]
    for half, rounds in enumerate(halves(given["rounds"])):
        for number, graph in list(waiting.items()):
            if shown:
                told = f"measuring {printable(graph.path)}, {number + 1} of {len(graphs)}"
                click.echo(f"\r\x1b[K{told}{', again' * half}", err=True, nl=False)
            try:
                now = measure(graph, device, rounds=rounds)
            except Exception as error:  # noqa: BLE001  the runtime's errors have no common class
                del waiting[number]
                complain(f"{graph.path}: {unexpected(error, trace=given['verbose'] > 1)}")
            else:
                found[number] = found[number].then(now) if half else now
    if shown:
        click.echo("\r\x1b[K", err=True, nl=False)
    return tuple(found[number] for number in waiting)
