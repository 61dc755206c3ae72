"""The values of the command line's options, read as strictly as a configuration file's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import click

from guidelines import selector
from guidelines.finding import Level
from guidelines.nearest import nearest

if TYPE_CHECKING:
    from guidelines.rule import Option, Rule


def listed(values: Iterable[str]) -> tuple[str, ...]:
    """Words separated by commas, in options that may be repeated.

    >>> listed(["G1,G2", " G401 "])
    ('G1', 'G2', 'G401')
    """
    return tuple(word.strip() for value in values for word in value.split(",") if word.strip())


def selectors(option: str, values: Iterable[str], rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """Words that each mean at least one rule."""
    words = listed(values)
    for word in words:
        if not selector.codes(word, rules):
            refuse(option, selector.unknown(word, rules))
    return words


def dims(values: Iterable[str]) -> dict[str, int]:
    """``height=224``: sizes by name.

    >>> dims(["height=224"])
    {'height': 224}
    """
    sizes = {}
    for value in values:
        name, equals, size = value.rpartition("=")
        if not equals or not name or not _is_size(size):
            refuse("--dim", f"expected NAME=SIZE with a size of at least 1, found '{value}'")
        sizes[name] = int(size)
    return sizes


def shapes(values: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """``input=1,3,224,224``: shapes by name; ``1x3x224x224`` means the same.

    The first input of a module needs no name.

    >>> shapes(["input=1,3,224,224", "1x10"])
    {'input': (1, 3, 224, 224), '': (1, 10)}
    """
    found: dict[str, tuple[int, ...]] = {}
    for value in values:
        name, equals, sizes = value.rpartition("=")
        parts = sizes.strip("[]").replace("x", ",").split(",")
        if (equals and not name) or not all(_is_size(part.strip()) for part in parts):
            refuse("--shape", f"expected INPUT=1,3,224,224, found '{value}'")
        if not name and "" in found:
            refuse("--shape", f"expected INPUT=1,3,224,224 for all inputs but one, found '{value}'")
        found[name] = tuple(int(part) for part in parts)
    return found


def _is_size(text: str) -> bool:
    # Python refuses to convert thousands of digits; no dimension has twenty.
    return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) > 0


@dataclass(frozen=True, slots=True)
class Chosen:
    """Options and levels of rules, by code."""

    options: Mapping[str, Mapping[str, Option]]
    levels: Mapping[str, Level]


def options(values: Iterable[str], rules: Mapping[str, Rule]) -> Chosen:
    """``G101.max_excess=1.5``, or ``G101.level=error``: what rules are told."""
    from guidelines.config.keys import rule_called

    told: dict[str, dict[str, Option]] = {}
    levels: dict[str, Level] = {}
    for value in values:
        place, equals, given = value.partition("=")
        named, dot, key = place.partition(".")
        if not equals or not dot:
            refuse("--option", f"expected RULE.NAME=VALUE, found '{value}'")
        rule = rule_called(named, rules)
        if rule is None:
            refuse("--option", selector.unknown(named, rules))
        name = key.replace("-", "_")
        if name == "level":
            if given not in list(Level):
                refuse("--option", f"expected a level of {', '.join(Level)}, found '{given}'")
            levels[rule.code] = Level(given)
        elif name in rule.options:
            told.setdefault(rule.code, {})[name] = _converted(value, given, rule.options[name])
        else:
            refuse(
                "--option",
                f"{rule.code} has no option '{key}'{nearest(name, {'level', *rule.options})}",
            )
    return Chosen(told, levels)


def _converted(whole: str, text: str, default: Option) -> Option:
    """The text as the kind of value that the default is."""
    from guidelines.rule import KINDS, option

    try:
        if isinstance(default, bool):
            return {"true": True, "false": False}[text]
        return option(type(default)(text), default)
    except (KeyError, ValueError):
        refuse("--option", f"expected {KINDS[type(default)]}, found '{whole}'")


def refuse(option: str, message: str) -> NoReturn:
    """Stop with one line that names the option."""
    raise click.UsageError(f"{option}: {message}", click.get_current_context(silent=True))
