"""From what stands on the command line to models: files, folders, globs, standard input."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from guidelines.cli.factory import FACTORY

SUFFIXES = (".onnx", ".onnxtxt", ".textproto")
"""What a search of folders takes for a model; a file that is named may end in anything."""

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """A model to read.

    Args:
        path: as reports call it, ``-`` for standard input.
        problem: why there is nothing to read, "" if there may be.
        code: whether it is ``package.module:factory``, code that builds the model.
    """

    path: str
    problem: str = ""
    code: bool = False

    @property
    def folder(self) -> Path:
        """Where its configuration is looked for."""
        return Path.cwd() if self.path == STDIN else Path(self.path).parent


def sources(
    arguments: Iterable[str], *, excluded: Callable[[Path], bool] = lambda path: False
) -> tuple[Source, ...]:
    """Every model that the arguments name, each once, in their order; folders sorted by name.

    Args:
        arguments: files, folders, globs, ``-``, or ``package.module:factory``.
        excluded: whether to leave out a file that a search of folders found.
    """
    found: dict[str, Source] = {}
    for argument in arguments:
        for source in _expand(argument, excluded):
            found.setdefault(os.path.normpath(source.path), source)
    return tuple(found.values())


def _expand(argument: str, excluded: Callable[[Path], bool]) -> Iterator[Source]:
    if argument == STDIN or Path(argument).is_file():
        yield Source(argument)
    elif Path(argument).is_dir():
        yield from (Source(str(path)) for path in _models(argument) if not excluded(path))
    elif Path(argument).exists():
        yield Source(argument)  # a device or a pipe: the reader says what it expected
    elif any(sign in argument for sign in "*?["):
        from glob import glob  # Path.glob takes no absolute pattern

        matches = sorted(
            path
            for path in glob(argument, recursive=True)  # noqa: PTH207
            if Path(path).is_file()
        )
        if not matches:
            yield Source(argument, "expected files, found none that match")
        yield from (Source(path) for path in matches)
    elif FACTORY.fullmatch(argument):
        yield Source(argument, code=True)
    else:
        yield Source(argument, "expected a file, a folder or a glob, found nothing")


def _models(folder: str) -> Iterator[Path]:
    """The models below a folder; hidden folders and links to folders are passed over."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES):
                yield Path(root, name)
