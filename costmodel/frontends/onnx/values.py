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
import onnx
from onnx import helper, numpy_helper

from costmodel.frontends.onnx.flatten import Step
from costmodel.frontends.onnx.kinds import CODES
from costmodel.frontends.onnx.nodes import attributes
from costmodel.tensor import INTEGERS

LIMIT = 2048
"""Elements up to which a value is computed and kept."""

FEW = 16
"""The same where they are no integers: scales, limits, steps. What is more are weights."""

UNKNOWN = "value unknown"
"""What a snapshot calls a tensor that holds zeros in place of a value that was not read."""

Array = npt.NDArray[Any]
Values = Sequence[Array | None]

WHOLE = {CODES[name] for name in INTEGERS - {"string"}}
"""Element types that shapes and indices have."""

SELF_SIZED = {"NonZero", "Unique", "Compress"}
"""Operators whose result has no shape before it is computed, yet is no larger than the input
times its rank."""

BY_REFERENCE = {
    "ArgMax", "ArgMin", "BitShift", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "BitwiseXor",
    "CastLike", "Clip", "Compress", "CumSum", "DepthToSpace", "Exp", "EyeLike", "Flatten",
    "GatherElements", "GatherND", "IsInf", "IsNaN", "Log", "Mean", "Mod", "NonZero", "OneHot",
    "Pad", "Pow", "Reciprocal", "ReduceL1", "ReduceL2", "ReduceMean", "ReduceSumSquare", "Relu",
    "ReverseSequence", "ScatterElements", "ScatterND", "Sign", "SpaceToDepth", "Split", "Sum",
    "Tile", "TopK", "Trilu", "Unique",
}  # fmt: skip
"""What else shapes are computed with; it takes time in proportion to its small inputs and
outputs, which not every operator does."""


def _ints(values: Any) -> tuple[int, ...]:
    return tuple(int(v) for v in np.ravel(values))


def _divide(a: Array, b: Array, **_: Any) -> Any:
    """ONNX's Div: integers are truncated towards zero."""
    if not np.issubdtype(a.dtype, np.integer):
        return a / b
    return np.sign(a) * np.sign(b) * (np.abs(a) // np.abs(b))


def _slice(x: Array, *moved: Array, **given: Any) -> Any:
    """ONNX's Slice, its bounds attributes (to operator set 9) or inputs."""
    names = ("starts", "ends", "axes", "steps")
    bounds = {name: _ints(v) for name, v in (given | dict(zip(names, moved, strict=False))).items()}
    axes = bounds.get("axes", tuple(range(len(bounds["starts"]))))
    steps = bounds.get("steps", (1,) * len(axes))
    index = [slice(None)] * x.ndim
    for axis, start, end, step in zip(axes, bounds["starts"], bounds["ends"], steps, strict=True):
        index[axis] = slice(start, None if step < 0 and end < -x.shape[axis] else end, step)
    return x[tuple(index)]


def _reshape(x: Array, shape: Any, allowzero: int = 0, **_: Any) -> Any:
    target = _ints(shape)
    return x.reshape(
        target if allowzero else [x.shape[i] if d == 0 else d for i, d in enumerate(target)]
    )


def _squeeze(x: Array, axes: Any = None, **_: Any) -> Any:
    return np.squeeze(x, axis=None if axes is None else _ints(axes))


def _reduce(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(
        x: Array, axes: Any = None, keepdims: int = 1, noop_with_empty_axes: int = 0, **_: Any
    ) -> Any:
        over = () if axes is None else _ints(axes)
        if not over and noop_with_empty_axes:
            return x
        return np.asarray(function(x, axis=over or None, keepdims=bool(keepdims))).astype(x.dtype)

    return run


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *inputs, **_: function(*inputs)


TABLE: dict[str, Callable[..., Any]] = {
    "Identity": _plain(lambda x: x),
    "Neg": _plain(np.negative), "Abs": _plain(np.abs), "Not": _plain(np.logical_not),
    "Floor": _plain(np.floor), "Ceil": _plain(np.ceil), "Round": _plain(np.rint),
    "Sqrt": _plain(np.sqrt),
    "Add": _plain(np.add), "Sub": _plain(np.subtract), "Mul": _plain(np.multiply), "Div": _divide,
    "Equal": _plain(np.equal), "Greater": _plain(np.greater), "Less": _plain(np.less),
    "GreaterOrEqual": _plain(np.greater_equal), "LessOrEqual": _plain(np.less_equal),
    "And": _plain(np.logical_and), "Or": _plain(np.logical_or), "Xor": _plain(np.logical_xor),
    "Min": lambda *xs, **_: np.minimum.reduce(np.broadcast_arrays(*xs)),
    "Max": lambda *xs, **_: np.maximum.reduce(np.broadcast_arrays(*xs)),
    "Where": _plain(np.where),
    "Cast": lambda x, to, **_: x.astype(helper.tensor_dtype_to_np_dtype(to)),
    "Concat": lambda *xs, axis=1, **_: np.concatenate(xs, axis=axis),
    "Gather": lambda x, indices, axis=0, **_: np.take(x, indices, axis=axis),
    "Reshape": _reshape,
    "Unsqueeze": lambda x, axes, **_: np.expand_dims(x, _ints(axes)),
    "Squeeze": _squeeze,
    "Transpose": lambda x, perm=None, **_: np.transpose(x, perm),
    "Slice": _slice,
    "Expand": lambda x, shape, **_: np.broadcast_to(x, np.broadcast_shapes(x.shape, _ints(shape))),
    "Range": lambda a, b, step, **_: np.arange(a.item(), b.item(), step.item(), dtype=a.dtype),
    "ReduceProd": _reduce(np.prod), "ReduceSum": _reduce(np.sum),
    "ReduceMax": _reduce(np.max), "ReduceMin": _reduce(np.min),
}  # fmt: skip
"""What shape arithmetic is made of, in numpy, inputs by position and attributes by name:
``onnx.reference`` has them all, at a thousand times the cost a node."""


COMPUTED = {"ConstantOfShape", *TABLE, *BY_REFERENCE}


def computable(step: Step, inputs: Values, shapes: Sequence[tuple[int, ...] | None]) -> bool:
    """Whether a node's result may be computed: all inputs known, and the results small."""
    if step.op_type not in COMPUTED or not inputs:
        return False
    if any(value is None and name for value, name in zip(inputs, step.inputs, strict=True)):
        return False
    if step.op_type in SELF_SIZED:
        return True
    return all(shape is not None and math.prod(shape) <= LIMIT for shape in shapes)


def compute(step: Step, inputs: Values, version: int) -> list[Array] | None:
    """The node's results, None where they cannot be had."""
    try:
        with np.errstate(all="ignore"):
            if step.op_type == "ConstantOfShape":
                return [np.full(_ints(inputs[0]), _fill(step))]
            if step.op_type in TABLE and all(i is not None for i in inputs):
                return [np.asarray(TABLE[step.op_type](*inputs, **attributes(step.proto)))]
            return _by_reference(step, inputs, version)
    except Exception:  # noqa: BLE001  a model may hold anything; the shape is then inferred or named
        return None


def small_value(tensor: onnx.TensorProto) -> Array | None:
    """The value of a tensor that is small and whose data stand in the file itself.

    A snapshot keeps the data of exactly those.

    The only place that looks at a tensor's data: external ones are never opened.
    """
    most = LIMIT if tensor.data_type in WHOLE else FEW
    external = tensor.data_location == onnx.TensorProto.EXTERNAL
    if math.prod(tensor.dims) > most or external or tensor.doc_string == UNKNOWN:
        return None
    try:
        return numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError):
        return None


def _fill(step: Step) -> Array:
    """The value that a ConstantOfShape repeats."""
    for attribute in step.proto.attribute:
        if attribute.name == "value":
            value = small_value(attribute.t)
            if value is None:
                raise ValueError("the value does not stand in the file")
            return value.reshape(())
    return np.zeros((), np.float32)


def _by_reference(step: Step, inputs: Values, version: int) -> list[Array] | None:
    """Compute with the reference implementation that ``onnx`` has of every operator."""
    from onnx.reference import ReferenceEvaluator

    if any(a.HasField("t") or a.HasField("g") for a in step.proto.attribute):
        return None
    given = dict.fromkeys(name for name in step.proto.input if name)
    graph = helper.make_graph(
        [step.proto],
        "one",
        [helper.make_empty_tensor_value_info(name) for name in given],
        [helper.make_empty_tensor_value_info(name) for name in step.proto.output if name],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)])
    feeds = {name: value for name, value in zip(step.proto.input, inputs, strict=True) if name}
    results = ReferenceEvaluator(model).run(None, feeds)
    if not isinstance(results, list) or any(np.size(r) > LIMIT for r in results):
        return None
    return [np.asarray(r) for r in results]
