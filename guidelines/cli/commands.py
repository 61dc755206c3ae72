"""The command ``guidelint``."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from costmodel import __version__
from guidelines.cli.destination import (
    STDOUT,
    Destination,
    ascii_only,
    destinations,
    in_colour,
    show,
    width,
    write,
)  # fmt: skip
from guidelines.cli.flags import dims, options, selectors, shapes
from guidelines.cli.options import output, reading, selecting
from guidelines.cli.shell import CLEAN, FAILED, FINDINGS, Commands, complain
from guidelines.config import Config
from guidelines.finding import Level
from guidelines.report.registry import renderer
from guidelines.report.view import View

if TYPE_CHECKING:
    from costmodel.graph import Graph
    from guidelines.cli.running import Outcome
    from guidelines.report import Model
    from guidelines.rule import Rule

SORTS = ("name", "op", "params", "madds", "flops", "bytes", "intensity")
"""Keys of ``report.layers.SORTS``, which help must not import networkx to show."""


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="guidelint PATH... is guidelint check PATH...; its options: guidelint check --help.",
)
@click.version_option(__version__, prog_name="guidelint", message="%(prog)s %(version)s")
def guidelint() -> None:
    """Say what a convolutional network costs, which of the four ShuffleNet V2 guidelines it
    breaks, what that costs, and what to change."""


@guidelint.command()
@selecting
@output("formats")
@reading
def check(paths: tuple[str, ...], **given: Any) -> int:
    """Check models: files, folders (searched for .onnx, .onnxtxt, .textproto), globs, or - for
    standard input.

    Exits with 0 if nothing was found, 1 if something was, 2 if a model could not be analysed.
    """
    targets = _destinations("formats", given["output"])
    from guidelines.analysis import analyse
    from guidelines.config import settings
    from guidelines.report import Report

    rules = known_rules()
    chosen = options(given["option"], rules)
    flags = Config(
        select=selectors("--select", given["select"], rules) if given["select"] else None,
        extend_select=selectors("--extend-select", given["extend_select"], rules),
        ignore=selectors("--ignore", given["ignore"], rules) if given["ignore"] else None,
        min_share=given["min_share"],
        fail_on="never" if given["exit_zero"] else given["fail_on"],
        options=chosen.options,
        levels=chosen.levels,
        **_sizes(given),
    )
    outcome = _run(
        paths, flags, rules, given, lambda graph, config: analyse(graph, settings(config))
    )
    report = Report(models=tuple(model for _, model in outcome.done), errors=outcome.errors)
    _write("formats", targets, report, given)
    return _status(outcome)


@guidelint.command()
@click.option(
    "--by",
    type=click.Choice(["layer", "op", "scope"]),
    default="layer",
    show_default=True,
    help="A row a layer, an operator type, or a module.",
)
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    help="Sort by a column, numbers from the largest down.",
)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Print the first N rows only.")
@output("costs")
@reading
def cost(paths: tuple[str, ...], **given: Any) -> int:
    """Print what each layer of a model costs."""
    targets = _destinations("costs", given["output"])
    from guidelines.report.layers import tabulate
    from guidelines.report.report import Model
    from guidelines.report.totals import Totals

    def measure(graph: Graph, config: Config) -> Model:
        return Model(graph=graph, totals=Totals.of(graph), findings=None)

    outcome = _run(paths, Config(**_sizes(given)), known_rules(), given, measure)
    tables = [
        tabulate(model, by=given["by"], sort=given["sort"], top=given["top"])
        for _, model in outcome.done
    ]
    _write("costs", targets, tables, given)
    return _status(outcome)


@guidelint.command()
@click.argument("name", required=False, metavar="[CODE|NAME]")
@click.option("--all", "every", is_flag=True, help="Explain every rule.")
@click.option(
    "-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def rule(name: str | None, every: bool, form: str) -> int:
    """Explain a rule, or list them all."""
    from guidelines.cli.rule_text import as_json, explanations, listing
    from guidelines.selector import codes, unknown

    rules = known_rules()
    chosen = codes(name, rules) if name else tuple(sorted(rules))
    if not chosen and name:
        raise click.UsageError(unknown(name, rules))
    picked = [rules[code] for code in chosen]
    if form == "json":
        text = as_json(picked)
    elif name or every:
        text = explanations(picked)
    else:
        text = listing(picked, View(width=width(sys.stdout)))
    show(text, sys.stdout)
    return CLEAN


def known_rules() -> Mapping[str, Rule]:
    """Every rule by code."""
    import guidelines.rules  # noqa: F401  every module in it registers a rule
    from guidelines.rule import RULES

    return RULES


def _destinations(package: str, given: Sequence[str]) -> tuple[Destination, ...]:
    try:
        return destinations(package, given)
    except ValueError as error:
        raise click.UsageError(f"--output: {error}", click.get_current_context()) from None


def _sizes(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"dims": dims(given["dim"]), "shapes": shapes(given["shape"]), "strict": given["strict"]}


def _run(
    paths: Sequence[str], flags: Config, rules: Mapping[str, Rule], given: Mapping[str, Any],
    analyse: Callable[[Graph, Config], Model],
) -> Outcome:  # fmt: skip
    from guidelines.cli.running import jobs, run

    planned = jobs(paths, flags, rules, file=given["config"], isolated=given["isolated"])
    if not planned:
        complain(f"no models found in {', '.join(paths)}")
    return run(planned, analyse, quiet=given["quiet"], trace=given["verbose"] > 1)


def _write(
    package: str, targets: Sequence[Destination], value: object, given: Mapping[str, Any]
) -> None:
    """Render every format, then write them all."""
    texts = {}
    level = -1 if given["quiet"] else given["verbose"]
    statistics = bool(given.get("statistics"))
    for target in targets:
        view = View(verbosity=level, statistics=statistics)
        if target.file == STDOUT:
            view = View(
                width=width(sys.stdout),
                colour=in_colour(given["color"], os.environ, sys.stdout.isatty()),
                ascii=ascii_only(sys.stdout),
                verbosity=level,
                statistics=statistics,
            )
        texts[target] = renderer(package, target.format)(value, view)
    try:
        write(texts)
    except OSError as error:
        raise click.ClickException(
            f"cannot write '{error.filename}': {error.strerror or error}"
        ) from None


def _status(outcome: Outcome) -> int:
    """2 if anything could not be analysed, 1 if anything reaches its configuration's level."""
    if outcome.errors:
        return FAILED
    failing = [(config, model) for config, model in outcome.done if config.failing is not None]
    for config, model in failing:
        if config.strict and model.unknown:
            number = len(model.unknown)
            nodes = f"{number} node{'' if number == 1 else 's'}"
            complain(f"{model.path}: strict: the cost of {nodes} is unknown")
            return FINDINGS
        least: Level | None = config.failing
        if least is not None and any(
            found.level.rank >= least.rank for found in model.findings or ()
        ):
            return FINDINGS
    return CLEAN


def main() -> None:
    """Entry point of the console script."""
    # A run builds one large structure and ends: looking for garbage in it costs a quarter more.
    gc.set_threshold(200_000)
    guidelint()
