"""Markup that is escaped unless it was made here.

>>> print(tag("a", "<script>", tag("b", "1 & 2"), href='"x"', class_="wide", hidden=None))
<a href="&quot;x&quot;" class="wide">&lt;script&gt;<b>1 &amp; 2</b></a>
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from guidelines.report.names import printable


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | int | None
"""What stands in a tag: markup as it is, text escaped, None as nothing."""

VOID = frozenset({"br", "input", "link", "meta"})


def text(child: Child) -> Markup:
    """Markup as it is; anything else escaped, on one line, without control characters."""
    if isinstance(child, Markup):
        return child
    return Markup("" if child is None else escape(printable(str(child))))


def tag(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Markup:
    """An element; attributes that are None or False are left out, ``_`` stands for ``-``."""
    given = "".join(
        f" {key.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{text(_said(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    opened = f"<{name}{given}>"
    if name in VOID:
        return Markup(opened)
    return Markup(f"{opened}{''.join(map(text, children))}</{name}>")


def join(parts: Iterable[Child]) -> Markup:
    """One after another."""
    return Markup("".join(map(text, parts)))


def _said(value: str | int | float | bool) -> Child:
    """A number as short as it is exact to a hundredth of a pixel."""
    return f"{round(value, 2):g}" if isinstance(value, float) else value
