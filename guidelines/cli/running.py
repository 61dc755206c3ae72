"""Reading many models, each under its own configuration; what fails does not stop the rest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from costmodel.errors import ModelError
from guidelines.cli.progress import Progress
from guidelines.cli.shell import complain, unexpected
from guidelines.cli.sources import STDIN, Source, opened, sources
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

    def having(self, made: Iterable[Made]) -> Outcome[Made]:
        """The same with other results, in order."""
        configs = (config for config, _ in self.done)
        return replace(self, done=tuple(zip(configs, made, strict=True)))


def jobs(
    arguments: Iterable[str], flags: Config, rules: Mapping[str, Rule],
    *, file: str | None = None, isolated: bool = False, force_exclude: bool = False,
) -> tuple[Job, ...]:  # fmt: skip
    """The models that the arguments name, each with the configuration nearest to it.

    Args:
        arguments: files, folders, globs, ``-``, or ``package.module:factory``.
        flags: what the command line says; it outweighs every file.
        rules: the rules that configurations may name.
        file: a configuration to use in place of those found.
        isolated: whether to use none.
        force_exclude: whether a file that is named may be excluded too.

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

    def excluded(path: Path) -> bool:
        return nearest(path.parent).excludes(path)

    found = sources(arguments, excluded=excluded)
    if force_exclude:
        found = tuple(each for each in found if each.file is None or not excluded(each.file))

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
    asked: int | None = 1,
) -> Outcome[Made]:
    """Read and analyse every model; what fails is a line on standard error at the end.

    Args:
        planned: the jobs.
        analyse: what to make of a network.
        quiet: whether to show no progress.
        trace: whether to show where an unexpected error arose.
        symbolic: whether to read the models in symbols.
        asked: processes to use; None for as many as there are processors, where that pays.
    """

    def one(at: int) -> Made | Failure:
        job = planned[at]
        try:
            return analyse(_read(job, symbolic), job.config)
        except ModelError as error:
            if trace and error.__cause__ is not None:
                unexpected(error.__cause__, trace=True)
            return Failure(path=job.source.path, message=str(error))
        except Exception as error:  # noqa: BLE001  one model must not stop the others
            return Failure(path=job.source.path, message=unexpected(error, trace=trace))

    with Progress(len(planned), quiet=quiet) as progress:

        def begun(at: int) -> None:
            progress.at(at + 1, planned[at].source.path)

        made = [each for _, each in sorted(_made(planned, one, begun, asked), key=itemgetter(0))]
    errors = tuple(each for each in made if isinstance(each, Failure))
    for failure in errors:
        complain(f"{failure.path}: {failure.message}")
    done = (
        (job.config, each)
        for job, each in zip(planned, made, strict=True)
        if not isinstance(each, Failure)
    )
    return Outcome(tuple(done), errors)


def _made(
    planned: Sequence[Job], one: Callable[[int], Made | Failure], begun: Callable[[int], None],
    asked: int | None,
) -> Iterator[tuple[int, Made | Failure]]:  # fmt: skip
    """What is made of each model, with its number: in order, or in processes as each is done."""
    code = any(job.source.code for job in planned)  # of the user's, who may count on one process
    if asked == 1 or len(planned) == 1 or (asked is None and code):
        number = 1
    else:
        from guidelines.cli.parallel import workers

        number = workers(asked, len(planned))
    if number == 1:
        for at in range(len(planned)):
            begun(at)
            yield at, one(at)
        return
    from guidelines.cli.parallel import Died, spread

    _load_readers(planned)
    for at, each in spread(one, len(planned), number, begun):
        if isinstance(each, Died):
            yield at, Failure(path=planned[at].source.path, message=each.why)
        else:
            yield at, each


def _load_readers(planned: Iterable[Job]) -> None:
    """Import once what every process needs."""
    if any(not job.source.code for job in planned):
        import costmodel.frontends.onnx  # noqa: F401


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

    with opened(job.source) as file:
        return read(
            piped() if file == STDIN else file, dims=job.config.dims, shapes=job.config.shapes,
            path=job.source.path, spare=job.spare, symbolic=symbolic,
        )  # fmt: skip


def piped() -> bytes:
    """A model from standard input."""
    given = sys.stdin.buffer.read(MOST_PIPED + 1)
    if len(given) > MOST_PIPED:
        raise ModelError(
            f"expected at most {MOST_PIPED:,} bytes on standard input; give the file's path, "
            "whose weights are not read"
        )
    return given


def _built(job: Job) -> Graph:
    """The network that a factory of the user's builds."""
    from guidelines.cli.factory import made

    if job.config.dims and not job.spare:
        raise ModelError("expected --shape for a module, found --dim")

    def use(module: Any, inputs: Any) -> Graph:
        from costmodel.frontends.torch import read

        return read(module, inputs, path=job.source.path)

    return made(job.source.path, job.config.shapes, use, spare=job.spare)
