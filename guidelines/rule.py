"""A rule is one module: a docstring that explains it, a ``check`` and the ``cases`` that prove it.

The decorator's keywords are the rule's options, with their types and defaults::

    @rule("G101", "unequal-channel-width", max_excess=1.2, widest={"max_excess": 1.0})
    def check(graph, *, max_excess):
        yield Breach(...)

Rules never print, sort or read configuration, and know no report. Those whose code begins with
D are about a device: their check is given one, ``check(graph, device, *, ...)``, and they do not
run without. The others know no runtime.
"""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from costmodel.graph import Graph
from guidelines.finding import Breach, Level

if TYPE_CHECKING:
    from costmodel.device import Device

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
        module: that defines it.
        widest: the options under which it blames all that it could blame at all.
        sentence: in place of the first of the docstring, of a module that declares several.
        explanation: the module's docstring.
    """

    code: str
    name: str
    check: Check
    options: Mapping[str, Option]
    level: Level
    module: str
    widest: Mapping[str, Option]
    sentence: str = ""

    @property
    def on_device(self) -> bool:
        """Whether it judges by a device's profile."""
        return self.code.startswith("D")

    def breaches(
        self, graph: Graph, options: Mapping[str, Option], device: Device | None = None
    ) -> Iterator[Breach]:
        """What it finds; nothing where it needs a device and there is none."""
        if not self.on_device:
            return self.check(graph, **options)
        return iter(()) if device is None else self.check(graph, device, **options)

    @property
    def explanation(self) -> str:
        """The module's docstring: a sentence, Why, Fix, References."""
        text = inspect.cleandoc(sys.modules[self.module].__doc__ or "")
        first, _, rest = text.partition("\n")
        return f"{self.sentence or first}\n{rest}"

    @property
    def summary(self) -> str:
        """The explanation's first line."""
        return self.explanation.partition("\n")[0]

    @property
    def cases(self) -> tuple[Case, ...]:
        """Clean and flagged networks, built in code; none of what is no matter of the network."""
        return tuple(getattr(sys.modules[self.module], "cases", tuple)())


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
    code: str, name: str, *, widest: Mapping[str, Option], level: Level = Level.WARNING,
    **options: Option,
) -> Callable[[Check], Check]:  # fmt: skip
    """Register a check as a rule; its keywords are the options with their defaults."""

    def register(check: Check) -> Check:
        if code in RULES:
            raise ValueError(f"rule {code} is registered twice")
        RULES[code] = Rule(code, name, check, options, level, check.__module__, widest)
        return check

    return register


def declare(code: str, name: str, sentence: str, *, module: str, level: Level) -> None:
    """Register what is found elsewhere than in the network alone: a budget, a suppression.

    It is selected, ignored, explained and given a level as every rule is.

    Args:
        code, name, level: of its findings.
        sentence: what they say.
        module: whose docstring explains it, after the sentence.
    """
    rule(code, name, level=level, widest={})(_nothing)
    RULES[code] = replace(RULES[code], module=module, sentence=sentence)


def _nothing(graph: Graph) -> Iterator[Breach]:
    return iter(())
