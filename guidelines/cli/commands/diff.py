"""``guidelint diff``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from guidelines.cli import reading
from guidelines.cli.destination import save
from guidelines.cli.flags import refuse
from guidelines.cli.options import compares_models, judging, on_device, output
from guidelines.cli.shell import CLEAN, FAILED, FINDINGS, complain
from guidelines.config import Config

if TYPE_CHECKING:
    from costmodel.device import Device
    from costmodel.graph import Graph
    from guidelines.cli.pairs import Pair
    from guidelines.cli.running import Job
    from guidelines.comparing.comparison import Comparison
    from guidelines.comparing.limits import Limit
    from guidelines.finding import Finding
    from guidelines.report import Failure, Model


@click.command("diff")
@click.option(
    "--fail-on-increase",
    "limits",
    multiple=True,
    metavar="NAME:LIMIT",
    help="Exit with 1 if a total grows by more: madds:5%,params:300k. Names: params, weights, "
    "madds, flops, memory_access, fused_memory_access, peak_activation, time.",
)
@click.option("--plot", metavar="FILE", help="Draw both too: .png, .svg or .pdf.")
@judging
@on_device
@output("comparison")
@compares_models
def command(base: str, head: str, **given: Any) -> int:
    """Say what a change to a network costs: BASE is before, HEAD after it.

    Each is a model, a folder of models, git:REV:path (of either), package.module:factory, or
    /dev/null for none. Layers are matched by name, and where names changed by structure, so that
    a network that was only exported again shows no difference.

    Exits with 0, with 1 if a finding at the --fail-on level is new or worse or a total grew by
    more than it may, with 2 if a model could not be analysed.
    """
    targets = reading.targets("comparison", given["output"])
    form = reading.picture(given["plot"])
    from guidelines.cli.pairs import pairs
    from guidelines.cli.running import jobs
    from guidelines.comparing.comparison import Compared

    rules = reading.known_rules()
    flags, limits, device = reading.judging(given, rules), _limits(given), reading.device(given)

    def plan(word: str) -> tuple[Job, ...]:
        return jobs([word], flags, rules, file=given["config"], isolated=given["isolated"])

    planned = pairs(base, head, plan)
    if not planned:
        complain(f"no models found in {base}, {head}")
    made: list[Comparison] = []
    errors: list[Failure] = []
    for pair in planned:
        compared, failed = _compared(pair, limits, device, given)
        made += [compared] if compared is not None else []
        errors += failed
    if form and not errors:
        _draw(made, given["plot"], form)
    whole = Compared(comparisons=tuple(made), errors=tuple(errors), about=head)
    reading.deliver("comparison", targets, whole, given)
    if errors:
        return FAILED
    bad = any(each.fails for each in made) or _open(planned, made)
    return FINDINGS if bad and not given["exit_zero"] else CLEAN


def _open(planned: Sequence[Pair], made: Sequence[Comparison]) -> bool:
    """Whether a network has nodes of unknown cost where the configuration lets none through."""
    found = False
    for pair, compared in zip(planned, made, strict=True):
        if compared.head is not None and compared.head.unknown and pair.strict:
            number = len(compared.head.unknown)
            nodes = f"{number} node{'' if number == 1 else 's'}"
            complain(f"{compared.head.path}: strict: the cost of {nodes} is unknown")
            found = True
    return found


def _limits(given: Mapping[str, Any]) -> Mapping[str, Limit]:
    from guidelines.comparing.limits import limits

    try:
        found = limits(given["limits"])
    except ValueError as error:
        refuse("--fail-on-increase", str(error))
    if "time" in found and given["device"] is None:
        refuse("--fail-on-increase", "expected --device to limit the time, found none")
    return found


def _compared(
    pair: Pair, limits: Mapping[str, Limit], device: Device | None, given: Mapping[str, Any]
) -> tuple[Comparison | None, Sequence[Failure]]:
    """The comparison of a pair, or why there is none."""
    from guidelines.analysis import analyse
    from guidelines.comparing.comparison import compare
    from guidelines.config import settings
    from guidelines.report import Report
    from guidelines.report.locations import Repository, located
    from guidelines.runner import find

    job = pair.head or pair.base
    assert job is not None
    about = _on_disk(job)

    def analysed(graph: Graph, config: Config) -> tuple[Model, tuple[Finding, ...]]:
        told = settings(config, about, today=reading.today())
        return analyse(graph, told, device), find(graph, replace(told, min_share=0.0), device)

    sides: list[tuple[Model, tuple[Finding, ...]] | None] = []
    errors: list[Failure] = []
    for side in (pair.base, pair.head):
        if side is None:
            sides.append(None)
            continue
        with _own_modules():
            outcome = reading.ran([side], given, analysed)
        errors += outcome.errors
        sides += [each for _, each in outcome.done]
    if errors:
        return None, errors
    repository = Repository.around(Path.cwd())
    models = [
        None if side is None else located(Report(models=(side[0],)), repository).models[0]
        for side in sides
    ]
    quiet = [() if side is None else side[1] for side in sides]
    return compare(
        models[0], models[1], quiet=(quiet[0], quiet[1]), limits=limits,
        failing=job.config.failing, device=device,
    ), ()  # fmt: skip


def _on_disk(job: Job) -> str:
    if not job.source.git:
        return job.source.path
    from guidelines.cli.git import on_disk

    return str(on_disk(job.source.path))


@contextmanager
def _own_modules() -> Iterator[None]:
    """Let each side import its own: two checkouts hold modules of one name."""
    paths, before = list(sys.path), set(sys.modules)
    try:
        yield
    finally:
        sys.path[:] = paths
        installed = (sys.prefix, sys.base_prefix)
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and not file.startswith(installed) and not name.startswith(_OURS):
                del sys.modules[name]


_OURS = ("guidelines", "costmodel")


def _draw(made: Sequence[Comparison], file: str, form: Any) -> None:
    """The networks beside each other."""
    from guidelines import pictures

    both = [each for each in made if each.base is not None and each.head is not None]
    if len(both) != 1:
        raise click.UsageError(f"--plot: expected two networks to draw, found {len(both)} pairs")
    base, head = both[0].base, both[0].head
    assert base is not None and head is not None
    with reading.writing():
        save({file: pictures.rendered(pictures.compare(base.graph, head.graph), form)})
