"""The values of a configuration that are tables and lists: selectors, suppressions, budgets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from guidelines import selector
from guidelines.config.place import Place

if TYPE_CHECKING:
    from guidelines.budget import Budget
    from guidelines.rule import Rule
    from guidelines.suppress import Suppression

    Rules = Mapping[str, Rule]


def strings(value: Any, place: Place, rules: Rules) -> tuple[str, ...]:
    """An array of strings."""
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        place.expected("an array of strings", value)
    return tuple(value)


def selectors(value: Any, place: Place, rules: Rules) -> tuple[str, ...]:
    """An array of words that each mean at least one rule."""
    found = strings(value, place, rules)
    for each in found:
        if not selector.codes(each, rules):
            place.fail(selector.unknown(each, rules))
    return found


def entries(value: Any, place: Place) -> Mapping[str, Any]:
    """A table."""
    if not isinstance(value, dict):
        place.expected("a table", value)
    found: Mapping[str, Any] = value
    return found


def budgets(value: Any, place: Place, rules: Rules) -> tuple[Budget, ...]:
    """``[budget]`` with its tables."""
    from guidelines.budget import BudgetError
    from guidelines.budget import budgets as told

    try:
        return told(entries(value, place), place.folder)
    except BudgetError as error:
        here = place
        for key in error.keys:
            here = here.at(key)
        here.fail(error.message)


SUPPRESS = ("layer", "rules", "reason", "expires", "model")


def suppressions(value: Any, place: Place, rules: Rules) -> tuple[Suppression, ...]:
    """``[[suppress]]`` tables."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        place.expected("tables [[suppress]]", value)
    return tuple(_suppression(each, place.at(number), rules) for number, each in enumerate(value))


def _suppression(table: Mapping[str, Any], place: Place, rules: Rules) -> Suppression:
    from guidelines.suppress import Suppression

    for key in table:
        if key not in SUPPRESS:
            place.unknown(key, SUPPRESS)
    if "rules" not in table:
        place.fail('expected rules, such as ["G101"], found none')
    text = {}
    for key in ("layer", "reason", "model"):
        if key in table and not isinstance(table[key], str):
            place.at(key).expected("a string", table[key])
        text[key] = str(table.get(key, ""))
    return Suppression(
        rules=selectors(table["rules"], place.at("rules"), rules),
        layer=text["layer"] or "*",
        reason=" ".join(text["reason"].split()),
        expires=_day(table["expires"], place.at("expires")) if "expires" in table else None,
        model=text["model"],
        origin=place.origin,
    )


def _day(value: Any, place: Place) -> date:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            place.expected("a day such as 2027-01-31", value)
    if isinstance(value, datetime) or not isinstance(value, date):
        place.expected("a day such as 2027-01-31", value)
    return value
