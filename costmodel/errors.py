"""What can go wrong, each said in one line: what was expected, what was found, what to do."""

from __future__ import annotations


class ModelError(Exception):
    """The model cannot be analysed at all: unreadable, contradictory, or without a size."""


class Unknown(Exception):
    """One operator or tensor could not be resolved; the rest of the model still is."""
