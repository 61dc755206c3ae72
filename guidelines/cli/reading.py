"""What the commands share that read models and report on them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli.destination import (
    STDOUT,
    Destination,
    ascii_only,
    destinations,
    in_colour,
    width,
    write,
)  # fmt: skip
from guidelines.cli.flags import dims, options, selectors, shapes
from guidelines.cli.shell import CLEAN, FAILED, FINDINGS, complain
from guidelines.config import Config
from guidelines.finding import Level
from guidelines.report.registry import renderer
from guidelines.report.view import View

if TYPE_CHECKING:
    from datetime import date

    from costmodel.device import Device
    from costmodel.graph import Graph
    from guidelines.cli.running import Job, Made, Outcome
    from guidelines.report import Model
    from guidelines.report.formulas import Formulas
    from guidelines.rule import Rule


def known_rules() -> Mapping[str, Rule]:
    """Every rule by code."""
    import guidelines.rules  # noqa: F401  every module in it registers a rule
    from guidelines.rule import RULES

    return RULES


def targets(package: str, given: Sequence[str]) -> tuple[Destination, ...]:
    """Where a report goes; a UsageError where it cannot."""
    try:
        return destinations(package, given)
    except ValueError as error:
        raise click.UsageError(f"--output: {error}", click.get_current_context()) from None


def sizes(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the options say of dimensions and shapes, as keywords of a Config."""
    return {"dims": dims(given["dim"]), "shapes": shapes(given["shape"]), "strict": given["strict"]}


def judging(given: Mapping[str, Any], rules: Mapping[str, Rule]) -> Config:
    """What the options say of rules and of sizes."""
    chosen = options(given["option"], rules)
    told: dict[str, tuple[str, Any]] = {
        "select": ("--select", selectors("--select", given["select"], rules) or None),
        "extend-select": (
            "--extend-select", selectors("--extend-select", given["extend_select"], rules),
        ),
        "ignore": ("--ignore", selectors("--ignore", given["ignore"], rules) or None),
        "min-share": ("--min-share", given["min_share"]),
        "fail-on": ("--exit-zero", "never") if given["exit_zero"] else (
            "--fail-on", given["fail_on"]
        ),
        "strict": ("--strict", given["strict"]),
        "dims": ("--dim", dims(given["dim"])),
        "shapes": ("--shape", shapes(given["shape"])),
    }  # fmt: skip
    origins = {key: option for key, (option, value) in told.items() if value}
    if chosen.options or chosen.levels:
        origins["rules"] = "--option"
    return Config(
        **{key.replace("-", "_"): value for key, (_, value) in told.items()},
        options=chosen.options, levels=chosen.levels, origins=origins,
    )  # fmt: skip


def today() -> date:
    """The day on which it is decided whether a suppression has expired, the same everywhere."""
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


def device(given: Mapping[str, Any]) -> Device | None:
    """The device that the options name."""
    if given["device"] is None:
        return None
    from costmodel.device import load

    return load(given["device"])


def planned(
    paths: Sequence[str], flags: Config, rules: Mapping[str, Rule], given: Mapping[str, Any]
) -> tuple[Job, ...]:
    """Every model that the paths name, each with its configuration."""
    from guidelines.cli.running import jobs

    found = jobs(
        paths, flags, rules, file=given["config"], isolated=given["isolated"],
        force_exclude=given.get("force_exclude", False),
    )  # fmt: skip
    if not found:
        complain(f"no models found in {', '.join(paths)}")
    return found


def ran(
    jobs: Sequence[Job], given: Mapping[str, Any], analyse: Callable[[Graph, Config], Made]
) -> Outcome[Made]:
    """Every model that is planned, read and analysed."""
    from guidelines.cli.running import run

    return run(
        jobs, analyse, quiet=given["quiet"], trace=given["verbose"] > 1,
        symbolic=given.get("symbolic", False), asked=given.get("jobs", 1),
    )  # fmt: skip


def analysed(
    paths: Sequence[str], flags: Config, rules: Mapping[str, Rule], given: Mapping[str, Any],
    analyse: Callable[[Graph, Config], Made],
) -> Outcome[Made]:  # fmt: skip
    """Every model that the paths name, read under its configuration and analysed."""
    return ran(planned(paths, flags, rules, given), given, analyse)


def picture(file: str | None) -> str:
    """The kind of picture that a file's name asks for, "" without one."""
    if file is None:
        return ""
    form = Path(file).suffix[1:].lower()
    if form not in {"png", "svg", "pdf"}:
        raise click.UsageError(f"--plot: expected a .png, .svg or .pdf file, found '{file}'")
    if not Path(file).absolute().parent.is_dir():
        raise click.UsageError(f"--plot: expected a folder for '{file}', found none")
    return form


@contextmanager
def writing() -> Iterator[None]:
    """Turn a file that cannot be written into a line that says so."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(
            f"cannot write '{error.filename}': {error.strerror or error}"
        ) from None


def deliver(
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
    with writing():
        write(texts)


def status(outcome: Outcome[Model] | Outcome[Formulas]) -> int:
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
