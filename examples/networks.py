"""Networks of the literature, written with costmodel.frontends.code.Network.

Each follows the paper's table; where authors' code differs, the docstring says which one.
"""

from __future__ import annotations

from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph


def _classify(net: Network, x: Value, classes: int = 1000) -> Graph:
    """Global average, a fully connected layer."""
    with net.scope("classifier"):
        x = net.fully_connected(net.flatten(net.global_average_pool(x)), classes)
    return net.graph(x)


def _stem(net: Network, c: int, *, k: int = 3, pooled: bool = False) -> Value:
    """A convolution of stride 2 on 3x224x224, and a max pooling."""
    with net.scope("stem"):
        x = net.conv_bn_relu(net.input(3, 224, 224), c, k=k, stride=2)
        return net.pool(x) if pooled else x


def mobilenet_v1() -> Graph:
    """arXiv 1704.04861, table 1; its last depthwise convolution has stride 1."""
    net = Network()
    x = _stem(net, 32)
    widths = [64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    strides = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    for i, (c, stride) in enumerate(zip(widths, strides, strict=True)):
        with net.scope(f"features.{i}"):
            x = net.conv_bn_relu(x, x.c, k=3, stride=stride, groups=x.c)
            x = net.conv_bn_relu(x, c)
    return _classify(net, x)


def _clipped(
    net: Network, x: Value, c: int, *, k: int = 1, stride: int = 1, groups: int = 1
) -> Value:
    """Convolution, batch normalisation, ReLU6."""
    y = net.conv_bn_relu(x, c, k=k, stride=stride, groups=groups, relu=False)
    return net.activation(y, "Clip")


def _inverted(net: Network, x: Value, c: int, *, t: int, k: int, stride: int) -> Value:
    """MobileNet V2's block: widen t times, filter, narrow."""
    y = _clipped(net, x, t * x.c) if t != 1 else x
    y = _clipped(net, y, y.c, k=k, stride=stride, groups=y.c)
    y = net.conv_bn_relu(y, c, relu=False)
    return net.add(x, y) if stride == 1 and x.c == c else y


def mobilenet_v2() -> Graph:
    """arXiv 1801.04381, table 2."""
    net = Network()
    x = _clipped(net, net.input(3, 224, 224), 32, k=3, stride=2)
    rows = [
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]
    block = 0
    for t, c, n, stride in rows:
        for i in range(n):
            block += 1
            with net.scope(f"features.{block}"):
                x = _inverted(net, x, c, t=t, k=3, stride=1 if i else stride)
    with net.scope("features.18"):
        x = _clipped(net, x, 1280)
    return _classify(net, x)


def mnasnet_b1() -> Graph:
    """arXiv 1807.11626; the layout without gates, as torchvision has it."""
    net = Network()
    x = _stem(net, 32)
    x = net.conv_bn_relu(net.conv_bn_relu(x, 32, k=3, groups=32), 16, relu=False)
    rows = [
        (3, 24, 3, 3, 2),
        (3, 40, 3, 5, 2),
        (6, 80, 3, 5, 2),
        (6, 96, 2, 3, 1),
        (6, 192, 4, 5, 2),
        (6, 320, 1, 3, 1),
    ]
    for stage, (t, c, n, k, stride) in enumerate(rows):
        for i in range(n):
            with net.scope(f"layers.{stage}.{i}"):
                y = net.conv_bn_relu(x, t * x.c)
                y = net.conv_bn_relu(y, y.c, k=k, stride=1 if i else stride, groups=y.c)
                y = net.conv_bn_relu(y, c, relu=False)
                x = net.add(x, y) if i else y
    return _classify(net, net.conv_bn_relu(x, 1280))


def _gated(net: Network, x: Value) -> Value:
    """Squeeze-and-excite over a quarter of the channels, rounded to 8 but not down by a tenth."""
    squeezed = max(8, (x.c // 4 + 4) // 8 * 8)
    squeezed += 8 * (squeezed < 0.9 * (x.c // 4))
    gate = net.relu(net.conv(net.global_average_pool(x), squeezed, bias=True))
    gate = net.activation(net.conv(gate, x.c, bias=True), "HardSigmoid")
    return net.mul(x, gate)


def mobilenet_v3_large() -> Graph:
    """arXiv 1905.02244, table 1."""
    rows = [
        (3, 16, 16, 0, "Relu", 1), (3, 64, 24, 0, "Relu", 2), (3, 72, 24, 0, "Relu", 1),
        (5, 72, 40, 1, "Relu", 2), (5, 120, 40, 1, "Relu", 1), (5, 120, 40, 1, "Relu", 1),
        (3, 240, 80, 0, "HardSwish", 2), (3, 200, 80, 0, "HardSwish", 1),
        (3, 184, 80, 0, "HardSwish", 1), (3, 184, 80, 0, "HardSwish", 1),
        (3, 480, 112, 1, "HardSwish", 1), (3, 672, 112, 1, "HardSwish", 1),
        (5, 672, 160, 1, "HardSwish", 2), (5, 960, 160, 1, "HardSwish", 1),
        (5, 960, 160, 1, "HardSwish", 1),
    ]  # fmt: skip
    net = Network()

    def unit(x: Value, c: int, act: str, *, k: int = 1, stride: int = 1, groups: int = 1) -> Value:
        y = net.conv_bn_relu(x, c, k=k, stride=stride, groups=groups, relu=False)
        return net.activation(y, act)

    x = unit(net.input(3, 224, 224), 16, "HardSwish", k=3, stride=2)
    for i, (k, wide, c, gate, act, stride) in enumerate(rows, 1):
        with net.scope(f"features.{i}"):
            y = unit(x, wide, act) if wide != x.c else x
            y = unit(y, wide, act, k=k, stride=stride, groups=wide)
            y = net.conv_bn_relu(_gated(net, y) if gate else y, c, relu=False)
            x = net.add(x, y) if stride == 1 and x.c == c else y
    with net.scope("features.16"):
        x = unit(x, 960, "HardSwish")
    y = net.fully_connected(net.flatten(net.global_average_pool(x)), 1280)
    return net.graph(net.fully_connected(net.activation(y, "HardSwish"), 1000))


def shufflenet_v1(groups: int = 3) -> Graph:
    """arXiv 1707.01083, table 1."""
    width = {1: 144, 2: 200, 3: 240, 4: 272, 8: 384}[groups]
    net = Network()
    x = _stem(net, 24, pooled=True)
    for stage, (n, c) in enumerate(((4, width), (8, 2 * width), (4, 4 * width)), 2):
        for i in range(n):
            with net.scope(f"stage{stage}.{i}"):
                grouped = 1 if x.c == 24 else groups  # too few channels to group
                stride = 1 if i else 2
                y = net.shuffle(net.conv_bn_relu(x, c // 4, groups=grouped), groups)
                y = net.conv_bn_relu(y, y.c, k=3, stride=stride, groups=y.c, relu=False)
                y = net.conv_bn_relu(y, c if i else c - x.c, groups=groups, relu=False)
                short = x if i else net.pool(x, "AveragePool")
                x = net.relu(net.add(x, y) if i else net.concat(short, y))
    return _classify(net, x)


def shufflenet_v2() -> Graph:
    """arXiv 1807.11164, table 5, 1x."""
    net = Network()
    x = _stem(net, 24, pooled=True)
    for stage, (n, c) in enumerate(((4, 116), (8, 232), (4, 464)), 2):
        for i in range(n):
            with net.scope(f"stage{stage}.{i}"):
                kept, y = net.split(x, c // 2, c // 2) if i else (x, x)
                if not i:
                    kept = net.conv_bn_relu(kept, kept.c, k=3, stride=2, groups=kept.c, relu=False)
                    kept = net.conv_bn_relu(kept, c // 2)
                y = net.conv_bn_relu(y, c // 2)
                y = net.conv_bn_relu(y, y.c, k=3, stride=1 if i else 2, groups=y.c, relu=False)
                x = net.shuffle(net.concat(kept, net.conv_bn_relu(y, c // 2)), 2)
    with net.scope("conv5"):
        x = net.conv_bn_relu(x, 1024)
    return _classify(net, x)


def resnet_50(groups: int = 1, width: int = 64) -> Graph:
    """arXiv 1512.03385, table 1, with the stride in the 3x3; ResNeXt-50 32x4d with (32, 128)."""
    net = Network()
    x = _stem(net, 64, k=7, pooled=True)
    for stage, n in enumerate((3, 4, 6, 3)):
        for i in range(n):
            with net.scope(f"layer{stage + 1}.{i}"):
                stride, c, inner = 2 if stage and not i else 1, 256 << stage, width << stage
                y = net.conv_bn_relu(x, inner)
                y = net.conv_bn_relu(y, inner, k=3, stride=stride, groups=groups)
                y = net.conv_bn_relu(y, c, relu=False)
                short = x if i else net.conv_bn_relu(x, c, stride=stride, relu=False)
                x = net.relu(net.add(y, short))
    return _classify(net, x)


def vgg_16() -> Graph:
    """arXiv 1409.1556, table 1, D."""
    net = Network()
    x = net.input(3, 224, 224)
    for stage, (n, c) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))):
        with net.scope(f"features.{stage}"):
            for _ in range(n):
                x = net.relu(net.conv(x, c, k=3, bias=True))
            x = net.pool(x, k=2, pad=0)
    x = net.flatten(x)
    for c in (4096, 4096):
        x = net.relu(net.fully_connected(x, c))
    return net.graph(net.fully_connected(x, 1000))


def squeezenet() -> Graph:
    """arXiv 1602.07360, table 1, version 1.0."""
    net = Network()
    x = net.pool(
        net.relu(net.conv(net.input(3, 224, 224), 96, k=7, stride=2, pad=2, bias=True)), pad=0
    )
    for i, (s, e) in enumerate(
        ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)), 2
    ):
        with net.scope(f"fire{i}"):
            x = net.relu(net.conv(x, s, bias=True))
            narrow = net.relu(net.conv(x, e, bias=True))
            x = net.concat(narrow, net.relu(net.conv(x, e, k=3, bias=True)))
        if i in (4, 8):
            x = net.pool(x, pad=0)
    return net.graph(net.flatten(net.global_average_pool(net.relu(net.conv(x, 1000, bias=True)))))


def googlenet() -> Graph:
    """arXiv 1409.4842, table 1, with batch normalisation."""
    modules = {
        "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
        "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64),
        "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
        "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128),
        "5b": (384, 192, 384, 48, 128, 128),
    }  # fmt: skip
    net = Network()
    x = _stem(net, 64, k=7, pooled=True)
    x = net.pool(net.conv_bn_relu(net.conv_bn_relu(x, 64), 192, k=3))
    for name, (one, three_in, three, five_in, five, pooled) in modules.items():
        if name in ("4a", "5a"):
            x = net.pool(x)
        with net.scope(f"inception{name}"):
            x = net.concat(
                net.conv_bn_relu(x, one),
                net.conv_bn_relu(net.conv_bn_relu(x, three_in), three, k=3),
                net.conv_bn_relu(net.conv_bn_relu(x, five_in), five, k=5),
                net.conv_bn_relu(net.pool(x, stride=1), pooled),
            )
    return _classify(net, x)


def densenet_121(*, flat: bool = False) -> Graph:
    """arXiv 1608.06993, table 1; ``flat`` concatenates all layers anew for each, as torchvision."""
    net = Network()
    x = _stem(net, 64, k=7, pooled=True)
    for stage, n in enumerate((6, 12, 24, 16), 1):
        parts = [x]
        for i in range(n):
            with net.scope(f"block{stage}.{i}"):
                seen = net.concat(*parts) if flat and i else x
                y = net.conv(net.relu(net.batch_norm(seen)), 128)
                parts.append(net.conv(net.relu(net.batch_norm(y)), 32, k=3))
                x = seen if flat else net.concat(x, parts[-1])
        with net.scope(f"transition{stage}"):
            x = net.relu(net.batch_norm(net.concat(*parts) if flat else x))
            if stage < 4:
                x = net.pool(net.conv(x, x.c // 2), "AveragePool", k=2, pad=0)
    return _classify(net, x)


def xception() -> Graph:
    """arXiv 1610.02357, figure 5."""
    net = Network()

    def separable(x: Value, c: int) -> Value:
        return net.batch_norm(net.conv(net.depthwise(x), c))

    x = net.conv(net.input(3, 299, 299), 32, k=3, stride=2, pad=0)
    x = net.relu(net.batch_norm(net.conv(net.relu(net.batch_norm(x)), 64, k=3, pad=0)))
    for i, (first, second) in enumerate(
        ((128, 128), (256, 256), (728, 728), *[(728, 728)] * 8, (728, 1024))
    ):
        with net.scope(f"block{i + 2}"):
            y = separable(net.relu(x) if i else x, first)
            y = separable(net.relu(y), second)
            if 3 <= i < 11:
                x = net.add(separable(net.relu(y), second), x)
            else:
                x = net.add(net.pool(y), net.batch_norm(net.conv(x, second, stride=2)))
    for c in (1536, 2048):
        x = net.relu(separable(x, c))
    return _classify(net, x)


def nasnet_cells(n: int = 4, c: int = 44, *, extent: int = 28) -> Graph:
    """arXiv 1707.07012, figure 4: normal cells of NASNet-A after a stem."""
    net = Network()

    def separable(x: Value, k: int) -> Value:
        for _ in range(2):
            x = net.batch_norm(net.conv(net.depthwise(net.relu(x), k=k), c))
        return x

    def adjusted(x: Value) -> Value:
        return net.batch_norm(net.conv(net.relu(x), c))

    before = x = net.conv_bn_relu(net.input(3, 2 * extent, 2 * extent), c, k=3, stride=2)
    for i in range(n):
        with net.scope(f"cell{i}"):
            p, h = adjusted(before), adjusted(x)
            mean = {"k": 3, "stride": 1}
            pairs = [
                net.add(separable(h, 5), separable(p, 3)),
                net.add(separable(p, 5), separable(p, 3)),
                net.add(net.pool(h, "AveragePool", **mean), p),
                net.add(net.pool(p, "AveragePool", **mean), net.pool(p, "AveragePool", **mean)),
                net.add(separable(h, 3), h),
            ]
            before, x = x, net.concat(p, *pairs)
    return _classify(net, net.relu(x))
