"""A network as a networkx DAG whose nodes carry Operators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, NamedTuple

import networkx as nx

from costmodel.cost import Cost
from costmodel.operator import Operator
from costmodel.tensor import Tensor

NOTHING = Cost()

MOST_ROOTS = 256
"""Tensors that a sequence is followed for, when the memory that it keeps is counted."""


class SourceLine(NamedTuple):
    """A line of Python as it was when the network was exported.

    Args:
        file: its path on the machine that exported, as recorded there.
        line: counted from 1.
        text: what stood there, without its indentation, "" where not recorded.
    """

    file: str
    line: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operator of the network, as it runs.

    Args:
        name: unique in the graph; the file's name where that is unique.
        op_type: as in the schema, ``domain::name`` outside ``ai.onnx``.
        operator: its dimensions and formula; None where they could not be resolved.
        inputs, outputs: tensor names, "" for an omitted optional input.
        scope: dotted path of the module that made it, "" where the exporter recorded none.
        cost: this node's share of the network's cost. Its params and buffers are the
            constants that it is the first to use, so that shared weights count once;
            work and traffic are multiplied by ``times``.
        bytes: bytes moved, by element type.
        times: how often a loop runs it.
        attributes: as in the file, those that are numbers, strings or lists of them.
        reason: why ``operator`` is None.
        sources: lines of Python that built it, as the exporter recorded them, likeliest first.
    """

    name: str
    op_type: str
    operator: Operator | None
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    scope: str = ""
    cost: Cost = NOTHING
    bytes: Mapping[str, int] = field(default_factory=dict)
    times: int = 1
    attributes: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    sources: tuple[SourceLine, ...] = ()

    @property
    def label(self) -> str:
        """What a person calls it: its module where known, else its name."""
        return self.scope or self.name


class Graph(nx.DiGraph):  # type: ignore[type-arg]
    """Operators as nodes, tensors as edges; every networkx algorithm applies.

    ``graph.nodes[name]["node"]`` is the :class:`Node`; an edge's ``tensors`` are the names
    of what flows along it. Constants, and nodes computed from constants alone, are not in it.

    Attributes:
        path: where it was read from, "" if built in code.
        opset: version of the ``ai.onnx`` operators, 0 if built in code.
        inputs: shape by name, as analysed.
        outputs: names of the tensors it returns.
        assumed: free dimensions that were given a value nobody asked for, by name.
        tensors: every activation and constant that a node reads or writes, by name.
        folded: how many nodes compute constants and so do not run.
        weight_bytes: bytes that the parameters and buffers take as stored.
        metadata: what the file says of itself, text by key.
    """

    @classmethod
    def of(
        cls,
        nodes: Iterable[Node],
        *,
        tensors: Mapping[str, Tensor],
        outputs: tuple[str, ...],
        inputs: Mapping[str, tuple[int, ...]] | None = None,
        assumed: Mapping[str, int] | None = None,
        path: str = "",
        opset: int = 0,
        folded: int = 0,
        weight_bytes: int = 0,
        metadata: Mapping[str, str] | None = None,
    ) -> Graph:
        """Join nodes, given in order of execution, by the tensors that they write and read."""
        graph = cls(
            tensors=tensors, outputs=outputs, inputs=inputs or {}, assumed=assumed or {}, path=path,
            opset=opset, folded=folded, weight_bytes=weight_bytes, metadata=metadata or {},
        )  # fmt: skip
        makers: dict[str, str] = {}
        for node in nodes:
            graph.add_node(node.name, node=node)
            read: dict[str, list[str]] = {}
            for tensor in dict.fromkeys(node.inputs):
                if tensor in makers:
                    read.setdefault(makers[tensor], []).append(tensor)
            graph.add_edges_from(
                (maker, node.name, {"tensors": tuple(names)}) for maker, names in read.items()
            )
            makers.update((out, node.name) for out in node.outputs if out)
        return graph

    @property
    def path(self) -> str:
        return str(self.graph.get("path", ""))

    @property
    def opset(self) -> int:
        return int(self.graph.get("opset", 0))

    @property
    def inputs(self) -> Mapping[str, tuple[int, ...]]:
        return self.graph.get("inputs", {})  # type: ignore[no-any-return]

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.graph.get("outputs", ())  # type: ignore[no-any-return]

    @property
    def assumed(self) -> Mapping[str, int]:
        return self.graph.get("assumed", {})  # type: ignore[no-any-return]

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        return self.graph.get("tensors", {})  # type: ignore[no-any-return]

    @property
    def folded(self) -> int:
        return int(self.graph.get("folded", 0))

    @property
    def weight_bytes(self) -> int:
        return int(self.graph.get("weight_bytes", 0))

    @property
    def metadata(self) -> Mapping[str, str]:
        return self.graph.get("metadata", {})  # type: ignore[no-any-return]

    @property
    def layers(self) -> Iterator[Node]:
        """The nodes in order of execution."""
        for _, data in self.nodes(data=True):
            yield data["node"]

    def node(self, name: str) -> Node:
        """The Node of that name; raises KeyError."""
        found: Node = self.nodes[name]["node"]
        return found

    @property
    def cost(self) -> Cost:
        """Sum over the nodes that could be costed; see ``unknown`` for the others."""
        return sum((node.cost for node in self.layers), Cost())

    @property
    def unknown(self) -> tuple[Node, ...]:
        """The nodes without a cost, each with its reason."""
        return tuple(node for node in self.layers if node.operator is None)

    @property
    def memory_access_bytes(self) -> int:
        """Bytes moved by every operator on its own, the paper's memory access cost."""
        return sum(sum(node.bytes.values()) for node in self.layers)

    @property
    def peak_activation_bytes(self) -> int:
        """Most bytes of activations alive at once, in this order of execution.

        A tensor lives from the node that writes it (an input: from the start) to the last
        that reads it (an output: to the end); a view lives in what it is a view of. Tensors
        whose shape is not known are left out.
        """
        roots: dict[str, tuple[str, ...]] = {}
        last: dict[str, int] = {}
        order = list(self.layers)
        for step, node in enumerate(order):
            made = [name for name in node.outputs if name]
            if node.operator is not None and node.operator.view and any(node.inputs):
                shown = [root for name in node.inputs for root in roots.get(name, (name,)) if name]
                roots.update(dict.fromkeys(made, tuple(shown[:MOST_ROOTS])))
            for name in (*filter(None, node.inputs), *made):
                last.update(dict.fromkeys(roots.get(name, (name,)), step))
        for name in self.outputs:
            last.update(dict.fromkeys(roots.get(name, (name,)), len(order)))
        ends: dict[int, list[str]] = {}
        for name, step in last.items():
            ends.setdefault(step, []).append(name)
        alive = {name: self._activation_bytes(name) for name in self.inputs if name in last}
        held = sum(alive.values())
        peak = held
        for step, node in enumerate(order):
            for name in node.outputs:
                if name and name not in roots and name not in alive:
                    alive[name] = self._activation_bytes(name)
                    held += alive[name]
            peak = max(peak, held)
            for name in ends.get(step, ()):
                held -= alive.pop(name, 0)
        return peak

    def __repr__(self) -> str:
        line: str = import_module("costmodel.notebook").graph_line(self)
        return line

    def _repr_html_(self) -> str:
        table: str = import_module("costmodel.notebook").graph_table(self)
        return table

    def _activation_bytes(self, name: str) -> int:
        tensor = self.tensors.get(name)
        return 0 if tensor is None or tensor.constant or not tensor.known else int(tensor.bytes)
