"""What a shell offers for a word that is not finished; files it finds itself."""

from __future__ import annotations

from collections.abc import Callable

import click

FILE = click.Path()
"""Of a parameter that is a path; what is no path passes through too."""

Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def rules(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Codes, after a comma another."""
    from guidelines.cli.reading import known_rules

    told, comma, word = incomplete.rpartition(",")
    return [told + comma + code for code in sorted(known_rules()) if code.startswith(word.upper())]


def devices(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Profiles that ship."""
    from costmodel.device import names

    return [name for name in names() if name.startswith(incomplete)]


def formats(names: tuple[str, ...]) -> Complete:
    """Of reports."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return complete
