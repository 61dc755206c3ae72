"""``guidelint cost``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from guidelines.cli import reading
from guidelines.cli.options import output, reads_models
from guidelines.config import Config

if TYPE_CHECKING:
    from costmodel.graph import Graph
    from guidelines.report import Model

SORTS = ("name", "op", "params", "madds", "flops", "bytes", "intensity")
"""Keys of ``report.layers.SORTS``, which help must not import networkx to show."""


@click.command("cost")
@click.option(
    "--by",
    type=click.Choice(["layer", "op", "scope"]),
    default="layer",
    show_default=True,
    help="A row a layer, an operator type, or a module.",
)
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    help="Sort by a column, numbers from the largest down.",
)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Print the first N rows only.")
@output("costs")
@reads_models
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Print what each layer of a model costs."""
    targets = reading.targets("costs", given["output"])
    from guidelines.report.layers import tabulate
    from guidelines.report.report import Model
    from guidelines.report.totals import Totals

    def measure(graph: Graph, config: Config) -> Model:
        return Model(graph=graph, totals=Totals.of(graph), findings=None)

    outcome = reading.analysed(
        paths, Config(**reading.sizes(given)), reading.known_rules(), given, measure
    )
    tables = [
        tabulate(model, by=given["by"], sort=given["sort"], top=given["top"])
        for _, model in outcome.done
    ]
    reading.deliver("costs", targets, tables, given)
    return reading.status(outcome)
