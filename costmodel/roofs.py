"""The two roofs of a device: nothing on it multiplies faster, nothing moves memory faster.

Both come from its profile, as the fastest that any kind of kernel is by its rates, and so from the
clock: a data sheet's peak is reached by no kernel.

References:
    Williams, Waterman and Patterson, Roofline, Communications of the ACM 52(4), 2009.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from costmodel.device import Device
from costmodel.errors import ModelError
from costmodel.graph import Graph
from costmodel.timing import GIGA, MEGA, SETS, Timed

EVEN = ("Concat", "Relu", "ReorderInput", "ReorderOutput", "Split", "Transpose")
"""Operators that write as many bytes as they read and do next to nothing with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roof:
    """How fast a device is at one thing.

    Args:
        per_second: multiply-adds, or bytes.
        kind: of the kernels that reach it.
    """

    per_second: float
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Roofs:
    """A device's roofs.

    Args:
        work: multiply-adds.
        traffic: bytes, read, written and of weights.
    """

    work: Roof
    traffic: Roof

    def least(self, timed: Timed, graph: Graph) -> float:
        """Seconds that a kernel of a network takes at least."""
        madds = graph.node(timed.kernel.head).cost.madds if timed.kernel.head else 0
        work, traffic = madds / self.work.per_second, timed.kernel.bytes / self.traffic.per_second
        return float(max(work, traffic))


def roofs(device: Device) -> Roofs:
    """The roofs that a device's rates make.

    Work is a convolution's multiply-adds, with the inputs that have to be loaded for them and
    without calls, rows, places and bytes. Traffic is that of what copies, without calls.

    Raises:
        ModelError: the profile lacks the rates of either.

    >>> from costmodel.device import load
    >>> found = roofs(load("amd-epyc-zen3"))
    >>> min(found.work.per_second, found.traffic.per_second) > 1e9
    True
    """
    work = [
        (each, kind)
        for kind, rates in device.rates.items()
        for each in _madds(rates.microseconds, device.block)
    ]
    traffic = [
        ((rates.microseconds.get("read", 0.0) + rates.microseconds.get("written", 0.0)) / 2, kind)
        for kind, rates in device.rates.items()
        if kind.partition(" ")[0] in EVEN
    ]
    # A rate of nothing is of a term that others stand in for.
    madds, byte = (
        min((pair for pair in of if pair[0] > 0), default=None) for of in (work, traffic)
    )
    if madds is None or byte is None:
        raise ModelError(
            f"expected rates of convolutions and of copies in '{device.name}', found none; "
            "calibrate it with more networks"
        )
    return Roofs(
        work=Roof(per_second=1e6 / (madds[0] * GIGA), kind=madds[1]),
        traffic=Roof(per_second=1e6 / (byte[0] * MEGA), kind=byte[1]),
    )


def _madds(micros: Mapping[str, float], block: int) -> Iterator[float]:
    """Microseconds of a billion multiply-adds: in whole sets, and in the largest rest of one."""
    for term, blocks in (("gigamadds", SETS), ("gigamadds_rest", SETS - 1)):
        if micros.get(term):
            yield micros[term] + micros.get("gigaloads", 0.0) / (blocks * block)
