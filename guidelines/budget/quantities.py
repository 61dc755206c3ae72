"""What a budget can limit: each quantity with its code, its unit, and what each node adds to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from costmodel.fusion import kernels
from costmodel.graph import Graph, Node
from guidelines.budget.amounts import BYTES, ELEMENTS, FLOPS, MADDS, SECONDS, Kind

if TYPE_CHECKING:
    from costmodel.device import Device

    Parts = Callable[[Graph, Device | None], Mapping[str, float]]


def _uncosted(graph: Graph, node: Node) -> bool:
    return node.operator is None


def _unsized(graph: Graph, node: Node) -> bool:
    """Whether it writes a map of unknown size."""
    tensors = (graph.tensors.get(name) for name in node.outputs if name)
    return any(tensor is None or not tensor.known for tensor in tensors)


def _never(graph: Graph, node: Node) -> bool:
    """Constants are counted whatever reads them."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Something that a network has a number of.

    Args:
        key: its name in the configuration.
        code: of the finding.
        noun: what it is called in a sentence.
        kind: how its amounts are written.
        parts: what each node has of it, by name.
        whole: the network's own, where the nodes' do not add up; then no module has a budget.
        join: what several nodes have of it together.
        unknown: whether it is not known of a node.
        on_device: whether it is only known on a device.
    """

    key: str
    code: str
    noun: str
    kind: Kind
    parts: Parts
    whole: Callable[[Graph], float] | None = None
    join: Callable[[Iterable[float]], float] = sum
    unknown: Callable[[Graph, Node], bool] = _uncosted
    on_device: bool = False

    @property
    def words(self) -> str:
        """``memory access``."""
        return self.key.replace("-", " ")

    @property
    def name(self) -> str:
        """Of the finding: ``madds-over-budget``."""
        return f"{self.key}-over-budget"


def _flops(graph: Graph, _: Device | None) -> Mapping[str, float]:
    return {node.name: node.cost.flops for node in graph.layers}


def _madds(graph: Graph, _: Device | None) -> Mapping[str, float]:
    return {node.name: node.cost.madds for node in graph.layers}


def _params(graph: Graph, _: Device | None) -> Mapping[str, float]:
    return {node.name: node.cost.params for node in graph.layers}


def _moved(graph: Graph, _: Device | None) -> Mapping[str, float]:
    return {node.name: sum(node.bytes.values()) for node in graph.layers}


def _fused(graph: Graph, _: Device | None) -> Mapping[str, float]:
    """A kernel's traffic counts for the node that heads it."""
    found: dict[str, float] = {}
    for kernel in kernels(graph):
        name = kernel.head or kernel.nodes[0]
        found[name] = found.get(name, 0) + kernel.bytes
    return found


def _stored(graph: Graph, _: Device | None) -> Mapping[str, float]:
    """Constants, each with the first node that reads it."""
    seen: set[str] = set()
    found: dict[str, float] = {}
    for node in graph.layers:
        for name in node.inputs:
            tensor = graph.tensors.get(name)
            if tensor is not None and tensor.constant and tensor.known and name not in seen:
                seen.add(name)
                found[node.name] = found.get(node.name, 0) + tensor.bytes
    return found


def _alive(graph: Graph, _: Device | None) -> Mapping[str, float]:
    """The maps that each node writes."""
    return {
        node.name: sum(
            tensor.bytes
            for name in node.outputs
            if (tensor := graph.tensors.get(name)) is not None and tensor.known
        )
        for node in graph.layers
        if node.operator is None or not node.operator.view
    }


def _seconds(graph: Graph, device: Device | None) -> Mapping[str, float]:
    from costmodel.timing import predict

    return {} if device is None else predict(graph, device).of_node


QUANTITIES = {
    quantity.key: quantity
    for quantity in (
        Quantity(key="params", code="B001", noun="parameters", kind=ELEMENTS, parts=_params,
                 unknown=_never),
        Quantity(key="weights", code="B002", noun="of weights", kind=BYTES, parts=_stored,
                 whole=lambda graph: graph.weight_bytes, unknown=_never),
        Quantity(key="madds", code="B003", noun="multiply-adds", kind=MADDS, parts=_madds),
        Quantity(key="flops", code="B004", noun="flops", kind=FLOPS, parts=_flops),
        Quantity(key="memory-access", code="B005", noun="of memory access", kind=BYTES,
                 parts=_moved),
        Quantity(key="fused-memory-access", code="B006", noun="of fused memory access", kind=BYTES,
                 parts=_fused),
        Quantity(key="peak-activation", code="B007", noun="of activations at once", kind=BYTES,
                 parts=_alive, whole=lambda graph: graph.peak_activation_bytes, join=max,
                 unknown=_unsized),
        Quantity(key="time", code="B008", noun="predicted", kind=SECONDS, parts=_seconds,
                 on_device=True),
    )
}  # fmt: skip
"""By key, in the order of the report's header."""

OPEN, OPEN_NAME = "B009", "open-budget"
"""Of the finding that a budget cannot be judged."""
