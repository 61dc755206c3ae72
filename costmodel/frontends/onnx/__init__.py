"""ONNX files and protos as Graphs. The only package that imports ``onnx``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import onnx

from costmodel.assemble import Call, assemble
from costmodel.errors import ModelError
from costmodel.frontends.onnx.flatten import Flat, flatten
from costmodel.frontends.onnx.kinds import as_tensor
from costmodel.frontends.onnx.limits import TOTAL_SECONDS, Stopped, stoppable
from costmodel.frontends.onnx.load import check_text, load
from costmodel.frontends.onnx.nodes import attributes
from costmodel.frontends.onnx.shapes import resolve
from costmodel.frontends.onnx.sizes import bind_inputs
from costmodel.frontends.onnx.state import Resolved
from costmodel.graph import Graph

SECONDS_A_STEP = 0.001
"""CPU seconds that a step adds to the time for all of them: ten times what it mostly takes."""


def read(
    source: str | Path | bytes | onnx.ModelProto,
    *,
    dims: Mapping[str, int] | None = None,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    path: str | None = None,
    spare: bool = False,
) -> Graph:
    """Read a model; its weights are neither needed nor touched.

    Args:
        source: a file, its bytes, or a ModelProto.
        dims: sizes of the model's named dimensions.
        shapes: whole shapes of inputs by name; they go before what the file says.
        path: what to call it in reports; the file's path by default.
        spare: whether sizes for names that the model does not have are passed over, as where
            one set of sizes serves many models.

    Raises:
        ModelError: what stands there is no model, or has dimensions that need a size.
    """
    called = path if path is not None else str(source) if isinstance(source, str | Path) else ""
    model = load(source)
    try:
        return _graph(model, called, dims or {}, shapes or {}, spare)
    except (TypeError, AttributeError):
        check_text(model)
        raise


def _graph(
    model: onnx.ModelProto,
    path: str,
    dims: Mapping[str, int],
    shapes: Mapping[str, tuple[int, ...]],
    spare: bool,
) -> Graph:
    flat = flatten(model)
    sizes = bind_inputs(model, dims, shapes, spare=spare)
    resolved = _resolve(flat, sizes.types, sizes.dims)
    assumed = dict(sizes.assumed)
    calls = _calls(flat, resolved, assumed)
    inputs = {name: as_tensor(kind, constant=False).shape for name, kind in sizes.types.items()}
    return assemble(
        calls,
        resolved.tensors,
        flat.outputs,
        path=path,
        opset=_opset(model),
        assumed=assumed,
        inputs={name: shape for name, shape in inputs.items() if shape is not None},
    )


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


def _calls(flat: Flat, resolved: Resolved, assumed: dict[str, int]) -> list[Call]:
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
