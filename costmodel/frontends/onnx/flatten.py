"""A model as one list of steps: functions inlined, bodies of If and Loop laid out, order sound.

Every value gets a name that is unique in the whole model: what stands inside a function or a
body is prefixed with the name of the node that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import onnx

from costmodel.errors import ModelError

MAX_STEPS = 200_000
"""Operators that a model may have once its functions are inlined."""

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
        role: "" for an operator; "carry" and "item" bring a value into a body: carried from
            one iteration to the next, or one item of a sequence or of an axis at a time.
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
    sparse: dict[str, tuple[int, int]] = field(default_factory=dict)
    value_info: dict[str, onnx.TypeProto] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """The attributes that are numbers, strings or lists of them, by name.

    A malformed one is left out: the operator then has its default.
    """
    found: dict[str, Any] = {}
    for a in node.attribute:
        kind = a.type
        if kind == onnx.AttributeProto.INT or (not kind and a.HasField("i")):
            found[a.name] = a.i
        elif kind == onnx.AttributeProto.FLOAT or (not kind and a.HasField("f")):
            found[a.name] = a.f
        elif kind == onnx.AttributeProto.STRING or (not kind and a.HasField("s")):
            found[a.name] = a.s.decode("utf-8", "replace")
        elif kind == onnx.AttributeProto.INTS or (not kind and a.ints):
            found[a.name] = list(a.ints)
        elif kind == onnx.AttributeProto.FLOATS or (not kind and a.floats):
            found[a.name] = list(a.floats)
        elif kind == onnx.AttributeProto.STRINGS or (not kind and a.strings):
            found[a.name] = [s.decode("utf-8", "replace") for s in a.strings]
    return found


def graph_attribute(node: onnx.NodeProto, name: str) -> onnx.GraphProto:
    """The graph that a node holds under ``name``; raises ModelError where it has none."""
    for a in node.attribute:
        if a.name == name and a.HasField("g"):
            graph: onnx.GraphProto = a.g
            return graph
    raise ModelError(f"expected a graph '{name}' in {node.op_type} node '{node.name}', found none")


def module_scope(node: onnx.NodeProto) -> str:
    """Dotted path of the module that made a node, "" where the exporter recorded none.

    The dynamo exporter lists name scopes in the metadata; the TorchScript exporter makes
    them the path of the node's name, in which each part repeats the one before it.
    """
    for entry in node.metadata_props:
        if entry.key == "pkg.torch.onnx.name_scopes":
            scopes = re.findall(r"'([^']*)'", entry.value)
            return scopes[-2] if len(scopes) > 1 else ""
    if not node.name.startswith("/"):
        return ""
    return join_scopes(node.name.strip("/").split("/")[:-1])


def join_scopes(parts: Iterable[str]) -> str:
    """One dotted path of a chain of scopes, where each may begin with the one before.

    >>> join_scopes(["stage2", "stage2.1", "branch1", "branch1.0"])
    'stage2.1.branch1.0'
    """
    path: list[str] = []
    for part in parts:
        if path and part.startswith(path[-1] + "."):
            path[-1] = part
        else:
            path.append(part)
    return ".".join(path)


def flatten(model: onnx.ModelProto) -> Flat:
    """Lay the model out as one list of steps in an order that can run.

    Raises:
        ModelError: a cycle, a value that nothing gives, two nodes that give one value, a
            function that calls itself or expands without end.
    """
    return _Layout(model).flat


class _Names:
    """What a graph's local value names mean in the whole model; inner scopes see outer ones."""

    __slots__ = ("known", "outer", "prefix")

    def __init__(self, prefix: str, outer: _Names | None) -> None:
        self.prefix = prefix
        self.outer = outer
        self.known: dict[str, str] = {"": ""}

    def define(self, name: str, meaning: str | None = None) -> str:
        unique = self.prefix + name if meaning is None else meaning
        self.known[name] = unique
        return unique

    def __getitem__(self, name: str) -> str:
        scope: _Names | None = self
        while scope is not None:
            found = scope.known.get(name)
            if found is not None:
                return found
            scope = scope.outer
        raise KeyError(name)

    def __contains__(self, name: str) -> bool:
        scope: _Names | None = self
        while scope is not None:
            if name in scope.known:
                return True
            scope = scope.outer
        return False


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
        self.taken: set[str] = set()
        self.functions = {(f.domain, f.name, f.overload): f for f in model.functions}
        self.count(model.graph.node, {}, ())
        versions = {o.domain if o.domain != "ai.onnx" else "": o.version for o in model.opset_import}
        names = _Names("", None)
        for value in model.graph.input:
            names.define(value.name)
        self.graph(model.graph, names, _Place(versions))
        self.flat.outputs = tuple(
            names[o.name] for o in model.graph.output if self.exists(o.name, names, "the model's output")
        )

    @staticmethod
    def exists(name: str, names: _Names, reader: str) -> bool:
        if name not in names:
            raise ModelError(f"expected a value '{name}' for {reader}, found no node, input or initializer of that name")
        return True

    def unique(self, name: str) -> str:
        """A node name that no other node has."""
        candidate, count = name, 1
        while candidate in self.taken:
            count += 1
            candidate = f"{name}#{count}"
        self.taken.add(candidate)
        return candidate

    def graph(self, graph: onnx.GraphProto, names: _Names, place: _Place) -> None:
        """Lay out a graph; its inputs are defined already."""
        for tensor in graph.initializer:
            self.flat.initializers[names.define(tensor.name)] = tensor
        for sparse in graph.sparse_initializer:
            unique = names.define(sparse.values.name)
            self.flat.initializers[unique] = onnx.TensorProto(
                dims=sparse.dims, data_type=sparse.values.data_type, name=sparse.values.name
            )
        nodes = list(graph.node)
        for node in nodes:
            for output in node.output:
                if output:
                    if output in names.known and names.known[output] not in self.flat.initializers:
                        raise ModelError(f"expected one node to give '{output}', found another, '{_called(node)}'")
                    names.define(output)
                    self.flat.initializers.pop(names.known[output], None)
        for value in (*graph.value_info, *graph.output):
            if value.name in names.known and value.HasField("type"):
                self.flat.value_info.setdefault(names.known[value.name], value.type)
        for node in _ordered(nodes, names):
            self.node(node, names, place)

    def count(
        self, nodes: Iterable[onnx.NodeProto], counted: dict[Function, int], calls: tuple[Function, ...]
    ) -> int:
        """Operators that nodes expand to, each function counted once; no end is an error."""
        total = 0
        for node in nodes:
            key = (node.domain, node.op_type, node.overload)
            total += 1
            if key in self.functions:
                if key in calls:
                    raise ModelError(f"expected functions that end, found '{node.op_type}' calling itself")
                if key not in counted:
                    counted[key] = self.count(self.functions[key].node, counted, (*calls, key))
                total += counted[key]
            for a in node.attribute:
                if a.HasField("g"):
                    total += self.count(a.g.node, counted, calls)
        if total > MAX_STEPS:
            raise ModelError(f"expected at most {MAX_STEPS:,} operators, found more once functions are inlined")
        return total

    def node(self, node: onnx.NodeProto, names: _Names, place: _Place) -> None:
        """Lay out one node: a function call, a node with bodies, or a plain operator."""
        domain = "" if node.domain in AI_ONNX else node.domain
        op_type = f"{domain}::{node.op_type}" if domain else node.op_type
        for name in node.input:
            self.exists(name, names, f"{node.op_type} node '{_called(node)}'")
        inputs = tuple(names[name] for name in node.input)
        outputs = tuple(names[name] for name in node.output)
        function = self.functions.get((node.domain, node.op_type, node.overload))
        given = node.name or (node.output[0] if node.output else "") or node.op_type
        name = self.unique(names.prefix + given)
        scope = _under(place.scope, module_scope(node))
        if function is not None:
            self.call(function, node, name, inputs, outputs, place, scope)
            return
        step = Step(
            name, op_type, place.versions.get(domain, 0), node, inputs, outputs,
            scope, place.guards, place.loops,
        )  # fmt: skip
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
        versions = {o.domain if o.domain != "ai.onnx" else "": o.version for o in function.opset_import}
        called = _called(node).strip("/").rpartition("/")[2]
        inner = _Place(versions or place.versions, _under(scope, called), place.guards, place.loops)
        names = _Names(f"{name}/", None)
        for position, formal in enumerate(function.input):
            names.define(formal, inputs[position] if position < len(inputs) else "")
        nodes = [_with_attributes(inside, given) for inside in function.node]
        results = dict(zip(function.output, outputs, strict=False))
        for inside in nodes:
            for output in inside.output:
                if output:
                    names.define(output, results.get(output) or None)
        for value in function.value_info:
            if value.name in names.known and value.HasField("type"):
                self.flat.value_info.setdefault(names.known[value.name], value.type)
        for inside in _ordered(nodes, names):
            self.node(inside, names, inner)
        for formal, actual in results.items():
            if actual and formal in names and names[formal] != actual:
                self.pass_on(name, names[formal], actual, inner)

    def pass_on(self, holder: str, source: str, target: str, place: _Place, role: str = "", axis: int = 0) -> None:
        """A step that hands a value on under another name."""
        proto = onnx.NodeProto(op_type="Identity", input=[source], output=[target])
        self.flat.steps.append(
            Step(
                self.unique(f"{holder}/{target}"), "Identity", 1, proto, (source,), (target,),
                place.scope, place.guards, place.loops, role, axis,
            )  # fmt: skip
        )

    def bodies(self, step: Step, names: _Names, place: _Place) -> None:
        """Lay out the graphs that a node holds, before the node itself."""
        node = step.proto
        values = attributes(node)
        if step.op_type == "If":
            for branch, attribute in enumerate(("else_branch", "then_branch")):
                inner = _Place(
                    place.versions, step.scope, (*place.guards, (step.name, branch)), place.loops
                )
                body = graph_attribute(node, attribute)
                step.bodies += (self.body(body, step.name + f"/{attribute[:4]}", names, inner, ()),)
            return
        inner = _Place(place.versions, step.scope, place.guards, (*place.loops, step.name))
        if step.op_type == "Loop":
            body = graph_attribute(node, "body")
            sources = [("", "carry", 0), (step.inputs[1] if len(step.inputs) > 1 else "", "carry", 0)]
            sources += [(value, "carry", 0) for value in step.inputs[2:]]
        elif step.op_type == "Scan":
            body = graph_attribute(node, "body")
            scanned = values.get("num_scan_inputs", 0)
            given = step.inputs[1:] if step.version < 9 else step.inputs
            axes = values.get("scan_input_axes", [0] * scanned)
            states = len(given) - scanned
            sources = [(value, "carry", 0) for value in given[:states]]
            sources += [(v, "item", axis) for v, axis in zip(given[states:], axes, strict=False)]
        else:
            body = graph_attribute(node, "body")
            sources = [(value, "item", 0) for value in step.inputs]
        step.bodies = (self.body(body, step.name, names, inner, sources),)

    def body(
        self, graph: onnx.GraphProto, prefix: str, outer: _Names, place: _Place,
        sources: Iterable[tuple[str, str, int]],
    ) -> tuple[str, ...]:  # fmt: skip
        """Lay out one body and return the names of its outputs."""
        names = _Names(f"{prefix}/", outer)
        held = {tensor.name for tensor in graph.initializer}
        given = list(sources)
        for position, value in enumerate(v for v in graph.input if v.name not in held or given):
            unique = names.define(value.name)
            if value.HasField("type"):
                self.flat.value_info.setdefault(unique, value.type)
            source, role, axis = given[position] if position < len(given) else ("", "carry", 0)
            self.pass_on(prefix, source, unique, place, role, axis)
        self.graph(graph, names, place)
        return tuple(names[o.name] for o in graph.output if self.exists(o.name, names, f"an output of {prefix}"))


def _called(node: onnx.NodeProto) -> str:
    return node.name or (node.output[0] if node.output else node.op_type)


def _under(outer: str, inner: str) -> str:
    if not outer or not inner or inner == outer or inner.startswith(outer + "."):
        return inner or outer
    return f"{outer}.{inner}"


def _with_attributes(node: onnx.NodeProto, given: Mapping[str, onnx.AttributeProto]) -> onnx.NodeProto:
    """The node with its references to the function's attributes replaced by their values."""
    if not any(_refers(a) for a in node.attribute):
        return node
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.attribute[:]
    for a in node.attribute:
        if a.ref_attr_name:
            if a.ref_attr_name in given:
                actual = copy.attribute.add()
                actual.CopyFrom(given[a.ref_attr_name])
                actual.name = a.name
        else:
            actual = copy.attribute.add()
            actual.CopyFrom(a)
            if a.HasField("g"):
                inside = [_with_attributes(n, given) for n in a.g.node]
                del actual.g.node[:]
                actual.g.node.extend(inside)
    return copy


def _refers(attribute: onnx.AttributeProto) -> bool:
    if attribute.ref_attr_name:
        return True
    return attribute.HasField("g") and any(_refers(a) for n in attribute.g.node for a in n.attribute)


def _read_by(node: onnx.NodeProto) -> Iterator[str]:
    """What a node reads from its graph: its inputs, and what its bodies take from outside."""
    yield from node.input
    for a in node.attribute:
        if a.HasField("g"):
            own = {output for inside in a.g.node for output in inside.output}
            own.update(value.name for value in (*a.g.input, *a.g.initializer))
            for inside in a.g.node:
                yield from (name for name in _read_by(inside) if name not in own)
            yield from (o.name for o in a.g.output if o.name not in own)


def _ordered(nodes: list[onnx.NodeProto], names: _Names) -> list[onnx.NodeProto]:
    """The nodes so that each follows what it reads; the file's order wherever it is sound."""
    producer = {output: i for i, node in enumerate(nodes) for output in node.output if output}
    needs: list[set[int]] = []
    sound = True
    for i, node in enumerate(nodes):
        reads = {producer[name] for name in _read_by(node) if name in producer}
        sound = sound and all(j < i for j in reads)
        needs.append(reads)
    if sound:
        return nodes
    return [nodes[i] for i in _topological(nodes, needs)]


def _topological(nodes: list[onnx.NodeProto], needs: list[set[int]]) -> list[int]:
    import heapq

    readers: dict[int, list[int]] = {}
    waiting = [len(reads) for reads in needs]
    for i, reads in enumerate(needs):
        for j in reads:
            readers.setdefault(j, []).append(i)
    ready = [i for i, count in enumerate(waiting) if count == 0]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        i = heapq.heappop(ready)
        order.append(i)
        for reader in readers.get(i, ()):
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heapq.heappush(ready, reader)
    if len(order) < len(nodes):
        stuck = [_called(nodes[i]) for i, count in enumerate(waiting) if count]
        listed = ", ".join(f"'{name}'" for name in stuck[:3])
        raise ModelError(f"expected a graph without cycles, found one through {listed}")
    return order
