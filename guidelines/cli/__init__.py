"""The command line: ``guidelint PATH…``, ``guidelint cost``, ``guidelint rule`` and more.

``commands`` holds one file per command; what they share stands beside it.
"""

from __future__ import annotations

import gc

import click

from costmodel import __version__
from guidelines.cli.shell import Commands


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="guidelint PATH... is guidelint check PATH...; its options: guidelint check --help.",
)
@click.version_option(__version__, prog_name="guidelint", message="%(prog)s %(version)s")
def guidelint() -> None:
    """Say what a convolutional network costs, which of the four ShuffleNet V2 guidelines it
    breaks, what that costs, and what to change."""


def main() -> None:
    """Entry point of the console script."""
    # A run builds one large structure and ends: looking for garbage in it costs a quarter more,
    # most of that at exit.
    gc.set_threshold(200_000)
    try:
        guidelint()
    finally:
        gc.freeze()
