"""A baseline as a file: sorted, a finding a line, the same bytes every time."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from costmodel import __version__
from guidelines.baseline.entry import Entry
from guidelines.baseline.stage import TOLERANCE, Known
from guidelines.config.place import ConfigError
from guidelines.report.json_text import line
from guidelines.report.names import printable

NAME = "guidelint-baseline.json"
"""Of the file, unless the configuration says otherwise."""

SCHEMA_VERSION = 1

FIELDS = {"model": str, "rule": str, "layer": str, "what": str, "value": float}

Totals = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a file holds.

    Args:
        entries: sorted.
        totals: what each model cost when its findings were written, by the model's path.
    """

    entries: tuple[Entry, ...] = ()
    totals: Mapping[str, Totals] = field(default_factory=dict)

    def known(self, model: str, tolerance: float = TOLERANCE) -> Known:
        """What it knows of one model."""
        mine = tuple(entry for entry in self.entries if entry.model == model)
        return Known(entries=mine, model=model, tolerance=tolerance)

    def renewed(
        self, model: str, entries: Iterable[Entry], totals: Totals, ran: Collection[str]
    ) -> Baseline:
        """The same with what was found in a model today in place of what it knew.

        Args:
            model: its path.
            entries: of today's findings.
            totals: of the model.
            ran: codes of the rules that were run; what it knows of others stays.
        """
        kept = (e for e in self.entries if e.model != model or e.rule not in ran)
        return Baseline(tuple(sorted([*kept, *entries])), {**self.totals, model: totals})

    def without(self, gone: Iterable[Entry], models: Collection[str] = ()) -> Baseline:
        """The same without some entries, and without the totals of models that are no more."""
        left = list(self.entries)
        for entry in gone:
            left.remove(entry)
        totals = {name: told for name, told in self.totals.items() if name not in models}
        return Baseline(tuple(left), totals)

    def text(self) -> str:
        """The file."""
        totals = [f"{line(name)}: {line(dict(self.totals[name]))}" for name in sorted(self.totals)]
        findings = [line(_plain(entry)) for entry in sorted(self.entries)]
        return (
            f'{{\n"schema_version": {SCHEMA_VERSION},\n"guidelint": {line(__version__)},\n'
            f'"totals": {{{_lines(totals)}}},\n"findings": [{_lines(findings)}]\n}}\n'
        )


def _plain(entry: Entry) -> dict[str, Any]:
    value = int(entry.value) if entry.value.is_integer() else entry.value
    return asdict(entry) | {"value": value}


def _lines(items: list[str]) -> str:
    return "\n" + ",\n".join(items) + "\n" if items else ""


def called(path: str, file: Path) -> str:
    """What a baseline calls a model: its path from the folder of the baseline.

    What is no path, standard input or ``package.module:factory``, keeps its name.
    """
    if path == "-" or ":" in path:
        return path
    # Of a link its own name counts: what it leads to may be called by a checksum.
    given = Path(path)
    full = given.parent.resolve() / given.name
    return Path(os.path.relpath(full, file.parent.resolve())).as_posix()


def read(file: Path) -> Baseline:
    """The baseline of a file.

    Raises:
        ConfigError: it cannot be read, or is none.
    """
    name = printable(str(file))
    try:
        held = json.loads(file.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"{name}: expected a baseline, found: {error.strerror or error}; "
            "--write-baseline writes one"
        ) from None
    except (ValueError, RecursionError):
        raise ConfigError(f"{name}: expected a baseline as JSON, found none") from None
    version = held.get("schema_version") if isinstance(held, dict) else None
    if version != SCHEMA_VERSION:
        raise ConfigError(
            f"{name}: expected a baseline of schema_version {SCHEMA_VERSION}, found "
            f"{printable(json.dumps(version))}; --write-baseline writes one"
        )
    try:
        entries = tuple(sorted(_entry(each) for each in held["findings"]))
        totals = {str(key): dict(value) for key, value in held["totals"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"{name}: expected findings with {', '.join(FIELDS)}, found: "
            f"{printable(str(error))}; --write-baseline writes them"
        ) from None
    return Baseline(entries, totals)


def _entry(held: Mapping[str, Any]) -> Entry:
    for name, kind in FIELDS.items():
        number = kind is float and isinstance(held[name], int | float)
        if not number and not isinstance(held[name], kind):
            raise TypeError(f"'{name}' of another kind")
    told = {name: held[name] for name in FIELDS if name != "value"}
    return Entry(**told, value=float(held["value"]))
