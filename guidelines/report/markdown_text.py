"""Text within Markdown, of which no name makes markup, a link, a mention or an end of a cell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from guidelines.report.names import printable

_MARKS = str.maketrans({mark: f"&#{ord(mark)};" for mark in "\\`*_[]|~$"})
"""Signs that Markdown gives a meaning to within a line, and those that HTML does."""

_MARKUP = re.compile(r"[`|<>&$\\]|^\s*$|^\s|\s$")
"""What ends a span of code, or a cell with one in it, or is no such span."""

_NOISY = re.compile(r"[@#]|://|\bwww\.", re.IGNORECASE)
"""What GitHub and GitLab turn into mentions, references and links, except in code."""


def code(name: str) -> str:
    """A name, as code.

    >>> code("features.2"), code("a|b <i> `c`")
    ('`features.2`', '<code>a&#124;b &lt;i&gt; &#96;c&#96;</code>')
    """
    told = printable(name)
    return f"<code>{_escaped(told)}</code>" if _MARKUP.search(told) else f"`{told}`"


def prose(told: str) -> str:
    """A sentence; words in it that would call people or make links are code.

    >>> prose("1×1 Conv 16→96, says @someone")
    '1×1 Conv 16→96, says `@someone`'
    """
    words = printable(told).split(" ")
    return " ".join(code(word) if _NOISY.search(word) else _escaped(word) for word in words)


def _escaped(told: str) -> str:
    return escape(told, quote=False).translate(_MARKS)


def fitting(lines: Sequence[str], room: int) -> int:
    """How many of the lines fit into so many bytes, each with its end.

    >>> fitting(["one", "two", "three"], 8)
    2
    """
    for number, line in enumerate(lines):
        room -= len(line.encode()) + 1
        if room < 0:
            return number
    return len(lines)
