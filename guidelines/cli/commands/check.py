"""``guidelint check``, and ``guidelint PATH…``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli import reading
from guidelines.cli.destination import show
from guidelines.cli.options import (
    OptionalFile,
    accepting,
    many,
    on_device,
    output,
    reads_models,
    selecting,
)
from guidelines.cli.shell import CLEAN
from guidelines.report.names import printable

if TYPE_CHECKING:
    from guidelines.cli.running import Job
    from guidelines.config import Config
    from guidelines.runner import Settings


@click.command("check", cls=OptionalFile)
@selecting
@accepting
@on_device
@many
@output("formats")
@reads_models
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Check models: files, folders (searched for .onnx, .onnxtxt, .textproto), globs, or - for
    standard input.

    package.module:factory or path/file.py:factory names a PyTorch module, or a function that
    gives one: guidelint runs that code.

    Exits with 0 if nothing was found, 1 if something was, 2 if a model could not be analysed.
    """
    targets = reading.targets("formats", given["output"])
    from guidelines.analysis import accounted, analyse
    from guidelines.cli import baselines
    from guidelines.config import settings
    from guidelines.report import Report
    from guidelines.report.locations import Repository, located

    baselines.check(given)
    rules = reading.known_rules()
    planned = reading.planned(paths, reading.judging(given, rules), rules, given)
    if given["show_files"] or given["show_settings"]:
        return _show(planned, files=given["show_files"])
    device = reading.device(given)
    known = baselines.known(planned, given)
    places = {job.source.path: str(job.source.file or job.source.path) for job in planned}
    today = reading.today()

    def under(config: Config, path: str) -> Settings:
        return settings(config, places[path], today=today, audit=given["no_suppress"])

    outcome = reading.ran(
        planned, given,
        lambda graph, config: analyse(
            graph, under(config, graph.path), device, known.get(graph.path)
        ),
    )  # fmt: skip
    outcome = outcome.having(
        accounted((under(config, model.path), model) for config, model in outcome.done)
    )
    if given["write_baseline"] is not None:
        with reading.writing():
            outcome = outcome.having(baselines.written(outcome.done, given))
    report = Report(models=tuple(model for _, model in outcome.done), errors=outcome.errors)
    report = located(report, Repository.around(Path.cwd()))
    reading.deliver("formats", targets, report, given)
    return reading.status(outcome)


def _show(planned: Sequence[Job], *, files: bool) -> int:
    """The models that would be read, or the configuration of each, those that share one once."""
    if files:
        text = "".join(f"{printable(job.source.path)}\n" for job in planned)
    else:
        from guidelines.config.shown import effective

        groups: dict[str, list[str]] = {}
        for job in planned:
            groups.setdefault(effective(job.config), []).append(printable(job.source.path))
        text = "\n".join(
            "".join(f"# {path}\n" for path in paths) + shown for shown, paths in groups.items()
        )
    show(text, sys.stdout)
    return CLEAN
