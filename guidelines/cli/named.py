"""Networks of the literature in place of paths: ``network:mobilenet_v2``, ``network:all``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from guidelines.nearest import nearest

if TYPE_CHECKING:
    from costmodel.graph import Graph

PREFIX = "network:"


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
