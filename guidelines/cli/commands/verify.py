"""``guidelint verify``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from guidelines.cli.destination import ascii_only, show, width
from guidelines.cli.flags import shapes
from guidelines.cli.shell import CLEAN, FINDINGS
from guidelines.report.view import View

if TYPE_CHECKING:
    from guidelines.witness import Row, Verdict


@click.command("verify")
@click.argument("factory", metavar="FACTORY")
@click.option(
    "--shape",
    multiple=True,
    metavar="[INPUT=]1,3,224,224",
    help="The shape of an input; the first needs no name.",
)
@click.option(
    "-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def command(factory: str, shape: tuple[str, ...], form: str) -> int:
    """Count a PyTorch module with guidelint, fvcore and torch, and say why they differ.

    FACTORY is package.module:factory or path/file.py:factory: a module, or a function or class
    that gives one without arguments, alone or with its example inputs. guidelint runs that code,
    and fvcore the network.

    Exits with 0 if every difference is explained, 1 if one is not, 2 if the network could not be
    read.
    """
    from guidelines.cli.factory import made
    from guidelines.witness import verify

    verdict: Verdict = made(factory, shapes(shape), verify, allocate=True)
    if form == "json":
        from guidelines.report.json_text import dumps

        show(
            dumps({"model": factory, "explained": verdict.explained, **asdict(verdict)}) + "\n",
            sys.stdout,
        )
    else:
        view = View(width=width(sys.stdout), ascii=ascii_only(sys.stdout))
        show(view.finish("\n".join(_lines(verdict, view)) + "\n"), sys.stdout)
    return CLEAN if verdict.explained else FINDINGS


def _lines(verdict: Verdict, view: View) -> list[str]:
    from guidelines.report.table import Column, lines

    rows = [*verdict.madds, verdict.params, verdict.activations]
    columns = [
        Column(title="operator"),
        *(Column(title=title, right=True) for title in ("guidelint", "fvcore", "torch")),
        Column(title="why"),
    ]
    reasons = list(dict.fromkeys(reason for row in rows for reason in row.why))
    notes = {reason: f"[{number}]" for number, reason in enumerate(reasons, 1)}
    cells = [_cells(row, notes) for row in rows]
    text = lines(columns, cells, view)
    for reason, mark in notes.items():
        text += view.wrap(reason, indent=" " * (len(mark) + 1), first=f"{mark} ")
    text.append(
        "every difference is explained" if verdict.explained else "a difference is not explained"
    )
    return text


def _cells(row: Row, notes: dict[str, str]) -> list[str]:
    numbers = ["" if n is None else f"{n:,}" for n in (row.ours, row.fvcore, row.torch)]
    return [row.name, *numbers, " ".join(notes[reason] for reason in row.why) or "equal"]
