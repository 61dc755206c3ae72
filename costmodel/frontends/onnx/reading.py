"""One reading of a model at given sizes: its steps, its inputs, its values, and the Graph."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import onnx

from costmodel.assemble import Call, assemble
from costmodel.errors import ModelError
from costmodel.frontends.onnx.flatten import Flat, flatten
from costmodel.frontends.onnx.limits import TOTAL_SECONDS, Stopped, stoppable
from costmodel.frontends.onnx.metadata import metadata
from costmodel.frontends.onnx.nodes import attributes, source_lines
from costmodel.frontends.onnx.shapes import resolve
from costmodel.frontends.onnx.signature import learned
from costmodel.frontends.onnx.sizes import Sizes, bind_inputs
from costmodel.frontends.onnx.state import Resolved
from costmodel.graph import Graph
from costmodel.tensor import Tensor

MOST_VALUES = 64
"""Elements up to which a Tensor keeps the values of a constant: what tells an operator what to
do is that small, and the cost of a reading must not follow the weights."""

SECONDS_A_STEP = 0.001
"""CPU seconds that a step adds to the time for all of them: ten times what it mostly takes."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A model at some sizes.

    Args:
        flat: its steps, functions inlined.
        opset: version of the ``ai.onnx`` operators.
        sizes: of its inputs.
        resolved: what is known of its values.
        learned: whether a constant is, by name, where the file says so.
        metadata: what the file says of itself.
    """

    flat: Flat
    opset: int
    sizes: Sizes
    resolved: Resolved
    learned: Mapping[str, bool]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def graph(self, path: str) -> Graph:
        """The network; ``path`` is what reports call it."""
        assumed = dict(self.sizes.assumed)
        given = {name: self.resolved.tensors[name].shape for name in self.sizes.types}
        steps = calls(self.flat, self.resolved, assumed)
        return assemble(
            steps,
            self.resolved.tensors | _valued(steps, self.resolved),
            self.flat.outputs,
            learned=self.learned,
            path=path,
            opset=self.opset,
            assumed=assumed,
            metadata=self.metadata,
            inputs={name: shape for name, shape in given.items() if shape is not None},
        )


def read_at(
    model: onnx.ModelProto,
    dims: Mapping[str, int],
    shapes: Mapping[str, tuple[int, ...]],
    *,
    spare: bool = False,
    assume: int | None = None,
) -> Reading:
    """Read a model at the given sizes; for the arguments see :func:`costmodel.read`."""
    flat = flatten(model)
    sizes = bind_inputs(model, dims, shapes, spare=spare, assume=assume)
    resolved = _resolve(flat, sizes.types, sizes.dims)
    return Reading(flat, _opset(model), sizes, resolved, learned(model), metadata(model))


def _opset(model: onnx.ModelProto) -> int:
    return max((o.version for o in model.opset_import if o.domain in {"", "ai.onnx"}), default=0)


def _resolve(flat: Flat, types: Mapping[str, onnx.TypeProto], dims: Mapping[str, int]) -> Resolved:
    """Shape inference where it can be stopped; what stops it is left out of the next attempt.

    A step that hangs or crashes is left out alone. Once the time for all of them is spent,
    whatever had not been reached stays open too, so that there is an answer.
    """
    skip: frozenset[int] = frozenset()
    budget = TOTAL_SECONDS + len(flat.steps) * SECONDS_A_STEP
    end = time.monotonic() + budget
    while True:
        try:
            return stoppable(lambda at: resolve(flat, types, dims, skip, at), budget)  # noqa: B023
        except Stopped as stopped:
            late = time.monotonic() > end or stopped.step in skip
            last = len(flat.steps) if late else stopped.step + 1
            left_out = skip.union(range(stopped.step, last))
            if left_out == skip:
                raise ModelError(
                    "expected shape inference to end, found that it does not"
                ) from None
            skip = left_out


def _valued(steps: Iterable[Call], resolved: Resolved) -> dict[str, Tensor]:
    """The small constants that steps read, with their values."""
    found = {}
    for name in dict.fromkeys(name for step in steps for name in step.inputs):
        value, tensor = resolved.values.get(name), resolved.tensors.get(name)
        if value is None or tensor is None or not tensor.constant:
            continue
        if value.size <= MOST_VALUES and value.dtype.kind in "biuf":
            found[name] = replace(tensor, value=tuple(value.ravel().tolist()))
    return found


def calls(flat: Flat, resolved: Resolved, assumed: dict[str, int]) -> list[Call]:
    """The steps that can run, as calls; a loop of unknown length is assumed to run once."""
    calls = []
    for step in flat.steps:
        if not resolved.runs(step):
            continue
        times = 1
        for loop in step.loops:
            if loop not in resolved.trips:
                assumed[f"iterations of {loop}"] = 1
            times *= resolved.trips.get(loop, 1)
        chosen = step.bodies
        if step.name in resolved.taken:
            chosen = (step.bodies[resolved.taken[step.name]],)
        calls.append(
            Call(
                name=step.name,
                op_type=step.op_type,
                inputs=(*step.inputs, *(name for body in chosen for name in body)),
                outputs=step.outputs,
                attributes=attributes(step.proto),
                scope=step.scope,
                times=times,
                branches=tuple(g for g in step.guards if g[0] not in resolved.taken),
                reason=resolved.reasons.get(step.name, ""),
                sources=source_lines(step.proto),
            )
        )
    return calls
