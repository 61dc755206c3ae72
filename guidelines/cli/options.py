"""Options that commands share, as decorators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from guidelines.cli.completing import FILE, devices, formats, rules
from guidelines.config import FAIL_ON
from guidelines.report.registry import names

Command = Callable[..., Any]


def selecting(command: Command) -> Command:
    """The same for commands that list findings."""
    statistics = click.option("--statistics", is_flag=True, help="Count the findings of each rule.")
    return judging(statistics(command))


def judging(command: Command) -> Command:
    """Which rules run, how, and which of their findings count."""
    return _all(
        command,
        click.option(
            "--select",
            multiple=True,
            shell_complete=rules,
            metavar="RULES",
            help="Rules to run: codes, names or beginnings (G1), separated by commas.",
        ),
        click.option(
            "--ignore",
            multiple=True,
            shell_complete=rules,
            metavar="RULES",
            help="Rules not to run.",
        ),
        click.option(
            "--extend-select",
            multiple=True,
            shell_complete=rules,
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
    )


def accepting(command: Command) -> Command:
    """Which findings are held back, and whether to show what would be done instead of doing it."""
    return _all(
        command,
        click.option(
            "--write-baseline",
            metavar="[=FILE]",
            help="Write today's findings to the baseline, so that only new and worse ones are "
            "reported from now on.",
        ),
        click.option(
            "--baseline",
            type=FILE,
            metavar="FILE",
            help="Known findings [default: guidelint-baseline.json beside the configuration, else "
            "here, if it is there].",
        ),
        click.option("--no-baseline", is_flag=True, help="Use no baseline."),
        click.option(
            "--no-suppress", is_flag=True, help="Report what suppressions hold back, too."
        ),
        click.option(
            "--show-settings",
            is_flag=True,
            help="Print the configuration that is in effect, with where it comes from, and end.",
        ),
        click.option(
            "--show-files", is_flag=True, help="Print the models that would be read, and end."
        ),
        click.option(
            "--force-exclude",
            is_flag=True,
            help="Leave out what the configuration excludes even where it is named, as hooks do.",
        ),
    )


def many(command: Command) -> Command:
    """How many models at once."""
    return click.option(
        "-j",
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Models to read at once [default: as many as there are processors from 4 models on].",
    )(command)


class OptionalFile(click.Command):
    """A command whose ``--write-baseline`` may be followed by ``=FILE``; a word of its own after
    it is a model, which must not be written over."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        flags = ["--write-baseline=" if word == "--write-baseline" else word for word in args[:end]]
        return super().parse_args(ctx, [*flags, *args[end:]])


def output(package: str) -> Callable[[Command], Command]:
    """Where a report goes, in which of the formats of a package."""
    known = names(package)
    return click.option(
        "-o",
        "--output",
        multiple=True,
        shell_complete=formats(known),
        metavar="FMT[:FILE]",
        help=f"Format ({', '.join(known)}), and the file to write it to. Repeatable.",
    )


def on_device(command: Command) -> Command:
    """On which device times are predicted."""
    return click.option(
        "--device",
        shell_complete=devices,
        metavar="NAME|FILE",
        help="Predict times on this device: a profile that ships, or one that calibrate wrote.",
    )(command)


def reads_models(command: Command) -> Command:
    """Which models, and how they are read and shown."""
    paths = click.argument("paths", nargs=-1, required=True, type=FILE, metavar="PATH...")
    return _all(command, paths, _read, colour, _loud)


def reads_model(command: Command) -> Command:
    """Which model, and how it is read."""
    path = click.argument("path", type=FILE, metavar="PATH")
    return _all(command, path, _sized, _configured)


def compares_models(command: Command) -> Command:
    """Two models, and how they are read and shown."""
    base = click.argument("base", type=FILE, metavar="BASE")
    head = click.argument("head", type=FILE, metavar="HEAD")
    return _all(command, base, head, _read, colour, _loud)


def draws_models(command: Command) -> Command:
    """The same for pictures: some need no model, and none is text on a terminal."""
    paths = click.argument("paths", nargs=-1, type=FILE, metavar="[PATH...]")
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
    strict = click.option(
        "--strict",
        is_flag=True,
        default=None,
        help="Exit with 1 if the cost of a node is unknown.",
    )
    return _all(command, _sized, strict, _configured)


def _sized(command: Command) -> Command:
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
    )


def _configured(command: Command) -> Command:
    return _all(
        command,
        click.option(
            "--config",
            type=FILE,
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
