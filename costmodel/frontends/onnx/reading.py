"""One reading of a model at given sizes: its steps, its inputs, its values, and the Graph."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import onnx

from costmodel.assemble import Call, assemble
from costmodel.errors import ModelError
from costmodel.frontends.onnx.flatten import Flat, flatten
from costmodel.frontends.onnx.limits import TOTAL_SECONDS, Stopped, stoppable
from costmodel.frontends.onnx.nodes import attributes
from costmodel.frontends.onnx.shapes import resolve
from costmodel.frontends.onnx.signature import learned
from costmodel.frontends.onnx.sizes import Sizes, bind_inputs
from costmodel.frontends.onnx.state import Resolved
from costmodel.graph import Graph

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
    """

    flat: Flat
    opset: int
    sizes: Sizes
    resolved: Resolved
    learned: Mapping[str, bool]

    def graph(self, path: str) -> Graph:
        """The network; ``path`` is what reports call it."""
        assumed = dict(self.sizes.assumed)
        given = {name: self.resolved.tensors[name].shape for name in self.sizes.types}
        return assemble(
            calls(self.flat, self.resolved, assumed),
            self.resolved.tensors,
            self.flat.outputs,
            learned=self.learned,
            path=path,
            opset=self.opset,
            assumed=assumed,
            inputs={name: shape for name, shape in given.items() if shape is not None},
        )


def read_at(
    model: onnx.ModelProto,
    dims: Mapping[str, int],
    shapes: Mapping[str, tuple[int, ...]],
    *,
    spare: bool = False,
) -> Reading:
    """Read a model at the given sizes; for the arguments see :func:`costmodel.read`."""
    flat = flatten(model)
    sizes = bind_inputs(model, dims, shapes, spare=spare)
    resolved = _resolve(flat, sizes.types, sizes.dims)
    return Reading(flat, _opset(model), sizes, resolved, learned(model))


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
            )
        )
    return calls
