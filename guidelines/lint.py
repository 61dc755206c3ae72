"""The runner: select rules, run them on a graph, price and merge what they find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from costmodel.graph import Graph
from guidelines.finding import Finding, Level
from guidelines.rule import Option

MIN_SHARE = 0.01
"""Share of the model's memory access below which a finding is not worth a line."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to run and how; every field as configuration and command line give it.

    Args:
        select, ignore: codes, names or prefixes (``G1``); the longest match wins, ``ALL`` is all.
        options: by code, then by option name.
        levels: by code, in place of the rule's own level.
        min_share: findings below this share of the model's bytes stay quiet.
        layer_ignores: glob on a node's name, on its scope or ``op:Conv``, to the rules
            that are not to blame such nodes.
    """

    select: tuple[str, ...] = ("ALL",)
    ignore: tuple[str, ...] = ()
    options: Mapping[str, Mapping[str, Option]] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)
    min_share: float = MIN_SHARE
    layer_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def find(graph: Graph, settings: Settings = Settings()) -> tuple[Finding, ...]:  # noqa: B008  frozen
    """Every finding that the settings let through, dearest first."""
    raise NotImplementedError
