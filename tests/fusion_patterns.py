"""What a runtime may fuse: pieces of networks, each a step from one map to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from costmodel.frontends.code import Network, Value

Step = Callable[[Network, Value], Value]


def chain(*steps: Step) -> Step:
    """One step after the other; without any, the map itself."""

    def run(net: Network, x: Value) -> Value:
        for step in steps:
            x = step(net, x)
        return x

    return run


def join(op_type: str, *branches: Step) -> Step:
    """The branches side by side, joined."""

    def run(net: Network, x: Value) -> Value:
        ends = [branch(net, x) for branch in branches]
        return net.concat(*ends) if op_type == "Concat" else op(op_type, ends)(net, ends[0])

    return run


def op(op_type: str, inputs: list[Value] | None = None, **options: Any) -> Step:
    """Any operator whose output is shaped as its input, unless ``shapes`` says otherwise."""

    def run(net: Network, x: Value) -> Value:
        given = {"shapes": [x.shape], **options}
        return net.add_operator(op_type, inputs or [x], **given)[0]

    return run


def constant(op_type: str, *shape: int) -> Step:
    """Arithmetic with a constant."""
    return op(op_type, weights=[shape])


def conv(c: int = 16, **options: Any) -> Step:
    return lambda net, x: net.conv(x, c, **options)


def gated(function: str = "Sigmoid") -> Step:
    """Squeeze and excite."""

    def run(net: Network, x: Value) -> Value:
        y = net.relu(net.conv(net.global_average_pool(x), 4, bias=True))
        return net.mul(x, net.activation(net.conv(y, x.c, bias=True), function))

    return run


def unit(net: Network, x: Value) -> Value:
    """ShuffleNet V2's, of stride 1."""
    kept, y = net.split(x, x.c // 2, x.c // 2)
    y = net.batch_norm(net.depthwise(net.conv_bn_relu(y, y.c)))
    return net.shuffle(net.concat(kept, net.conv_bn_relu(y, y.c)), 2)


def larger(**attributes: str) -> Step:
    """Resized from 8x8 to 16x16."""
    to = (1, 16, 16, 16)
    return op("Resize", shapes=[to], weights=[(0,), (0,)], integers=to, **attributes)


def computed(net: Network, x: Value) -> Value:
    """A convolution with a kernel that the network computes."""
    kernel = net.reshape(x, 64, 16, 1, 1)
    return net.add_operator("Conv", [x, kernel], [(1, 64, 8, 8)], kernel_shape=[1, 1])[0]


def dense(net: Network, x: Value) -> Value:
    return net.fully_connected(net.flatten(net.global_average_pool(x)), 16)


def product(*shape: int) -> Step:
    """A matrix product with a constant, and a bias."""
    made = (*shape[:-1], 8)
    return chain(
        lambda net, x: net.reshape(x, *shape),
        op("MatMul", shapes=[made], weights=[(shape[-1], 8)]),
        constant("Add", 8),
    )


def gated_twice(net: Network, x: Value) -> Value:
    """HardSwish spelled out, whose gate somebody else reads."""
    y = net.activation(x, "HardSigmoid", alpha=1 / 6, beta=0.5)
    return net.concat(net.mul(x, y), y)


FUNCTIONS = (
    "Relu", "LeakyRelu", "Clip", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Elu", "Softplus",
    "Softsign", "Selu", "ThresholdedRelu",
)  # fmt: skip

SAME = chain()
RELU = op("Relu")
NORM: Step = Network.batch_norm
DEPTHWISE: Step = Network.depthwise
POOL: Step = Network.pool
PLANES: Step = Network.global_average_pool
SCALE, SHIFT = constant("Mul", 16, 1, 1), constant("Add", 16, 1, 1)
UP = op("ConvTranspose", shapes=[(1, 16, 16, 16)], weights=[(16, 16, 2, 2)], strides=[2, 2])
PAD = op("Pad", shapes=[(1, 16, 10, 10)], integers=(0, 0, 1, 1, 0, 0, 1, 1))
CROP = op("Pad", shapes=[(1, 16, 8, 8)], integers=(0, 0, -1, -1, 0, 0, 1, 1))
FIRST = op("Transpose", shapes=[(1, 16, 8, 8)], perm=[0, 3, 1, 2])
GELU = chain(join("Mul", SAME, chain(constant("Div"), op("Erf"), constant("Add"))), constant("Mul"))

PATTERNS: dict[str, Step] = {
    **{f"conv {f}": chain(conv(), op(f)) for f in FUNCTIONS},
    **{f"gemm {f}": chain(dense, op(f)) for f in FUNCTIONS},
    **{f"batch norm {f}": chain(NORM, op(f)) for f in FUNCTIONS},
    **{
        f"conv {kind} {shape}": chain(conv(), constant(kind, *shape), RELU)
        for kind in ("Mul", "Add")
        for shape in ((), (1,), (1, 1, 1), (16, 1, 1), (1, 16, 1, 1))
    },
    "conv batch norm relu": chain(conv(), NORM, RELU),
    "conv batch norm scale shift": chain(conv(), NORM, SCALE, SHIFT, RELU),
    "scale shift": chain(SCALE, SHIFT, RELU),
    "one channel": chain(conv(1), constant("Add", 1, 1, 1), RELU),
    "silu": chain(conv(), join("Mul", SAME, op("Sigmoid"))),
    "silu between functions": chain(RELU, join("Mul", SAME, op("Sigmoid")), RELU),
    "sigmoid of a square": chain(join("Mul", SAME, SAME), op("Sigmoid")),
    "a number times sigmoid": chain(join("Add", SAME, SAME), op("Sigmoid"), constant("Mul")),
    "hard swish spelled out": chain(
        conv(), join("Mul", SAME, op("HardSigmoid", alpha=1 / 6, beta=0.5))
    ),
    "hard swish of a pooling": join("Mul", SAME, op("HardSigmoid", alpha=1 / 6, beta=0.5)),
    "hard swish whose gate is read twice": chain(conv(), gated_twice),
    "hard swish at the end": chain(conv(), op("HardSwish")),
    "x times another hard sigmoid": chain(conv(), join("Mul", SAME, op("HardSigmoid"))),
    "hard swish beside its input": chain(conv(), join("Mul", SAME, op("HardSwish"))),
    "gelu": chain(conv(), GELU),
    "residual": chain(join("Add", chain(conv(), conv()), SAME), RELU),
    "residual LeakyRelu": chain(join("Add", conv(), SAME), op("LeakyRelu")),
    "residual HardSwish": chain(join("Add", conv(), SAME), op("HardSwish")),
    "residual of two": chain(join("Add", conv(), conv()), RELU),
    "residual after relu": chain(join("Add", chain(conv(), RELU), SAME), RELU),
    "sum": chain(join("Sum", conv(), SAME), RELU),
    "sum of three": chain(join("Sum", SAME, conv(), conv()), RELU),
    "residual off the blocks": chain(join("Add", chain(conv(10), conv(10), NORM), conv(10)), RELU),
    "residual off the blocks, no bias": chain(
        join("Add", chain(conv(10), conv(10)), conv(10)), RELU
    ),
    "residual off the blocks, shuffled": join(
        "Add", chain(conv(10), conv(10, bias=True)), chain(conv(10), lambda n, x: n.shuffle(x, 2))
    ),
    "pre-activation": join("Add", SAME, chain(NORM, RELU, conv())),
    "squeeze and excite": gated(),
    "squeeze and excite, hard": chain(conv(), gated("HardSigmoid")),
    "sum with a vector": join("Add", SAME, PLANES),
    "sum of a convolution with a vector": join("Add", conv(), PLANES),
    "sum with a vector off the blocks": chain(conv(10), join("Add", conv(10, bias=True), PLANES)),
    "sum with a map of one channel": join("Add", SAME, conv(1)),
    "product": chain(join("Mul", SAME, conv()), RELU),
    "shuffle unit": unit,
    "shuffle unit off the blocks": chain(conv(20), unit),
    "concat": chain(join("Concat", conv(), conv(32)), RELU),
    "concat off the blocks": join("Concat", conv(), conv(12)),
    "concat with a map outside": join("Concat", conv(), op("Elu")),
    "first layer": conv(k=3),
    "one axis": op(
        "Conv", shapes=[(1, 16, 64)], weights=[(16, 16, 3)], kernel_shape=[3], pads=[1, 1]
    ),
    "a kernel that is computed": computed,
    "few channels": chain(conv(4), RELU),
    "depthwise": chain(DEPTHWISE, RELU),
    "depthwise 12": chain(conv(12), DEPTHWISE),
    "depthwise 10": chain(conv(10), DEPTHWISE, RELU),
    "depthwise, two a channel": conv(32, k=3, groups=16),
    "grouped 16": chain(conv(32), conv(32, k=3, groups=2)),
    "grouped 8": conv(k=3, groups=2),
    "grouped 4": conv(k=3, groups=4),
    "grouped 1x1": chain(conv(32), conv(32, groups=2)),
    "pooling": chain(conv(), lambda n, x: n.pool(x, "AveragePool")),
    "pooling with positions": op("MaxPool", shapes=[(1, 16, 8, 8)] * 2, kernel_shape=[1, 1]),
    "pooling off the blocks": chain(conv(12), POOL),
    "pooling of planes off the blocks": chain(conv(12), PLANES),
    "pooling of the network's input": join("Mul", SAME, PLANES),
    "transposed convolution": chain(UP, NORM, RELU),
    "transposed convolution, bias": chain(UP, SHIFT, RELU),
    "nearest": larger(coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    "nearest, half a pixel": larger(),
    "linear": larger(mode="linear"),
    "cubic": larger(mode="cubic"),
    "channels last": op("Transpose", shapes=[(1, 8, 8, 16)], perm=[0, 2, 3, 1]),
    "channels first": FIRST,
    "channels first, read twice": chain(FIRST, join("Concat", conv(), op("Elu"))),
    "padding": chain(PAD, conv(k=3, pad=0)),
    "padding before a pooling": chain(PAD, POOL),
    "cropping": chain(CROP, POOL),
    "matrix product": chain(product(64, 16), RELU),
    "matrix product of sequences": chain(product(4, 16, 16), RELU),
    "the same twice": join("Add", chain(RELU, conv()), chain(RELU, conv())),
    "split twice": join("Concat", *(lambda n, x, i=i: n.split(x, 8, 8)[i] for i in (0, 1))),
    "read twice": chain(conv(), join("Concat", RELU, lambda n, x: n.pool(x, stride=1))),
    "reshaped": chain(conv(), lambda n, x: n.reshape(x, 1, 16, 64), RELU),
    "normalised across channels": chain(conv(), Network.local_response_norm),
}
"""What may follow a map of 16 channels at 8x8."""

GIVEN = {
    "first layer": (3, 8, 8),
    "one axis": (16, 64),
    "pooling of the network's input": (16, 8, 8),
    "channels first": (8, 8, 16),
    "channels first, read twice": (8, 8, 16),
}
"""Patterns that a network begins with, and its input."""

LAST = {"hard swish at the end"}
"""Patterns that a network ends with; a convolution follows the others."""
