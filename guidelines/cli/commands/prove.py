"""``guidelint prove``."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli import reading
from guidelines.cli.flags import options, selectors
from guidelines.cli.named import analysed
from guidelines.cli.options import on_device, output, reads_models
from guidelines.cli.shell import CLEAN, FAILED
from guidelines.config import Config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from costmodel.device import Device
    from guidelines.report import Model


@click.command("prove")
@click.option(
    "--select",
    multiple=True,
    metavar="RULES",
    help="Rules to prove: codes, names or beginnings (G1), separated by commas.",
)
@click.option("--ignore", multiple=True, metavar="RULES", help="Rules not to prove.")
@click.option(
    "-x",
    "--option",
    multiple=True,
    metavar="RULE.NAME=VALUE",
    help="An option of a rule: G101.max_excess=1.5.",
)
@click.option(
    "--min-share",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Least share of the fused memory access, 0 to 1, of a finding [default: 0.01].",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=5),
    default=40,
    show_default=True,
    metavar="N",
    help="How often each network is timed.",
)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, metavar="N")
@click.option(
    "--search",
    is_flag=True,
    help="Search for remedies that no rule reports as well: what the findings miss.",
)
@on_device
@output("proofs")
@reads_models
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Prove findings: run what they are about as it is and as they advise, and compare.

    PATH is as for check, or network:NAME for a network of the literature, network:all for all.
    Each site of a finding is cut out with its neighbours, rewritten at equal multiply-adds (which
    fvcore counts too, where it is installed), and run on ONNX Runtime, in turn with the original.

    With --device its profile chooses between remedies and predicts what they save; findings that
    check leaves out there are proved too, and counted apart. With --search so is what every rule
    would report without its thresholds, where the profile is sure of a saving.

    Exits with 0 whatever the verdicts are, 2 if something could not run.
    """
    targets = reading.targets("proofs", given["output"])
    from guidelines.measuring import runtimes

    runtimes.require("onnxruntime")
    from guidelines.measuring.bench import bench
    from guidelines.measuring.origin import origin
    from guidelines.measuring.proof import Proved, Study, proof, prove
    from guidelines.search import missed

    device = reading.device(given)
    if given["search"] and device is None:
        raise click.UsageError("--search: expected --device too, whose profile says what saves")
    models, failed = _models(paths, given, device)
    threads, rounds = given["threads"], given["rounds"]
    on = bench(threads=threads, rounds=rounds, device=device)
    proved = []
    for number, model in enumerate(models, 1):
        tell = partial(_tell, f"{model.path} ({number} of {len(models)})", given["quiet"])
        proofs = [
            *prove(model.graph, model.findings or (), on, tell=tell),
            *prove(model.graph, model.unsaved, on, standing="left out", tell=tell),
        ]
        if given["search"] and device is not None:
            known = (*(model.findings or ()), *model.unsaved)
            proofs += [
                proof(model.graph, finding, remedies, on, standing="searched", tell=tell)
                for finding, remedies in missed(model.graph, known, device)
            ]
        proved.append(Proved(path=model.path, proofs=tuple(proofs)))
    study = Study(
        networks=tuple(proved),
        origin=origin(threads=threads) | {"rounds": str(rounds)},
        device="" if device is None else device.name,
        search=given["search"],
    )
    reading.deliver("proofs", targets, study, given)
    return FAILED if failed or study.failed else CLEAN


def _models(
    paths: Sequence[str], given: dict[str, Any], device: Device | None
) -> tuple[list[Model], bool]:
    """The networks with what is found in them, and whether any could not be read."""
    from guidelines.analysis import analyse
    from guidelines.config import settings

    rules = reading.known_rules()
    flags = Config(
        select=selectors("--select", given["select"], rules) if given["select"] else None,
        ignore=selectors("--ignore", given["ignore"], rules) if given["ignore"] else None,
        min_share=given["min_share"],
        options=options(given["option"], rules).options,
        **reading.sizes(given),
    )
    return analysed(
        paths, flags, given, lambda graph, config: analyse(graph, settings(config), device)
    )


def _tell(where: str, quiet: bool, what: str) -> None:
    """On a terminal, what is being done."""
    if sys.stderr.isatty() and not quiet:
        click.echo(f"{where}: {what}", err=True)
