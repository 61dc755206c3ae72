"""``guidelint measure``."""

from __future__ import annotations

import sys
from typing import Any

import click

from guidelines.cli import reading
from guidelines.cli.named import analysed
from guidelines.cli.options import output, reads_models
from guidelines.cli.shell import CLEAN, FAILED, complain, unexpected
from guidelines.config import Config


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
    from guidelines.measuring.study import Study, measure

    device = load(given["device"])
    flags = Config(**reading.sizes(given))
    graphs, failed = analysed(paths, flags, given, lambda graph, config: graph)
    done = []
    for number, graph in enumerate(graphs, 1):
        if sys.stderr.isatty() and not given["quiet"]:
            told = f"measuring {graph.path} ({number} of {len(graphs)})"
            click.echo(f"\r\x1b[K{told}", err=True, nl=False)
        try:
            done.append(measure(graph, device, rounds=given["rounds"]))
        except Exception as error:  # noqa: BLE001  the runtime's errors have no class in common
            failed = True
            complain(f"{graph.path}: {unexpected(error, trace=given['verbose'] > 1)}")
    if sys.stderr.isatty() and not given["quiet"]:
        click.echo("\r\x1b[K", err=True, nl=False)
    study = Study(networks=tuple(done), device=device, origin=origin())
    reading.deliver("measured", targets, study, given)
    return FAILED if failed else CLEAN
