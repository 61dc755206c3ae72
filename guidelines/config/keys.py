"""Every key of a configuration file: what its value must be, its default, and what it is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from guidelines import selector
from guidelines.config.place import Place
from guidelines.config.tables import budgets, entries, selectors, strings, suppressions
from guidelines.config.values import FAIL_ON, Config
from guidelines.finding import Level
from guidelines.selector import codes

if TYPE_CHECKING:
    from guidelines.rule import Option, Rule

    Rules = Mapping[str, Rule]
    Reader = Callable[[Any, Place, Rules], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key at the top of a configuration.

    Args:
        read: its value, from TOML; fails at its place.
        kind: what it must be, in words.
        default: as TOML has it, "" where there is none.
        text: what it is for; one line.
        example: of a line or a table.
        field: what Config calls it; "" where the reader gives several fields.
    """

    read: Reader
    kind: str
    default: str
    text: str
    example: str
    field: str


def read(table: Mapping[str, Any], place: Place, rules: Rules) -> Config:
    """The values of a file's table; raises ConfigError for a key or value that is not known."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for key, value in table.items():
        name = key.replace("_", "-")
        if name not in KEYS:
            place.unknown(key, KEYS)
        here = place.at(key)
        if name in origins:
            here.fail("given twice, with - and with _")
        origins[name] = here.origin
        read_value = KEYS[name].read(value, here, rules)
        values |= {KEYS[name].field: read_value} if KEYS[name].field else read_value
    config = Config(**values, origins=origins)
    if config.select is not None:
        chosen = {c for s in (*config.select, *config.extend_select) for c in codes(s, rules)}
        put_aside = {c for s in config.ignore or () for c in codes(s, rules)}
        for budget in config.budgets:
            code = budget.subject.quantity.code
            if code in rules and code not in chosen | put_aside:
                place.at("budget").fail(
                    f"expected {code} to be selected, found that select leaves it out; add "
                    'extend-select = ["B"], or ignore = ["B"] to put budgets aside'
                )
    return config


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


def _file(value: Any, place: Place, rules: Rules) -> str:
    if not isinstance(value, str) or not value:
        place.expected("the path of a file", value)
    return str(value)


def _size(value: Any, place: Place) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        place.expected("a whole number of at least 1", value)
    return int(value)


def _dims(value: Any, place: Place, rules: Rules) -> dict[str, int]:
    return {name: _size(each, place.at(name)) for name, each in entries(value, place).items()}


def _shapes(value: Any, place: Place, rules: Rules) -> dict[str, tuple[int, ...]]:
    shapes = {}
    for name, shape in entries(value, place).items():
        if not isinstance(shape, list):
            place.at(name).expected("an array of whole numbers", shape)
        shapes[name] = tuple(_size(each, place.at(name)) for each in shape)
    return shapes


def _layer_ignores(value: Any, place: Place, rules: Rules) -> dict[str, tuple[str, ...]]:
    return {
        glob: selectors(each, place.at(glob), rules) for glob, each in entries(value, place).items()
    }


def _rules(value: Any, place: Place, rules: Rules) -> dict[str, Any]:
    """``[rules.G101]`` tables: options of the rule by name, and its level."""
    options: dict[str, dict[str, Option]] = {}
    levels: dict[str, Level] = {}
    for named, table in entries(value, place).items():
        here = place.at(named)
        rule = rule_called(named, rules)
        if rule is None:
            here.fail(selector.unknown(named, rules))
        for key, given in entries(table, here).items():
            name = key.replace("-", "_")
            if name == "level":
                levels[rule.code] = _level(given, here.at(key))
            elif name in rule.options:
                options.setdefault(rule.code, {})[name] = _option(
                    given, rule.options[name], here.at(key)
                )
            else:
                here.unknown(key, {"level", *(option.replace("_", "-") for option in rule.options)})
    return {"options": options, "levels": levels}


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


KEYS: Mapping[str, Key] = {
    "select": Key(
        read=selectors, field="select", kind="array of rules", default='["ALL"]',
        text="Rules to run: codes, names or beginnings of codes.",
        example='select = ["G1", "depthwise-on-thick-maps", "B"]',
    ),
    "extend-select": Key(
        read=selectors, field="extend_select", kind="array of rules", default="[]",
        text="Rules to run beside the selected ones.", example='extend-select = ["S"]',
    ),
    "ignore": Key(
        read=selectors, field="ignore", kind="array of rules", default="[]",
        text="Rules not to run; of two selectors that mean a rule the longer one decides.",
        example='ignore = ["G402"]',
    ),
    "min-share": Key(
        read=_min_share, field="min_share", kind="number from 0 to 1", default="0.01",
        text="Findings below this share of the fused memory access stay quiet.",
        example="min-share = 0.02",
    ),
    "fail-on": Key(
        read=_fail_on, field="fail_on", kind=", ".join(FAIL_ON), default='"warning"',
        text="Least level of a finding that makes the exit status 1.", example='fail-on = "error"',
    ),
    "strict": Key(
        read=_strict, field="strict", kind="true or false", default="false",
        text="Whether the exit status is 1 if the cost of a node is unknown.",
        example="strict = true",
    ),
    "exclude": Key(
        read=strings, field="exclude", kind="array of globs", default="[]",
        text="Files and folders that a search of folders leaves out.",
        example='exclude = ["old", "*.textproto"]',
    ),
    "baseline": Key(
        read=_file, field="baseline", kind="path", default='"guidelint-baseline.json"',
        text="Findings that are known, in a file beside this one; used if it is there.",
        example='baseline = "known.json"',
    ),
    "baseline-tolerance": Key(
        read=_min_share, field="baseline_tolerance", kind="number from 0 to 1", default="0.01",
        text="Share by which a value may exceed the baseline's.",
        example="baseline-tolerance = 0.05",
    ),
    "dims": Key(
        read=_dims, field="dims", kind="table of sizes", default="",
        text="Sizes of free dimensions, by name.", example="[dims]\nheight = 224",
    ),
    "shapes": Key(
        read=_shapes, field="shapes", kind="table of arrays of sizes", default="",
        text="Shapes of inputs, by name.", example='[shapes]\n"input.1" = [1, 3, 224, 224]',
    ),
    "rules": Key(
        read=_rules, field="", kind="table for each rule", default="",
        text="Options and levels of rules, by code or name; guidelint rule lists them.",
        example='[rules.G101]\nmax-excess = 1.5\nlevel = "note"',
    ),
    "per-layer-ignores": Key(
        read=_layer_ignores, field="layer_ignores", kind="table of arrays of rules", default="",
        text="Rules that are not to blame layers, by a glob on their name, module or op:TYPE.",
        example='[per-layer-ignores]\n"op:ConvTranspose" = ["ALL"]',
    ),
    "suppress": Key(
        read=suppressions, field="suppressions", kind="array of tables", default="",
        text="Findings that somebody decided to live with, with a reason and perhaps an end.",
        example='[[suppress]]\nlayer = "features.0*"\nrules = ["G101"]\n'
        'reason = "three channels: it is the image"\nexpires = 2027-01-31',
    ),
    "budget": Key(
        read=budgets, field="budgets", kind="table of amounts", default="",
        text="What the network may cost, or a part of it.",
        example='[budget]\nmadds = "300 MMAdd"\n\n[budget."features.*"]\nparams = "2 M"',
    ),
}  # fmt: skip
"""By name, in the order in which they are listed."""
