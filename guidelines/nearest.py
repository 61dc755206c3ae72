"""What somebody may have meant by a word that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(found: str, known: Iterable[str]) -> str:
    """How to go on after a word that is not known.

    >>> nearest("selct", ["select", "ignore"])
    "; did you mean 'select'?"
    >>> nearest("zzz", ["select", "ignore"])
    '; expected one of ignore, select'
    """
    from difflib import get_close_matches

    options = sorted(known)
    close = get_close_matches(found, options, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; expected one of {', '.join(options)}" if options else ""
