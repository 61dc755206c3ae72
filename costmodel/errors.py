"""What can go wrong, each said in one line: what was expected, what was found, what to do."""

from __future__ import annotations


class ModelError(Exception):
    """The model cannot be analysed at all: unreadable, contradictory, or without a size.

    The message may quote a file that nobody trusts, so what is not printable is escaped.

    >>> print(ModelError("found 'a\\nb'"))
    found 'a\\nb'
    """

    def __init__(self, message: str) -> None:
        super().__init__(
            "".join(c if c.isprintable() else repr(c)[1:-1] for c in message[:LONGEST])
        )


LONGEST = 600
"""Characters of a message; a name can be longer than any line."""

MALFORMED = (TypeError, ValueError, IndexError, AttributeError, ArithmeticError, KeyError)
"""What a formula or a rule meets in a node that lacks inputs or has attributes of another type."""


class Unknown(Exception):
    """One operator or tensor could not be resolved; the rest of the model still is."""
