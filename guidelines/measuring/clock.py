"""Running things in turn and timing each, so that what disturbs one disturbs all.

A time is CPU time of the calling thread: with one thread, what a machine does besides costs
nothing. The statistic is a low quantile, as disturbances only ever add.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

QUANTILE = 0.25
"""Of the repeats: their lower quartile."""

Run = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Times:
    """Repeats of one thing, in seconds, in the order in which they were taken.

    >>> times = Times(np.array([3.0, 1.0, 2.0, 9.0, 2.0]))
    >>> float(times.seconds), round(times.spread, 2)
    (2.0, 0.4)
    """

    repeats: npt.NDArray[np.float64]

    @property
    def seconds(self) -> float:
        """The time that is quoted: the lower quartile."""
        return float(np.quantile(self.repeats, QUANTILE))

    @property
    def spread(self) -> float:
        """What lies between the 5th percentile and the median, as a share of that."""
        low, high = np.quantile(self.repeats, [0.05, 0.5])
        return float((high - low) / self.seconds)

    @property
    def drift(self) -> float:
        """From the first half of the repeats to the second, as a share of the quoted time.

        >>> round(Times(np.array([1.0, 1.0, 1.0, 1.5, 1.5, 1.5])).drift, 2)
        0.5
        """
        first, second = (np.quantile(each, QUANTILE) for each in np.array_split(self.repeats, 2))
        return float((second - first) / self.seconds)

    def then(self, later: Times) -> Times:
        """These repeats, then those."""
        return Times(np.concatenate([self.repeats, later.repeats]))


def halves(rounds: int) -> tuple[int, int]:
    """The rounds in two parts, as ``Times.drift`` takes them, to be run some time apart.

    >>> halves(15)
    (8, 7)
    """
    return rounds - rounds // 2, rounds // 2


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as long one thing takes as another, with a 95 % interval."""

    value: float
    low: float
    high: float

    def slower(self, noise: Ratio, work: float) -> bool:
        """Whether it lies beyond 1, beyond the noise's interval, and beyond the work's ratio."""
        return self.low > max(1.0, noise.high, work)

    def faster(self, noise: Ratio, work: float) -> bool:
        """The same on the other side."""
        return self.high < min(1.0, noise.low, work)


def in_turn(
    runs: Sequence[Run], *, rounds: int = 30, warmup: int = 3,
    clock: Callable[[], float] = time.thread_time,
) -> list[Times]:  # fmt: skip
    """Run each thing once a round, in an order that turns with every round.

    Args:
        runs: what to time; each call is one run.
        rounds: how often each is timed.
        warmup: rounds before that, which are not.
        clock: seconds; CPU time of this thread unless told otherwise.
    """
    taken = np.empty((len(runs), rounds))
    for number in range(-warmup, rounds):
        for step in range(len(runs)):
            which = (step + number) % len(runs)
            begun = clock()
            runs[which]()
            if number >= 0:
                taken[which, number] = clock() - begun
    return [Times(each) for each in taken]


def ratio(of: Sequence[Times], over: Sequence[Times], *, samples: int = 1000) -> Ratio:
    """Sum of quoted times over sum of quoted times, of things that ran in turn pair by pair.

    The interval draws the rounds of each pair anew, both of one round together.

    >>> a = [Times(np.array([2.0, 2.1, 2.0, 2.2]))], [Times(np.array([1.0, 1.0, 1.1, 1.0]))]
    >>> found = ratio(*a)
    >>> found.low <= found.value <= found.high
    True
    """
    random = np.random.default_rng(0)
    tops, bottoms = np.zeros(samples), np.zeros(samples)
    for top, bottom in zip(of, over, strict=True):
        rounds = len(top.repeats)
        picks = random.integers(0, rounds, (samples, rounds))
        tops += np.quantile(top.repeats[picks], QUANTILE, axis=1)
        bottoms += np.quantile(bottom.repeats[picks], QUANTILE, axis=1)
    low, high = np.quantile(tops / bottoms, [0.025, 0.975])
    value = sum(each.seconds for each in of) / sum(each.seconds for each in over)
    return Ratio(value, float(low), float(high))
