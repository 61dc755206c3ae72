"""Kernels: what runs as one, what still moves, and what ONNX Runtime really does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import onnxruntime
import pytest

from costmodel import read
from costmodel.frontends.code import Network, Value
from costmodel.frontends.onnx.write import write
from costmodel.fusion import COMPOSED, GENERIC, NONE, fused_memory_access_bytes, kernels
from costmodel.fusion.memory import Memory
from costmodel.graph import Graph

LIGHT = sorted((Path(onnx.__file__).parent / "backend/test/data/light").glob("light_*.onnx"))


def started(c: int = 16) -> tuple[Network, Value]:
    """A network of which ``x`` is the output of a pooling of c channels at 8x8: 64c elements."""
    net = Network()
    return net, net.pool(net.input(c, 8, 8), stride=1)


def types(graph: Graph, rules: object = GENERIC) -> list[str]:
    """The operators of each kernel."""
    return [
        "+".join(graph.node(name).op_type for name in kernel.nodes)
        for kernel in kernels(graph, rules)  # type: ignore[arg-type]
    ]


# -- hand-calculated traffic -------------------------------------------------------------------


def test_conv_bn_relu_moves_x_plus_y_of_x_plus_5y() -> None:
    """X = 16*64 = 1024 elements, Y = 32*64 = 2048, W = 16*32 = 512, batch norm holds 4*32 = 128."""
    net = Network()
    graph = net.graph(net.conv_bn_relu(net.input(16, 8, 8), 32))
    # conv X + Y + W, batch norm 2Y + 128, ReLU 2Y: 1024 + 5*2048 + 512 + 128 = 11904 elements
    assert fused_memory_access_bytes(graph, NONE) == 4 * 11904 == graph.memory_access_bytes
    # one kernel: X + Y + W + 128 = 1024 + 2048 + 512 + 128 = 3712
    (kernel,) = kernels(graph)
    assert (kernel.read_bytes, kernel.write_bytes, kernel.weight_bytes) == (4096, 8192, 4 * 640)
    assert fused_memory_access_bytes(graph) == 4 * 3712


def test_conv_add_relu_moves_x_plus_2y_of_x_plus_6y() -> None:
    """X = Y = 1024 elements, W = 256; conv X + Y + W, add 3Y, ReLU 2Y."""
    net, x = started()
    graph = net.graph(net.relu(net.add(net.conv(x, 16), x)))
    pooling = 2 * 1024
    assert fused_memory_access_bytes(graph, NONE) == 4 * (
        pooling + 1024 + 6 * 1024 - 1024 + 256 + 1024
    )
    # The skip is the convolution's own input here, so it is read once: X + Y + W.
    assert fused_memory_access_bytes(graph) == 4 * (pooling + 2 * 1024 + 256)
    net = Network()
    x, skip = net.input(16, 8, 8), net.input(16, 8, 8, name="skip")
    graph = net.graph(net.relu(net.add(net.conv(x, 16), skip)))
    assert fused_memory_access_bytes(graph, NONE) == 4 * (1024 + 6 * 1024 + 256)
    assert fused_memory_access_bytes(graph) == 4 * (1024 + 2 * 1024 + 256)


@pytest.mark.parametrize("shape", [(1, 16, 1, 1), (16, 1, 1), (1, 1, 1), ()])
def test_scale_layers_fold_into_the_convolution(shape: tuple[int, ...]) -> None:
    """Caffe's batch norm without scale and shift, a Mul, an Add, a ReLU."""
    net, x = started()
    y = net.batch_norm(net.conv(x, 16))
    y = net.add_operator("Mul", [y], [y.shape], [shape])[0]
    y = net.add_operator("Add", [y], [y.shape], [shape])[0]
    assert types(net.graph(net.relu(y))) == ["MaxPool", "Conv+BatchNormalization+Mul+Add+Relu"]


@pytest.mark.parametrize("shape", [(1, 16, 8, 8), (8, 1), (1, 1, 8)])
def test_a_constant_of_more_than_one_element_a_channel_does_not_fold(
    shape: tuple[int, ...],
) -> None:
    net, x = started()
    y = net.conv(x, 16)
    y = net.add_operator("Mul", [y], [y.shape], [shape])[0]
    assert types(net.graph(y)) == ["MaxPool", "Conv", "Mul"]


def test_what_is_read_elsewhere_or_returned_is_written() -> None:
    net, x = started()
    y = net.conv(x, 16)
    z = net.relu(y)
    assert types(net.graph(net.add(z, net.pool(y, stride=1))))[:3] == ["MaxPool", "Conv", "Relu"]
    net, x = started()
    y = net.conv(x, 16)
    assert types(net.graph(net.relu(y), y)) == ["MaxPool", "Conv", "Relu"]


def test_of_two_convolutions_the_later_takes_the_sum() -> None:
    net, x = started()
    graph = net.graph(net.relu(net.add(net.conv(x, 16), net.conv(x, 16))))
    assert types(graph) == ["MaxPool", "Conv", "Conv+Add+Relu"]
    # pooling 2*1024; conv X + Y + W; conv X + Y + W and the other's Y read: 5*1024 + 2*256
    assert fused_memory_access_bytes(graph) == 4 * (2 * 1024 + 5 * 1024 + 2 * 256)


def test_views_cost_nothing_and_hide_nothing() -> None:
    net, x = started()
    y = net.reshape(net.conv(x, 16), 1, 16, 64)
    graph = net.graph(net.activation(y, "HardSwish"))
    assert types(graph) == ["MaxPool", "Conv+Reshape", "HardSwish"]
    assert fused_memory_access_bytes(graph) == graph.memory_access_bytes


def quantised(net: Network, x: Value) -> Value:
    """To int8 and back."""
    y = net.add_operator("QuantizeLinear", [x], [x.shape], [(), ()])[0]
    return net.add_operator("DequantizeLinear", [y], [y.shape], [(), ()])[0]


def test_quantisation_runs_with_the_convolution() -> None:
    net = Network()
    x = quantised(net, net.pool(net.input(16, 8, 8), stride=1))
    y = quantised(net, net.relu(net.conv(x, 16)))
    graph = net.graph(net.pool(y, stride=1))
    assert types(graph) == [
        "MaxPool+QuantizeLinear+DequantizeLinear",
        "Conv+Relu+QuantizeLinear+DequantizeLinear",
        "MaxPool",
    ]


# -- composed copies ---------------------------------------------------------------------------


def test_concat_shuffle_split_is_one_copy() -> None:
    """Two halves of 8 channels in, 1024 elements; 1024 out, in two parts."""
    net, x = started()
    whole = net.shuffle(net.concat(net.conv(x, 8), net.conv(x, 8)), 2)
    a, b = net.split(whole, 8, 8)
    graph = net.graph(net.conv(a, 8), net.conv(b, 8))
    found = {k.nodes: k.bytes for k in kernels(graph, COMPOSED)}
    copy = ("Concat_1", "Reshape_1", "Transpose_1", "Reshape_2", "Split_1")
    assert found[copy] == 4 * 2 * 1024
    # each on its own: three times in and out
    alone = [k.bytes for k in kernels(graph) if k.nodes[0] in copy]
    assert alone == [8192, 8192, 8192]


def test_a_copy_that_a_convolution_reads_too_stays() -> None:
    """The split's first half goes to the next concat, the second by way of a convolution."""
    net, x = started()
    a, b = net.split(net.conv(x, 16), 8, 8)
    graph = net.graph(net.conv(net.concat(a, net.conv(b, 8)), 8))
    assert types(graph, COMPOSED) == ["MaxPool", "Conv", "Split", "Conv", "Concat", "Conv"]


def test_copies_with_an_operator_between_them_are_two_kernels() -> None:
    """A transpose read by a slice and, by way of a convolution of that slice, by a concat."""
    net, x = started()
    y = net.add_operator("Transpose", [net.conv(x, 16)], [(1, 16, 8, 8)], perm=[0, 1, 3, 2])[0]
    half = net.add_operator("Slice", [y], [(1, 8, 8, 8)], integers=(0,))[0]
    graph = net.graph(net.conv(net.concat(y, net.conv(half, 8)), 8))
    assert types(graph, COMPOSED) == [
        "MaxPool",
        "Conv",
        "Transpose",
        "Slice",
        "Conv",
        "Concat",
        "Conv",
    ]
    net, x = started()
    y = net.add_operator("Transpose", [net.conv(x, 16)], [(1, 16, 8, 8)], perm=[0, 1, 3, 2])[0]
    halves = [net.add_operator("Slice", [y], [(1, 8, 8, 8)], integers=(i,))[0] for i in (0, 8)]
    graph = net.graph(*(net.conv(half, 8) for half in halves))
    assert types(graph, COMPOSED) == ["MaxPool", "Conv", "Transpose+Slice+Slice", "Conv", "Conv"]


# -- every graph -------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_kernels_partition_the_nodes_and_never_move_more(path: Path) -> None:
    graph = read(path)
    assert fused_memory_access_bytes(graph, NONE) == graph.memory_access_bytes
    for rules in (GENERIC, COMPOSED):
        found = kernels(graph, rules)
        assert sorted(name for k in found for name in k.nodes) == sorted(graph)
        assert all(min(k.weight_bytes, k.read_bytes, k.write_bytes) >= 0 for k in found)
    moved = [fused_memory_access_bytes(graph, rules) for rules in (NONE, GENERIC, COMPOSED)]
    assert moved == sorted(moved, reverse=True)


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_a_kernel_depends_on_no_other_that_depends_on_it(path: Path) -> None:
    import networkx as nx

    graph = read(path)
    for rules in (GENERIC, COMPOSED):
        home = {name: k.nodes[0] for k in kernels(graph, rules) for name in k.nodes}
        between = nx.DiGraph((home[a], home[b]) for a, b in graph.edges if home[a] != home[b])
        assert nx.is_directed_acyclic_graph(between)


def test_symbols_are_fused_too() -> None:
    import sympy

    c = sympy.Symbol("c", integer=True, positive=True)
    net = Network()
    graph = net.graph(net.relu(net.conv(net.input(c, 8, 8), c)))
    # c*64 in, c*64 out, c*c weights
    assert sympy.simplify(fused_memory_access_bytes(graph) - 4 * (128 * c + c * c)) == 0


def test_memory_follows_views_to_what_they_show() -> None:
    net, x = started()
    y = net.flatten(net.relu(x))
    memory = Memory.of(net.graph(net.fully_connected(y, 4)))
    assert memory.root(y.name) == "Relu_1:0"
    assert memory.maker_of(y.name) == "Relu_1"
    assert memory.readers_of("Relu_1:0") == ("Gemm_1",)


# -- what ONNX Runtime does --------------------------------------------------------------------

Build = Callable[[Network, Value], Value]


def _constant(net: Network, x: Value, op_type: str, shape: tuple[int, ...] = (1,)) -> Value:
    return net.add_operator(op_type, [x], [x.shape], [shape])[0]


def _dense(net: Network, x: Value) -> Value:
    return net.fully_connected(net.flatten(net.global_average_pool(x)), 16)


def _swish(net: Network, x: Value) -> Value:
    return net.mul(x, net.activation(x, "Sigmoid"))


PATTERNS: dict[str, Build] = {
    "conv": lambda net, x: net.conv(x, 16),
    "conv bn": lambda net, x: net.batch_norm(net.conv(x, 16)),
    "conv bn relu": lambda net, x: net.conv_bn_relu(x, 16),
    "conv sigmoid": lambda net, x: net.activation(net.conv(x, 16), "Sigmoid"),
    "conv tanh": lambda net, x: net.activation(net.conv(x, 16), "Tanh"),
    "conv leaky": lambda net, x: net.activation(net.conv(x, 16), "LeakyRelu"),
    "conv hard": lambda net, x: net.activation(net.conv(x, 16), "HardSigmoid"),
    "conv elu": lambda net, x: net.activation(net.conv(x, 16), "Elu"),
    "conv scale": lambda net, x: net.relu(_constant(net, net.conv(x, 16), "Mul", (16, 1, 1))),
    "conv shift": lambda net, x: net.relu(_constant(net, net.conv(x, 16), "Add", (16, 1, 1))),
    "conv add": lambda net, x: net.add(net.conv(net.conv(x, 16), 16), net.conv(x, 16)),
    "conv add relu": lambda net, x: net.relu(net.add(net.conv(x, 16), net.conv(x, 16))),
    "conv add leaky": lambda net, x: net.activation(
        net.add(net.conv(x, 16), net.conv(x, 16)), "LeakyRelu"
    ),
    "depthwise relu": lambda net, x: net.relu(net.depthwise(x)),
    "relu twice": lambda net, x: net.add(net.relu(y := net.conv(x, 16)), net.pool(y, stride=1)),
    "bn relu": lambda net, x: net.relu(net.batch_norm(x)),
    "concat relu": lambda net, x: net.relu(net.concat(net.conv(x, 16), net.conv(x, 16))),
    "gemm relu": lambda net, x: net.relu(_dense(net, x)),
    "swish": lambda net, x: _swish(net, net.conv(x, 16)),
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_generic_kernels_are_those_of_onnxruntime(pattern: str, tmp_path: Path) -> None:
    """At its default level on a CPU, by the graph that it saves."""
    net, x = started()
    y = PATTERNS[pattern](net, x)
    saved = _optimised(write(net.graph(y), weights=True), tmp_path)
    plain = Network()
    z = plain.conv(plain.pool(plain.input(16, 8, 8), stride=1), 16)
    if not any(
        kind.startswith("Reorder")
        for kind in _optimised(write(plain.graph(z), weights=True), tmp_path)
    ):
        pytest.skip("no blocked layout on this processor, which the default level uses")
    free = {"ReorderInput", "ReorderOutput", "Reshape", "Flatten"}
    ours = [k for k in kernels(net.graph(y)) if k.bytes]
    assert len([kind for kind in saved if kind not in free]) == len(ours)


def _optimised(model: onnx.ModelProto, folder: Path) -> list[str]:
    """Operator types of the graph that ONNX Runtime makes of a model."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    saved = onnx.load(options.optimized_model_filepath, load_external_data=False)
    return [node.op_type for node in saved.graph.node]
