"""The rules of ONNX Runtime's CPU provider, against the graphs that its optimiser saves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import sympy
from fusion_patterns import GIVEN, LAST, PATTERNS, constant, gated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import numpy_helper
from optimised import observed, optimised, predicted

import costmodel.networks
from costmodel import read
from costmodel.frontends.code import Network, Value
from costmodel.frontends.onnx.write import write
from costmodel.fusion import NONE, fused_memory_access_bytes, kernels
from costmodel.fusion.onnxruntime import Level, onnxruntime_cpu
from costmodel.graph import Graph

LEVELS: tuple[Level, ...] = ("basic", "extended", "all")


# -- hand-calculated ---------------------------------------------------------------------------


def test_a_reorder_reads_and_writes_its_map() -> None:
    """X = Y = 16*64 = 1024 elements, W = 16*16 = 256."""
    net = Network()
    graph = net.graph(net.conv(net.input(16, 8, 8), 16))
    enter, conv, leave = kernels(graph, onnxruntime_cpu())
    assert (enter.op, conv.op, leave.op) == ("ReorderInput", "Conv", "ReorderOutput")
    assert [enter.bytes, conv.bytes, leave.bytes] == [4 * 2048, 4 * (2048 + 256), 4 * 2048]
    assert (enter.nodes, enter.head, conv.head) == ((), "", "Conv_1")
    # What is not kept in blocks moves X + Y + W alone.
    for rules in (onnxruntime_cpu("extended"), onnxruntime_cpu(block=1)):
        assert fused_memory_access_bytes(graph, rules) == 4 * (2048 + 256)


def test_readers_share_a_reorder() -> None:
    """Two convolutions of one input, and two functions of one map in blocks."""
    net = Network()
    x = net.input(16, 8, 8)
    y = net.add(net.conv(x, 16), net.conv(x, 16))
    graph = net.graph(net.activation(y, "Elu"), net.activation(y, "Softplus"))
    found = [kernel.op for kernel in kernels(graph, onnxruntime_cpu())]
    assert found == ["ReorderInput", "Conv", "Conv", "ReorderOutput", "Elu", "Softplus"]


def test_a_residual_in_blocks_moves_x_plus_2y() -> None:
    """X = 3*64 = 192 elements, Y = 1024; the first convolution holds 432, the second 256."""
    net = Network()
    x = net.relu(net.conv(net.input(3, 8, 8), 16, k=3))
    y = net.relu(net.add(net.conv(net.depthwise(x), 16), x))
    graph = net.graph(net.global_average_pool(y))
    first, depthwise, sum_, pool, _ = kernels(graph, onnxruntime_cpu())
    assert (first.bytes, depthwise.bytes) == (4 * (192 + 1024 + 432), 4 * (2048 + 9 * 16))
    assert (sum_.path, sum_.bytes) == ("nchwc/pointwise", 4 * (3 * 1024 + 256))
    assert (pool.path, pool.bytes) == ("nchwc", 4 * (1024 + 16))


def test_functions_without_a_kernel_are_spelled_out() -> None:
    """X = 256 elements: each function of the last reads and writes X, the product 2X and X."""
    net = Network()
    x = net.activation(net.input(4, 8, 8), "HardSwish")
    graph = net.graph(net.activation(x, "Mish"))
    found = [(k.op, k.nodes, k.bytes) for k in kernels(graph, onnxruntime_cpu("basic"))]
    assert found == [
        ("HardSigmoid", ("HardSwish_1",), 4 * 512),
        ("Mul", ("HardSwish_1",), 4 * 768),
        ("Softplus", ("Mish_1",), 4 * 512),
        ("Tanh", ("Mish_1",), 4 * 512),
        ("Mul", ("Mish_1",), 4 * 768),
    ]


@pytest.mark.parametrize(
    ("c_in", "c_out", "k", "groups", "stride", "in_8", "in_16"),
    [
        # The image, and other maps of fewer channels than a block.
        (3, 24, 3, 1, 2, "nchwc/first", "nchwc/first"),
        (12, 24, 1, 1, 1, "nchwc/pointwise", "nchwc/first"),
        (10, 24, 1, 1, 1, "nchw/pointwise", "nchwc/first"),
        # ShuffleNet V2's branches of 58 channels, and of 60.
        (58, 58, 1, 1, 1, "nchw/pointwise", "nchw/pointwise"),
        (58, 58, 3, 58, 1, "nchw/depthwise", "nchw/depthwise"),
        (60, 58, 1, 1, 1, "nchwc/pointwise", "nchwc/pointwise"),
        (60, 60, 3, 60, 1, "nchwc/depthwise", "nchwc/depthwise"),
        # Eight groups of 8, 15, 16 and 17 channels.
        (64, 64, 3, 8, 1, "nchwc/grouped", "nchw/grouped"),
        (120, 120, 3, 8, 1, "nchw/grouped", "nchw/grouped"),
        (128, 128, 3, 8, 1, "nchwc/grouped", "nchwc/grouped"),
        (136, 136, 3, 8, 1, "nchw/grouped", "nchw/grouped"),
        (128, 64, 3, 8, 1, "nchwc/grouped", "nchw/grouped"),
        # A stride spares blocks nothing, and a matrix product its im2col.
        (64, 64, 1, 1, 2, "nchwc/pointwise", "nchwc/pointwise"),
        (58, 64, 1, 1, 2, "nchw/dense", "nchw/dense"),
        (64, 64, 3, 1, 1, "nchwc/dense", "nchwc/dense"),
    ],
)
def test_paths(
    c_in: int, c_out: int, k: int, groups: int, stride: int, in_8: str, in_16: str
) -> None:
    net = Network()
    x = net.input(c_in, 8, 8)
    graph = net.graph(net.conv(x, c_out, k=k, groups=groups, stride=stride))
    for block, path in ((8, in_8), (16, in_16)):
        found = kernels(graph, onnxruntime_cpu(block=block))
        assert [kernel.path for kernel in found if kernel.op == "Conv"] == [path]


def test_a_concat_of_whole_blocks_stays_in_blocks() -> None:
    """24 channels are three blocks of 8 and one and a half of 16."""
    net = Network()
    x = net.conv(net.input(3, 8, 8), 16)
    graph = net.graph(net.conv(net.pool(net.concat(net.conv(x, 24), x)), 8))
    for block, path in ((8, "nchwc"), (16, "")):
        found = {k.op: k.path for k in kernels(graph, onnxruntime_cpu(block=block))}
        assert (found["Concat"], found["MaxPool"]) == (path, path)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", ["nasnet_a", "shufflenet_v2", "mobilenet_v3_small"])
def test_kernels_run_in_order_and_hold_every_node(name: str, level: Level) -> None:
    """Each reads what those before it made, or what it makes itself."""
    graph = getattr(costmodel.networks, name)()
    found = kernels(graph, onnxruntime_cpu(level))
    assert {name for kernel in found for name in kernel.nodes} == set(graph)
    made = set(graph.inputs)
    for kernel in found:
        made.update(out for name in kernel.nodes for out in graph.node(name).outputs)
        assert made.issuperset(name for name, _ in kernel.reads), kernel


def test_symbols_have_no_blocks() -> None:
    c = sympy.Symbol("c", integer=True, positive=True)
    net = Network()
    x = net.pool(net.relu(net.conv(net.input(c, 8, 8), c)))
    graph = net.graph(net.conv(x, 8, groups=1))
    found = [(kernel.op, kernel.path) for kernel in kernels(graph, onnxruntime_cpu())]
    assert found == [("Conv", ""), ("MaxPool", ""), ("Conv", "")]


# -- what ONNX Runtime does --------------------------------------------------------------------

recent = pytest.mark.skipif(
    tuple(map(int, onnxruntime.__version__.split(".")[:2])) < (1, 31),
    reason="the rules are those of ONNX Runtime 1.31",
)


@pytest.fixture(scope="session")
def block(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Channels in a block on this processor: a convolution of 8 reads blocks, if they hold 8."""
    net = Network()
    model = write(net.graph(net.conv(net.input(8, 4, 4), 16)), weights=True)
    saved = optimised(model, "all", tmp_path_factory.mktemp("block"))
    types = [node.op_type for node in saved.graph.node]
    return 8 if "ReorderInput" in types else 16 if "ReorderOutput" in types else 1


def assert_as_observed(
    graph: Graph, model: onnx.ModelProto, level: Level, folder: Path, block: int
) -> None:
    """Kernel for kernel: operator, layout, the map that it makes and the maps that it reads."""
    saved = optimised(model, level, folder)
    assert predicted(graph, level, block) == observed(saved, graph, level, block)


NUMBERS = {"Div": 2**0.5, "Add": 1, "Mul": 0.5}
"""What GELU divides by, adds and multiplies with: the optimiser looks at the values."""


def _with_numbers(graph: Graph) -> onnx.ModelProto:
    model = write(graph, weights=True)
    held = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        for name in node.input:
            if name in held and node.op_type in NUMBERS and not held[name].dims:
                number = np.array(NUMBERS[node.op_type], np.float32)
                held[name].CopyFrom(numpy_helper.from_array(number, name))
    return model


@recent
@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns(pattern: str, tmp_path: Path, block: int) -> None:
    net = Network()
    x = net.input(*GIVEN.get(pattern, (16, 8, 8)))
    y = PATTERNS[pattern](net, x if pattern in GIVEN else net.pool(x, stride=1))
    graph = net.graph(y if pattern in LAST or len(y.shape) != 4 else net.conv(y, 16))
    for level in LEVELS:
        assert_as_observed(graph, _with_numbers(graph), level, tmp_path, block)


@recent
def test_what_the_network_returns_is_not_shared(tmp_path: Path, block: int) -> None:
    net = Network()
    x = net.input(16, 8, 8)
    y, z = (net.mul(x, net.activation(x, "Sigmoid")) for _ in range(2))
    graph = net.graph(y, net.batch_norm(z))
    for level in LEVELS:
        assert_as_observed(graph, write(graph, weights=True), level, tmp_path, block)


TOO_WIDE = {"shufflenet_v2_164", "vgg_11", "vgg_13", "vgg_19"}
"""Half a gigabyte of weights, for the blocks of mnasnet_a1 and shufflenet_v2_50; of vgg_16."""

FILES = Path(onnx.__file__).parent / "backend/test/data/light"


def _different(model: onnx.ModelProto) -> onnx.ModelProto:
    """Each constant filled with another number, so that no two convolutions are the same."""
    for number, node in enumerate(model.graph.node):
        if node.op_type == "ConstantOfShape":
            fill = numpy_helper.from_array(np.array([0.01 + 1e-5 * number], np.float32))
            node.attribute[0].t.CopyFrom(fill)
    return model


@recent
@pytest.mark.parametrize("name", sorted(set(costmodel.networks.__all__) - TOO_WIDE))
def test_networks(name: str, tmp_path: Path, block: int) -> None:
    graph = getattr(costmodel.networks, name)(resolution=96)
    model = _different(write(graph))
    for level in LEVELS if graph.weight_bytes < 60e6 else LEVELS[-1:]:
        assert_as_observed(graph, model, level, tmp_path, block)


@recent
@pytest.mark.parametrize("name", ["densenet_121", "resnet_18", "resnext_50", "squeezenet"])
def test_the_saved_graph_moves_as_many_bytes(name: str, tmp_path: Path, block: int) -> None:
    """Activations, reorders included, where all channels fill their blocks of 8 or 16."""
    graph = getattr(costmodel.networks, name)(resolution=96)
    saved = read(optimised(_different(write(graph)), "all", tmp_path))
    found = kernels(graph, onnxruntime_cpu(block=block)), kernels(saved, NONE)
    ours, theirs = (sum(k.read_bytes + k.write_bytes for k in each) for each in found)
    assert (ours, saved.unknown) == (theirs, ())


@recent
@pytest.mark.parametrize(
    "name", ["densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "squeezenet"]
)
def test_files(name: str, tmp_path: Path, block: int) -> None:
    """As Caffe2 wrote them: scale and shift after each normalisation, sums, old operator sets."""
    path = FILES / f"light_{name}.onnx"
    model = _different(onnx.load(path))
    assert_as_observed(read(path), model, "all", tmp_path, block)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Operators of convolutional networks on maps of any number of channels, in any order."""
    net = Network()
    maps = [net.input(draw(st.sampled_from([3, 4, 8, 12, 16, 10])), 8, 8)]

    def like(x: Value) -> Value:
        """A map of the same shape."""
        return draw(st.sampled_from([m for m in maps if m.shape == x.shape]))

    def conv(x: Value) -> Value:
        groups = draw(st.sampled_from([1, 1, 2, x.c]))
        c_out = x.c if groups == x.c else draw(st.sampled_from([4, 8, 10, 12, 16, 20, 32]))
        y = net.conv(
            x, c_out, k=draw(st.sampled_from([1, 3])), bias=draw(st.booleans()),
            groups=groups if x.c % groups == c_out % groups == 0 else 1,
        )  # fmt: skip
        y = net.batch_norm(y) if draw(st.booleans()) else y
        function = draw(st.sampled_from(["", "", "Relu", "Clip", "HardSwish", "Elu"]))
        return net.activation(y, function) if function else y

    steps: list[Callable[[Value], Value]] = [
        conv, conv, conv, net.batch_norm,
        lambda x: gated(draw(st.sampled_from(["Sigmoid", "HardSigmoid"])))(net, x),
        lambda x: net.activation(x, draw(st.sampled_from(["Relu", "Sigmoid", "HardSwish", "Elu"]))),
        lambda x: net.pool(x, draw(st.sampled_from(["MaxPool", "AveragePool"])), stride=1),
        lambda x: net.add(x, like(x)), lambda x: net.mul(x, like(x)),
        lambda x: net.concat(x, draw(st.sampled_from(maps))),
        lambda x: net.mul(x, net.activation(x, "Sigmoid")),
        lambda x: constant(draw(st.sampled_from(["Mul", "Add"])), x.c, 1, 1)(net, x),
        lambda x: net.conv(net.shuffle(x, 2) if x.c % 2 == 0 else x, x.c),
        lambda x: net.split(x, x.c // 2, x.c - x.c // 2)[1],
    ]  # fmt: skip
    for step in draw(st.lists(st.sampled_from(steps), min_size=2, max_size=12)):
        maps.append(step(draw(st.sampled_from(maps[-3:]))))
    # Of two that do the same and of which one is returned, either may be the one that stays.
    unique = [m for m in maps if m.name.startswith(("Conv", "BatchNormalization"))]
    last = net.conv(maps[-1], 8)
    returned = {m.name: m for m in (last, draw(st.sampled_from([last, *unique])))}
    return net.graph(*returned.values())


@recent
@settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(graph=graphs())
def test_any_graph(graph: Graph, tmp_path: Path, block: int) -> None:
    for level in LEVELS:
        assert_as_observed(graph, write(graph, weights=True), level, tmp_path, block)
