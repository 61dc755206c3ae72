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
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

import costmodel.operators  # noqa: F401  fills the registry
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
        spread=0.1, origin=origin,
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
