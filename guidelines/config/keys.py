"""Every key of a configuration file, and what its value must be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from guidelines import selector
from guidelines.config.place import Place
from guidelines.config.values import FAIL_ON, Config
from guidelines.finding import Level

if TYPE_CHECKING:
    from guidelines.rule import Option, Rule

    Rules = Mapping[str, Rule]
    Reader = Callable[[Any, Place, Rules], Any]


def read(table: Mapping[str, Any], place: Place, rules: Rules) -> Config:
    """The values of a file's table; raises ConfigError for a key or value that is not known."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("_", "-")
        if name == "rules":
            options, levels = _rules(value, place.at(key), rules)
            values |= {"options": options, "levels": levels}
            continue
        if name not in KEYS:
            place.unknown(key, {*KEYS, "rules"})
        field = FIELDS.get(name, name.replace("-", "_"))
        if field in values:
            place.at(key).fail("given twice, with - and with _")
        values[field] = KEYS[name](value, place.at(key), rules)
    return Config(**values)


def _strings(value: Any, place: Place, rules: Rules) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        place.expected("an array of strings", value)
    return tuple(value)


def _selectors(value: Any, place: Place, rules: Rules) -> tuple[str, ...]:
    found = _strings(value, place, rules)
    for each in found:
        if not selector.codes(each, rules):
            place.fail(selector.unknown(each, rules))
    return found


def _min_share(value: Any, place: Place, rules: Rules) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        place.expected("a number from 0 to 1", value)
    return float(value)


def _fail_on(value: Any, place: Place, rules: Rules) -> str:
    if value not in FAIL_ON:
        place.expected(" or ".join(f'"{level}"' for level in FAIL_ON), value)
    return str(value)


def _strict(value: Any, place: Place, rules: Rules) -> bool:
    if not isinstance(value, bool):
        place.expected("true or false", value)
    return bool(value)


def _size(value: Any, place: Place) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        place.expected("a whole number of at least 1", value)
    return int(value)


def _entries(value: Any, place: Place) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        place.expected("a table", value)
    entries: Mapping[str, Any] = value
    return entries


def _dims(value: Any, place: Place, rules: Rules) -> dict[str, int]:
    return {name: _size(each, place.at(name)) for name, each in _entries(value, place).items()}


def _shapes(value: Any, place: Place, rules: Rules) -> dict[str, tuple[int, ...]]:
    shapes = {}
    for name, shape in _entries(value, place).items():
        if not isinstance(shape, list):
            place.at(name).expected("an array of whole numbers", shape)
        shapes[name] = tuple(_size(each, place.at(name)) for each in shape)
    return shapes


def _layer_ignores(value: Any, place: Place, rules: Rules) -> dict[str, tuple[str, ...]]:
    return {
        glob: _selectors(each, place.at(glob), rules)
        for glob, each in _entries(value, place).items()
    }


def _rules(
    value: Any, place: Place, rules: Rules
) -> tuple[dict[str, dict[str, Option]], dict[str, Level]]:
    """``[rules.G101]`` tables: options of the rule by name, and its level."""
    options: dict[str, dict[str, Option]] = {}
    levels: dict[str, Level] = {}
    for named, table in _entries(value, place).items():
        here = place.at(named)
        rule = rule_called(named, rules)
        if rule is None:
            here.fail(selector.unknown(named, rules))
        for key, given in _entries(table, here).items():
            name = key.replace("-", "_")
            if name == "level":
                levels[rule.code] = _level(given, here.at(key))
            elif name in rule.options:
                options.setdefault(rule.code, {})[name] = _option(
                    given, rule.options[name], here.at(key)
                )
            else:
                here.unknown(key, {"level", *(option.replace("_", "-") for option in rule.options)})
    return options, levels


def rule_called(named: str, rules: Rules) -> Rule | None:
    """The one rule of that code or name."""
    return rules.get(named) or next((rule for rule in rules.values() if rule.name == named), None)


def _level(value: Any, place: Place) -> Level:
    if value not in list(Level):
        place.expected(" or ".join(f'"{level}"' for level in Level), value)
    return Level(value)


def _option(value: Any, default: Option, place: Place) -> Option:
    """The value, if it is of the kind of the option's default."""
    from guidelines.rule import option

    try:
        return option(value, default)
    except ValueError as error:
        place.expected(str(error), value)


KEYS: Mapping[str, Reader] = {
    "select": _selectors,
    "extend-select": _selectors,
    "ignore": _selectors,
    "min-share": _min_share,
    "fail-on": _fail_on,
    "exclude": _strings,
    "dims": _dims,
    "shapes": _shapes,
    "per-layer-ignores": _layer_ignores,
    "strict": _strict,
}
FIELDS = {"per-layer-ignores": "layer_ignores"}
"""Keys that Config calls otherwise."""
