"""Networks on the clock beside their predictions: by node, and as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from costmodel.device import Device
from costmodel.fusion import Kernel
from costmodel.graph import Graph
from costmodel.roofs import Roofs
from costmodel.timing import Prediction, Timed, predict
from guidelines.measuring.accuracy import Pair, total
from guidelines.measuring.clock import Times, in_turn
from guidelines.measuring.matched import match
from guidelines.measuring.onnx_runtime import profile, runner


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A kernel: predicted, and as it ran inside a run of the network."""

    timed: Timed
    times: Times

    @property
    def pair(self) -> Pair:
        """Predicted beside measured."""
        return _pair(self.timed.seconds, self.times)


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

    @property
    def pair(self) -> Pair:
        """Predicted beside measured."""
        return _pair(self.prediction.seconds, self.times)

    def then(self, later: Measured) -> Measured:
        """The same network, measured again later."""
        times = {each.timed.kernel: each.times for each in later.layers}
        layers = (
            Layer(timed=each.timed, times=each.times.then(times[each.timed.kernel]))
            for each in self.layers
            if each.timed.kernel in times
        )
        strange = (self.strange + later.strange) / 2
        return replace(
            self, times=self.times.then(later.times), layers=tuple(layers), strange=strange
        )


def measure(graph: Graph, device: Device, *, rounds: int = 30) -> Measured:
    """Run a network on one thread, whole and node by node.

    Args:
        graph: the network.
        device: what predicts it, and says how the runtime lays it out.
        rounds: how often.
    """
    found = match(graph, profile(graph, rounds=rounds), device.rules)
    (times,) = in_turn([runner(graph)], rounds=rounds)
    prediction = predict(graph, device)
    by_kernel = {each.kernel: each.profiled.times for each in found.kernels}
    layers = [
        Layer(timed=timed, times=by_kernel[timed.kernel])
        for timed in prediction.kernels
        if timed.kernel in by_kernel
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

    def of_networks(self) -> list[Pair]:
        """Predicted and measured seconds of whole networks."""
        return [network.pair for network in self.networks]

    def of_layers(self) -> dict[str, list[Pair]]:
        """Predicted and measured seconds of kernels, by kind, what takes longest first."""
        found: dict[str, list[Pair]] = {}
        for network in self.networks:
            for layer in network.layers:
                found.setdefault(layer.timed.kind, []).append(layer.pair)
        return dict(sorted(found.items(), key=lambda item: -total(item[1]).measured))

    def of_baseline(self, name: str) -> tuple[list[Pair], list[Pair]]:
        """The same of a simpler model: networks, and all layers."""
        rates = self.device.baselines[name].microseconds
        whole: list[Pair] = []
        single: list[Pair] = []
        for network in self.networks:
            told = [_simply(rates, layer.timed.kernel, network.graph) for layer in network.layers]
            single += map(_pair, told, (layer.times for layer in network.layers))
            whole.append(_pair(sum(told), network.times))
        return whole, single

    def beaten(self, bounds: Roofs) -> dict[str, list[float]]:
        """Kernels that ran in less time than the roofs allow, beyond their noise.

        By kind, the least that they would take over what they took.
        """
        found: dict[str, list[float]] = {}
        for network in self.networks:
            for layer in network.layers:
                least, pair = bounds.least(layer.timed, network.graph), layer.pair
                if least > pair.measured * (1 + pair.noise):
                    found.setdefault(layer.timed.kind, []).append(least / pair.measured)
        return found


def _pair(predicted: float, times: Times) -> Pair:
    return Pair(predicted, times.seconds, times.drift)


def _simply(rates: Mapping[str, float], kernel: Kernel, graph: Graph) -> float:
    """Seconds by calls and the larger of work and traffic."""
    madds = graph.node(kernel.head).cost.madds if kernel.head else 0
    work = madds * 1e-9 * rates.get("gigamadds", 0.0)
    moved = kernel.bytes * 1e-6 * rates.get("megabytes", 0.0)
    return float(rates.get("calls", 0.0) + max(work, moved)) * 1e-6
