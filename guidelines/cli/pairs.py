"""Which models are compared: two, or those of one name in two folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click

from costmodel.errors import ModelError
from guidelines.cli.running import Job
from guidelines.cli.sources import GIT, Source

NOTHING = os.devnull
"""No model, as in ``git diff``."""

Plan = Callable[[str], tuple[Job, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A model before and after; None where it is not there."""

    base: Job | None
    head: Job | None

    @property
    def strict(self) -> bool:
        """Whether the configuration lets no unknown cost through."""
        return any(job.config.strict for job in (self.base, self.head) if job is not None)


def pairs(base: str, head: str, plan: Plan) -> tuple[Pair, ...]:
    """The models to compare, by name where there are several.

    Both sides are read under the head's configuration: what it says otherwise than before is no
    difference of the networks.

    Args:
        base, head: as given: a model, a folder, or nothing.
        plan: the models that a word names, each with its configuration.

    Raises:
        UsageError: a model on one side and a folder on the other.
        ModelError: a folder on one side, and on the other nothing that can be found.
    """
    sides = [_side(each, other, plan) for each, other in ((base, head), (head, base))]
    kinds = {side.folder for side in sides if side.jobs or side.folder}
    if len(kinds) > 1:
        for side in sides:
            for job in side.jobs.values():
                if job.source.problem:  # of what is not there nobody knows what it is
                    raise ModelError(f"{job.source.path}: {job.source.problem}")
        raise click.UsageError(
            "expected two models or two folders, found one of each",
            click.get_current_context(silent=True),
        )
    if True not in kinds:
        one, other = (next(iter(side.jobs.values()), None) for side in sides)
        return (_pair(one, other),) if one or other else ()
    names = sorted({*sides[0].jobs, *sides[1].jobs})
    return tuple(_pair(sides[0].jobs.get(name), sides[1].jobs.get(name)) for name in names)


@dataclass(frozen=True, slots=True)
class _Side:
    """What stands on one side: its models by name, and whether it is a folder."""

    jobs: Mapping[str, Job]
    folder: bool


def _side(word: str, other: str, plan: Plan) -> _Side:
    if word == NOTHING or _absent(word, other):
        return _Side({}, False)
    folder = _is_folder(word)
    jobs = plan(word)
    if len(jobs) > 1 and not folder:
        raise click.UsageError(
            f"expected a model or a folder, found {len(jobs)} models for '{word}'",
            click.get_current_context(silent=True),
        )
    return _Side({_name(job.source, word) if folder else "": job for job in jobs}, folder)


def _absent(word: str, other: str) -> bool:
    """Whether a revision lacks the very path that the other side has: the model came, or went.

    Any other path that is missing was mistyped.
    """
    if not word.startswith(GIT) or Path(word).exists():
        return False
    from guidelines.cli import git

    try:
        if git.find(word).kind:
            return False
        there = git.on_disk(other) if other.startswith(GIT) else Path(other)
        here = git.on_disk(word)
        has = git.find(other).kind if other.startswith(GIT) else there.exists()
    except ModelError:
        return False  # whoever reads it says why
    return bool(has) and os.path.normpath(here) == os.path.normpath(Path.cwd() / there)


def _is_folder(word: str) -> bool:
    if not word.startswith(GIT) or Path(word).exists():
        return Path(word).is_dir()
    from guidelines.cli import git

    try:
        return git.find(word).kind == "tree"
    except ModelError:
        return False


def _name(source: Source, folder: str) -> str:
    """The path from the folder on."""
    if source.git:
        return source.path.removeprefix(folder).lstrip("/")
    return Path(os.path.relpath(source.path, folder)).as_posix()


def _pair(base: Job | None, head: Job | None) -> Pair:
    """The pair under one configuration; sizes may be for only one of the networks."""
    both = [job for job in (base, head) if job is not None]
    config = both[-1].config
    code = any(job.source.code for job in both)

    def under(job: Job) -> Job:
        shapes = {k: v for k, v in config.shapes.items() if k or job.source.code or not code}
        return replace(job, config=replace(config, shapes=shapes), spare=True)

    one, other = (None if job is None else under(job) for job in (base, head))
    return Pair(base=one, head=other)
