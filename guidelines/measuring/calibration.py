"""From measured kernels to a device's rates.

Rates are not negative and are fitted on the logarithm of measured over predicted, so that a
kernel of ten microseconds weighs as much as one of ten thousand, and large residuals, which are
disturbances, count less than their squares.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, nnls

import costmodel.operators  # noqa: F401  fills the registry
from costmodel import timing
from costmodel.device import Device, Rates
from costmodel.fusion import Kernel, Rules
from costmodel.graph import Graph
from costmodel.operator import REGISTRY, Operator
from costmodel.timing import OTHER, terms, traffic
from guidelines.measuring.matched import match
from guidelines.measuring.onnx_runtime import Profiled

FEWEST = 8
"""Kernels of a kind that rates are fitted to; fewer count under ``other``."""

LARGE = 0.15
"""Logarithm of measured over predicted beyond which residuals weigh less."""

STEPS = 60
"""Of the fit, each of which moves half of the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One kernel on the clock.

    Args:
        network: number of the network that it ran in.
        op, path: as in ``Kernel``; of a view ``op`` is "view".
        operator: of its head, None for a reorder or a view.
        read, written, weights: bytes.
        seconds: lower quartile of the repeats; ``spread`` is theirs.
    """

    network: int
    op: str
    path: str
    operator: Operator | None
    read: int
    written: int
    weights: int
    seconds: float
    spread: float

    @property
    def kernel(self) -> Kernel:
        """What ``terms`` needs of the kernel."""
        return Kernel(
            op=self.op, path=self.path, weight_bytes=self.weights,
            reads=(("", self.read),), writes=(("", self.written),),
        )  # fmt: skip


def measured(number: int, graph: Graph, ran: Sequence[Profiled], rules: Rules) -> Iterator[Sample]:
    """The samples that a network's profile gives."""
    found = match(graph, ran, rules)
    for each in found.kernels:
        kernel, times = each.kernel, each.profiled.times
        yield Sample(
            network=number, op=kernel.op, path=kernel.path,
            operator=graph.node(kernel.head).operator if kernel.head else None,
            read=int(kernel.read_bytes), written=int(kernel.write_bytes),
            weights=int(kernel.weight_bytes), seconds=times.seconds, spread=times.spread,
        )  # fmt: skip
    for view in found.views:
        yield Sample(
            network=number, op="view", path="", operator=None, read=0, written=0, weights=0,
            seconds=view.times.seconds, spread=view.times.spread,
        )  # fmt: skip


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


COLUMNS = (
    "network", "op", "path", "operator", "dims", "read", "written", "weights", "seconds", "spread",
)  # fmt: skip


def to_csv(samples: Iterable[Sample]) -> str:
    """The samples as text; ``from_csv`` reads them back."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for s in samples:
        held = s.operator
        name, dims = (type(held).__name__, _json(held.dims)) if held is not None else ("", "")
        writer.writerow(
            (
                s.network, s.op, s.path, name, dims, s.read, s.written, s.weights,
                f"{s.seconds:.4g}", f"{s.spread:.2g}",
            )
        )  # fmt: skip
    return text.getvalue()


def from_csv(text: str) -> list[Sample]:
    """The samples of a file."""
    return [
        Sample(
            network=int(row["network"]), op=row["op"], path=row["path"],
            operator=_operator(row["operator"], row["dims"]),
            read=int(row["read"]), written=int(row["written"]), weights=int(row["weights"]),
            seconds=float(row["seconds"]), spread=float(row["spread"]),
        )
        for row in csv.DictReader(io.StringIO(text))
    ]  # fmt: skip


def _json(dims: Mapping[str, object]) -> str:
    return json.dumps({name: value for name, value in dims.items() if value != 1})


def _operator(name: str, dims: str) -> Operator | None:
    if not name:
        return None
    cls = {registered.cls.__name__: registered.cls for registered in REGISTRY.values()}[name]
    return cls(**{**dict.fromkeys(cls.defaults, 1), **json.loads(dims)})


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
    kinds: Mapping[str, Sequence[tuple[float, float]]]
    networks: Sequence[tuple[float, float]]


def checked(
    name: str, samples: Sequence[Sample], *, block: int, cache: int, origin: Mapping[str, str]
) -> Checked:
    """Fit a device, and predict each network by a device that was not fitted to it."""
    kinds: dict[str, list[tuple[float, float]]] = {}
    sums: dict[int, tuple[float, float]] = {}
    for fold in range(FOLDS):
        others = [s for s in samples if s.network % FOLDS != fold]
        device = fit(name, others, block=block, cache=cache, origin=origin)
        for sample in samples:
            if sample.network % FOLDS != fold:
                continue
            kind, micros = estimate(sample, device)
            pair = (micros * 1e-6, sample.seconds)
            kinds.setdefault(kind, []).append(pair)
            before = sums.get(sample.network, (0.0, 0.0))
            sums[sample.network] = (before[0] + pair[0], before[1] + pair[1])
    logs = [np.log(measured / predicted) for predicted, measured in sums.values()]
    low, high = np.quantile(logs, [0.16, 0.84])
    device = fit(name, samples, block=block, cache=cache, origin=origin)
    return Checked(
        device=replace(device, spread=float(high - low) / 2),
        kinds=dict(sorted(kinds.items(), key=lambda kv: -sum(m for _, m in kv[1]))),
        networks=list(sums.values()),
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
