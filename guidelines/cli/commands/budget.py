"""``guidelint budget``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli import reading
from guidelines.cli.flags import refuse
from guidelines.cli.options import on_device, output, reads_models
from guidelines.cli.shell import CLEAN, FAILED, FINDINGS, complain
from guidelines.config import Config

if TYPE_CHECKING:
    from costmodel.device import Device
    from costmodel.graph import Graph

HEADROOM = "5%"


@click.command("budget")
@click.option(
    "--write",
    is_flag=True,
    help="Record today's figures as budgets in the configuration, whose comments stay.",
)
@click.option(
    "--headroom",
    metavar="PERCENT",
    help=f"What --write adds to today's figures [default: {HEADROOM}].",
)
@on_device
@output("budgets")
@reads_models
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Show what models cost today beside their budgets.

    Exits with 0 if every budget is kept, 1 if one is exceeded or cannot be judged, 2 if a model
    could not be analysed.
    """
    targets = reading.targets("budgets", given["output"])
    headroom = _share(given["headroom"] or HEADROOM)
    if given["headroom"] and not given["write"]:
        refuse("--headroom", "expected with --write only")
    from guidelines.budget.sheet import sheet
    from guidelines.config import settings

    rules, device = reading.known_rules(), reading.device(given)
    flags = Config(**reading.sizes(given))
    planned = reading.planned(paths, flags, rules, given)
    outcome = reading.ran(planned, given, lambda graph, config: graph)
    if outcome.errors and given["write"]:
        complain("nothing was written, as not every model could be read")
        return FAILED
    done = list(outcome.done)
    if given["write"]:
        done = _write(done, headroom, device)
    sheets = [sheet(graph, settings(config, graph.path).budgets, device) for config, graph in done]
    reading.deliver("budgets", targets, sheets, given)
    if outcome.errors:
        return FAILED
    unknown = any(config.strict and graph.unknown for config, graph in done)
    return CLEAN if all(each.kept for each in sheets) and not unknown else FINDINGS


def _share(text: str) -> float:
    match = re.fullmatch(r"(\d{1,4}(?:\.\d{1,6})?)\s*%", text.strip())
    if match is None:
        refuse("--headroom", f"expected a share such as {HEADROOM}, found '{text}'")
    return float(match[1]) / 100


def _write(
    done: Sequence[tuple[Config, Graph]], headroom: float, device: Device | None
) -> list[tuple[Config, Graph]]:
    """Record the figures, and the networks under their new configurations."""
    from guidelines.budget import Subject
    from guidelines.budget.quantities import QUANTITIES
    from guidelines.budget.write import Held, recorded, written
    from guidelines.cli.destination import save
    from guidelines.config import FILES, settings
    from guidelines.config.file import parse, top

    extra = [Subject(quantity=QUANTITIES["time"], device=device)] if device is not None else []
    files: dict[Path, list[tuple[Config, Graph]]] = {}
    for config, graph in done:
        files.setdefault(config.path or Path(FILES[1]), []).append((config, graph))
    texts, renewed = {}, {}
    for file, networks in files.items():
        held = [
            Held(
                graph, settings(config, graph.path).budgets,
                config.relative(Path(graph.path)) if len(networks) > 1 else "",
            )
            for config, graph in networks
        ]  # fmt: skip
        before = file.read_bytes().decode() if file.exists() else ""
        text = written(before, top(file), recorded(held, headroom, extra))
        texts[str(file)] = text.encode()
        renewed[file] = parse(text.encode(), file, reading.known_rules())
    with reading.writing():
        save(texts)
    return [(renewed[config.path or Path(FILES[1])], graph) for config, graph in done]
