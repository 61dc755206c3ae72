"""Baselines on the disk: which file is whose, read once, written as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guidelines.baseline.entry import Entry, entries
from guidelines.baseline.file import NAME, Baseline, called, read
from guidelines.baseline.stage import TOLERANCE, Known, compare
from guidelines.cli.destination import save
from guidelines.cli.shell import complain
from guidelines.cli.sources import GIT, STDIN

if TYPE_CHECKING:
    from guidelines.cli.running import Job
    from guidelines.config import Config
    from guidelines.report import Model


def check(given: Mapping[str, Any]) -> None:
    """Refuse options that contradict each other."""
    if given["no_baseline"] and (given["baseline"] or given["write_baseline"] is not None):
        raise click.UsageError(
            "--no-baseline: expected without --baseline and --write-baseline",
            click.get_current_context(),
        )


def place(config: Config, given: Mapping[str, Any]) -> Path:
    """The file of a configuration's models: the one that an option names, else beside it."""
    named = given["write_baseline"] or given["baseline"]
    if named or config.folder is None:
        return Path(named or config.baseline or NAME)
    return Path(shown(config.folder / (config.baseline or NAME)))


def known(planned: Iterable[Job], given: Mapping[str, Any]) -> dict[str, Known]:
    """What the baselines know of models, by the model's path; nothing where none is used.

    Raises:
        ConfigError: a baseline that was asked for is not there, or what is there is none.
    """
    load = cache(read)
    found = {}
    for job in planned:
        file, config = place(job.config, given), job.config
        if given["no_baseline"] or given["write_baseline"] is not None:
            continue
        if given["baseline"] or config.baseline or file.exists():
            tolerance = config.baseline_tolerance
            found[job.source.path] = load(file).known(
                name(job.source.path, file), TOLERANCE if tolerance is None else tolerance
            )
    return found


def name(path: str, file: Path) -> str:
    """What a baseline calls a model, also one in a revision of the repository."""
    if path.startswith(GIT):
        from guidelines.cli.git import on_disk

        return called(str(on_disk(path)), file)
    return called(path, file)


def written(done: Iterable[tuple[Config, Model]], given: Mapping[str, Any]) -> list[Model]:
    """Write what was found; the models as they are once it is known.

    What a file knows of other models, and of rules that were not run, stays.

    Raises:
        OSError: a file cannot be written; then none has changed.
    """
    files: dict[Path, Baseline] = {}
    models = []
    for config, model in done:
        file = place(config, given)
        if file not in files:
            files[file] = read(file) if file.exists() else Baseline()
        findings = tuple(f for f in model.findings or () if f.code[0] != OF_SUPPRESSIONS)
        here = name(model.path, file)
        files[file] = files[file].renewed(
            here,
            entries(model.graph, (*findings, *model.unsaved), here),
            model.totals.to_dict(),
            {rule.code for rule in model.rules},
        )
        left = tuple(found for found in model.findings or () if found not in findings)
        models.append(replace(model, findings=left, known=findings))
    save({str(file): baseline.text().encode() for file, baseline in files.items()})
    if not given["quiet"]:
        for file, baseline in files.items():
            number = len(baseline.entries)
            complain(f"{file} holds {number} finding{'' if number == 1 else 's'} now")
    return models


def shown(file: Path) -> str:
    """The file as a person in this folder would call it."""
    return os.path.relpath(file)


OF_SUPPRESSIONS = "S"
"""What the codes of findings begin with that are about no network."""


def here(named: str | None) -> Path:
    """The baseline that an option names, else the one of this folder's configuration."""
    if named:
        return Path(named)
    from guidelines.cli.reading import known_rules
    from guidelines.config import Config, find_file, load

    found = find_file(Path.cwd())
    config = Config() if found is None else load(found, known_rules())
    return place(config, {"baseline": None, "write_baseline": None})


def models(baseline: Baseline, file: Path) -> tuple[list[str], list[str]]:
    """The files that a baseline names: paths of those that are there, names of those that are not.

    What is no file is left alone: to read ``package.module:factory`` is to run its code.
    """
    named = sorted({*baseline.totals, *(entry.model for entry in baseline.entries)})
    files = {name: file.parent / name for name in named if ":" not in name and name != STDIN}
    there = [os.path.relpath(path) for path in files.values() if path.exists()]
    return there, [name for name, path in files.items() if not path.exists()]


def stale(baseline: Baseline, model: Model, file: Path) -> tuple[Entry, ...]:
    """The entries that nothing was found for in a model."""
    findings = [f for f in model.findings or () if f.code[0] != OF_SUPPRESSIONS]
    known = baseline.known(name(model.path, file))
    ran = {rule.code for rule in model.rules}
    return compare(model.graph, [*findings, *model.unsaved], known, ran).stale
