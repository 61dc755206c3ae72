"""Where a finding points: a line of the repository's Python, or else the model's file.

Reading the repository is a step of its own, ``located``; what it found travels in the report, so
that the formats stay pure.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from costmodel.graph import SourceLine
    from guidelines.finding import Finding
    from guidelines.report.report import Failure, Model, Report

LARGE = 4 * 1024 * 1024
"""Bytes of a Python file from which it is not looked into."""

FOREIGN = ("site-packages", "dist-packages")
"""Folders of what is installed: code of others, even inside the repository."""


FACTORY = re.compile(r"(\.py):[\w.]+$")


class Location(NamedTuple):
    """A line of a file.

    Args:
        file: relative to the root of the repository, with ``/``; as given outside of it.
        line: counted from 1.
    """

    file: str
    line: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def uri(self) -> str:
        """The file as a reference that a URI may hold: relative where the path is.

        >>> Location("models/a b.onnx").uri, Location("/x/m:1.onnx").uri
        ('models/a%20b.onnx', 'file:///x/m%3A1.onnx')
        """
        told = quote(os.fsencode(self.file), safe="/")
        return f"file://{told}" if self.file.startswith("/") else told


@dataclass(frozen=True, slots=True)
class Repository:
    """A folder of source code, as it lies on the disk.

    Args:
        root: the folder with ``.git``, without links.
        read: lines of its files that were looked into, by path.
    """

    root: Path
    read: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def around(cls, folder: Path) -> Repository:
        """The nearest folder upwards that holds ``.git``, else this folder itself."""
        here = folder.resolve()
        for each in (here, *here.parents):
            if (each / ".git").exists():
                return cls(each)
        return cls(here)

    def name(self, path: str) -> str:
        """What a report calls a path: relative to the root where it lies below it."""
        given = path.replace(os.sep, "/")
        if not path:
            return given
        try:
            full = os.path.realpath(path)
        except (OSError, ValueError):
            return given
        inside = Path(full).is_relative_to(self.root) and full != str(self.root)
        return Path(full).relative_to(self.root).as_posix() if inside else given

    def line(self, sources: Iterable[SourceLine]) -> Location | None:
        """The first of the recorded lines that stands in the repository, where it stands now.

        The machine that exported need not be this one, so of a path its end counts, and of
        a line its text: of several with that text the one nearest to where it was.
        """
        for source in sources:
            for file in self._candidates(source.file):
                found = _nearest(self._lines(file), source)
                if found:
                    return Location(file, found)
        return None

    def _candidates(self, path: str) -> Iterator[str]:
        """The ends of a recorded path, longest first, as paths below the root."""
        parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
        if not any(part in FOREIGN or part[:1] in ".<" for part in parts):
            yield from ("/".join(parts[at:]) for at in range(len(parts)))

    def _lines(self, file: str) -> tuple[str, ...]:
        if file not in self.read:
            self.read[file] = _read(self.root / file, self.root)
        return self.read[file]


def _read(path: Path, root: Path) -> tuple[str, ...]:
    """The lines of a file, without their indentation; none of one outside of the root."""
    try:
        if not path.is_file() or not path.resolve().is_relative_to(root):
            return ()
        if path.stat().st_size > LARGE:
            return ()
        text = path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ()
    return tuple(line.strip() for line in text.split("\n"))


def _nearest(lines: tuple[str, ...], source: SourceLine) -> int:
    """Where the line stands now, 0 if it does not."""
    if not source.text:
        return source.line if source.line <= len(lines) else 0
    if 0 < source.line <= len(lines) and lines[source.line - 1] == source.text:
        return source.line
    found = [number for number, text in enumerate(lines, 1) if text == source.text]
    return min(found, key=lambda number: (abs(number - source.line), number), default=0)


def located(report: Report, repository: Repository) -> Report:
    """The report with its files named from the root of the repository, and the lines that built
    the nodes its findings blame."""

    def model(each: Model) -> Model:
        held = (*(held.finding for held in each.suppressed), *each.known)
        told = (*(each.findings or ()), *held)
        blamed = dict.fromkeys(name for found in told for name in found.nodes)
        lines = {
            name: line
            for name in blamed
            if name in each.graph
            and (line := repository.line(each.graph.node(name).sources)) is not None
        }
        return replace(each, file=repository.name(each.graph.path), lines=lines)

    return replace(
        report,
        models=tuple(model(each) for each in report.models),
        errors=tuple(replace(each, file=repository.name(each.path)) for each in report.errors),
    )


def named(told: Model | Failure) -> str:
    """What reports for machines call a model: its path from the root of the repository."""
    return told.file or told.path


def start(told: Model | Failure) -> Location:
    """The first line of a model's file, or of the Python file whose factory builds it."""
    return Location(FACTORY.sub(r"\1", named(told)))


def lines_of(model: Model, found: Finding) -> tuple[Location, ...]:
    """The lines of Python that built what a finding blames, each once, the worst place first."""
    worst = max(found.parts, key=lambda part: part.value)
    names = (*worst.nodes, *found.nodes)
    return tuple(dict.fromkeys(model.lines[name] for name in names if name in model.lines))


def source(model: Model, found: Finding) -> Location | None:
    """The line of Python that a finding points at, if any."""
    return next(iter(lines_of(model, found)), None)


def location(model: Model, found: Finding) -> Location:
    """The line that a finding points at, in the model's file where there is none in Python."""
    return source(model, found) or start(model)
