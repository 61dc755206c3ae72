"""``guidelint config``."""

from __future__ import annotations

import sys

import click

from guidelines.cli import reading
from guidelines.cli.destination import show, width
from guidelines.cli.shell import CLEAN


@click.command("config")
@click.argument("key", required=False)
@click.option(
    "--schema", is_flag=True, help="Print the JSON Schema of the configuration, draft 2020-12."
)
def command(key: str | None, schema: bool) -> int:
    """Explain a key of the configuration, or list them all."""
    from guidelines.config.keys import KEYS
    from guidelines.config.shown import explained, listing
    from guidelines.nearest import nearest
    from guidelines.report.view import View

    if schema:
        from guidelines.config.schema import text

        show(text(reading.known_rules()), sys.stdout)
        return CLEAN
    if key is None:
        show(listing(View(width=width(sys.stdout))), sys.stdout)
        return CLEAN
    name = key.replace("_", "-")
    if name not in KEYS:
        raise click.UsageError(f"unknown key '{key}'{nearest(name, KEYS)}")
    show(explained(name), sys.stdout)
    return CLEAN
