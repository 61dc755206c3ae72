"""Configurations as text: every key with its default, and what is in effect, as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from guidelines.config.keys import KEYS
from guidelines.config.values import Config
from guidelines.report import table
from guidelines.report.view import View


def listing(view: View) -> str:
    """A line a key: its name, its kind, its default, what it is for."""
    columns = (
        table.Column(title="key"), table.Column(title="kind"), table.Column(title="default"),
        table.Column(title="what it is for", shrink=True),
    )  # fmt: skip
    rows = [(name, key.kind, key.default, key.text) for name, key in KEYS.items()]
    return "\n".join(table.lines(columns, rows, view)) + "\n"


def explained(name: str) -> str:
    """A key with all that there is to say of it, as TOML."""
    key = KEYS[name]
    default = f"; by default {key.default}" if key.default else ""
    return f"# {key.text}\n# {key.kind}{default}\n{key.example}\n"


def effective(config: Config) -> str:
    """What is in effect, as TOML, each key with where it comes from."""
    lines = [f"# configuration: {config.file or 'none'}"]
    tables: list[str] = []
    for name, key in KEYS.items():
        origin = config.origins.get(name, "default")
        held = _held(config, name)
        if isinstance(held, Mapping):
            tables += _table(name, held, origin)
        elif isinstance(held, list) and held and isinstance(held[0], Mapping):
            for each in held:
                written = each.pop("origin")
                tables += ["", f"[[{name}]]  # {written}", *_assigned(each)]
        elif key.default:
            shown = key.default if held is None else toml(held)
            lines.append(f"{name} = {shown}  # {origin}")
    return "\n".join([*lines, *tables]) + "\n"


def _held(config: Config, name: str) -> Any:
    """The key's value as TOML has it; None where it has its default."""
    if name == "rules":
        codes = sorted({*config.options, *config.levels})
        level = {code: {"level": str(config.levels[code])} for code in config.levels}
        options = {
            code: {option.replace("_", "-"): value for option, value in told.items()}
            for code, told in config.options.items()
        }
        return {code: {**options.get(code, {}), **level.get(code, {})} for code in codes}
    value = getattr(config, KEYS[name].field)
    if name == "suppress":
        return [_suppression(each) for each in value]
    if name == "budget":
        return _budgets(value)
    if isinstance(value, Mapping):
        return {k: list(v) if isinstance(v, tuple) else v for k, v in value.items()}
    return list(value) if isinstance(value, tuple) and value else None if value == () else value


def _suppression(each: Any) -> dict[str, Any]:
    told = {
        "model": each.model, "layer": each.layer, "rules": list(each.rules),
        "reason": each.reason, "expires": each.expires, "origin": each.origin,
    }  # fmt: skip
    return {key: value for key, value in told.items() if value}


def _budgets(budgets: Iterable[Any]) -> dict[str, Any]:
    """The amounts as they were written, in the tables that they stand in."""
    tables: dict[str, Any] = {}
    for each in budgets:
        here = tables
        for part in (f"file:{each.file}" if each.file else "", each.subject.glob):
            here = here.setdefault(part, {}) if part else here
        quantity, device = each.subject.quantity, each.subject.device
        if device is None:
            here[quantity.key] = each.text
        else:
            here.setdefault(quantity.key, {})[device.name] = each.text
    return tables


def _table(name: str, held: Mapping[str, Any], origin: str) -> Iterator[str]:
    """The table and those inside it."""
    own = {key: value for key, value in held.items() if not isinstance(value, Mapping)}
    if own:
        yield from ("", f"[{name}]  # {origin}", *_assigned(own))
    for key, value in held.items():
        if isinstance(value, Mapping):
            yield from _table(f"{name}.{quoted(key)}", value, origin)


def _assigned(held: Mapping[str, Any]) -> list[str]:
    return [f"{quoted(key)} = {toml(value)}" for key, value in held.items()]


def quoted(key: str) -> str:
    """A key as TOML has it, bare where it may be.

    >>> quoted("min-share"), quoted("features.0*")
    ('min-share', '"features.0*"')
    """
    bare = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return key if bare else toml(key)


def toml(value: Any) -> str:
    """A value as TOML has it.

    >>> toml(["a", True, 1.5])
    '["a", true, 1.5]'
    """
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(each) for each in value)}]"
    if isinstance(value, bool | int | float | str):
        text = json.dumps(value, ensure_ascii=False)
        return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
    return str(value)
