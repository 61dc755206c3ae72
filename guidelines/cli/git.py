"""``git:REV:path``: models as a revision of the repository around this folder has them.

The path is relative to the root of the repository, or with ``./`` to this folder, as in
``git show REV:path``; without a revision (``git::path``) it is what is staged.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from costmodel.errors import ModelError
from guidelines.cli.factory import FACTORY
from guidelines.cli.sources import is_pointer
from guidelines.nearest import nearest

_OBJECT = re.compile(r"git:(?P<revision>(?:[^:{]|\{[^}]*\})*):(?P<path>.*)", re.DOTALL)
"""A revision may hold colons within braces."""


@dataclass(frozen=True, slots=True)
class Object:
    """What stands under a name in the repository.

    Args:
        kind: ``blob`` or ``tree``; "" for nothing.
        name: of the object.
    """

    kind: str
    name: str = ""


def split(argument: str) -> tuple[str, str]:
    """Revision and path of ``git:REV:path``.

    Raises:
        ModelError: it has another form.

    >>> split("git:main:models/a.onnx"), split("git:HEAD^{/fix: a}:./a.onnx"), split("git::a.onnx")
    (('main', 'models/a.onnx'), ('HEAD^{/fix: a}', './a.onnx'), ('', 'a.onnx'))
    """
    match = _OBJECT.fullmatch(argument)
    if match is None or "\n" in argument or "\0" in argument:
        raise ModelError("expected git:REVISION:path, such as git:main:models/net.onnx")
    return match["revision"], match["path"]


def find(argument: str) -> Object:
    """What ``git:REV:path`` names; its kind is "" where the revision lacks the path.

    Raises:
        ModelError: no git, no repository, or no such revision.
    """
    revision, path = split(argument)
    asked = f"{revision}:{path}\n" + (f"{revision}\n" if revision else "")
    follow = ["--follow-symlinks"] if revision else []  # git cannot follow them in the index
    told = _git(["cat-file", "--batch-check", *follow], asked.encode("utf-8", "surrogateescape"))
    lines = told.decode("utf-8", "replace").split("\n")
    if revision and lines[-2].endswith((" missing", " ambiguous")):
        raise ModelError(_unknown(revision))
    found = re.fullmatch(r"([0-9a-f]{40,64}) (blob|tree) \d+", lines[0])
    if found is None:
        return Object("")
    return Object(found[2], found[1])


def missing(argument: str) -> str:
    """That the revision lacks the path, with the one that was probably meant."""
    revision, path = split(argument)
    told = f"no '{path}' {f'at {revision}' if revision else 'among what is staged'}"
    if FACTORY.fullmatch(path):
        return (
            f"{told}; code is not run out of a revision: git worktree add ../base {revision}, "
            f"then ../base/{path}"
        )
    if not path.startswith("./") and find(f"git:{revision}:./{path}").kind:
        return f"{told}; paths begin at the root of the repository: did you mean './{path}'?"
    names = ["ls-tree", "-r", "-z", "--full-tree", "--name-only", find(f"git:{revision}:").name]
    listed = os.fsdecode(
        _git(names if revision else ["ls-files", "-z", "--full-name", ":/"])
    ).split("\0")
    if path in listed:
        return "expected a file, found a submodule; name the file from inside of it"
    close = nearest(path, [each for each in listed if each.endswith(PurePosixPath(path).suffix)])
    return told + (close if "did you mean" in close else "")


def inside(argument: str, suffixes: Sequence[str]) -> list[str]:
    """The files below ``git:REV:folder`` with such endings, sorted, as ``git:REV:path`` too.

    Hidden folders are passed over, as on the disk.
    """
    tree = find(argument)
    told = _git(["ls-tree", "-r", "-z", "--full-tree", "--name-only", tree.name])
    folder = argument if argument.endswith((":", "/")) else f"{argument}/"
    names = sorted(os.fsdecode(told).split("\0"))
    return [
        folder + name
        for name in names
        if name.lower().endswith(tuple(suffixes))
        and not any(part.startswith(".") for part in PurePosixPath(name).parts[:-1])
    ]


def on_disk(argument: str) -> Path:
    """Where the file of ``git:REV:path`` lies, or would lie, in the working tree."""
    _, path = split(argument)
    here = Path.cwd()
    if path.startswith(("./", "../")):
        return here / path
    root = next((each for each in (here, *here.parents) if (each / ".git").exists()), here)
    return root / path


@contextmanager
def checked_out(argument: str) -> Iterator[Path]:
    """A temporary file with what ``git:REV:path`` names, fetched by Git LFS where it has it.

    Raises:
        ModelError: there is no such file, or it cannot be had.
    """
    found = find(argument)
    if not found.kind:
        raise ModelError(missing(argument))
    if found.kind != "blob":
        raise ModelError("expected a file, found a folder")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model").with_suffix(PurePosixPath(split(argument)[1]).suffix)
        with file.open("wb") as out:
            _git(["cat-file", "blob", found.name], into=out)
        with fetched(file, PurePosixPath(split(argument)[1]).name) as whole:
            yield whole


@contextmanager
def fetched(file: Path, name: str = "") -> Iterator[Path]:
    """The file, or where it is a Git LFS pointer a temporary one with what that stands for.

    Raises:
        ModelError: Git LFS is not installed, or cannot fetch it.
    """
    if not is_pointer(file):
        yield file
        return
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder, "model").with_suffix(file.suffix)
        with whole.open("wb") as out:
            try:
                _git(["lfs", "smudge", "--", name or str(file)], file.read_bytes(), into=out)
            except ModelError as error:
                raise ModelError(f"{_LFS}; {_lfs(str(error))}") from None
        if is_pointer(whole):
            raise ModelError(f"{_LFS}; git lfs gave it back: is GIT_LFS_SKIP_SMUDGE set?")
        yield whole


_LFS = "expected an ONNX model, found a Git LFS pointer"


def _lfs(said: str) -> str:
    if "is not a git command" in said or said == _NONE:
        return "install git-lfs, then `git lfs pull`"
    return f"`git lfs fetch --all` may have it; {said}"


def _unknown(revision: str) -> str:
    """Why a revision may not be there, and what to do."""
    told = f"unknown revision '{revision}'"
    if ".." in revision:
        return f"{told}: expected one; where two parted is $(git merge-base A B)"
    if _git(["rev-parse", "--is-shallow-repository"]).strip() != b"true":
        return told
    remote, slash, branch = revision.partition("/")
    fetch = f"git fetch {remote} {branch}" if slash else f"git fetch origin {revision}"
    if re.search(r"[~^@]|^HEAD", revision):
        fetch = "git fetch --unshallow"
    return f"{told} in a shallow clone: `{fetch}`, or actions/checkout with fetch-depth: 0"


_NONE = "expected git for git:REVISION:path, found none; install it"


def _git(arguments: Sequence[str], given: bytes = b"", *, into: IO[bytes] | None = None) -> bytes:
    """What git prints, or writes into a file; ModelError with its own words where it fails."""
    try:
        done = subprocess.run(
            ["git", *arguments], input=given, stdout=into or subprocess.PIPE,
            stderr=subprocess.PIPE, env={**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
            check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise ModelError(_NONE) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        if "not a git repository" in said:
            raise ModelError(f"expected a git repository around {Path.cwd()}, found none")
        lines = [line for line in said.splitlines() if line.strip()] or [f"exit {done.returncode}"]
        line = next((line for line in lines if re.match("fatal|error", line, re.I)), lines[0])
        raise ModelError(f"git {arguments[0]}: {line.removeprefix('fatal: ')}")
    return done.stdout or b""
