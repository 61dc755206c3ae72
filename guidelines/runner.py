"""The runner: select rules, run them on a graph, price and merge what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import guidelines.rules  # noqa: F401  every module in it registers a rule
from costmodel.fusion import fused_memory_access_bytes
from costmodel.graph import Graph, Node
from guidelines.finding import Breach, Finding, Level
from guidelines.merge import merged
from guidelines.nearest import nearest
from guidelines.rule import RULES, Option, Rule, option
from guidelines.selector import as_prefix, codes, unknown

if TYPE_CHECKING:
    from datetime import date

    from costmodel.device import Device
    from guidelines.budget import Budget
    from guidelines.suppress import Suppression

MIN_SHARE = 0.01
"""Share of the fused memory access below which a finding is not worth a line."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to run and how; every field as configuration and command line give it.

    Args:
        select, ignore: codes, names or prefixes (``G1``); the longest match wins, ``ALL`` is all.
        options: by code, then by option name.
        levels: by code, in place of the rule's own level.
        min_share: findings below this share of the fused memory access stay quiet.
        layer_ignores: glob on a node's name, on its scope or ``op:Conv``, to the rules
            that are not to blame such nodes.
        budgets: what the network may cost.
        suppressions: findings to hold back, beside those that the model itself names.
        today: the day on which it is decided what has expired; None where nothing does.
        audit: whether no suppression holds anything back.
    """

    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Option]] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)
    min_share: float = MIN_SHARE
    layer_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    budgets: tuple[Budget, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    today: date | None = None
    audit: bool = False


class SettingsError(ValueError):
    """A setting that no rule follows: an unknown selector or option, or a value of another kind."""


def find(
    graph: Graph, settings: Settings = Settings(), device: Device | None = None
) -> tuple[Finding, ...]:
    """Every finding that the settings let through, dearest first.

    Rules about a device need one; theirs are shown whatever share of the traffic they have.

    Raises:
        SettingsError: a selector, code or option that means nothing, a value of another kind.
    """
    options = _options(settings)
    levels = {_rule(key).code: level for key, level in settings.levels.items()}
    ignored = _ignored(graph, settings)
    order = {name: step for step, name in enumerate(graph)}
    moved = fused_memory_access_bytes(graph)
    findings = []
    for rule in selected(settings.select, settings.ignore):
        kinds: dict[str, list[Breach]] = {}
        for breach in rule.breaches(graph, options[rule.code], device):
            if not all(ignored(name, rule.code) for name in breach.nodes):
                kinds.setdefault(breach.kind, []).append(breach)
        level = levels.get(rule.code, rule.level)
        findings += [
            _merged(graph, rule, level, breaches, order, moved) for breaches in kinds.values()
        ]
    loud = [
        found for found in findings
        if found.share >= settings.min_share or RULES[found.code].on_device
    ]  # fmt: skip
    return tuple(sorted(loud, key=lambda f: (-f.excess_bytes, f.code, order[f.nodes[0]])))


def governed(findings: Iterable[Finding], settings: Settings) -> tuple[Finding, ...]:
    """Of findings that no rule's check made those that are selected, at the level they are told.

    Raises:
        SettingsError: a selector or code that means nothing.
    """
    chosen = {rule.code for rule in selected(settings.select, settings.ignore)}
    levels = {_rule(key).code: level for key, level in settings.levels.items()}
    return tuple(
        replace(found, level=levels.get(found.code, found.level))
        for found in findings
        if found.code in chosen
    )


def selected(select: Iterable[str], ignore: Iterable[str] = ()) -> tuple[Rule, ...]:
    """The rules that selectors leave, by code.

    Of the selectors that mean a rule the longest decides, and of two of one length the one
    that ignores: as in ruff.

    >>> [rule.code for rule in selected(["G1", "G402"])]
    ['G101', 'G402']
    >>> [rule.code for rule in selected(["G", "G402"], ignore=["G4"])]
    ['G101', 'G201', 'G301', 'G402']

    Raises:
        SettingsError: a selector that means no rule.
    """
    wanted, unwanted = _prefixes(select), _prefixes(ignore)

    def weight(code: str, prefixes: list[str]) -> int:
        return max((len(prefix) for prefix in prefixes if code.startswith(prefix)), default=-1)

    return tuple(
        RULES[code] for code in sorted(RULES) if weight(code, wanted) > weight(code, unwanted)
    )


def _prefixes(selectors: Iterable[str]) -> list[str]:
    found = []
    for selector in selectors:
        _meant(selector)
        found.append(as_prefix(selector, RULES))
    return found


def _rule(key: str) -> Rule:
    """The one rule of that code or name."""
    meant = codes(key, RULES)
    if len(meant) != 1 or key not in (meant[0], RULES[meant[0]].name):
        raise SettingsError(unknown(key, RULES))
    return RULES[meant[0]]


def _options(settings: Settings) -> dict[str, dict[str, Option]]:
    """Every rule's options, those that are set in place of the defaults."""
    options = {code: dict(rule.options) for code, rule in RULES.items()}
    for key, given in settings.options.items():
        rule = _rule(key)
        for name, value in given.items():
            if name not in rule.options:
                raise SettingsError(
                    f"{rule.code} has no option '{name}'{nearest(name, rule.options)}"
                )
            try:
                options[rule.code][name] = option(value, rule.options[name])
            except ValueError as error:
                raise SettingsError(
                    f"{rule.code}.{name}: expected {error}, found {value!r}"
                ) from None
    return options


def _ignored(graph: Graph, settings: Settings) -> Callable[[str, str], bool]:
    """Whether a node is not to be blamed by a rule."""
    globs = [
        (glob, frozenset(code for s in selectors for code in _meant(s)))
        for glob, selectors in settings.layer_ignores.items()
    ]

    def ignored(name: str, code: str) -> bool:
        node: Node = graph.node(name)
        called = (node.name, node.scope, f"op:{node.op_type}")
        return any(
            code in rules and any(fnmatchcase(each, glob) for each in called)
            for glob, rules in globs
        )

    return ignored


def _meant(selector: str) -> tuple[str, ...]:
    found = codes(selector, RULES)
    if not found:
        raise SettingsError(unknown(selector, RULES))
    return found


def _merged(
    graph: Graph,
    rule: Rule,
    level: Level,
    breaches: list[Breach],
    order: Mapping[str, int],
    moved: int,
) -> Finding:
    """One finding of all breaches of a kind."""
    labelled = [
        replace(breach, label=breach.label or graph.node(breach.nodes[0]).label)
        for breach in sorted(breaches, key=lambda breach: order[breach.nodes[0]])
    ]
    found = merged(rule.code, rule.name, level, labelled, moved=moved)
    return replace(found, nodes=tuple(sorted(found.nodes, key=order.__getitem__)))
