"""Finding and reading the configuration that stands nearest to a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guidelines.config.keys import read
from guidelines.config.place import ConfigError, Place
from guidelines.config.values import Config

if TYPE_CHECKING:
    from guidelines.rule import Rule

FILES = (".guidelint.toml", "guidelint.toml", "pyproject.toml")
"""What to look for in a folder, the first one found wins."""


def find_file(folder: Path) -> Path | None:
    """The nearest configuration from a folder upwards, to the root of its repository at most."""
    start = folder.resolve()
    for each in (start, *start.parents):
        for name in FILES:
            file = each / name
            if file.is_file() and (name != "pyproject.toml" or _has_table(file)):
                return file
        if (each / ".git").exists():
            return None
    return None


def _has_table(pyproject: Path) -> bool:
    """Whether ``[tool.guidelint]`` may be in it: a quick look, before TOML is imported."""
    try:
        data = pyproject.read_bytes()
    except OSError:
        return False
    return (
        b"guidelint" in data
        and _table(_parsed(data, _called(pyproject)), pyproject.name) is not None
    )


def _table(document: dict[str, Any], name: str) -> Any:
    """The part of the document that is ours; None where there is none."""
    if name != "pyproject.toml":
        return document
    tool = document.get("tool")
    return tool.get("guidelint") if isinstance(tool, dict) else None


def top(file: Path) -> tuple[str, ...]:
    """The tables around ours."""
    return ("tool", "guidelint") if file.name == "pyproject.toml" else ()


def load(file: Path, rules: Mapping[str, Rule]) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: it cannot be read, is no TOML, or has a key or value that nothing follows.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{_called(file)}: expected a configuration file, found: {error.strerror or error}"
        ) from None
    return parse(data, file, rules)


def parse(data: bytes, file: Path, rules: Mapping[str, Rule]) -> Config:
    """What stands, or is to stand, in a configuration file.

    Raises:
        ConfigError: it is no TOML, or has a key or value that nothing follows.
    """
    called = _called(file)
    table = _table(_parsed(data, called), file.name)
    keys = top(file)
    place = Place(called, data.decode(), keys, len(keys), file.parent)
    if table is None:
        raise ConfigError(f"{called}: expected a table [tool.guidelint], found none")
    if not isinstance(table, dict):
        place.expected("a table", table)
    return replace(read(table, place, rules), folder=file.parent, path=file, file=called)


def _called(file: Path) -> str:
    """The file as a person in this folder would call it."""
    try:
        return str(file.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(file)


def _parsed(data: bytes, called: str) -> dict[str, Any]:
    import re
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except UnicodeDecodeError:
        raise ConfigError(
            f"{called}: expected TOML as UTF-8 text, found bytes that are none"
        ) from None
    except RecursionError:
        raise ConfigError(f"{called}: expected TOML, found brackets nested without end") from None
    except tomllib.TOMLDecodeError as error:
        # The parser says where at the end of its message, or that it came to the end of the file.
        told = re.fullmatch(r"(.*?) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
        line = told[2] if told and told[2] else max(1, len(data.splitlines()))
        raise ConfigError(
            f"{called}:{line}: expected TOML, found: {told[1] if told else error}"
        ) from None
