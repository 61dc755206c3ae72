"""Values of small tensors, carried through the arithmetic that exporters do on shapes.

Bounded: nothing is computed unless its inputs are known, its result's shape is known, and
both are small. What the table below does not have is computed by ``onnx.reference``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import helper, numpy_helper

from costmodel.frontends.onnx.flatten import Step, attributes

LIMIT = 2048
"""Elements up to which a value is computed and kept."""

Array = npt.NDArray[Any]
Values = Sequence[Array | None]

SELF_SIZED = {"NonZero", "Unique", "Compress"}
"""Operators whose result has no shape before it is computed, yet is no larger than the input
times its rank."""

NEVER = {
    "If", "Loop", "Scan", "SequenceMap", "RandomNormal", "RandomUniform", "RandomNormalLike",
    "RandomUniformLike", "Multinomial", "Bernoulli", "ImageDecoder", "Optional",
    "OptionalGetElement", "OptionalHasElement", "SequenceConstruct", "SequenceEmpty",
    "SequenceInsert", "SequenceErase", "SequenceAt", "SplitToSequence", "ConcatFromSequence",
    "RegexFullMatch", "StringSplit", "StringNormalizer", "StringConcat", "TfIdfVectorizer",
}  # fmt: skip
"""Operators that are not computed: random, of sequences, of strings, or with bodies."""


def _axes(inputs: Values, given: dict[str, Any], position: int = 1) -> tuple[int, ...] | None:
    if len(inputs) > position and inputs[position] is not None:
        return tuple(int(a) for a in np.ravel(inputs[position]))  # type: ignore[arg-type]
    axes = given.get("axes")
    return None if axes is None else tuple(axes)


def _unsqueeze(x: Array, axes: tuple[int, ...]) -> Array:
    return np.expand_dims(x, axes)


def _slice(inputs: Values, given: dict[str, Any]) -> Array:
    x = _first(inputs)
    if len(inputs) > 1:
        starts, ends = (np.ravel(inputs[i]).tolist() for i in (1, 2))  # type: ignore[arg-type]
        axes = _axes(inputs, {}, 3)
        steps = np.ravel(inputs[4]).tolist() if len(inputs) > 4 and inputs[4] is not None else None
    else:
        starts, ends, axes, steps = given["starts"], given["ends"], _axes([], given), None
    index = [slice(None)] * x.ndim
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        step = 1 if steps is None else steps[i]
        axis = i if axes is None else axes[i]
        stop = None if step < 0 and end < -x.shape[axis] else end
        index[axis] = slice(start, stop, step)
    return x[tuple(index)]


def _first(inputs: Values) -> Array:
    assert inputs[0] is not None
    return inputs[0]


def _reduce(function: Callable[..., Any]) -> Callable[[Values, dict[str, Any]], Array]:
    def run(inputs: Values, given: dict[str, Any]) -> Array:
        x = _first(inputs)
        axes = _axes(inputs, given)
        if axes == () or (axes is None and given.get("noop_with_empty_axes")):
            return x if given.get("noop_with_empty_axes") else function(x, keepdims=bool(given.get("keepdims", 1)))
        return np.asarray(function(x, axis=axes, keepdims=bool(given.get("keepdims", 1)))).astype(x.dtype)

    return run


def _binary(function: Callable[..., Any]) -> Callable[[Values, dict[str, Any]], Array]:
    def run(inputs: Values, given: dict[str, Any]) -> Array:
        a, b = inputs[:2]
        assert a is not None and b is not None
        return np.asarray(function(a, b))

    return run


def _divide(a: Array, b: Array) -> Array:
    if np.issubdtype(a.dtype, np.integer):
        return np.trunc(np.true_divide(a, b)).astype(a.dtype) if np.any((a < 0) | (b < 0)) else a // b
    return np.divide(a, b)


def _unary(function: Callable[[Array], Any]) -> Callable[[Values, dict[str, Any]], Array]:
    return lambda inputs, given: np.asarray(function(_first(inputs)))


def _reshape(inputs: Values, given: dict[str, Any]) -> Array:
    x = _first(inputs)
    target = given["shape"] if len(inputs) < 2 else np.ravel(inputs[1]).tolist()  # type: ignore[arg-type]
    if not given.get("allowzero"):
        target = [x.shape[i] if d == 0 else d for i, d in enumerate(target)]
    return x.reshape(target)


TABLE: dict[str, Callable[[Values, dict[str, Any]], Array]] = {
    "Identity": _unary(lambda x: x),
    "Neg": _unary(np.negative), "Abs": _unary(np.abs), "Not": _unary(np.logical_not),
    "Floor": _unary(np.floor), "Ceil": _unary(np.ceil), "Round": _unary(np.rint), "Sqrt": _unary(np.sqrt),
    "Add": _binary(np.add), "Sub": _binary(np.subtract), "Mul": _binary(np.multiply), "Div": _binary(_divide),
    "Equal": _binary(np.equal), "Greater": _binary(np.greater), "Less": _binary(np.less),
    "GreaterOrEqual": _binary(np.greater_equal), "LessOrEqual": _binary(np.less_equal),
    "And": _binary(np.logical_and), "Or": _binary(np.logical_or), "Xor": _binary(np.logical_xor),
    "Min": lambda inputs, given: np.asarray(np.minimum.reduce(np.broadcast_arrays(*inputs))),  # type: ignore[arg-type]
    "Max": lambda inputs, given: np.asarray(np.maximum.reduce(np.broadcast_arrays(*inputs))),  # type: ignore[arg-type]
    "Where": lambda inputs, given: np.where(*inputs),  # type: ignore[call-overload]
    "Concat": lambda inputs, given: np.concatenate(inputs, axis=given.get("axis", 1)),  # type: ignore[arg-type]
    "Gather": lambda inputs, given: np.take(_first(inputs), inputs[1], axis=given.get("axis", 0)),  # type: ignore[arg-type]
    "Reshape": _reshape,
    "Unsqueeze": lambda inputs, given: _unsqueeze(_first(inputs), _axes(inputs, given) or ()),
    "Squeeze": lambda inputs, given: np.squeeze(_first(inputs), axis=_axes(inputs, given)),
    "Transpose": lambda inputs, given: np.transpose(_first(inputs), given.get("perm")),
    "Slice": _slice,
    "Expand": lambda inputs, given: _first(inputs) * np.ones(np.ravel(inputs[1]), dtype=_first(inputs).dtype),  # type: ignore[arg-type]
    "Range": lambda inputs, given: np.arange(*(i.item() for i in inputs), dtype=_first(inputs).dtype),  # type: ignore[union-attr]
    "ReduceProd": _reduce(np.prod), "ReduceSum": _reduce(np.sum),
    "ReduceMax": _reduce(np.max), "ReduceMin": _reduce(np.min),
}  # fmt: skip
"""What shape arithmetic is made of, in numpy: ``onnx.reference`` has them all, at a
thousand times the cost a node."""


def computable(step: Step, inputs: Values, shapes: Sequence[tuple[int, ...] | None]) -> bool:
    """Whether a node's result may be computed: all inputs known, and the results small."""
    if step.op_type in NEVER or not inputs or step.domain:
        return False
    if any(value is None and name for value, name in zip(inputs, step.inputs, strict=True)):
        return False
    if step.op_type in SELF_SIZED:
        return True
    return all(shape is not None and math.prod(shape) <= LIMIT for shape in shapes)


def compute(step: Step, inputs: Values, version: int) -> list[Array] | None:
    """The node's results, None where they cannot be had."""
    given = attributes(step.proto)
    try:
        with np.errstate(all="ignore"):
            if step.op_type == "ConstantOfShape":
                return [np.full(np.ravel(_first(inputs)), _fill(step))]
            if step.op_type == "Cast":
                return [_first(inputs).astype(helper.tensor_dtype_to_np_dtype(given["to"]))]
            if step.op_type in TABLE:
                return [TABLE[step.op_type](inputs, given)]
            return _by_reference(step, inputs, version)
    except Exception:  # noqa: BLE001  a model may hold anything; the shape is then inferred or named
        return None


def _fill(step: Step) -> Array:
    """The value that a ConstantOfShape repeats."""
    for attribute in step.proto.attribute:
        if attribute.name == "value":
            return numpy_helper.to_array(attribute.t).reshape(())
    return np.zeros((), np.float32)


def _by_reference(step: Step, inputs: Values, version: int) -> list[Array] | None:
    """Compute with the reference implementation that ``onnx`` has of every operator."""
    from onnx.reference import ReferenceEvaluator

    given = [name for name in step.proto.input if name]
    graph = helper.make_graph(
        [step.proto],
        "one",
        [helper.make_empty_tensor_value_info(name) for name in dict.fromkeys(given)],
        [helper.make_empty_tensor_value_info(name) for name in step.proto.output if name],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)])
    feeds = {name: value for name, value in zip(step.proto.input, inputs, strict=True) if name}
    results = ReferenceEvaluator(model).run(None, feeds)
    if not isinstance(results, list) or any(np.size(r) > LIMIT for r in results):
        return None
    return [np.asarray(r) for r in results]
