"""How near predictions come to the clock, in the terms that the field reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Predictions against measurements.

    Args:
        count: how many.
        mape: mean of |predicted - measured| / measured.
        within_10, within_20: shares of them that are off by no more than 10 % and 20 %.
        bias: median of predicted / measured - 1.
        spearman: rank correlation; nan of fewer than 3.
    """

    count: int
    mape: float
    within_10: float
    within_20: float
    bias: float
    spearman: float


def accuracy(predicted: Sequence[float], measured: Sequence[float]) -> Accuracy:
    """How near they are.

    >>> found = accuracy([11.0, 20.0, 27.0], [10.0, 20.0, 36.0])
    >>> round(found.mape, 3), round(found.within_10, 2), round(found.within_20, 2), found.spearman
    (0.117, 0.67, 0.67, 1.0)
    """
    p, m = np.array(predicted, float), np.array(measured, float)
    off = p / m - 1
    return Accuracy(
        count=len(m),
        mape=float(np.abs(off).mean()),
        within_10=float(np.mean(np.abs(off) <= 0.1 + 1e-9)),
        within_20=float(np.mean(np.abs(off) <= 0.2 + 1e-9)),
        bias=float(np.median(off)),
        spearman=float(round(spearmanr(p, m).statistic, 4)) if len(m) > 2 else float("nan"),
    )
