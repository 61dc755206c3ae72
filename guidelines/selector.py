"""Which rules a word means: a code, a name, the beginning of a code, or ALL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from guidelines.nearest import nearest

if TYPE_CHECKING:
    from guidelines.rule import Rule


def codes(selector: str, rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """The codes of the rules that a selector means; empty where it means none.

    A name must be whole; a code may be cut short (``G1``).
    """
    if selector == "ALL":
        return tuple(sorted(rules))
    named = tuple(code for code, rule in rules.items() if rule.name == selector)
    if named or not selector:
        return named
    return tuple(sorted(code for code in rules if code.startswith(selector)))


def unknown(selector: str, rules: Mapping[str, Rule]) -> str:
    """What is wrong with a selector that means no rule."""
    meant = nearest(selector, {"ALL", *rules, *(rule.name for rule in rules.values())})
    all_of_them = "; guidelint rule lists them all"
    return f"unknown rule '{selector}'{meant if 'did you mean' in meant else all_of_them}"


def as_prefix(selector: str, rules: Mapping[str, Rule]) -> str:
    """The selector in terms of codes: ``ALL`` is the empty beginning, a name its code."""
    if selector == "ALL":
        return ""
    return next((code for code, rule in rules.items() if rule.name == selector), selector)


def without(
    ignored: Iterable[str], chosen: Iterable[str], rules: Mapping[str, Rule]
) -> tuple[str, ...]:
    """What stays ignored once somebody has chosen more exactly.

    Args:
        ignored: from the configuration.
        chosen: from the command line, which wins: choosing G401 outweighs ignoring G4 or G401.
    """
    wanted = [as_prefix(selector, rules) for selector in chosen]
    return tuple(
        selector
        for selector in ignored
        if not any(prefix.startswith(as_prefix(selector, rules)) for prefix in wanted)
    )
