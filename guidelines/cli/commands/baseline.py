"""``guidelint baseline``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli import reading
from guidelines.cli.destination import save, show, width
from guidelines.cli.options import draws_models, on_device
from guidelines.cli.shell import CLEAN, FAILED
from guidelines.report.names import printable

if TYPE_CHECKING:
    from guidelines.baseline.entry import Entry

NAMED = click.option(
    "--baseline", metavar="FILE", help="The baseline [default: as check finds it from here]."
)


@click.group("baseline")
def command() -> None:
    """Show what a baseline holds back, or take out of it what is no longer found.

    guidelint check --write-baseline writes one.
    """


@command.command("show")
@NAMED
def listed(baseline: str | None) -> int:
    """List the findings of a baseline."""
    from guidelines.baseline.file import read
    from guidelines.baseline.listing import listing
    from guidelines.cli import baselines
    from guidelines.report.view import View

    text = listing(read(baselines.here(baseline)), View(width=width(sys.stdout)))
    show(text, sys.stdout)
    return CLEAN


@command.command("prune")
@NAMED
@on_device
@draws_models
def prune(paths: tuple[str, ...], **given: Any) -> int:
    """Take out of a baseline what is no longer found.

    Without a PATH all models that it names are read, and entries of files that are no longer
    there go too.
    """
    from guidelines.analysis import analyse
    from guidelines.baseline.file import read
    from guidelines.cli import baselines
    from guidelines.config import Config, settings

    file = baselines.here(given["baseline"])
    before = read(file)
    found, lost = baselines.models(before, file)
    rules, device = reading.known_rules(), reading.device(given)
    flags = Config(**reading.sizes(given))
    planned = reading.planned(paths or found, flags, rules, given) if paths or found else ()
    outcome = reading.ran(
        planned, given,
        lambda graph, config: analyse(
            graph, settings(config, graph.path, today=reading.today()), device
        ),
    )  # fmt: skip
    gone = [] if paths else [entry for entry in before.entries if entry.model in lost]
    for _, model in outcome.done:
        gone += baselines.stale(before, model, file)
    after = before.without(gone, () if paths else lost)
    if after != before:
        with reading.writing():
            save({str(file): after.text().encode()})
    show(_told(gone, len(after.entries), file), sys.stdout)
    return FAILED if outcome.errors else CLEAN


def _told(gone: Iterable[Entry], left: int, file: Path) -> str:
    lines = [
        printable(f"{entry.model}: {entry.rule} {entry.layer or 'the whole network'}") + "\n"
        for entry in gone
    ]
    return "".join(lines) + f"{len(lines) or 'nothing'} taken out of {file}; {left} left\n"
