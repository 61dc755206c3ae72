"""Names come from strangers' files: printed, they cannot command a terminal or a CI log."""

from __future__ import annotations

import re

_COMMANDS = re.compile(r"(?:(?<=\s)|^):(?=:)|#(?=#\[)")
"""What GitHub's runner takes for a command: ``::`` that begins a line, ``##[`` anywhere in it."""


def printable(text: str) -> str:
    r"""The text on one line, with whatever does not print as a backslash escape.

    Control characters and terminal escapes, line ends, characters that turn the direction of
    writing or have no width, halves of surrogate pairs, and the marks of CI commands.

    >>> printable("features.1/conv")
    'features.1/conv'
    >>> print(printable("a\x1b[31m\nb"), printable("::error::x"), printable("com.example::Op"))
    a\x1b[31m\nb \x3a:error::x com.example::Op
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escape(c) for c in text)
    return _COMMANDS.sub(lambda found: _escape(found.group()), text)


def _escape(character: str) -> str:
    code = ord(character)
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(character)
    return named or (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )
