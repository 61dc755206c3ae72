"""``guidelint plot``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from costmodel.errors import ModelError
from guidelines import pictures
from guidelines.cli import reading
from guidelines.cli.destination import save, show
from guidelines.cli.options import draws_models, on_device
from guidelines.cli.shell import CLEAN, FAILED, complain
from guidelines.cli.sources import STDIN
from guidelines.config import Config

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from costmodel.device import Device
    from costmodel.graph import Graph
    from guidelines.report import Model

OF_A_MODEL = {"layers": "layers", "bound": "against_bound", "intensity": "intensity"}
ON_A_DEVICE = {"time": "times", "roofline": "roofline"}
OF_MODELS = {"classes": "classes"}
OF_FORMULAS = {"channel-ratio": "channel_ratio", "group-count": "group_count"}
"""Kinds of pictures, and the functions of ``guidelines.pictures`` that draw them."""

FORMS = ("png", "svg", "pdf")


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to draw.

    Args:
        name: of its file, without the ending.
        about: what an error is about.
        draw: makes it.
    """

    name: str
    about: str
    draw: Callable[[], Figure]


@click.command("plot")
@click.option(
    "--kind",
    type=click.Choice([*OF_A_MODEL, *OF_MODELS, *ON_A_DEVICE, "all", *OF_FORMULAS]),
    help="layers (the default): the cost of each; bound: convolutions against the least access "
    "for their madds; intensity: madds a byte; classes: who computes, and who moves; with "
    "--device, time (then the default): what each layer takes; roofline: kernels under the roofs "
    "of the device; all: these four, or six; channel-ratio, group-count: the formulas of G1 and "
    "G2, without a model.",
)
@click.option("--compare", "other", metavar="OTHER", help="Draw the model against this one.")
@click.option(
    "--by",
    type=click.Choice(["layer", "op", "scope"]),
    help="A bar a layer, an operator type, or a module [default: layers where there is room; "
    "with --compare, the sizes of the maps].",
)
@click.option(
    "-o",
    "--output",
    "place",
    metavar="FILE|FOLDER",
    help="Where to write [default: MODEL.KIND.png here].",
)
@click.option(
    "--format", "form", type=click.Choice(FORMS), help="What to write where no FILE says it."
)
@on_device
@draws_models
def command(paths: tuple[str, ...], **given: Any) -> int:
    """Draw what models cost, as PNG, SVG or PDF. A file that is there already is replaced."""
    _check(paths, given)
    form = _form(given["place"], given["form"])
    device = reading.device(given)
    models, status = _read(paths, given)
    planned = list(_planned(models, given, device))
    files: dict[str, bytes] = {}
    for picture, place in zip(planned, _places(planned, given["place"], form), strict=True):
        try:
            files[place] = pictures.rendered(picture.draw(), form)
        except ModelError as error:
            complain(f"{picture.about}: {error}")
            status = FAILED
    with reading.writing():
        save(files)
    if not given["quiet"]:
        show("".join(f"{place}\n" for place in files), sys.stdout)
    return status


def _check(paths: Sequence[str], given: Mapping[str, Any]) -> None:
    """Raise UsageError for options that do not go together."""
    kind, other, by = given["kind"], given["other"], given["by"]
    device = given["device"]
    if kind in OF_FORMULAS and (paths or other):
        raise _misused(f"--kind {kind} is drawn from a formula, and takes no model")
    if kind not in OF_FORMULAS and not paths:
        raise _misused(f"expected a model to draw, or --kind {' or '.join(OF_FORMULAS)}")
    if other and kind not in (None, "classes"):
        raise _misused(f"--kind {kind} draws one model; leave --compare out")
    if kind in ON_A_DEVICE and device is None:
        raise _misused(f"--kind {kind} is drawn of times; expected --device")
    if device and other:
        raise _misused("--compare has no --device")
    if device and kind not in (None, *ON_A_DEVICE, "all"):
        raise _misused(f"--kind {kind} has no --device")
    if by and kind not in (None, "layers", "time", "all"):
        raise _misused(f"--kind {kind} has no --by")
    if by == "layer" and other:
        raise _misused("--compare: layers have no counterpart; expected --by op or scope")


def _form(place: str | None, form: str | None) -> Any:
    """The format that the file's ending or --format says."""
    if place is None or Path(place).is_dir():
        return form or "png"
    if not Path(place).absolute().parent.is_dir():
        raise _misused(f"--output: expected a folder for '{place}', found none")
    ending = Path(place).suffix[1:].lower()
    if ending not in FORMS:
        raise _misused(
            f"--output: expected a file that ends in .png, .svg or .pdf, found '{place}'"
        )
    if form not in (None, ending):
        raise _misused(f"expected one format, found .{ending} and --format {form}")
    return ending


def _read(paths: Sequence[str], given: Mapping[str, Any]) -> tuple[list[Model], int]:
    """The models, and the exit status so far."""
    if not paths:
        return [], CLEAN
    other = [] if given["other"] is None else [given["other"]]
    flags = Config(**reading.sizes(given))
    outcome = reading.analysed([*paths, *other], flags, reading.known_rules(), given, _measured)
    models = [model for _, model in outcome.done]
    if other and not outcome.errors and len(models) != 2:
        raise click.ClickException(f"--compare: expected two models, found {len(models)}")
    return ([] if other and outcome.errors else models), reading.status(outcome)


def _measured(graph: Graph, config: Config) -> Model:
    from guidelines.report.report import Model

    return Model.costed(graph)


def _planned(
    models: Sequence[Model], given: Mapping[str, Any], device: Device | None
) -> Iterator[Picture]:
    """The pictures that are asked for."""
    kind = given["kind"] or ("compare" if given["other"] else "time" if device else "layers")
    graphs = [model.graph for model in models]
    about = " and ".join(model.path for model in models)
    stems = _stems(models)
    if kind in OF_FORMULAS:
        yield Picture(kind, kind, getattr(pictures, OF_FORMULAS[kind]))
    elif kind == "compare" and graphs:
        draw = partial(pictures.compare, *graphs, by=given["by"])
        yield Picture(f"{'.'.join(stems)}.compare", about, draw)
    elif kind == "classes" and graphs:
        named = [*stems, kind] if len(stems) < 3 else [kind]
        yield Picture(".".join(named), about, partial(pictures.classes, *graphs))
    else:
        every = {**OF_A_MODEL, **OF_MODELS, **(ON_A_DEVICE if device else {})}
        for model, stem in zip(models, stems, strict=True):
            for each in every if kind == "all" else (kind,):
                on = [device] if each in ON_A_DEVICE else []
                options = {"by": given["by"]} if each in ("layers", "time") else {}
                draw = partial(getattr(pictures, every[each]), model.graph, *on, **options)
                yield Picture(f"{stem}.{each}", model.path, draw)


def _stems(models: Sequence[Model]) -> list[str]:
    """What the models' files are called without their endings, told apart by a number."""
    given: dict[str, int] = {}
    stems = []
    for model in models:
        stem = "stdin" if model.path == STDIN else Path(model.path).stem
        given[stem] = given.get(stem, 0) + 1
        stems.append(stem if given[stem] == 1 else f"{stem}-{given[stem]}")
    return stems


def _places(planned: Sequence[Picture], place: str | None, form: str) -> list[str]:
    """The file of each picture."""
    if place is None or Path(place).is_dir():
        return [str(Path(place or "") / f"{picture.name}.{form}") for picture in planned]
    if len(planned) > 1:
        raise _misused(f"expected one picture for '{place}', found {len(planned)}; name a folder")
    return [place] * len(planned)


def _misused(message: str) -> click.UsageError:
    return click.UsageError(message, click.get_current_context())
