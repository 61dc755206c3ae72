"""Reading many models, each under its own configuration; what fails does not stop the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from costmodel.errors import ModelError
from guidelines.cli.progress import Progress
from guidelines.cli.shell import complain, unexpected
from guidelines.cli.sources import STDIN, Source, sources
from guidelines.config import Config, find_file, load, overridden
from guidelines.report import Failure

if TYPE_CHECKING:
    from costmodel.graph import Graph
    from guidelines.rule import Rule


Made = TypeVar("Made")
"""What is made of a network: a report on it, its formulas, its times."""


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
class Outcome(Generic[Made]):
    """What became of the jobs: what was made of each, and failures, in order."""

    done: tuple[tuple[Config, Made], ...]
    errors: tuple[Failure, ...]


def jobs(
    arguments: Iterable[str], flags: Config, rules: Mapping[str, Rule],
    *, file: str | None = None, isolated: bool = False,
) -> tuple[Job, ...]:  # fmt: skip
    """The models that the arguments name, each with the configuration nearest to it.

    Args:
        arguments: files, folders, globs, ``-``, or ``package.module:factory``.
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
    analyse: Callable[[Graph, Config], Made],
    *,
    quiet: bool = False,
    trace: bool = False,
    symbolic: bool = False,
) -> Outcome[Made]:
    """Read and analyse every model; each failure is a line on standard error at once.

    Args:
        planned: the jobs.
        analyse: what to make of a network.
        quiet: whether to show no progress.
        trace: whether to show where an unexpected error arose.
        symbolic: whether to read the models in symbols.
    """
    done: list[tuple[Config, Made]] = []
    errors: list[Failure] = []
    with Progress(len(planned), quiet=quiet) as progress:
        for number, job in enumerate(planned, 1):
            progress.at(number, job.source.path)
            try:
                done.append((job.config, analyse(_read(job, symbolic), job.config)))
            except ModelError as error:
                if trace and error.__cause__ is not None:
                    unexpected(error.__cause__, trace=True)
                errors.append(Failure(path=job.source.path, message=str(error)))
            except Exception as error:  # noqa: BLE001  one model must not stop the others
                errors.append(Failure(path=job.source.path, message=unexpected(error, trace=trace)))
    for failure in errors:
        complain(f"{failure.path}: {failure.message}")
    return Outcome(tuple(done), tuple(errors))


MOST_PIPED = 512 * 1024 * 1024
"""Bytes of standard input, which is kept whole; a file is not."""


def _read(job: Job, symbolic: bool) -> Graph:
    if job.source.problem:
        raise ModelError(job.source.problem)
    if symbolic and job.source.code:
        raise ModelError("expected an ONNX file for --symbolic, found a module")
    if job.source.code:
        return _built(job)
    if "" in job.config.shapes:
        raise ModelError("expected --shape INPUT=1,3,224,224 for a file, found no name of an input")
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
        given, dims=job.config.dims, shapes=job.config.shapes, path=job.source.path,
        spare=job.spare, symbolic=symbolic,
    )  # fmt: skip


def _built(job: Job) -> Graph:
    """The network that a factory of the user's builds."""
    from guidelines.cli.factory import made

    if job.config.dims and not job.spare:
        raise ModelError("expected --shape for a module, found --dim")

    def use(module: Any, inputs: Any) -> Graph:
        from costmodel.frontends.torch import read

        return read(module, inputs, path=job.source.path)

    return made(job.source.path, job.config.shapes, use, spare=job.spare)
