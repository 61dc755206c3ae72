"""Where reports go: standard output, and files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from guidelines.nearest import nearest
from guidelines.report.registry import names
from guidelines.report.view import ASCII

STDOUT = "-"


@dataclass(frozen=True, slots=True)
class Destination:
    """A format and the file that it goes to, ``-`` for standard output."""

    format: str
    file: str = STDOUT


def destinations(package: str, given: Sequence[str]) -> tuple[Destination, ...]:
    """The ``FMT[:FILE]`` of the command line; ``full`` on standard output without any.

    Raises:
        ValueError: a format that is none of ``guidelines.report.<package>``, a folder that is
            not there, or two formats for one place.
    """
    found: list[Destination] = []
    for each in given or ("full",):
        name, _, file = each.partition(":")
        known = names(package)
        if name not in known:
            raise ValueError(f"unknown format '{name}'{nearest(name, known)}")
        destination = Destination(name, file or STDOUT)
        if any(other.file == destination.file for other in found):
            place = "standard output" if destination.file == STDOUT else f"'{destination.file}'"
            raise ValueError(
                f"expected one format for {place}, found two; give the other as FMT:FILE"
            )
        if destination.file != STDOUT and not Path(destination.file).absolute().parent.is_dir():
            raise ValueError(f"expected a folder for '{destination.file}', found none")
        found.append(destination)
    return tuple(found)


def in_colour(when: str, environment: Mapping[str, str], terminal: bool) -> bool:
    """Whether to write colours: the flag, FORCE_COLOR, NO_COLOR, TERM, then the terminal decide.

    >>> in_colour("auto", {"NO_COLOR": "1"}, True), in_colour("auto", {"NO_COLOR": ""}, True)
    (False, True)
    """
    if when != "auto":
        return when == "always"
    if environment.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    return terminal


def width(stream: TextIO) -> int | None:
    """Columns of the terminal; None off a terminal."""
    return max(40, shutil.get_terminal_size().columns) if stream.isatty() else None


def ascii_only(stream: TextIO) -> bool:
    """Whether the stream's encoding lacks the signs that reports use."""
    try:
        "".join(map(chr, ASCII)).encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def write(texts: Mapping[Destination, str]) -> None:
    """Write every report: the files all at once after each is complete, then standard output.

    Raises:
        OSError: a file cannot be written; then none of the others has changed.
    """
    save({d.file: text.encode() for d, text in texts.items() if d.file != STDOUT})
    for destination, text in texts.items():
        if destination.file == STDOUT:
            show(text, sys.stdout)


def save(files: Mapping[str, bytes]) -> None:
    """Write the files all at once after each is complete.

    Raises:
        OSError: a file cannot be written; then none of the others has changed.
    """
    finished: list[tuple[Path, Path]] = []
    called = ""
    try:
        for called, data in files.items():
            target = Path(os.path.realpath(called))
            if target.exists() and not stat.S_ISREG(target.stat().st_mode):
                target.write_bytes(data)  # /dev/null and pipes keep their nature
                continue
            draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
            finished.append((draft, target))
            with draft.open("xb") as file:
                file.write(data)
            if target.exists():
                shutil.copymode(target, draft)
        for draft, target in finished:
            draft.replace(target)
    except OSError as error:
        raise OSError(error.errno, error.strerror, called) from None
    finally:
        for draft, _ in finished:
            draft.unlink(missing_ok=True)


def append(file: str, data: bytes) -> None:
    """Write at the end of a file, all of it or nothing; what is there is not written again.

    Raises:
        OSError: it cannot be written; then the file has not changed.
    """
    with Path(file).open("ab", buffering=0) as target:
        size = target.tell()
        try:
            if target.write(data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file)
        except BaseException:
            target.truncate(size)
            raise


def show(text: str, stream: TextIO) -> None:
    """Write to a stream; what it cannot encode is escaped, a reader that left is no error."""
    encoding = stream.encoding or "ascii"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        # What is still buffered would fail again when the interpreter exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
