"""Options that commands share, as decorators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from guidelines.config import FAIL_ON
from guidelines.report.registry import names

Command = Callable[..., Any]


def selecting(command: Command) -> Command:
    """Which rules run, how, and which of their findings count."""
    return _all(
        command,
        click.option(
            "--select",
            multiple=True,
            metavar="RULES",
            help="Rules to run: codes, names or beginnings (G1), separated by commas.",
        ),
        click.option("--ignore", multiple=True, metavar="RULES", help="Rules not to run."),
        click.option(
            "--extend-select",
            multiple=True,
            metavar="RULES",
            help="Rules to run beside the selected ones.",
        ),
        click.option(
            "-x",
            "--option",
            multiple=True,
            metavar="RULE.NAME=VALUE",
            help="An option of a rule: G101.max_excess=1.5, G101.level=error.",
        ),
        click.option(
            "--min-share",
            type=click.FloatRange(0, 1),
            metavar="SHARE",
            help="Least share of the fused memory access, 0 to 1, that a finding is shown for "
            "[default: 0.01].",
        ),
        click.option(
            "--fail-on",
            type=click.Choice(FAIL_ON),
            metavar="LEVEL",
            help=f"Least level that exits with 1: {', '.join(FAIL_ON)} [default: warning].",
        ),
        click.option("--exit-zero", is_flag=True, help="The same as --fail-on never."),
        click.option("--statistics", is_flag=True, help="Count the findings of each rule."),
    )


def output(package: str) -> Callable[[Command], Command]:
    """Where a report goes, in which of the formats of a package."""
    return click.option(
        "-o",
        "--output",
        multiple=True,
        metavar="FMT[:FILE]",
        help=f"Format ({', '.join(names(package))}), and the file to write it to. Repeatable.",
    )


def on_device(command: Command) -> Command:
    """On which device times are predicted."""
    return click.option(
        "--device",
        metavar="NAME|FILE",
        help="Predict times on this device: a profile that ships, or one that calibrate wrote.",
    )(command)


def reads_models(command: Command) -> Command:
    """Which models, and how they are read and shown."""
    paths = click.argument("paths", nargs=-1, required=True, metavar="PATH...")
    return _all(command, paths, _read, colour, _loud)


def draws_models(command: Command) -> Command:
    """The same for pictures: some need no model, and none is text on a terminal."""
    paths = click.argument("paths", nargs=-1, metavar="[PATH...]")
    return _all(command, paths, _read, _loud)


def colour(command: Command) -> Command:
    """When to write in colour."""
    return click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        metavar="WHEN",
        help="When to write in colour: auto, always, never.",
    )(command)


def _read(command: Command) -> Command:
    """With which sizes and which configuration."""
    return _all(
        command,
        click.option(
            "--dim", multiple=True, metavar="NAME=SIZE", help="The size of a free dimension."
        ),
        click.option(
            "--shape",
            multiple=True,
            metavar="[INPUT=]1,3,224,224",
            help="The shape of an input; the first of a module needs no name.",
        ),
        click.option(
            "--strict",
            is_flag=True,
            default=None,
            help="Exit with 1 if the cost of a node is unknown.",
        ),
        click.option(
            "--config",
            metavar="FILE",
            help="Configuration, in place of the nearest to each model.",
        ),
        click.option("--isolated", is_flag=True, help="Read no configuration file."),
    )


def _loud(command: Command) -> Command:
    """How much to say."""
    return _all(
        command,
        click.option("-q", "--quiet", is_flag=True, help="Print findings or rows only."),
        click.option(
            "-v",
            "--verbose",
            count=True,
            help="Print every node and place; -vv: tracebacks too.",
        ),
    )


def _all(command: Command, *options: Callable[[Command], Command]) -> Command:
    """The command with the options, which its help lists in this order."""
    for option in reversed(options):
        command = option(command)
    return command
