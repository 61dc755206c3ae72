"""Where a key stands in a TOML file, so that an error can name file, line and nearest key."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from guidelines.nearest import nearest
from guidelines.report.names import printable


class ConfigError(Exception):
    """A setting that cannot be followed, said in one line with its place."""


@dataclass(frozen=True)
class Place:
    """A table or key of a configuration file.

    Args:
        file: as errors call it.
        text: what stands in the file.
        keys: the way to it, from the top of the file; a number for one of several tables.
        top: how many of the keys are the file's affair (``tool.guidelint``), not the user's.
        folder: where the file stands.
    """

    file: str
    text: str
    keys: tuple[str | int, ...] = ()
    top: int = 0
    folder: Path = Path()

    def at(self, key: str | int) -> Place:
        """The key of that name inside, or the table of that number, from 0."""
        return replace(self, keys=(*self.keys, key))

    @property
    def label(self) -> str:
        """``rules.G101.max-excess``."""
        return ".".join(printable(key) for key in self.keys[self.top :] if isinstance(key, str))

    @property
    def origin(self) -> str:
        """``guidelint.toml:3``."""
        return f"{printable(self.file)}:{self.line}"

    @property
    def line(self) -> int:
        """Counted from 1: of the key, else of what it stands in."""
        found = 1
        table: tuple[str | int, ...] = ()
        best = 0
        tables: Counter[tuple[str, ...]] = Counter()
        for number, line in enumerate(self.text.splitlines(), 1):
            header = _HEADER.match(line)
            assigned = _ASSIGNED.match(line)
            here: tuple[str | int, ...]
            if header and header["several"]:
                path = _path(header["path"])
                table = (*path, tables[path])
                tables[path] += 1
                here = table if table == self.keys[: len(table)] else path
            elif header:
                table = here = _path(header["path"])
            elif assigned:
                here = table + _path(assigned["path"])
            else:
                continue
            matched = len(here) if here == self.keys[: len(here)] else 0
            if matched > best:
                found, best = number, matched
        return found

    def fail(self, message: str) -> NoReturn:
        """Raise ConfigError: ``guidelint.toml:3: select: expected …``."""
        raise ConfigError(f"{self.origin}: {self.label}: {message}")

    def expected(self, what: str, found: object) -> NoReturn:
        """Raise ConfigError for a value of the wrong kind."""
        self.fail(f"expected {what}, found {shown(found)}")

    def unknown(self, key: str, known: Iterable[str]) -> NoReturn:
        """Raise ConfigError for a key that nothing reads."""
        self.at(key).fail(f"unknown key{nearest(key, known)}")


def shown(value: object) -> str:
    """A TOML value as its author knows it.

    >>> shown(True), shown("a"), shown([1]), shown({})
    ('true', '"a"', 'an array', 'a table')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{printable(value)}"'
    if isinstance(value, list | dict):
        return "an array" if isinstance(value, list) else "a table"
    return str(value)


_KEY = r"""(?:[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_PATH = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*\[(?P<several>\[?)\s*(?P<path>{_PATH})\s*\]")
_ASSIGNED = re.compile(rf"\s*(?P<path>{_PATH})\s*=")


def _path(text: str) -> tuple[str, ...]:
    return tuple(key[1:-1] if key[0] in "\"'" else key for key in re.findall(_KEY, text))
