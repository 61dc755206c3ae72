"""Logarithmic axes, and marks that are told apart by shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

SHAPES = {
    "square": "M-3.6-3.6h7.2v7.2h-7.2z",
    "circle": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "plus": "M-1.4-4.4h2.8v3h3v2.8h-3v3h-2.8v-3h-3v-2.8h3z",
    "triangle": "M0-4.8L4.6 3.6H-4.6z",
    "diamond": "M0-5L5 0L0 5L-5 0z",
    "cross": "M-4-2.4L-2.4-4L0-1.6L2.4-4L4-2.4L1.6 0L4 2.4L2.4 4L0 1.6L-2.4 4L-4 2.4L-1.6 0z",
}
"""Paths of about one area, around the origin."""


@dataclass(frozen=True, slots=True)
class Log:
    """An axis of powers of ten.

    Args:
        low, high: the first and the last value, above 0.
        start, end: where they are drawn, in pixels.
    """

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def around(cls, values: Iterable[float], start: float, end: float) -> Log:
        """An axis with room for the values, which are above 0.

        >>> Log.around([30, 200], 0, 100).low
        20.0
        """
        found = list(values)
        low, high = min(found) / 1.25, max(found) * 1.25
        return cls(_rounded(low, floor), _rounded(high, ceil), start, end)

    def at(self, value: float) -> float:
        """Where a value is drawn."""
        share = log10(value / self.low) / log10(self.high / self.low)
        return self.start + share * (self.end - self.start)

    @property
    def ticks(self) -> list[float]:
        """Powers of ten, with 2 and 5 between them where these are few, fewer where many.

        >>> Log(1, 1e6, 0, 1).ticks, Log(1, 30, 0, 1).ticks
        ([1.0, 10.0, 100.0, 1000.0, 10000.0, 100000.0, 1000000.0], [1.0, 2.0, 5.0, 10.0, 20.0])
        """
        first, last = floor(log10(self.low)), ceil(log10(self.high))
        step = max(1, ceil((last - first) / 8))
        digits = (1, 2, 5) if last - first <= 3 else (1,)
        values = [d * 10.0**e for e in range(first, last + 1, step) for d in digits]
        return [v for v in values if self.low <= v * 1.0001 and v <= self.high * 1.0001]


def _rounded(value: float, rounding: object) -> float:
    """To a digit of 1, 2 or 5 on the side that the rounding has."""
    power = 10.0 ** floor(log10(value))
    digits = [1, 2, 5, 10]
    held = [d for d in digits if d <= value / power * 1.0000001]
    if rounding is floor:
        return max(held) * power
    return min(d for d in digits if d >= value / power / 1.0000001) * power
