"""Networks of the literature beside paths: ``network:mobilenet_v2``, ``network:all``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli import reading
from guidelines.nearest import nearest

if TYPE_CHECKING:
    from costmodel.graph import Graph
    from guidelines.cli.running import Made
    from guidelines.config import Config

PREFIX = "network:"


def analysed(
    paths: Sequence[str], flags: Config, given: Mapping[str, Any],
    analyse: Callable[[Graph, Config], Made],
) -> tuple[list[Made], bool]:  # fmt: skip
    """What is made of each network, those by name first, and whether a path could not be read."""
    made = [
        analyse(graph, flags) for path in paths if path.startswith(PREFIX) for graph in named(path)
    ]
    files = [path for path in paths if not path.startswith(PREFIX)]
    if not files:
        return made, False
    outcome = reading.analysed(files, flags, reading.known_rules(), given, analyse)
    return [*made, *(each for _, each in outcome.done)], bool(outcome.errors)


def named(path: str) -> list[Graph]:
    """The networks that a word beginning with PREFIX means, each with its name as its path."""
    from costmodel import networks

    name = path.removeprefix(PREFIX)
    if name != "all" and name not in networks.__all__:
        raise click.UsageError(
            f"no network is called '{name}'{nearest(name, ['all', *networks.__all__])}"
        )
    graphs = []
    for each in networks.__all__ if name == "all" else [name]:
        graph = getattr(networks, each)()
        graph.graph["path"] = each
        graphs.append(graph)
    return graphs
