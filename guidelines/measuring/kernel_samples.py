"""Kernels on the clock: samples that networks' profiles give, and the file that keeps them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import isnan, nan
from typing import TypeVar

import costmodel.operators  # noqa: F401  fills the registry
from costmodel.fusion import Kernel, Rules
from costmodel.graph import Graph
from costmodel.operator import REGISTRY, Operator
from guidelines.measuring.clock import Times
from guidelines.measuring.matched import match
from guidelines.measuring.onnx_runtime import Profiled


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One kernel on the clock.

    Args:
        network: number of the network that it ran in.
        op, path: as in ``Kernel``; of a view ``op`` is "view".
        operator: of its head, None for a reorder or a view.
        read, written, weights: bytes.
        seconds: lower quartile of the repeats; ``spread`` is theirs.
        drift: from the first half of the repeats to the second, as a share; nan if unknown.
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
    drift: float = nan

    @property
    def kernel(self) -> Kernel:
        """What ``terms`` needs of the kernel."""
        return Kernel(
            op=self.op, path=self.path, weight_bytes=self.weights,
            reads=(("", self.read),), writes=(("", self.written),),
        )  # fmt: skip


def measured(
    number: int, graph: Graph, runs: Sequence[Sequence[Profiled]], rules: Rules
) -> Iterator[Sample]:
    """The samples that a network's profiles give, one after the other.

    Nodes are those of each profile that stand for the same kernel, as a runtime orders and names
    them anew each time.
    """
    found = [match(graph, ran, rules) for ran in runs]
    for kernel, times in _joined(
        {each.kernel: each.profiled.times for each in of.kernels} for of in found
    ):
        yield Sample(
            network=number, op=kernel.op, path=kernel.path,
            operator=graph.node(kernel.head).operator if kernel.head else None,
            read=int(kernel.read_bytes), written=int(kernel.write_bytes),
            weights=int(kernel.weight_bytes), seconds=times.seconds, spread=times.spread,
            drift=times.drift,
        )  # fmt: skip
    for _, times in _joined({each.name: each.times for each in of.views} for of in found):
        yield Sample(
            network=number, op="view", path="", operator=None, read=0, written=0, weights=0,
            seconds=times.seconds, spread=times.spread, drift=times.drift,
        )  # fmt: skip


Key = TypeVar("Key")


def _joined(runs: Iterable[Mapping[Key, Times]]) -> Iterator[tuple[Key, Times]]:
    """The times of what is in every run."""
    first, *later = runs
    for key, times in first.items():
        if all(key in run for run in later):
            yield key, reduce(Times.then, (run[key] for run in later), times)


COLUMNS = (
    "network", "op", "path", "operator", "dims", "read", "written", "weights", "seconds", "spread",
    "drift",
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
                f"{s.seconds:.4g}", f"{s.spread:.2g}", "" if isnan(s.drift) else f"{s.drift:.2g}",
            )
        )  # fmt: skip
    return text.getvalue()


def from_csv(text: str) -> list[Sample]:
    """The samples of a file; those without a drift were taken before it was kept."""
    return [
        Sample(
            network=int(row["network"]), op=row["op"], path=row["path"],
            operator=_operator(row["operator"], row["dims"]),
            read=int(row["read"]), written=int(row["written"]), weights=int(row["weights"]),
            seconds=float(row["seconds"]), spread=float(row["spread"]),
            drift=float(row.get("drift") or nan),
        )
        for row in csv.DictReader(io.StringIO(text))
    ]  # fmt: skip


def whole(text: str) -> str:
    r"""The rows of whole networks, where an end of the file was torn off.

    A network's number is the first cell of each of its rows, which follow each other.

    >>> whole("network,op\n0,Conv\n1,Conv\n1,Re")
    'network,op\n0,Conv\n'
    """
    *lines, torn = text.split("\n")
    if torn:
        last = lines[-1].partition(",")[0] if lines else ""
        while lines and lines[-1].partition(",")[0] == last:
            lines.pop()
    return "".join(f"{line}\n" for line in lines)


def _json(dims: Mapping[str, object]) -> str:
    return json.dumps({name: value for name, value in dims.items() if value != 1})


def _operator(name: str, dims: str) -> Operator | None:
    if not name:
        return None
    cls = {registered.cls.__name__: registered.cls for registered in REGISTRY.values()}[name]
    return cls(**{**dict.fromkeys(cls.defaults, 1), **json.loads(dims)})
