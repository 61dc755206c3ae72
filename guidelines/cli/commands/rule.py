"""``guidelint rule``."""

from __future__ import annotations

import sys

import click

from guidelines.cli import reading
from guidelines.cli.destination import show, width
from guidelines.cli.shell import CLEAN
from guidelines.report.view import View


@click.command("rule")
@click.argument("name", required=False, metavar="[CODE|NAME]")
@click.option("--all", "every", is_flag=True, help="Explain every rule.")
@click.option(
    "-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def command(name: str | None, every: bool, form: str) -> int:
    """Explain a rule, or list them all."""
    from guidelines.cli.rule_text import as_json, explanations, listing
    from guidelines.selector import codes, unknown

    rules = reading.known_rules()
    chosen = codes(name, rules) if name else tuple(sorted(rules))
    if not chosen and name:
        raise click.UsageError(unknown(name, rules))
    picked = [rules[code] for code in chosen]
    if form == "json":
        text = as_json(picked)
    elif name or every:
        text = explanations(picked)
    else:
        text = listing(picked, View(width=width(sys.stdout)))
    show(text, sys.stdout)
    return CLEAN
