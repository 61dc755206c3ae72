"""``guidelint calibrate``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli.destination import append, save, show, width
from guidelines.cli.reading import writing
from guidelines.cli.shell import CLEAN
from guidelines.report.view import View

if TYPE_CHECKING:
    from costmodel.device import Device, Savings
    from guidelines.measuring.calibration import Checked
    from guidelines.measuring.kernel_samples import Sample
    from guidelines.measuring.onnx_runtime import Profiled
    from guidelines.measuring.savings import Change

CHANGED = 100
"""Networks of which what the rules advise is run too."""

TOGETHER = 12
"""Networks that are run one after the other, then all again; an interrupt loses no more."""


@click.command("calibrate")
@click.option(
    "-o",
    "--output",
    "file",
    required=True,
    metavar="FILE.toml",
    help="Where the profile goes; what was measured goes beside it, as FILE.csv and "
    "FILE.savings.csv.",
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
    from guidelines.measuring import savings
    from guidelines.measuring.calibration import checked
    from guidelines.measuring.kernel_samples import from_csv, to_csv, whole
    from guidelines.measuring.machine import block, cache_bytes
    from guidelines.measuring.origin import origin

    table = target.with_suffix(".csv")
    held = table.read_text(encoding="utf-8") if table.exists() else ""
    samples = from_csv(whole(held))
    seen = 0 if refit and target.exists() else block()
    if not refit:
        with writing():
            if held != to_csv(samples):
                save({str(table): to_csv(samples).encode()})
            for more in _measured(samples, networks, rounds, seen):
                _, _, rows = to_csv(more).partition("\n")
                append(str(table), rows.encode())
                samples += more
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
    changed = target.with_suffix(".savings.csv")
    with writing():
        changes = _changes(changed, found.device, 0 if refit else min(networks, CHANGED), rounds)
        device = replace(found.device, savings=savings.fit(changes)) if changes else found.device
        save({str(target): to_toml(device).encode()})
    show(_report(found, device.savings, View(width=width(sys.stdout))), sys.stdout)
    return CLEAN


def _changes(table: Path, device: Device, networks: int, rounds: int) -> list[Change]:
    """Advice on random networks, run as it is and as advised; what is in the table is not run."""
    from guidelines.measuring import savings
    from guidelines.measuring.kernel_samples import whole
    from guidelines.measuring.samples import samples

    text = table.read_text(encoding="utf-8") if table.exists() else ""
    held = savings.from_csv(whole(text))
    if networks and text != savings.to_csv(held):
        save({str(table): savings.to_csv(held).encode()})
    done = max((change.network for change in held), default=-1)
    shown = sys.stderr.isatty()
    for number, graph in enumerate(samples(networks)):
        if number <= done:
            continue
        if shown:
            told = f"\r\x1b[Kadvice on network {number + 1} of {networks}"
            click.echo(told, err=True, nl=False)
        more = [*savings.tried(number, graph, device, rounds=rounds)]
        _, _, rows = savings.to_csv(more).partition("\n")
        append(str(table), rows.encode())
        held += more
    if shown:
        click.echo("\r\x1b[K", err=True, nl=False)
    return held


def _measured(
    held: Iterable[Sample], networks: int, rounds: int, block: int
) -> Iterator[list[Sample]]:
    """The samples of each network that is not among those held.

    Some networks are run with half of the rounds, then again: how far the halves are apart says
    how far a machine is from itself.
    """
    from costmodel.fusion.onnxruntime import onnxruntime_cpu
    from guidelines.measuring.clock import halves
    from guidelines.measuring.kernel_samples import measured
    from guidelines.measuring.onnx_runtime import profile
    from guidelines.measuring.samples import samples

    done = {sample.network for sample in held}
    rules = onnxruntime_cpu(block=block)
    shown = sys.stderr.isatty()
    waiting = [(number, g) for number, g in enumerate(samples(networks)) if number not in done]
    for start in range(0, len(waiting), TOGETHER):
        some = waiting[start : start + TOGETHER]
        ran: dict[int, list[list[Profiled]]] = {}
        for half, turns in enumerate(halves(rounds)):
            for number, graph in some:
                if shown:
                    told = f"measuring network {number + 1} of {networks}{', again' * half}"
                    click.echo(f"\r\x1b[K{told}", err=True, nl=False)
                ran.setdefault(number, []).append(profile(graph, rounds=turns))
        for number, graph in some:
            yield list(measured(number, graph, ran[number], rules))
    if shown:
        click.echo("\r\x1b[K", err=True, nl=False)


def _report(found: Checked, savings: Savings, view: View) -> str:
    """Error by kind of kernel, of kernels that were left out of the fit, and of savings."""
    from guidelines.report.errors import LEGEND, errors

    facts = ", ".join(f"{key} {value}" for key, value in found.device.origin.items())
    told = f"{facts}; blocks of {found.device.block} channels, {found.device.cache // 1024} KiB"
    head = [
        view.paint(found.device.name, "bold"),
        *view.wrap(told, indent="    ", first="  "),
        "  predicted by rates that were fitted to the other four fifths of the networks",
        "",
        *(view.paint(line, "dim") for line in view.wrap(LEGEND)),
        "",
    ]
    whole = {
        "networks, as sums": found.networks,
        "kernels": [pair for pairs in found.kinds.values() for pair in pairs],
    }
    told = (
        f"savings: {savings.count} changes; in nine of ten cases within {1.645 * savings.floor:.1%}"
        f" of the time before and {1.645 * savings.share:.0%} of the saving"
    )
    lines = [*head, *errors(whole, found.kinds, view), "", *view.wrap(told)]
    return view.finish("\n".join(lines) + "\n")
