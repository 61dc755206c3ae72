"""``guidelint check``, and ``guidelint PATH…``."""

from __future__ import annotations

from typing import Any

import click

from guidelines.cli import reading
from guidelines.cli.flags import options, selectors
from guidelines.cli.options import on_device, output, reads_models, selecting
from guidelines.config import Config


@click.command("check")
@selecting
@on_device
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
    from guidelines.analysis import analyse
    from guidelines.config import settings
    from guidelines.report import Report

    rules = reading.known_rules()
    chosen = options(given["option"], rules)
    flags = Config(
        select=selectors("--select", given["select"], rules) if given["select"] else None,
        extend_select=selectors("--extend-select", given["extend_select"], rules),
        ignore=selectors("--ignore", given["ignore"], rules) if given["ignore"] else None,
        min_share=given["min_share"],
        fail_on="never" if given["exit_zero"] else given["fail_on"],
        options=chosen.options,
        levels=chosen.levels,
        **reading.sizes(given),
    )
    device = reading.device(given)
    outcome = reading.analysed(
        paths, flags, rules, given, lambda graph, config: analyse(graph, settings(config), device)
    )
    report = Report(models=tuple(model for _, model in outcome.done), errors=outcome.errors)
    reading.deliver("formats", targets, report, given)
    return reading.status(outcome)
