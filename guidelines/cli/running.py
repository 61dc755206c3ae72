"""Reading many models, each under its own configuration; what fails does not stop the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from costmodel.errors import ModelError
from guidelines.cli.progress import Progress
from guidelines.cli.shell import complain, unexpected
from guidelines.cli.sources import STDIN, Source, sources
from guidelines.config import Config, find_file, load, overridden
from guidelines.report import Failure

if TYPE_CHECKING:
    from costmodel.graph import Graph
    from guidelines.report import Model
    from guidelines.rule import Rule


@dataclass(frozen=True, slots=True)
class Job:
    """A model to read, and what applies to it.

    Args:
        source: where it is.
        config: the configuration nearest to it, under the command line.
        spare: whether the configuration may hold sizes for other models too.
    """

    source: Source
    config: Config
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the jobs: models with their configurations, and failures, in order."""

    done: tuple[tuple[Config, Model], ...]
    errors: tuple[Failure, ...]


def jobs(
    arguments: Iterable[str], flags: Config, rules: Mapping[str, Rule],
    *, file: str | None = None, isolated: bool = False,
) -> tuple[Job, ...]:  # fmt: skip
    """The models that the arguments name, each with the configuration nearest to it.

    Args:
        arguments: files, folders, globs or ``-``.
        flags: what the command line says; it outweighs every file.
        rules: the rules that configurations may name.
        file: a configuration to use in place of those found.
        isolated: whether to use none.

    Raises:
        ConfigError: a configuration that cannot be followed.
    """

    @cache
    def loaded(path: Path) -> Config:
        return overridden(load(path, rules), flags, rules)

    @cache
    def nearest(folder: Path) -> Config:
        if file is not None:
            return loaded(Path(file))
        found = None if isolated else find_file(folder)
        return overridden(Config(), flags, rules) if found is None else loaded(found)

    found = sources(arguments, excluded=lambda path: nearest(path.parent).excludes(path))

    def spare(config: Config) -> bool:
        return len(found) > 1 or (config.dims, config.shapes) != (flags.dims, flags.shapes)

    configured = [(source, nearest(source.folder)) for source in found]
    return tuple(Job(source, config, spare(config)) for source, config in configured)


def run(
    planned: Sequence[Job],
    analyse: Callable[[Graph, Config], Model],
    *,
    quiet: bool = False,
    trace: bool = False,
) -> Outcome:
    """Read and analyse every model; each failure is a line on standard error at once.

    Args:
        planned: the jobs.
        analyse: what to make of a network.
        quiet: whether to show no progress.
        trace: whether to show where an unexpected error arose.
    """
    done: list[tuple[Config, Model]] = []
    errors: list[Failure] = []
    with Progress(len(planned), quiet=quiet) as progress:
        for number, job in enumerate(planned, 1):
            progress.at(number, job.source.path)
            try:
                done.append((job.config, analyse(_read(job), job.config)))
            except ModelError as error:
                errors.append(Failure(path=job.source.path, message=str(error)))
            except Exception as error:  # noqa: BLE001  one model must not stop the others
                errors.append(Failure(path=job.source.path, message=unexpected(error, trace=trace)))
    for failure in errors:
        complain(f"{failure.path}: {failure.message}")
    return Outcome(tuple(done), tuple(errors))


MOST_PIPED = 512 * 1024 * 1024
"""Bytes of standard input, which is kept whole; a file is not."""


def _read(job: Job) -> Graph:
    if job.source.problem:
        raise ModelError(job.source.problem)
    from costmodel.frontends.onnx import read

    given: bytes | str = job.source.path
    if given == STDIN:
        given = sys.stdin.buffer.read(MOST_PIPED + 1)
        if len(given) > MOST_PIPED:
            raise ModelError(
                f"expected at most {MOST_PIPED:,} bytes on standard input; give the file's path, "
                "whose weights are not read"
            )
    return read(
        given, dims=job.config.dims, shapes=job.config.shapes, path=job.source.path, spare=job.spare
    )
