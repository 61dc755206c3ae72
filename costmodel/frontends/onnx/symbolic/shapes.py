"""Shapes as expressions of a model's sizes, node by node.

What a rule gives is brought to canonical form before the next is asked: two extents that are
equal are then one expression. What no rule tells, and what an ordinary reading of the same
node contradicts, stays open with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from costmodel.algebra.dims import names
from costmodel.algebra.extents import At, canonical, operations
from costmodel.dims import Dim
from costmodel.errors import ModelError
from costmodel.frontends.onnx.flatten import BODIES, Flat, Step
from costmodel.frontends.onnx.nodes import attributes
from costmodel.frontends.onnx.schema import one_line
from costmodel.frontends.onnx.sequences import SEQUENCE
from costmodel.frontends.onnx.state import Resolved
from costmodel.frontends.onnx.symbolic import inference
from costmodel.frontends.onnx.symbolic.inference import Shape, Tensors, Values
from costmodel.frontends.onnx.symbolic.rules import RULES
from costmodel.frontends.onnx.symbolic.values import Value, compute, exact, extents
from costmodel.operator import REGISTRY
from costmodel.tensor import INTEGERS, Tensor

LONGEST = 100
"""Operations in an extent; what takes more to write is of no use, and slow to work with."""


def resolve(flat: Flat, inputs: Mapping[str, Shape], readings: Mapping[At, Resolved]) -> Resolved:
    """Infer every value of a flattened model.

    Args:
        flat: the steps and the tensors that the file holds.
        inputs: shapes of the model's inputs, with expressions among their dimensions.
        readings: the model as read at some sizes. The first tells what is constant, the
            element types, the branches taken, and all that does not depend on the sizes.

    Raises:
        ModelError: the sizes decide which nodes run, or how often.
    """
    state = _State(flat, inputs, readings)
    for step in flat.steps:
        if state.plain.runs(step):
            state.infer(step)
    return state.known


class _State:
    """What is known while the steps are inferred; ``fixed`` is what no size changes."""

    def __init__(
        self, flat: Flat, inputs: Mapping[str, Shape], readings: Mapping[At, Resolved]
    ) -> None:
        self.readings = readings
        self.plain = next(iter(readings.values()))
        self.known = Resolved(taken=self.plain.taken)
        self.values: dict[str, Value] = {}
        self.fixed: set[str] = set()
        self.names = frozenset(names(*(d for shape in inputs.values() for d in shape or ())))
        for name, shape in inputs.items():
            self.known.tensors[name] = replace(self.plain.tensors[name], shape=shape)
        for name in flat.initializers:
            self.fix(name)

    def tensor(self, name: str) -> Tensor:
        return self.known.tensors.get(name, Tensor(None))

    def fix(self, name: str) -> None:
        """Take a value over as it was read."""
        self.fixed.add(name)
        self.known.tensors[name] = self.plain.tensors[name]
        value = self.plain.values.get(name)
        found = None if value is None else exact(value)
        if found is not None:
            self.values[name] = found

    def define(self, step: Step, name: str, shape: Shape) -> None:
        """Record a shape, unless a reading contradicts it."""
        if shape is not None:
            shape = tuple(None if d is None else canonical(d) for d in shape)
            shape = tuple(None if d is None or operations(d) > LONGEST else d for d in shape)
        for there, reading in self.readings.items():
            read = reading.tensors.get(name, Tensor(None))
            if shape is not None and not _agrees(shape, read, there):
                self.known.reasons[step.name] = (
                    f"in symbols its shape is {Tensor(shape).label}, at {there} {read.label}"
                )
                shape = None
        self.known.tensors[name] = replace(self.plain.tensors.get(name, Tensor(None)), shape=shape)

    def leave_open(self, step: Step, reason: str) -> None:
        self.known.reasons[step.name] = reason
        for name in filter(None, step.outputs):
            self.define(step, name, None)

    def infer(self, step: Step) -> None:
        """Infer one step by the way that its kind asks for."""
        if step.role:
            self.enter(step)
        elif step.op_type in BODIES:
            self.leave(step)
        elif self.fixed.issuperset(filter(None, step.inputs)) and not step.loops:
            for name in filter(None, step.outputs):
                self.fix(name)
        elif step.op_type in SEQUENCE:
            self.leave_open(step, "sequences are not followed in symbols")
        else:
            self.plainly(step)

    def plainly(self, step: Step) -> None:
        """An operator: shapes by its rule, ours or the package's, and its value where small."""
        tensors = [self.tensor(name) if name else None for name in step.inputs]
        values = [self.values.get(name) if name else None for name in step.inputs]
        registered = REGISTRY.get(step.op_type)
        rule = (registered.shape if registered else None) or RULES.get(step.op_type)
        try:
            if rule is not None:
                found = [shape for _, shape in rule(tensors, attributes(step.proto), values)]
            else:
                like = registered.shape_like if registered else None
                found = inference.shapes(step, tensors, values, self.names, like)
        except Exception as error:  # noqa: BLE001  a rule meets whatever the file holds
            self.leave_open(step, f"its shape is open in symbols: {one_line(error)}")
            return
        for name, shape in zip(step.outputs, found, strict=False):
            if name:
                self.define(step, name, shape)
        self.evaluate(step, tensors, values)

    def evaluate(self, step: Step, tensors: Tensors, values: Values) -> None:
        """Carry the value on; one without symbols is as it was read."""
        name = step.outputs[0]
        if step.op_type in {"Shape", "Size"} and tensors and tensors[0] and tensors[0].known:
            value: Value | None = extents(step, tensors[0].dims)
        else:
            value = compute(step, values, whole=self.known.tensors[name].dtype in INTEGERS)
        if value is None:
            return
        if not names(*value.flat) and not step.loops:
            self.fix(name)
        elif all(operations(number) <= LONGEST for number in value.flat):
            self.values[name] = value

    def enter(self, step: Step) -> None:
        """Bring a value into the body of a loop: carried on, or an item of it at a time."""
        (source,), (target,) = step.inputs, step.outputs
        shape = self.tensor(source).shape if source else self.plain.tensors[target].shape
        if step.role == "item" and shape:
            self.known.trips[step.loops[-1]] = shape[step.axis]
            shape = tuple(d for i, d in enumerate(shape) if i != step.axis % len(shape))
        self.define(step, target, None if step.role == "each" else shape)

    def leave(self, step: Step) -> None:
        """Outputs of a node with bodies, from what its bodies give."""
        bodies, states = step.bodies, len(step.outputs)
        if step.op_type == "SequenceMap":
            self.leave_open(step, "sequences are not followed in symbols")
            return
        if step.op_type == "If":
            if step.name in self.plain.taken:
                if step.inputs[0] not in self.fixed:
                    raise ModelError(f"If node '{step.name}': the sizes decide which branch runs")
                bodies = (bodies[self.plain.taken[step.name]],)
        elif step.op_type == "Loop":
            bodies, states = (bodies[0][1:],), len(step.inputs) - 2
            if step.name in self.plain.trips and step.inputs[0] in self.values:
                self.known.trips[step.name] = self.values[step.inputs[0]].item()
        else:
            given = len(step.inputs) - (1 if step.version < 9 else 0)
            states = given - attributes(step.proto).get("num_scan_inputs", 0)
        count = self.known.trips.get(step.name)
        if count is None and step.name in self.plain.trips:
            raise ModelError(
                f"{step.op_type} node '{step.name}': the sizes decide how often it runs"
            )
        for position, (name, *results) in enumerate(zip(step.outputs, *bodies, strict=False)):
            if name:
                shapes = {self.tensor(result).shape for result in results}
                shape = shapes.pop() if len(shapes) == 1 else None
                if position >= states and shape is not None:
                    shape = (count, *shape)
                self.define(step, name, shape)
                if len(results) == 1 and results[0] in self.fixed:
                    self.fix(name)


def _agrees(shape: tuple[Dim | None, ...], read: Tensor, there: At) -> bool:
    """Whether a shape, at some sizes, is what was read there."""
    if read.shape is None or len(shape) != len(read.shape):
        return False
    return all(d is None or there(d) == size for d, size in zip(shape, read.shape, strict=True))
