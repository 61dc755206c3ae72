"""From cost to time: what a network takes on a device, kernel by kernel.

A kernel takes a sum of terms, each a count that its dimensions give, times a rate that the
device's profile holds: calls, multiply-adds as the runtime pads them to its blocks, megabytes in,
out and of weights, and megabytes beyond the cache. Sums, because a core that waits for memory
does not multiply; the rates are fitted to the clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp

from costmodel.device import Device
from costmodel.fusion import Kernel, kernels
from costmodel.graph import Graph
from costmodel.operator import Operator
from costmodel.operators import Conv

MEGA, GIGA = 1e-6, 1e-9

SETS = 4
"""Blocks of output channels that a convolution on blocks makes at a time."""

CHUNK = 128
"""Input channels that a pointwise convolution on blocks sums before it writes."""

SURE = 1.645
"""Standard deviations that nine in ten fall into."""

OTHER = "other"
"""The kind of a kernel that the device was not fitted to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A kernel and the time that it is predicted to take.

    Args:
        kernel: the kernel.
        node: the one that it counts for: its head; of a reorder the node that made the map, or
            the first that reads it.
        kind: what its rates are kept under.
        seconds: predicted.
        spread: of the logarithm of measured over predicted.
    """

    kernel: Kernel
    node: str
    kind: str
    seconds: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a network is predicted to take: in 9 of 10 cases between ``low`` and ``high``.

    Args:
        device: its name.
        kernels: in order of execution.
        seconds, low, high: of the network.
    """

    device: str
    kernels: tuple[Timed, ...]
    seconds: float
    low: float
    high: float

    @property
    def of_node(self) -> Mapping[str, float]:
        """Seconds by node; those that run in another's kernel are not there."""
        found: dict[str, float] = {}
        for timed in self.kernels:
            found[timed.node] = found.get(timed.node, 0.0) + timed.seconds
        return found


def predict(graph: Graph, device: Device) -> Prediction:
    """The time that a network takes on a device, on one thread."""
    owners = _owners(graph)
    timed = tuple(_timed(graph, kernel, device, owners) for kernel in kernels(graph, device.rules))
    seconds = sum(each.seconds for each in timed)
    spread = exp(SURE * device.spread)
    return Prediction(
        device=device.name,
        kernels=timed,
        seconds=seconds,
        low=seconds / spread,
        high=seconds * spread,
    )


def _timed(graph: Graph, kernel: Kernel, device: Device, owners: Mapping[str, str]) -> Timed:
    head = graph.node(kernel.head) if kernel.head else None
    times = head.times if head is not None else 1
    one_run = kernel if times == 1 else _one_run(kernel, times)
    kind, micros = estimate(one_run, head.operator if head is not None else None, device)
    micros += device.rates["view"].microseconds["calls"] * shown(graph, kernel)
    return Timed(
        kernel=kernel, node=kernel.head or owners[kernel.reads[0][0]], kind=kind,
        seconds=times * micros * 1e-6, spread=device.rates[kind].spread,
    )  # fmt: skip


def _one_run(kernel: Kernel, times: int) -> Kernel:
    """Of a kernel in a loop what one run moves."""
    return replace(
        kernel, weight_bytes=kernel.weight_bytes // times,
        reads=tuple((name, moved // times) for name, moved in kernel.reads),
        writes=tuple((name, moved // times) for name, moved in kernel.writes),
    )  # fmt: skip


def _owners(graph: Graph) -> dict[str, str]:
    """By map, the node that makes it, or the first that reads what nobody makes."""
    found: dict[str, str] = {}
    for node in graph.layers:
        for name in node.inputs:
            found.setdefault(name, node.name)
        found.update(dict.fromkeys(node.outputs, node.name))
    return found


def shown(graph: Graph, kernel: Kernel) -> int:
    """Views that stand with a kernel: a runtime calls them, though they move nothing."""
    return sum(
        operator.view
        for name in kernel.nodes
        if name != kernel.head and (operator := graph.node(name).operator) is not None
    )


def estimate(kernel: Kernel, operator: Operator | None, device: Device) -> tuple[str, float]:
    """The kind of a kernel, and the microseconds of one run, without the views that it shows."""
    kind, counts = terms(kernel, operator, block=device.block, cache=device.cache)
    if kind not in device.rates:
        kind, counts = OTHER, traffic(kernel, operator, device.cache)
    rates = device.rates[kind].microseconds
    return kind, sum(rates.get(term, 0.0) * number for term, number in counts.items())


def terms(
    kernel: Kernel, operator: Operator | None, *, block: int, cache: int
) -> tuple[str, dict[str, float]]:
    """The kind of a kernel, and how much of each of its terms it has.

    Args:
        kernel: as the device's runtime makes it.
        operator: of its head.
        block: channels of a block.
        cache: bytes of the core's own cache.
    """
    kind = f"{kernel.op} {kernel.path}".strip()
    if not isinstance(operator, Conv):
        if kernel.op == "Conv":  # a batch normalisation, as the runtime runs it on blocks
            kind = f"{type(operator).__name__} {kernel.path}"
        return kind, traffic(kernel, operator, cache)
    if kernel.path.startswith("nchwc"):
        return kind, _blocked(kernel, operator, block, cache)
    return kind, _plain(kernel, operator, cache)


def traffic(kernel: Kernel, operator: Operator | None, cache: int) -> dict[str, float]:
    """Of a kernel that is no convolution."""
    cost = operator.cost if operator is not None else None
    return {
        "calls": 1.0,
        "gigaops": (cost.ops + cost.madds) * GIGA if cost is not None else 0.0,
        "read": kernel.read_bytes * MEGA,
        "written": kernel.write_bytes * MEGA,
        "weights": kernel.weight_bytes * MEGA,
        "spilled": _spilled(kernel, cache),
    }


def _blocked(kernel: Kernel, conv: Conv, block: int, cache: int) -> dict[str, float]:
    """Of a convolution on blocks: whole sets of output blocks run at full speed, the rest less."""
    taps = conv.k_d * conv.k_h * conv.k_w
    places = conv.n * conv.d * conv.h * conv.w
    rows = conv.n * conv.d * conv.h
    if kernel.path == "nchwc/depthwise":
        c = _up(conv.c_out, block)
        return {
            **_moved(kernel, cache),
            "gigamadds": c * taps * places * GIGA,
            "megarows": c * rows * MEGA,
            "megataprows": c * taps * rows * MEGA,
        }
    c_in, c_out = conv.c_in // conv.groups, conv.c_out // conv.groups
    inputs = c_in if kernel.path == "nchwc/first" else _up(c_in, block)
    blocks = _up(c_out, block) // block
    whole, rest = divmod(blocks, SETS)
    passes = conv.groups * (whole + (rest > 0))
    chunks = -(-inputs // CHUNK)
    each = inputs * taps * places * conv.groups * GIGA
    return {
        **_moved(kernel, cache),
        "gigamadds": whole * SETS * block * each,
        "gigamadds_rest": rest * block * each,
        "gigaloads": passes // conv.groups * each,
        "megapasses": passes * places * chunks * MEGA,
        "megarows": passes * rows * inputs / block * conv.k_h * MEGA,
        "rewritten": kernel.write_bytes * (chunks - 1) * MEGA,
    }


def _plain(kernel: Kernel, conv: Conv, cache: int) -> dict[str, float]:
    """Of a convolution as a matrix product, of the input's windows where it is not 1x1."""
    taps = conv.k_d * conv.k_h * conv.k_w
    places = conv.n * conv.d * conv.h * conv.w
    copied = 0 if kernel.path == "nchw/pointwise" else conv.c_in * taps * places * 4
    return {
        **_moved(kernel, cache),
        "gigamadds": conv.cost.madds * GIGA,
        "copied": copied * MEGA,
        "groups": float(conv.groups),
    }


def _moved(kernel: Kernel, cache: int) -> dict[str, float]:
    return {
        "calls": 1.0,
        "read": kernel.read_bytes * MEGA,
        "written": kernel.write_bytes * MEGA,
        "weights": kernel.weight_bytes * MEGA,
        "spilled": _spilled(kernel, cache),
    }


def _spilled(kernel: Kernel, cache: int) -> float:
    """Megabytes beyond the cache."""
    return float(max(0, kernel.bytes - cache)) * MEGA


def _up(channels: int, block: int) -> int:
    return -(-channels // block) * block
