"""Networks written in Python: each call adds one operator and returns the value that it gives.

>>> net = Network()
>>> x = net.input(3, 224, 224)
>>> x = net.relu(net.conv(x, 64, k=7, stride=2))
>>> graph = net.graph(x)
>>> graph.cost.madds  # 112*112 * 64*3*7*7
118013952
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from costmodel.assemble import Call, assemble
from costmodel.dims import Dim, exact
from costmodel.graph import Graph
from costmodel.tensor import Tensor

Window = int | tuple[int, int]
"""A number for height and width alike, or one for each."""


@dataclass(frozen=True)
class Value:
    """What an operator gives: a name, and a shape (n, c, h, w)."""

    name: str
    shape: tuple[Dim, ...]

    @property
    def c(self) -> Dim:
        """Channels."""
        return self.shape[1]


class Network:
    """A network under construction.

    Padding keeps the extent (``k // 2``) unless it is given, as in the papers' networks.
    """

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._tensors: dict[str, Tensor] = {}
        self._inputs: dict[str, tuple[Dim, ...]] = {}
        self._scope: list[str] = []
        self._count: dict[str, int] = {}

    def input(self, *shape: Dim, n: Dim = 1, name: str = "input") -> Value:
        """An input of the network: (c, h, w), or (c,) for a vector."""
        self._inputs[name] = (n, *shape)
        self._tensors[name] = Tensor((n, *shape))
        return Value(name, (n, *shape))

    def graph(self, *outputs: Value) -> Graph:
        """The network that gives these outputs."""
        names = [output.name for output in outputs]
        return assemble(self._calls, self._tensors, names, inputs=self._inputs)

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Operators added inside belong to the module ``name``; scopes nest."""
        self._scope.append(name)
        try:
            yield
        finally:
            self._scope.pop()

    def add_operator(
        self, op_type: str, inputs: Sequence[Value], shapes: Sequence[tuple[Dim, ...]],
        weights: Sequence[tuple[Dim, ...]] = (), integers: tuple[Dim, ...] | Value = (),
        **attributes: Any,
    ) -> list[Value]:  # fmt: skip
        """Any operator: activations first, then learned tensors, as in its ONNX schema.

        Args:
            op_type: as in the registry.
            inputs: what it reads.
            shapes: of each of its outputs.
            weights: shapes of the constants that follow the inputs.
            integers: a list of integers as the last input (a shape, the lengths of a split), or
                the value whose shape is that list.
            attributes: by their ONNX names.
        """
        self._count[op_type] = self._count.get(op_type, 0) + 1
        scope = ".".join(self._scope)
        name = (
            f"{scope}/{op_type}_{self._count[op_type]}"
            if scope
            else f"{op_type}_{self._count[op_type]}"
        )
        held = [f"{name}.weight{i}" for i in range(len(weights))]
        for key, shape in zip(held, weights, strict=True):
            self._tensors[key] = Tensor(shape, constant=True)
        if integers:
            value = integers.name if isinstance(integers, Value) else integers
            length = len(integers.shape if isinstance(integers, Value) else integers)
            held.append(f"{name}.integers")
            self._tensors[held[-1]] = Tensor((length,), "int64", constant=True, value=value)
        given = [f"{name}:{i}" for i in range(len(shapes))]
        for key, shape in zip(given, shapes, strict=True):
            self._tensors[key] = Tensor(shape)
        self._calls.append(
            Call(
                name=name,
                op_type=op_type,
                inputs=(*(v.name for v in inputs), *held),
                outputs=tuple(given),
                attributes=attributes,
                scope=scope,
            )
        )
        return [Value(key, shape) for key, shape in zip(given, shapes, strict=True)]

    def chain(self, x: Value, *steps: Callable[[Value], Value]) -> Value:
        """Each step applied to what the one before gives.

        >>> net = Network()
        >>> net.chain(net.input(3, 8, 8), net.relu, net.global_average_pool).shape
        (1, 3, 1, 1)
        """
        for step in steps:
            x = step(x)
        return x

    # -- the operators that convolutional networks are made of ----------------------------

    def conv(
        self, x: Value, c_out: Dim, *, k: Window = 1, stride: int = 1, pad: Window | None = None,
        groups: Dim = 1, bias: bool = False,
    ) -> Value:  # fmt: skip
        """Convolution of k x k, or of (k_h, k_w); ``groups == x.c`` makes it depthwise."""
        n, c, h, w = x.shape
        extent, window = _window((h, w), k, stride, pad)
        kernel = (c_out, exact(c, groups), *window["kernel_shape"])
        weights = [kernel, (c_out,)] if bias else [kernel]
        return self.add_operator(
            "Conv", [x], [(n, c_out, *extent)], weights, group=groups, **window
        )[0]

    def depthwise(self, x: Value, *, k: int = 3, stride: int = 1, bias: bool = False) -> Value:
        """Depthwise convolution: one filter a channel."""
        return self.conv(x, x.c, k=k, stride=stride, groups=x.c, bias=bias)

    def batch_norm(self, x: Value) -> Value:
        """Batch normalisation with its statistics."""
        return self.add_operator("BatchNormalization", [x], [x.shape], [(x.c,)] * 4)[0]

    def activation(self, x: Value, op_type: str, **attributes: Any) -> Value:
        """An element-wise function of one input: ``Relu``, ``Sigmoid``, ``HardSwish``, ``Clip``."""
        return self.add_operator(op_type, [x], [x.shape], **attributes)[0]

    def relu(self, x: Value) -> Value:
        """Rectified linear unit."""
        return self.activation(x, "Relu")

    def conv_bn_relu(
        self, x: Value, c_out: Dim, *, k: Window = 1, stride: int = 1, pad: Window | None = None,
        groups: Dim = 1, relu: bool = True,
    ) -> Value:  # fmt: skip
        """Convolution, batch normalisation and, unless told otherwise, a ReLU."""
        y = self.batch_norm(self.conv(x, c_out, k=k, stride=stride, pad=pad, groups=groups))
        return self.relu(y) if relu else y

    def local_response_norm(self, x: Value, *, size: int = 5) -> Value:
        """Division by the energy of ``size`` neighbouring channels."""
        return self.activation(x, "LRN", size=size)

    def add(self, a: Value, b: Value) -> Value:
        """Element-wise sum."""
        return self.add_operator("Add", [a, b], [a.shape])[0]

    def mul(self, a: Value, b: Value) -> Value:
        """Element-wise product; ``b`` may be a gate of one element a channel."""
        return self.add_operator("Mul", [a, b], [a.shape])[0]

    def concat(self, *values: Value) -> Value:
        """Channels side by side."""
        n, _, *extent = values[0].shape
        shape = (n, sum(v.c for v in values), *extent)
        return self.add_operator("Concat", values, [shape], axis=1)[0]

    def split(self, x: Value, *channels: Dim) -> list[Value]:
        """Channels apart, in the given numbers."""
        n, _, *extent = x.shape
        return self.add_operator(
            "Split", [x], [(n, c, *extent) for c in channels], integers=channels, axis=1
        )

    def reshape(self, x: Value, *shape: Dim) -> Value:
        """The same elements under another shape; 0 keeps an axis, -1 takes what is left."""
        kept = [x.shape[i] if d == 0 else d for i, d in enumerate(shape)]
        if -1 in kept:
            rest = math.prod(d for d in kept if d != -1)
            kept[kept.index(-1)] = exact(math.prod(x.shape), rest)
        return self.add_operator("Reshape", [x], [tuple(kept)], integers=shape)[0]

    def reshape_like(self, x: Value, like: Value) -> Value:
        """The same elements under the shape of another value."""
        return self.add_operator("Reshape", [x], [like.shape], integers=like)[0]

    def shuffle(self, x: Value, groups: Dim) -> Value:
        """Channel shuffle: reshape to (groups, c / groups), transpose, reshape back."""
        n, c, h, w = x.shape
        each = exact(c, groups)
        y = self.reshape(x, 0, groups, each, -1)
        y = self.add_operator("Transpose", [y], [(n, each, groups, h * w)], perm=[0, 2, 1, 3])[0]
        return self.reshape_like(y, x)

    def pool(
        self, x: Value, op_type: str = "MaxPool", *, k: Window = 3, stride: int = 2,
        pad: Window | None = None, ceil: bool = False,
    ) -> Value:  # fmt: skip
        """Pooling over k x k: ``MaxPool`` or ``AveragePool``; ``ceil`` rounds the extent up."""
        n, c, h, w = x.shape
        extent, window = _window((h, w), k, stride, pad, ceil=ceil)
        if ceil:
            window["ceil_mode"] = 1
        return self.add_operator(op_type, [x], [(n, c, *extent)], **window)[0]

    def global_average_pool(self, x: Value) -> Value:
        """Mean over each channel's map: (n, c, 1, 1)."""
        n, c, *_ = x.shape
        return self.add_operator("GlobalAveragePool", [x], [(n, c, 1, 1)])[0]

    def flatten(self, x: Value) -> Value:
        """(n, c, h, w) as (n, c*h*w)."""
        n, c, h, w = x.shape
        return self.add_operator("Flatten", [x], [(n, c * h * w)])[0]

    def fully_connected(self, x: Value, c_out: Dim, *, bias: bool = True) -> Value:
        """A dense layer on (n, c)."""
        n, c = x.shape
        weights = [(c_out, c), (c_out,)] if bias else [(c_out, c)]
        return self.add_operator("Gemm", [x], [(n, c_out)], weights, transB=1)[0]


def _window(
    extent: tuple[Dim, Dim], k: Window, stride: int, pad: Window | None, *, ceil: bool = False
) -> tuple[tuple[Dim, Dim], dict[str, Any]]:
    """The extent that a window leaves of (h, w), and the window as ONNX attributes."""
    k_h, k_w = (k, k) if isinstance(k, int) else k
    given = (k_h // 2, k_w // 2) if pad is None else pad
    p_h, p_w = (given, given) if isinstance(given, int) else given
    kernel, pads = [k_h, k_w], [p_h, p_w]
    h, w = (
        _steps(size + 2 * p - each, stride, p + size, ceil=ceil) + 1
        for size, each, p in zip(extent, kernel, pads, strict=True)
    )
    return (h, w), {"kernel_shape": kernel, "strides": [stride] * 2, "pads": pads * 2}


def _steps(room: Dim, stride: int, end: Dim, *, ceil: bool) -> Dim:
    """How often a window moves; rounded up, its last place must still begin before the end."""
    if stride == 1:
        return room
    if not ceil:
        return room // stride
    steps = -(-room // stride)
    return steps - 1 if steps * stride >= end else steps
