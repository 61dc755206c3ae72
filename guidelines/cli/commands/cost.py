"""``guidelint cost``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli import reading
from guidelines.cli.options import many, on_device, output, reads_models
from guidelines.config import Config

if TYPE_CHECKING:
    from costmodel.graph import Graph
    from guidelines.report import Model

SORTS = ("name", "op", "params", "madds", "flops", "bytes", "intensity", "time")
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
@click.option(
    "--symbolic",
    is_flag=True,
    help="Print formulas in the sizes of the input (N, H, W); formats: full, json, latex.",
)
@on_device
@many
@output("costs")
@reads_models
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Print what each layer of a model costs.

    PATH may be package.module:factory or path/file.py:factory, which runs that code.
    """
    if given["symbolic"]:
        return _formulas(paths, given)
    if given["sort"] == "time" and given["device"] is None:
        raise click.UsageError("--sort: expected --device to sort by time, found none")
    targets = reading.targets("costs", given["output"])
    from guidelines.report.layers import tabulate
    from guidelines.report.report import Model

    device = reading.device(given)

    def measure(graph: Graph, config: Config) -> Model:
        model = Model.costed(graph)
        if device is None:
            return model
        from costmodel.timing import predict

        return replace(model, prediction=predict(graph, device))

    outcome = reading.analysed(
        paths, Config(**reading.sizes(given)), reading.known_rules(), given, measure
    )
    tables = [
        tabulate(model, by=given["by"], sort=given["sort"], top=given["top"])
        for _, model in outcome.done
    ]
    reading.deliver("costs", targets, tables, given)
    return reading.status(outcome)


def _formulas(paths: tuple[str, ...], given: Mapping[str, Any]) -> int:
    """The costs as formulas; these are of the whole network."""
    for name in ("sort", "top", "device"):
        if given[name] is not None:
            raise click.UsageError(f"--{name}: expected without --symbolic")
    if given["by"] != "layer":
        raise click.UsageError("--by: expected without --symbolic")
    targets = reading.targets("symbolic", given["output"])
    from guidelines.report.formulas import Formulas

    outcome = reading.analysed(
        paths, Config(**reading.sizes(given)), reading.known_rules(), given,
        lambda graph, config: Formulas.of(graph),
    )  # fmt: skip
    reading.deliver("symbolic", targets, [model for _, model in outcome.done], given)
    return reading.status(outcome)
