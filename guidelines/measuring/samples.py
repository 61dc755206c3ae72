"""Random networks to calibrate by: every kind of layer, at sizes from tiny to large.

They are chains, so that a layer finds its input as a network would leave it: in a cache, or
not; in blocks, or not. None of them is a network of the literature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph

LAYERS = 10
"""Layers of a chain, some of which are several operators."""

MOST_MADDS, MOST_ELEMENTS = 600e6, 6e6
"""Of one layer, and of one map."""

SIDES = (7, 8, 10, 12, 14, 16, 19, 20, 24, 28, 32, 38, 40, 48, 56, 64, 75, 80, 96, 112, 128, 150)


def samples(count: int, *, seed: int = 0) -> Iterator[Graph]:
    """Chains, the same for the same seed."""
    for number in range(count):
        yield _chain(np.random.default_rng((seed, number)))


def _chain(random: np.random.Generator) -> Graph:
    net = Network()
    side = int(random.choice(SIDES))
    c = int(random.choice((3, 4, 8, _channels(random))))
    x = net.input(c, side, side)
    if c * side * side > MOST_ELEMENTS:
        x = net.pool(x, k=2, pad=0)
    for _ in range(LAYERS):
        for _ in range(5):
            layer = _LAYERS[random.choice(len(_LAYERS), p=_SHARES)]
            made = layer(net, x, random)
            if made is not None:
                x = made
                break
    x = net.flatten(net.global_average_pool(x))
    return net.graph(net.fully_connected(x, _channels(random)))


def _channels(random: np.random.Generator, least: int = 8, most: int = 1024) -> int:
    """Log-uniform, mostly a multiple of 8, as designers write them."""
    c = float(np.exp(random.uniform(np.log(least), np.log(most))))
    step = int(random.choice((1, 2, 4, 8, 16), p=(0.05, 0.05, 0.1, 0.4, 0.4)))
    return max(step, round(c / step) * step)


def _fits(x: Value, c_out: int, *, k: int = 1, stride: int = 1, groups: int = 1) -> bool:
    area = x.shape[2] * x.shape[3] / stride**2
    madds = area * c_out * x.c // groups * k * k
    return bool(madds < MOST_MADDS and area * c_out < MOST_ELEMENTS and x.shape[2] >= k)


def _after(net: Network, x: Value, random: np.random.Generator) -> Value:
    """What follows a convolution: mostly batch normalisation and an activation."""
    if random.random() < 0.8:
        x = net.batch_norm(x)
    kinds = ("", "Relu", "Clip", "HardSwish", "Sigmoid", "LeakyRelu")
    kind = str(random.choice(kinds, p=(0.25, 0.45, 0.1, 0.1, 0.05, 0.05)))
    return net.activation(x, kind) if kind else x


def _dense(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    k, stride = int(random.choice((3, 3, 3, 5, 7))), int(random.choice((1, 1, 2)))
    c = _channels(random)
    if not _fits(x, c, k=k, stride=stride):
        return None
    return _after(net, net.conv(x, c, k=k, stride=stride, bias=random.random() < 0.5), random)


def _pointwise(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    c, stride = _channels(random), int(random.choice((1,) * 9 + (2,)))
    if not _fits(x, c, stride=stride):
        return None
    return _after(net, net.conv(x, c, stride=stride, bias=random.random() < 0.5), random)


def _depthwise(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    k, stride = int(random.choice((3, 3, 5, 7))), int(random.choice((1, 1, 2)))
    if not _fits(x, x.c, k=k, stride=stride, groups=x.c):
        return None
    return _after(net, net.depthwise(x, k=k, stride=stride), random)


def _grouped(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    dividing = [g for g in (2, 3, 4, 8, 16, 32) if x.c % g == 0]
    if not dividing:
        return None
    groups, k = int(random.choice(dividing)), int(random.choice((1, 3)))
    step = int(random.choice((1, 8, 16)))
    each = max(step, round(_channels(random) / groups / step) * step)
    if not _fits(x, each * groups, k=k, groups=groups):
        return None
    return _after(net, net.conv(x, each * groups, k=k, groups=groups), random)


def _pooled(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    k, stride = int(random.choice((2, 3))), int(random.choice((1, 2, 2)))
    if x.shape[2] < 2 * k:
        return None
    kind = str(random.choice(("MaxPool", "AveragePool")))
    return net.pool(x, kind, k=k, stride=stride, pad=k // 2 if k == 3 else 0)


def _residual(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    if not _fits(x, x.c, k=3):
        return None
    y = net.batch_norm(net.conv(x, x.c, k=int(random.choice((1, 3)))))
    y = net.add(x, y)
    return net.relu(y) if random.random() < 0.6 else y


def _gated(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    squeezed = max(8, x.c // int(random.choice((4, 8, 16))))
    gate = net.relu(net.conv(net.global_average_pool(x), squeezed, bias=True))
    kind = str(random.choice(("Sigmoid", "HardSigmoid")))
    return net.mul(x, net.activation(net.conv(gate, x.c, bias=True), kind))


def _joined(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    """Two or more branches, concatenated."""
    widths = [_channels(random, 8, 128) for _ in range(int(random.choice((2, 2, 3))))]
    if not all(_fits(x, c) for c in widths):
        return None
    branches = [_after(net, net.conv(x, c), random) for c in widths]
    return net.concat(*([x] if random.random() < 0.3 else []), *branches)


def _shuffled(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    if x.c % 2:
        return None
    if random.random() < 0.5:
        return net.shuffle(x, 2)
    kept, y = net.split(x, x.c // 2, x.c // 2)
    y = net.conv_bn_relu(y, x.c // 2) if _fits(y, x.c // 2) else y
    return net.shuffle(net.concat(kept, y), 2)


def _normalised(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    """Batch normalisation and a ReLU before a convolution, where neither folds."""
    c = _channels(random)
    if not _fits(x, c):
        return None
    y = net.relu(net.batch_norm(x))
    z = net.conv(y, c)
    return z if random.random() < 0.5 else net.concat(x, z)


def _preactivated(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    """A ReLU that folds into nothing, because the shortcut reads its input too."""
    if not _fits(x, x.c):
        return None
    y = x
    for _ in range(int(random.choice((1, 2)))):
        y = net.batch_norm(net.conv(net.depthwise(net.relu(y)), x.c))
    return net.add(y, x)


def _responsive(net: Network, x: Value, random: np.random.Generator) -> Value | None:
    if x.c * x.shape[2] * x.shape[3] > MOST_ELEMENTS / 10:
        return None
    return net.local_response_norm(x)


Layer = Callable[[Network, Value, np.random.Generator], Value | None]

_KINDS: tuple[tuple[Layer, float], ...] = (
    (_pointwise, 0.27), (_dense, 0.20), (_depthwise, 0.13), (_grouped, 0.09), (_pooled, 0.06),
    (_residual, 0.05), (_gated, 0.04), (_joined, 0.05), (_shuffled, 0.03), (_normalised, 0.04),
    (_preactivated, 0.03), (_responsive, 0.01),
)  # fmt: skip
_LAYERS = [layer for layer, _ in _KINDS]
_SHARES = [share for _, share in _KINDS]
