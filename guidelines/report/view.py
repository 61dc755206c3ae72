"""How a text is to look: how wide, in colour or not, with which characters."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

STYLES = {
    "bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36",
    "error": "1;31", "warning": "1;33", "note": "1;36",
}  # fmt: skip

ASCII = str.maketrans({
    "×": "x", "…": "...", "→": "->", "·": "*", "−": "-", "≥": ">=", "≤": "<=", "√": "sqrt",
    "≈": "~", "–": "-", "—": "-", "’": "'", "“": '"', "”": '"',
})  # fmt: skip
"""What stands in for the signs that rules and reports use where the encoding has none."""

PROSE = 100
"""Columns that a line of prose takes at most: longer ones are hard to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a text is to look.

    Args:
        width: columns of the terminal; None off a terminal, where nothing is shortened.
        colour: whether to write escape codes for colours.
        ascii: whether to write ASCII only.
        verbosity: -1 findings only, 0 the usual, 1 with every place and node.
        statistics: whether to count the findings of each rule.
    """

    width: int | None = None
    colour: bool = False
    ascii: bool = False
    verbosity: int = 0
    statistics: bool = False

    def paint(self, text: str, style: str) -> str:
        """The text in a style, if the view has colour."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self.colour and text else text

    def wrap(self, text: str, *, indent: str = "", first: str | None = None) -> list[str]:
        """Lines of prose; a word that is longer than a line stands on its own, whole."""
        width = min(self.width or PROSE, PROSE)
        lead = indent if first is None else first
        return textwrap.wrap(
            text, max(width, len(indent) + 20), initial_indent=lead, subsequent_indent=indent,
            break_long_words=False, break_on_hyphens=False,
        ) or [lead.rstrip()]  # fmt: skip

    def finish(self, text: str) -> str:
        """The text in the characters that the view allows."""
        if not self.ascii:
            return text
        plain = text.replace(" · ", " - ").translate(ASCII)
        return plain if plain.isascii() else plain.encode("ascii", "backslashreplace").decode()
