"""``guidelint network``: the networks of the literature, as costs or as ONNX files."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

from guidelines.cli import reading
from guidelines.cli.destination import STDOUT, save, show, width
from guidelines.cli.shell import CLEAN
from guidelines.nearest import nearest
from guidelines.report.view import View

if TYPE_CHECKING:
    from costmodel.graph import Graph


class Networks(click.Group):
    """A command for every network that ``costmodel.networks`` exports, its options the keywords."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(import_module("costmodel.networks").__all__)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        return _command(cmd_name, getattr(import_module("costmodel.networks"), cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0].replace("-", "_")
        known = self.list_commands(ctx)
        if name not in known:
            ctx.fail(f"no network is called '{args[0]}'{nearest(name, known)}")
        return super().resolve_command(ctx, [name, *args[1:]])


@click.group(
    "network", cls=Networks, subcommand_metavar="[NAME [OPTIONS]]", invoke_without_command=True
)
@click.pass_context
def command(ctx: click.Context) -> int:
    """Build a network of the literature: print what it costs, or write it as an ONNX file."""
    if ctx.invoked_subcommand is None:
        show(ctx.get_help() + "\n", sys.stdout)
    return CLEAN


def _command(name: str, build: Callable[..., Graph]) -> click.Command:
    told = inspect.getdoc(build) or ""
    parameters: list[click.Parameter] = [
        _option(parameter, told)
        for parameter in inspect.signature(build, eval_str=True).parameters.values()
    ]
    parameters += [
        click.Option(
            ["-o", "--output", "file"],
            metavar="FILE",
            help="Write it as ONNX to this file, - for standard output.",
        ),
        click.Option(["--weights"], is_flag=True, help="Store random weights in the file."),
        click.Option(["-q", "--quiet"], is_flag=True, help="Print nothing."),
    ]
    run = _runner(name, build)
    prose = re.split(r"\n(?:Args|Raises|References|>>>)", told)[0]
    return click.Command(name, callback=run, params=parameters, help=prose)


def _runner(name: str, build: Callable[..., Graph]) -> Callable[..., int]:
    def run(file: str | None, weights: bool, quiet: bool, **options: Any) -> int:
        try:
            graph = build(**options)
        except ValueError as error:
            raise click.ClickException(f"{name}: {error}") from None
        if file is not None:
            _write(graph, name, file, weights=weights)
        if not quiet and file != STDOUT:
            graph.graph["path"] = name if file is None else file
            show("\n".join(_summary(graph)) + "\n", sys.stdout)
        return CLEAN

    return run


def _write(graph: Graph, name: str, file: str, *, weights: bool) -> None:
    from costmodel.frontends.onnx.write import write

    data = write(graph, name=name, weights=weights).SerializeToString(deterministic=True)
    if file == STDOUT:
        sys.stdout.buffer.write(data)
        return
    with reading.writing():
        save({file: data})


def _summary(graph: Graph) -> list[str]:
    from guidelines.report.heading import heading
    from guidelines.report.report import Model

    return heading(Model.costed(graph), View(width=width(sys.stdout)))


def _option(parameter: inspect.Parameter, told: str) -> click.Option:
    """A keyword of the network as an option of the command."""
    kind = parameter.annotation
    flag = f"--{parameter.name.replace('_', '-')}"
    said = _argument(parameter.name, told)
    if kind is bool:
        return click.Option([f"{flag}/--no-{flag[2:]}"], default=parameter.default, help=said)
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    return click.Option(
        [flag],
        type=click.Choice(choices) if choices else kind,
        default=parameter.default,
        show_default=True,
        help=said,
    )


def _argument(name: str, told: str) -> str:
    """What the docstring's ``Args`` say of an argument.

    >>> _argument("width", "Args:\\n    width: of all\\n        layers.\\n    n: batch.")
    'Of all layers.'
    """
    found = re.search(rf"^ +{name}: (.+(?:\n {{8,}}.+)*)", told, re.MULTILINE)
    text = " ".join(found[1].split()) if found else ""
    return text[:1].upper() + text[1:]
