"""``guidelint calibrate``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli.destination import save, show, width
from guidelines.cli.shell import CLEAN
from guidelines.report.view import View

if TYPE_CHECKING:
    from guidelines.measuring.calibration import Checked, Sample


@click.command("calibrate")
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    metavar="FILE.toml",
    help="Where the profile goes; what was measured goes beside it, as FILE.csv.",
)
@click.option("--name", help="What to call the device [default: the file's name].")
@click.option(
    "--networks",
    type=click.IntRange(min=20),
    default=240,
    show_default=True,
    metavar="N",
    help="How many random networks to measure.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=5),
    default=15,
    show_default=True,
    metavar="N",
    help="How often each is timed.",
)
@click.option("--refit", is_flag=True, help="Measure nothing: fit to the FILE.csv that is there.")
def command(file: str, name: str | None, networks: int, rounds: int, refit: bool) -> int:
    """Measure this machine with ONNX Runtime: a few minutes, on one thread, best left alone.

    Interrupted, it goes on where it stopped when it is run again. The profile that it writes
    serves --device.
    """
    target = Path(file)
    if target.suffix != ".toml" or not target.absolute().parent.is_dir():
        raise click.UsageError(f"--output: expected a .toml file in a folder, found '{file}'")
    from guidelines.measuring.runtimes import require

    require("onnxruntime", "scipy")
    from costmodel.device import load, to_toml
    from guidelines.measuring.calibration import checked, from_csv, to_csv
    from guidelines.measuring.machine import block, cache_bytes
    from guidelines.measuring.origin import origin

    table = target.with_suffix(".csv")
    samples = from_csv(table.read_text(encoding="utf-8")) if table.exists() else []
    seen = 0 if refit and target.exists() else block()
    if not refit:
        for more in _measured(samples, networks, rounds, seen):
            samples += more
            save({str(table): to_csv(samples).encode()})
    if not samples:
        raise click.ClickException(f"--refit: expected samples in '{table}', found none")
    if refit and target.exists():
        device = load(target)
        about: dict[str, Any] = {
            "block": device.block,
            "cache": device.cache,
            "origin": device.origin,
        }
    else:
        about = {"block": seen, "cache": cache_bytes(), "origin": origin()}
    found = checked(name or target.stem, samples, **about)
    save({str(target): to_toml(found.device).encode()})
    show(_report(found, View(width=width(sys.stdout))), sys.stdout)
    return CLEAN


def _measured(
    held: Iterable[Sample], networks: int, rounds: int, block: int
) -> Iterable[list[Sample]]:
    """The samples of each network that is not among those held."""
    from costmodel.fusion.onnxruntime import onnxruntime_cpu
    from guidelines.measuring.calibration import measured
    from guidelines.measuring.onnx_runtime import profile
    from guidelines.measuring.samples import samples

    done = {sample.network for sample in held}
    rules = onnxruntime_cpu(block=block)
    for number, graph in enumerate(samples(networks)):
        if number in done:
            continue
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[Kmeasuring network {number + 1} of {networks}", err=True, nl=False)
        yield list(measured(number, graph, profile(graph, rounds=rounds), rules))
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)


def _report(found: Checked, view: View) -> str:
    """Error by kind of kernel, of kernels that were left out of the fit."""
    from guidelines.measuring.accuracy import accuracy
    from guidelines.quantity import percent
    from guidelines.report import table

    columns = (
        table.Column(title="kernel", shrink=True), table.Column(title="samples", right=True),
        table.Column(title="of the time", right=True), table.Column(title="MAPE", right=True),
        table.Column(title="±10 %", right=True), table.Column(title="±20 %", right=True),
        table.Column(title="bias", right=True), table.Column(title="Spearman", right=True),
    )  # fmt: skip
    total = sum(seconds for pairs in found.kinds.values() for _, seconds in pairs)
    groups = [*found.kinds.items(), ("networks, as sums", found.networks)]
    rows = []
    for kind, pairs in groups:
        told = accuracy([p for p, _ in pairs], [m for _, m in pairs])
        rows.append(
            (
                kind, str(told.count), percent(sum(m for _, m in pairs) / total),
                percent(told.mape), percent(told.within_10), percent(told.within_20),
                f"{told.bias:+.0%}", f"{told.spearman:.3f}",
            )
        )  # fmt: skip
    facts = ", ".join(f"{key} {value}" for key, value in found.device.origin.items())
    head = [
        view.paint(found.device.name, "bold"),
        f"  {facts}; blocks of {found.device.block} channels, {found.device.cache // 1024} KiB",
        "  predicted by rates that were fitted to the other four fifths of the networks",
        "",
    ]
    return view.finish("\n".join([*head, *table.lines(columns, rows, view)]) + "\n")
