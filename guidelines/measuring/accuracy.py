"""How near predictions come to the clock, in the terms that the field reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

Numbers = npt.NDArray[np.float64]


class Pair(NamedTuple):
    """A prediction and a measurement.

    Args:
        predicted, measured: seconds.
        drift: from the first half of the measurement's rounds to the second, as a share of it;
            nan where that was not kept.
    """

    predicted: float
    measured: float
    drift: float = float("nan")

    @property
    def noise(self) -> float:
        """What a perfect prediction would be off by: half of the drift.

        The two halves are off by about √2 times as much as the whole, so they lie about twice as
        far from each other as the whole lies from the truth.
        """
        return abs(self.drift) / 2


def total(pairs: Sequence[Pair]) -> Pair:
    """The sums, as of a network's kernels.

    >>> total([Pair(1.0, 2.0, 0.5), Pair(2.0, 2.0, -0.1)])
    Pair(predicted=3.0, measured=4.0, drift=0.2)
    """
    measured = sum(pair.measured for pair in pairs)
    moved = sum(pair.drift * pair.measured for pair in pairs)
    return Pair(sum(pair.predicted for pair in pairs), measured, moved / measured)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Predictions against measurements.

    Args:
        count: how many.
        mape: mean of |predicted - measured| / measured.
        noise: the same of perfect predictions; nan where it is not known.
        within_10, within_20: shares of them that are off by no more than 10 % and 20 %.
        bias: median of predicted / measured - 1.
        spearman: rank correlation; nan of fewer than 3, or where all are alike.
    """

    count: int
    mape: float
    noise: float
    within_10: float
    within_20: float
    bias: float
    spearman: float


def accuracy(pairs: Sequence[Pair]) -> Accuracy:
    """How near they are.

    >>> found = accuracy([Pair(11.0, 10.0, 0.02), Pair(20.0, 20.0, -0.04), Pair(27.0, 36.0, 0.0)])
    >>> round(found.mape, 3), round(found.noise, 3), round(found.within_10, 2), found.spearman
    (0.117, 0.01, 0.67, 1.0)
    """
    predicted = np.array([pair.predicted for pair in pairs])
    measured = np.array([pair.measured for pair in pairs])
    off = predicted / measured - 1
    return Accuracy(
        count=len(pairs),
        mape=float(np.abs(off).mean()),
        noise=float(np.mean([pair.noise for pair in pairs])),
        within_10=float(np.mean(np.abs(off) <= 0.1 + 1e-9)),
        within_20=float(np.mean(np.abs(off) <= 0.2 + 1e-9)),
        bias=float(np.median(off)),
        spearman=_rank(predicted, measured),
    )


def _rank(predicted: Numbers, measured: Numbers) -> float:
    """Rank correlation, nan where there are no ranks to compare."""
    if len(measured) < 3 or not np.ptp(predicted) or not np.ptp(measured):
        return float("nan")
    return float(round(spearmanr(predicted, measured).statistic, 4))
