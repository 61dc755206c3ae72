"""A model as one list of steps: functions inlined, bodies of If and Loop laid out, order sound.

Every value gets a name that is unique in the whole model: what stands inside a function or a
body is prefixed with the name of the node that holds it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import onnx

from costmodel.errors import ModelError
from costmodel.frontends.onnx.names import Names, Unique
from costmodel.frontends.onnx.nodes import (
    attributes,
    called,
    graph_attribute,
    left_out,
    module_scope,
    under,
    with_attributes,
)
from costmodel.frontends.onnx.order import ordered

MAX_STEPS = 200_000
"""Operators that a model may have."""

MAX_GROWTH, SMALL = 10, 20_000
"""How many times its own nodes a model may have once functions are inlined, if they are many."""

MAX_CALLS = 100

LARGE, MANY = 4096, 256
"""Bytes, and inputs and outputs, from which a node counts as more than one."""

BODIES = {"If", "Loop", "Scan", "SequenceMap"}
"""Operators that hold graphs, which are laid out beside them."""

AI_ONNX = {"", "ai.onnx"}


Function: TypeAlias = tuple[str, str, str]
"""Domain, name and overload of a function."""


@dataclass(slots=True)
class Step:
    """One operator to run, with names that are unique in the model.

    Args:
        proto: the node as the file has it; its own value names are local to its graph.
        version: of its operator set.
        guards: the If nodes that must take the named branch for it to run.
        loops: the nodes whose body it stands in, outermost first.
        role: "" for an operator; the others bring a value into a body: "carry" from one
            iteration to the next, "item" one of an axis, "each" one of a sequence at a time.
        axis: for an item, the axis that the iterations run over.
    """

    name: str
    op_type: str
    version: int
    proto: onnx.NodeProto
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    scope: str
    guards: tuple[tuple[str, int], ...] = ()
    loops: tuple[str, ...] = ()
    role: str = ""
    axis: int = 0
    bodies: tuple[tuple[str, ...], ...] = ()

    @property
    def local(self) -> str:
        """The operator's name without its domain."""
        return self.op_type.rpartition("::")[2]

    @property
    def domain(self) -> str:
        """The operator's domain, "" for ``ai.onnx``."""
        return self.op_type.rpartition("::")[0]


@dataclass(slots=True)
class Flat:
    """The steps of a model and the tensors that it holds, by unique name."""

    steps: list[Step] = field(default_factory=list)
    initializers: dict[str, onnx.TensorProto] = field(default_factory=dict)
    value_info: dict[str, onnx.TypeProto] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()


def flatten(model: onnx.ModelProto) -> Flat:
    """Lay the model out as one list of steps in an order that can run.

    Raises:
        ModelError: a cycle, a value that nothing gives, two nodes that give one value, a
            function that calls itself or expands without end.
    """
    return _Layout(model).flat


@dataclass(frozen=True, slots=True)
class _Place:
    """Where nodes are being laid out."""

    versions: Mapping[str, int]
    scope: str = ""
    guards: tuple[tuple[str, int], ...] = ()
    loops: tuple[str, ...] = ()


class _Layout:
    def __init__(self, model: onnx.ModelProto) -> None:
        self.flat = Flat()
        self.unique = Unique()
        self.values = Unique()
        self.functions = {(f.domain, f.name, f.overload): f for f in model.functions}
        own = len(model.graph.node) + sum(len(f.node) for f in model.functions)
        if self.count(model.graph.node, {}, ()) > max(SMALL, MAX_GROWTH * own):
            raise ModelError(
                f"expected functions that inline to at most {SMALL:,} operators or "
                f"{MAX_GROWTH} times those written, found more"
            )
        names = Names("", self.values)
        for value in model.graph.input:
            names.define(value.name)
        self.graph(model.graph, names, _Place(versions(model.opset_import)))
        self.flat.outputs = tuple(
            names[o.name]
            for o in model.graph.output
            if self.exists(o.name, names, "the model's output")
        )
        read = {name for step in self.flat.steps for name in step.inputs}
        read.update(name for step in self.flat.steps for body in step.bodies for name in body)
        read.update(self.flat.outputs)
        held = self.flat.initializers
        self.flat.initializers = {name: held[name] for name in held if name in read}

    @staticmethod
    def exists(name: str, names: Names, reader: str) -> bool:
        if name not in names:
            raise ModelError(
                f"expected a value '{name}' for {reader}, "
                "found no node, input or initializer of that name"
            )
        return True

    def graph(self, graph: onnx.GraphProto, names: Names, place: _Place) -> None:
        """Lay out a graph; its inputs are defined already."""
        for tensor in graph.initializer:
            self.flat.initializers[names.define(tensor.name)] = tensor
        for sparse in graph.sparse_initializer:
            unique = names.define(sparse.values.name)
            self.flat.initializers[unique] = onnx.TensorProto(
                dims=sparse.dims, data_type=sparse.values.data_type, name=sparse.values.name
            )
        nodes = []
        for node in graph.node:
            if node.op_type == "Constant" and (stored := left_out(node)) is not None:
                self.flat.initializers[names.define(node.output[0])] = stored
            else:
                nodes.append(node)
        for node in nodes:
            for output in node.output:
                if output:
                    if output in names.known and names.known[output] not in self.flat.initializers:
                        raise ModelError(
                            f"expected one node to give '{output}', found another, '{called(node)}'"
                        )
                    names.define(output)
                    self.flat.initializers.pop(names.known[output], None)
        for value in (*graph.value_info, *graph.output):
            if value.name in names.known and value.HasField("type"):
                self.flat.value_info.setdefault(names.known[value.name], value.type)
        for node in ordered(nodes):
            self.node(node, names, place)

    def count(
        self,
        nodes: Iterable[onnx.NodeProto],
        counted: dict[Function, int],
        calls: tuple[Function, ...],
    ) -> int:
        """Operators that nodes expand to, each function counted once; no end is an error.

        A node that is many times larger than most counts as several.
        """
        if len(calls) > MAX_CALLS:
            raise ModelError(f"expected at most {MAX_CALLS} nested function calls, found more")
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type, node.overload)
            total += 1 + node.ByteSize() // LARGE + (len(node.input) + len(node.output)) // MANY
            if key in self.functions:
                if key in calls:
                    raise ModelError(
                        f"expected functions that end, found '{node.op_type}' calling itself"
                    )
                if key not in counted:
                    counted[key] = self.count(self.functions[key].node, counted, (*calls, key))
                total += counted[key]
            for a in node.attribute:
                if a.HasField("g"):
                    total += self.count(a.g.node, counted, calls)
        if total > MAX_STEPS:
            raise ModelError(
                f"expected at most {MAX_STEPS:,} operators, found more once functions are inlined"
            )
        return total

    def node(self, node: onnx.NodeProto, names: Names, place: _Place) -> None:
        """Lay out one node: a function call, a node with bodies, or a plain operator."""
        domain = "" if node.domain in AI_ONNX else node.domain
        op_type = f"{domain}::{node.op_type}" if domain else node.op_type
        for name in node.input:
            self.exists(name, names, f"{node.op_type} node '{called(node)}'")
        inputs = tuple(names[name] for name in node.input)
        outputs = tuple(names[name] for name in node.output)
        function = self.functions.get((node.domain, node.op_type, node.overload))
        given = node.name or (node.output[0] if node.output else "") or node.op_type
        name = self.unique(names.prefix + given)
        scope = under(place.scope, module_scope(node))
        if function is not None:
            self.call(function, node, name, inputs, outputs, place, scope)
            return
        step = Step(
            name,
            op_type,
            place.versions.get(domain, 0),
            node,
            inputs,
            outputs,
            scope,
            place.guards,
            place.loops,
        )
        if not domain and node.op_type in BODIES:
            self.bodies(step, names, place)
        self.flat.steps.append(step)

    def call(
        self, function: onnx.FunctionProto, node: onnx.NodeProto, name: str,
        inputs: tuple[str, ...], outputs: tuple[str, ...], place: _Place, scope: str,
    ) -> None:  # fmt: skip
        """Inline a function where it is called."""
        given = {a.name: a for a in node.attribute}
        for default in function.attribute_proto:
            given.setdefault(default.name, default)
        own = versions(function.opset_import)
        call = called(node).strip("/").rpartition("/")[2]
        inner = _Place(own or place.versions, under(scope, call), place.guards, place.loops)
        names = Names(f"{name}/", self.values)
        for position, formal in enumerate(function.input):
            names.define(formal, inputs[position] if position < len(inputs) else "")
        nodes = [with_attributes(inside, given) for inside in function.node]
        results: dict[str, str] = {}
        repeated: list[tuple[str, str]] = []
        for formal, actual in zip(function.output, outputs, strict=False):
            if results.setdefault(formal, actual) != actual:
                repeated.append((formal, actual))
        for inside in nodes:
            for output in inside.output:
                if output:
                    names.define(output, results.get(output) or None)
        for value in function.value_info:
            if value.name in names.known and value.HasField("type"):
                self.flat.value_info.setdefault(names.known[value.name], value.type)
        for inside in ordered(nodes):
            self.node(inside, names, inner)
        for formal, actual in (*results.items(), *repeated):
            if actual and formal in names and names[formal] != actual:
                self.pass_on(name, names[formal], actual, inner)

    def pass_on(
        self, holder: str, source: str, target: str, place: _Place, role: str = "", axis: int = 0
    ) -> None:
        """A step that hands a value on under another name."""
        proto = onnx.NodeProto(op_type="Identity", input=[source], output=[target])
        self.flat.steps.append(
            Step(
                self.unique(f"{holder}/{target}"),
                "Identity",
                1,
                proto,
                (source,),
                (target,),
                place.scope,
                place.guards,
                place.loops,
                role,
                axis,
            )
        )

    def bodies(self, step: Step, names: Names, place: _Place) -> None:
        """Lay out the graphs that a node holds, before the node itself."""
        node = step.proto
        if step.op_type == "If":
            for branch, attribute in enumerate(("else_branch", "then_branch")):
                inner = _Place(
                    place.versions, step.scope, (*place.guards, (step.name, branch)), place.loops
                )
                body = graph_attribute(node, attribute)
                step.bodies += (self.body(body, step.name + f"/{attribute[:4]}", names, inner, ()),)
            return
        inner = _Place(place.versions, step.scope, place.guards, (*place.loops, step.name))
        body = graph_attribute(node, "body")
        if step.op_type == "Loop":
            sources = [
                ("", "carry", 0),
                (step.inputs[1] if len(step.inputs) > 1 else "", "carry", 0),
            ]
            sources += [(value, "carry", 0) for value in step.inputs[2:]]
        elif step.op_type == "Scan":
            values = attributes(node)
            given = step.inputs[1:] if step.version < 9 else step.inputs
            scanned = _clamped(values.get("num_scan_inputs"), len(given))
            axes = values.get("scan_input_axes", [0] * scanned)
            states = len(given) - scanned
            sources = [(value, "carry", 0) for value in given[:states]]
            sources += [(v, "item", axis) for v, axis in zip(given[states:], axes, strict=False)]
        else:
            sources = [(value, "each", 0) for value in step.inputs]
        step.bodies = (self.body(body, step.name, names, inner, sources),)

    def body(
        self, graph: onnx.GraphProto, prefix: str, outer: Names, place: _Place,
        sources: Iterable[tuple[str, str, int]],
    ) -> tuple[str, ...]:  # fmt: skip
        """Lay out one body and return the names of its outputs."""
        names = Names(f"{prefix}/", self.values, outer)
        held = {tensor.name for tensor in graph.initializer}
        given = list(sources)
        for position, value in enumerate(v for v in graph.input if v.name not in held or given):
            unique = names.define(value.name)
            if value.HasField("type"):
                self.flat.value_info.setdefault(unique, value.type)
            source, role, axis = given[position] if position < len(given) else ("", "carry", 0)
            self.pass_on(prefix, source, unique, place, role, axis)
        self.graph(graph, names, place)
        return tuple(
            names[o.name]
            for o in graph.output
            if self.exists(o.name, names, f"an output of {prefix}")
        )


def versions(imports: Iterable[onnx.OperatorSetIdProto]) -> dict[str, int]:
    """Version of each operator set, "" for ``ai.onnx``."""
    return {"" if o.domain in AI_ONNX else o.domain: o.version for o in imports}


def _clamped(count: object, most: int) -> int:
    """An attribute that counts something there is at most ``most`` of."""
    return min(max(count, 0), most) if isinstance(count, int) else 0
