"""How far predicted savings are off: advice on random networks, run as it is and as advised."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from costmodel.device import Device, Savings
from costmodel.errors import ModelError
from costmodel.graph import Graph
from costmodel.timing import predict
from guidelines.measuring.bench import runner
from guidelines.measuring.clock import in_turn
from guidelines.measuring.proof import unfit
from guidelines.remedy import Remedy, sites
from guidelines.runner import find

FREEDOM = 4
"""Degrees of freedom of the distribution that is fitted: few, as disturbances are no normal
errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a random network on the clock, in seconds.

    Args:
        network: its number.
        code: of the rule that advised it.
        before, after: measured.
        predicted_before, predicted_after: by the rates that were fitted to single kernels.
    """

    network: int
    code: str
    before: float
    after: float
    predicted_before: float
    predicted_after: float


def tried(number: int, graph: Graph, device: Device, *, rounds: int) -> Iterator[Change]:
    """Run every change that the rules advise for a network, in turn with what it changes.

    Args:
        number: of the network.
        graph: the network.
        device: chooses between remedies, and predicts.
        rounds: how often each is timed.
    """
    for finding in find(graph):
        for site in sites(graph, finding, lambda part: predict(part, device).seconds):
            if not isinstance(site, Remedy) or unfit(site.before) or unfit(site.after):
                continue
            try:
                runs = [runner(part) for part in (site.before, site.after)]
            except ModelError:
                continue
            before, after = in_turn(runs, rounds=rounds, clock=time.thread_time)
            yield Change(
                network=number, code=finding.code, before=before.seconds, after=after.seconds,
                predicted_before=predict(site.before, device).seconds,
                predicted_after=predict(site.after, device).seconds,
            )  # fmt: skip


def fit(changes: Sequence[Change]) -> Savings:
    """The errors under which the measured shares of the time are likeliest.

    Shares, as a machine is not always as fast as when its rates were fitted.

    >>> random = np.random.default_rng(0)
    >>> made = [
    ...     Change(network=0, code="G101", before=1.0, after=0.8 + error, predicted_before=1.0,
    ...            predicted_after=0.8) for error in 0.05 * random.standard_t(4, 2000)
    ... ]
    >>> told = fit(made)
    >>> 0.05 < told.error(1.0, 0.2) < 0.07
    True
    """
    before = np.array([change.before for change in changes])
    after = np.array([change.after for change in changes])
    saved = 1 - np.array([c.predicted_after / c.predicted_before for c in changes])
    off = 1 - after / before - saved

    def unlikely(logs: npt.NDArray[np.float64]) -> float:
        floor, share = np.exp(logs)
        variance = floor**2 + (share * saved) ** 2
        spread = np.log(variance) / 2
        odds = (FREEDOM + 1) / 2 * np.log1p(off**2 / (FREEDOM * variance))
        return float((spread + odds).sum())

    floor, share = np.exp(minimize(unlikely, np.log([0.05, 0.1]), method="Nelder-Mead").x)
    # Nine in ten of this distribution lie within WIDE of its scale, of a normal one within 1.645.
    return Savings(floor=float(floor * WIDE), share=float(share * WIDE), count=len(changes))


WIDE = 2.132 / 1.645
"""Quantiles at 95 % of the distribution that is fitted and of the normal one."""

COLUMNS = tuple(field.name for field in fields(Change))


def to_csv(changes: Iterable[Change]) -> str:
    """The changes as text; ``from_csv`` reads them back."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for change in changes:
        number, code, *seconds = astuple(change)
        writer.writerow((number, code, *(f"{each:.4g}" for each in seconds)))
    return text.getvalue()


def from_csv(text: str) -> list[Change]:
    """The changes of a file."""
    return [
        Change(
            network=int(row["network"]), code=row["code"],
            **{name: float(row[name]) for name in COLUMNS[2:]},
        )
        for row in csv.DictReader(io.StringIO(text))
    ]  # fmt: skip
