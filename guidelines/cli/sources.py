"""From what stands on the command line to models: files, folders, globs, revisions of the
repository, standard input."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from costmodel.errors import ModelError
from guidelines.cli.factory import FACTORY

SUFFIXES = (".onnx", ".onnxtxt", ".textproto")
"""What a search of folders takes for a model; a file that is named may end in anything."""

STDIN = "-"

GIT = "git:"
"""What ``git:REV:path`` begins with."""

POINTER, POINTER_SIZE = b"version https://git-lfs", 1024
"""What a Git LFS pointer begins with, and the bytes that it has fewer than."""


@dataclass(frozen=True, slots=True)
class Source:
    """A model to read.

    Args:
        path: as reports call it, ``-`` for standard input.
        problem: why there is nothing to read, "" if there may be.
        code: whether it is ``package.module:factory``, code that builds the model.
        git: whether it is ``git:REV:path``, in a revision of the repository.
    """

    path: str
    problem: str = ""
    code: bool = False
    git: bool = False

    @property
    def file(self) -> Path | None:
        """Where it lies: of what is in a revision, where it would; None for what is no file."""
        if self.git and not self.problem:
            from guidelines.cli.git import on_disk

            return on_disk(self.path)
        return None if self.path == STDIN or self.code else Path(self.path)

    @property
    def folder(self) -> Path:
        """Where its configuration is looked for."""
        return Path.cwd() if self.path == STDIN else (self.file or Path(self.path)).parent


@contextmanager
def opened(source: Source) -> Iterator[str]:
    """A path to read it from: a temporary file's for what is in a revision or kept by Git LFS.

    Raises:
        ModelError: it is not there, or cannot be fetched.
    """
    if source.git:
        from guidelines.cli.git import checked_out

        with checked_out(source.path) as file:
            yield str(file)
    elif source.path != STDIN and is_pointer(Path(source.path)):
        from guidelines.cli.git import fetched

        with fetched(Path(source.path)) as file:
            yield str(file)
    else:
        yield source.path


def is_pointer(file: Path) -> bool:
    """Whether Git LFS keeps what the file stands for."""
    try:
        if not file.is_file() or file.stat().st_size >= POINTER_SIZE:
            return False
        with file.open("rb") as data:
            return data.read(len(POINTER)) == POINTER
    except OSError:
        return False


def sources(
    arguments: Iterable[str], *, excluded: Callable[[Path], bool] = lambda path: False
) -> tuple[Source, ...]:
    """Every model that the arguments name, each once, in their order; folders sorted by name.

    Args:
        arguments: files, folders, globs, ``git:REV:path``, ``-``, or ``package.module:factory``.
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
    elif argument.startswith(GIT):
        yield from _revision(argument, excluded)
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


def _revision(argument: str, excluded: Callable[[Path], bool]) -> Iterator[Source]:
    from guidelines.cli import git

    try:
        if git.find(argument).kind != "tree":
            yield Source(argument, git=True)
            return
        for each in git.inside(argument, SUFFIXES):
            if not excluded(git.on_disk(each)):
                yield Source(each, git=True)
    except ModelError as error:
        yield Source(argument, str(error), git=True)


def _models(folder: str) -> Iterator[Path]:
    """The models below a folder; hidden folders and links to folders are passed over."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.lower().endswith(SUFFIXES):
                yield Path(root, name)
