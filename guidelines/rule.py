"""A rule is one module: a docstring that explains it, a ``check`` and the ``cases`` that prove it.

The decorator's keywords are the rule's options, with their types and defaults::

    @rule("G101", "unequal-channel-width", max_excess=1.2)
    def check(graph, *, max_excess):
        yield Breach(...)

Rules never print, sort or read configuration; they know no runtime and no report.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from costmodel.graph import Graph
from guidelines.finding import Breach, Level

Option = int | float | str | bool
Check = Callable[..., Iterator[Breach]]


@dataclass(frozen=True)
class Case:
    """A network built in code, and how many breaches the rule finds in it."""

    name: str
    graph: Graph
    breaches: int


@dataclass(frozen=True)
class Rule:
    """A registered rule.

    Args:
        code: letter and three digits; the first two characters name the guideline.
        name: what people call it.
        check: the generator.
        options: defaults by name.
        level: of its findings.
        explanation: the module's docstring.
    """

    code: str
    name: str
    check: Check
    options: Mapping[str, Option]
    level: Level
    module: str

    @property
    def explanation(self) -> str:
        """The module's docstring: a sentence, Why, Fix, References."""
        return inspect.cleandoc(sys.modules[self.module].__doc__ or "")

    @property
    def summary(self) -> str:
        """The explanation's first line."""
        return self.explanation.partition("\n")[0]

    @property
    def cases(self) -> tuple[Case, ...]:
        """Clean and flagged networks, built in code."""
        return tuple(sys.modules[self.module].cases())


KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}


def option(value: object, default: Option) -> Option:
    """A value for an option, of the kind of its default.

    Raises:
        ValueError: it is of another kind; the message is the kind that was expected.

    >>> option(2, 1.5)
    2.0
    >>> option(float("nan"), 1.5)
    Traceback (most recent call last):
    ...
    ValueError: a number
    """
    if type(value) is int and isinstance(default, float):
        return float(value)
    finite = not isinstance(value, float) or math.isfinite(value)
    if type(value) is type(default) and isinstance(value, int | float | str) and finite:
        return value
    raise ValueError(KINDS[type(default)])


RULES: dict[str, Rule] = {}


def rule(
    code: str, name: str, *, level: Level = Level.WARNING, **options: Option
) -> Callable[[Check], Check]:
    """Register a check as a rule; its keywords are the options with their defaults."""

    def register(check: Check) -> Check:
        if code in RULES:
            raise ValueError(f"rule {code} is registered twice")
        RULES[code] = Rule(code, name, check, options, level, check.__module__)
        return check

    return register
