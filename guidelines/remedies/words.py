"""What a remedy says that it changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

MOST_TOLD = 4
"""Changes that fit in a line."""


def changes(before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """Widths before and after, those that change alike once, the first few.

    >>> changes({"a": 24, "b": 144, "c": 144, "d": 8}, {"a": 56, "b": 60, "c": 60, "d": 8})
    'widths 24→56, 144→60 (×2)'
    """
    pairs = Counter((before[name], width) for name, width in after.items() if before[name] != width)
    told = [
        f"{old}→{new}" + (f" (×{count})" if count > 1 else "")
        for (old, new), count in pairs.items()
    ]
    if len(told) > MOST_TOLD:
        told[MOST_TOLD - 1 :] = [f"{len(told) - MOST_TOLD + 1} others"]
    return f"widths {', '.join(told)}"
