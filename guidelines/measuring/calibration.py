"""From measured kernels to a device's rates.

Rates are not negative and are fitted on the logarithm of measured over predicted, so that a
kernel of ten microseconds weighs as much as one of ten thousand, and large residuals, which are
disturbances, count less than their squares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, nnls

from costmodel import timing
from costmodel.device import Device, Rates
from costmodel.timing import OTHER, terms, traffic
from guidelines.measuring.accuracy import Pair, total
from guidelines.measuring.kernel_samples import Sample

FEWEST = 8
"""Kernels of a kind that rates are fitted to; fewer count under ``other``."""

LARGE = 0.15
"""Logarithm of measured over predicted beyond which residuals weigh less."""

STEPS = 60
"""Of the fit, each of which moves half of the way."""


def fit(
    name: str, samples: Sequence[Sample], *, block: int, cache: int, origin: Mapping[str, str]
) -> Device:
    """The device that the samples were taken on."""
    groups: dict[str, list[tuple[Sample, dict[str, float]]]] = {}
    for sample in samples:
        kind, counts = terms(sample.kernel, sample.operator, block=block, cache=cache)
        if sample.op == "view":
            kind, counts = "view", {"calls": 1.0}
        groups.setdefault(kind, []).append((sample, counts))
    others = [
        (sample, traffic(sample.kernel, sample.operator, cache))
        for kind, group in groups.items()
        if not kind.startswith(("Conv", "view"))
        for sample, _ in group
    ]
    kinds = {kind: group for kind, group in groups.items() if len(group) >= FEWEST}
    rates = {kind: _rates(kinds[kind]) for kind in sorted(kinds)}
    return Device(
        name=name, block=block, cache=cache, rates={**rates, OTHER: _rates(others)},
        spread=0.1, origin=origin, baselines=baselines(samples),
    )  # fmt: skip


def _rates(group: Sequence[tuple[Sample, Mapping[str, float]]]) -> Rates:
    columns = list(group[0][1])
    counts = np.array([[held[term] for term in columns] for _, held in group])
    micros = np.array([sample.seconds * 1e6 for sample, _ in group])
    found = log_fit(counts, micros)
    residuals = np.log(micros / np.maximum(counts @ found, 1e-3))
    # The middle of the residuals, as a few disturbances would set a standard deviation.
    low, high = np.quantile(residuals, [0.16, 0.84])
    kept = {term: float(rate) for term, rate in zip(columns, found, strict=True) if rate > 0}
    return Rates(microseconds=kept, spread=float(high - low) / 2, count=len(group))


def log_fit(
    counts: npt.NDArray[np.float64], micros: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Rates of at least 0 for which log(micros) is nearest to log(counts @ rates).

    Args:
        counts: a row a sample, a column a term.
        micros: measured, all positive.

    >>> counts = np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 8.0]])
    >>> log_fit(counts, counts @ np.array([3.0, 5.0])).round(3)
    array([3., 5.])
    """
    rates: npt.NDArray[np.float64] = nnls(counts / micros[:, None], np.ones(len(micros)))[0]
    for _ in range(STEPS):
        predicted = np.maximum(counts @ rates, 1e-3)
        residual = np.log(micros / predicted)
        weight = np.sqrt(LARGE / np.maximum(LARGE, np.abs(residual)))
        target = (1 + np.clip(residual, -0.5, 0.5)) * weight
        step = nnls(counts / predicted[:, None] * weight[:, None], target)[0]
        rates = (rates + step) / 2
    return rates


FOLDS = 5
"""Parts of the samples, by network, each predicted by rates fitted to the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A device with what can be said of its predictions.

    Args:
        device: fitted to all samples; its ``spread`` is that of networks that were left out.
        kinds: by kind of kernel, predicted and measured seconds of kernels that were left out.
        networks: the same of networks, as sums of their kernels.
    """

    device: Device
    kinds: Mapping[str, Sequence[Pair]]
    networks: Sequence[Pair]


def checked(
    name: str, samples: Sequence[Sample], *, block: int, cache: int, origin: Mapping[str, str]
) -> Checked:
    """Fit a device, and predict each network by a device that was not fitted to it."""
    kinds: dict[str, list[Pair]] = {}
    networks: dict[int, list[Pair]] = {}
    for fold in range(FOLDS):
        others = [s for s in samples if s.network % FOLDS != fold]
        device = fit(name, others, block=block, cache=cache, origin=origin)
        for sample in samples:
            if sample.network % FOLDS != fold:
                continue
            kind, micros = estimate(sample, device)
            pair = Pair(micros * 1e-6, sample.seconds, sample.drift)
            kinds.setdefault(kind, []).append(pair)
            networks.setdefault(sample.network, []).append(pair)
    sums = [total(pairs) for pairs in networks.values()]
    low, high = np.quantile([np.log(each.measured / each.predicted) for each in sums], [0.16, 0.84])
    device = fit(name, samples, block=block, cache=cache, origin=origin)
    return Checked(
        device=replace(device, spread=float(high - low) / 2),
        kinds=dict(sorted(kinds.items(), key=lambda kv: -total(kv[1]).measured)),
        networks=sums,
    )


def estimate(sample: Sample, device: Device) -> tuple[str, float]:
    """The kind of a sample's kernel, and the microseconds that the device predicts."""
    if sample.op == "view":
        return "view", device.rates["view"].microseconds["calls"]
    return timing.estimate(sample.kernel, sample.operator, device)


def baselines(samples: Sequence[Sample]) -> dict[str, Rates]:
    """What simpler models make of the same samples, to be told beside the device's.

    ``madds alone`` is a rate for multiply-adds and one for calls; ``roofline`` is the larger of
    multiply-adds and bytes, each at one rate for all kernels, and a call.
    """
    held = [s for s in samples if s.op != "view"]
    counts = np.array([[1.0, _work(s), _bytes(s)] for s in held])
    micros = np.array([s.seconds * 1e6 for s in held])
    alone = log_fit(counts[:, :2], micros)

    def predicted(logs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        calls, work, moved = np.exp(logs)
        return np.asarray(calls + np.maximum(counts[:, 1] * work, counts[:, 2] * moved))

    def error(logs: npt.NDArray[np.float64]) -> float:
        return float(np.abs(np.log(micros / predicted(logs))).mean())

    start = np.log([5.0, 2e4, 20.0])
    roof = np.exp(minimize(error, start, method="Nelder-Mead").x)
    found = {"madds alone": alone, "roofline": roof}
    return {
        name: Rates(
            microseconds=dict(zip(("calls", "gigamadds", "megabytes"), map(float, rates),
                                  strict=False)),
            spread=0.0, count=len(held),
        )
        for name, rates in found.items()
    }  # fmt: skip


def _work(sample: Sample) -> float:
    return sample.operator.cost.madds * 1e-9 if sample.operator is not None else 0.0


def _bytes(sample: Sample) -> float:
    return (sample.read + sample.written + sample.weights) * 1e-6
