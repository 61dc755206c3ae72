"""Networks on the clock beside their predictions: by node, and as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from costmodel.device import Device
from costmodel.fusion import Kernel
from costmodel.graph import Graph
from costmodel.timing import Prediction, Timed, predict
from guidelines.measuring.clock import Times, in_turn
from guidelines.measuring.matched import match
from guidelines.measuring.onnx_runtime import profile, runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A kernel: predicted, and as it ran inside a run of the network."""

    timed: Timed
    times: Times


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A network on the clock.

    Args:
        path: what it is called.
        graph: the network.
        times: of whole runs, without a profiler.
        layers: the kernels that ran as predicted, in order of execution.
        strange: seconds of what ran without having been predicted.
        prediction: of the device.
    """

    path: str
    graph: Graph
    times: Times
    layers: tuple[Layer, ...]
    strange: float
    prediction: Prediction


def measure(graph: Graph, device: Device, *, rounds: int = 30) -> Measured:
    """Run a network on one thread, whole and node by node.

    Args:
        graph: the network.
        device: what predicts it, and says how the runtime lays it out.
        rounds: how often.
    """
    ran = profile(graph, rounds=rounds)
    (times,) = in_turn([runner(graph)], rounds=rounds)
    prediction = predict(graph, device)
    found = match(graph, ran, device.rules)
    by_kernel = {id(each.kernel): each.profiled.times for each in found.kernels}
    layers = [
        Layer(timed=timed, times=by_kernel[id(timed.kernel)])
        for timed in prediction.kernels
        if id(timed.kernel) in by_kernel
    ]
    return Measured(
        path=graph.path or "network", graph=graph, times=times, layers=tuple(layers),
        strange=sum(each.times.seconds for each in found.strangers), prediction=prediction,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Some networks on the clock.

    Args:
        networks: in the order in which they were given.
        device: what predicted them; it was not fitted to any of them.
        origin: where the times come from.
    """

    networks: tuple[Measured, ...]
    device: Device
    origin: Mapping[str, str]

    def of_networks(self) -> list[tuple[float, float]]:
        """Predicted and measured seconds of whole networks."""
        return [(each.prediction.seconds, each.times.seconds) for each in self.networks]

    def of_layers(self) -> dict[str, list[tuple[float, float]]]:
        """Predicted and measured seconds of kernels, by kind, what takes longest first."""
        found: dict[str, list[tuple[float, float]]] = {}
        for network in self.networks:
            for layer in network.layers:
                pair = (layer.timed.seconds, layer.times.seconds)
                found.setdefault(layer.timed.kind, []).append(pair)
        return dict(sorted(found.items(), key=lambda item: -sum(m for _, m in item[1])))

    def of_baseline(self, name: str) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """The same of a simpler model: networks, and all layers."""
        rates = self.device.baselines[name].microseconds
        whole: list[tuple[float, float]] = []
        single: list[tuple[float, float]] = []
        for network in self.networks:
            told = [_simply(rates, layer.timed.kernel, network.graph) for layer in network.layers]
            single += zip(told, (layer.times.seconds for layer in network.layers), strict=True)
            whole.append((sum(told), network.times.seconds))
        return whole, single


def _simply(rates: Mapping[str, float], kernel: Kernel, graph: Graph) -> float:
    """Seconds by calls and the larger of work and traffic."""
    madds = graph.node(kernel.head).cost.madds if kernel.head else 0
    work = madds * 1e-9 * rates.get("gigamadds", 0.0)
    moved = kernel.bytes * 1e-6 * rates.get("megabytes", 0.0)
    return float(rates.get("calls", 0.0) + max(work, moved)) * 1e-6
