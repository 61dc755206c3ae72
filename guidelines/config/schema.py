"""The JSON Schema of a configuration, made of the table of its keys and of the rules.

``schema.json`` beside this file is its text, for editors that complete and check TOML.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from guidelines.budget.limits import FILE
from guidelines.budget.quantities import QUANTITIES, Quantity
from guidelines.config.keys import KEYS
from guidelines.config.values import FAIL_ON
from guidelines.finding import Level
from guidelines.rule import Option, Rule

Schema = dict[str, Any]

KINDS = {bool: "boolean", int: "integer", float: "number", str: "string"}
STRINGS: Schema = {"type": "array", "items": {"type": "string"}}
SELECTORS: Schema = {"type": "array", "items": {"$ref": "#/$defs/selector"}}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
SIZE: Schema = {"type": "integer", "minimum": 1}
DAY: Schema = {"type": "string", "format": "date"}


def text(rules: Mapping[str, Rule]) -> str:
    """The file."""
    return json.dumps(schema(rules), indent=2, ensure_ascii=False) + "\n"


def schema(rules: Mapping[str, Rule]) -> Schema:
    """Draft 2020-12; in a ``pyproject.toml`` it is that of ``[tool.guidelint]``.

    Args:
        rules: that a configuration may name.
    """
    values = _values(rules)
    properties = {
        name: {"description": key.text, **values[name]} | _default(key.default)
        for name, key in KEYS.items()
    }
    spelled = {
        name.replace("-", "_"): {"$ref": f"#/properties/{name}"} for name in KEYS if "-" in name
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "guidelint-configuration-1",
        "title": "The configuration of guidelint",
        "type": "object",
        "additionalProperties": False,
        "properties": properties | spelled,
        "$defs": {
            "selector": {
                "description": "a rule's code or name, the beginning of a code, or ALL",
                "type": "string",
                "anyOf": [{"enum": _selectors(rules)}, {"pattern": _beginnings(rules)}],
            },
            "level": {"enum": list(Level)},
            **{f"amount of {quantity.key}": _amount(quantity) for quantity in QUANTITIES.values()},
            "part": _budget(part=True),
            "network": _budget(part=False),
        },
    }


def _values(rules: Mapping[str, Rule]) -> Mapping[str, Schema]:
    """Of each key the schema of its value."""
    table: Schema = {"type": "object"}
    return {
        "select": SELECTORS,
        "extend-select": SELECTORS,
        "ignore": SELECTORS,
        "min-share": SHARE,
        "fail-on": {"enum": list(FAIL_ON)},
        "strict": {"type": "boolean"},
        "exclude": STRINGS,
        "baseline": {"type": "string", "minLength": 1},
        "baseline-tolerance": SHARE,
        "dims": table | {"additionalProperties": SIZE},
        "shapes": table | {"additionalProperties": {"type": "array", "items": SIZE}},
        "rules": table | {
            "additionalProperties": False,
            "properties": {code: _rule(rule) for code, rule in rules.items()} | {
                rule.name: {"$ref": f"#/properties/rules/properties/{rule.code}"}
                for rule in rules.values()
            },
        },
        "per-layer-ignores": table | {"additionalProperties": SELECTORS},
        "suppress": {"type": "array", "items": _suppression()},
        "budget": _budget(part=False) | {
            "patternProperties": {f"^{FILE}": {"$ref": "#/$defs/network"}}
        },
    }  # fmt: skip


def _default(toml: str) -> Schema:
    import tomllib

    return {"default": tomllib.loads(f"it = {toml}")["it"]} if toml else {}


def _selectors(rules: Mapping[str, Rule]) -> list[str]:
    return ["ALL", *sorted(rules), *sorted(rule.name for rule in rules.values())]


def _beginnings(rules: Mapping[str, Rule]) -> str:
    cut = sorted({code[:end] for code in rules for end in range(1, len(code))})
    return f"^({'|'.join(cut)})$"


def _rule(rule: Rule) -> Schema:
    options = {
        spelled: _option(default)
        for name, default in rule.options.items()
        for spelled in dict.fromkeys((name.replace("_", "-"), name))
    }
    return {
        "description": rule.summary,
        "type": "object",
        "additionalProperties": False,
        "properties": {"level": {"$ref": "#/$defs/level", "default": str(rule.level)}, **options},
    }


def _option(default: Option) -> Schema:
    return {"type": KINDS[type(default)], "default": default}


def _suppression() -> Schema:
    return {
        "type": "object",
        "required": ["rules"],
        "additionalProperties": False,
        "properties": {
            "layer": {"description": "glob on a name, a module or op:TYPE", "type": "string"},
            "rules": SELECTORS,
            "reason": {"description": "why; without one it is a finding", "type": "string"},
            "expires": {"description": "the last day on which it holds", **DAY},
            "model": {"description": "glob on the model's path", "type": "string"},
        },
    }


def _amount(quantity: Quantity) -> Schema:
    amount: Schema = {"description": quantity.kind.example, "type": "string"}
    if quantity.kind.bare:
        amount = amount | {"type": ["string", "number"], "minimum": 0}
    return {"type": "object", "additionalProperties": amount} if quantity.on_device else amount


def _budget(*, part: bool) -> Schema:
    """Of the whole network, or of a part of it, which has no parts of its own."""
    amounts = {
        spelled: {"$ref": f"#/$defs/amount of {quantity.key}"}
        for quantity in QUANTITIES.values()
        if quantity.whole is None or not part
        for spelled in dict.fromkeys((quantity.key, quantity.key.replace("-", "_")))
    }
    inside: bool | Schema = False if part else {"$ref": "#/$defs/part"}
    return {"type": "object", "properties": amounts, "additionalProperties": inside}
