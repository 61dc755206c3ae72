"""``guidelint suppress``."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from costmodel.errors import ModelError
from guidelines.cli import reading
from guidelines.cli.destination import show
from guidelines.cli.flags import listed, refuse, selectors
from guidelines.cli.shell import CLEAN
from guidelines.nearest import nearest
from guidelines.report.names import printable


@click.command("suppress")
@click.argument("path", metavar="MODEL")
@click.argument("rules", required=False, metavar="[RULES]")
@click.option(
    "--layer",
    metavar="GLOB",
    help="The layers: a glob on their names, on their modules, or op:TYPE [default: all].",
)
@click.option("--reason", metavar="TEXT", help="Why; needed to add one.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The last day on which it holds, such as 2027-01-31.",
)
@click.option("--remove", is_flag=True, help="Take it out again.")
def command(
    path: str, rules: str | None, layer: str | None, reason: str | None,
    expires: datetime | None, remove: bool,
) -> int:  # fmt: skip
    """Write into a model which rules are not to speak of it, or of some layers; without RULES list
    what is written there.

    Only the model's metadata changes; weights are copied unread, files beside it not touched.
    [[suppress]] in the configuration does the same for models of any kind.
    """
    try:
        _suppress(path, rules, layer, reason, expires, remove)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    return CLEAN


def _suppress(
    path: str, rules: str | None, layer: str | None, reason: str | None,
    expires: datetime | None, remove: bool,
) -> None:  # fmt: skip
    from costmodel.frontends.onnx.metadata import annotate, read_metadata
    from guidelines.suppress.suppression import KEY, Suppression, of_metadata, to_metadata

    if rules is None:
        text = to_metadata(of_metadata(read_metadata(Path(path)).get(KEY, "")))
        show("".join(f"{printable(line)}\n" for line in text.splitlines()), sys.stdout)
        return
    for option, value in (("--layer", layer), ("--reason", reason)):
        _check(option, value or "")
    if not remove and not (reason or "").strip():
        refuse("--reason", "expected why, found nothing")
    # What no rule is called any more can be taken out, but not put in.
    words = listed([rules]) if remove else selectors("RULES", [rules], reading.known_rules())
    about = [
        Suppression(
            rules=(word,), layer=layer or "*", reason=(reason or "").strip(),
            expires=expires.date() if expires else None,
        )
        for word in words
    ]  # fmt: skip
    places = {(each.rules, each.layer) for each in about}

    def change(text: str) -> str:
        held = of_metadata(text)
        others = [each for each in held if (each.rules, each.layer) not in places]
        if remove and len(others) == len(held):
            wanted = "; ".join(each.label for each in about)
            known = nearest(wanted, [each.label for each in held])
            raise click.UsageError(f"expected '{wanted}' in {path}, found none of it{known}")
        return to_metadata(others if remove else [*others, *about])

    annotate(Path(path), KEY, change)


def _check(option: str, value: str) -> None:
    """Refuse what could not be read back."""
    from guidelines.suppress.suppression import FORBIDDEN

    for sign in FORBIDDEN:
        if sign in value:
            refuse(option, f"expected text without {sign!r}, found '{value}'")
