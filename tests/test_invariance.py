"""The answer does not depend on who wrote the file: one network, many files, the same madds."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import onnxsim
import onnxslim
import pytest
from onnxruntime import quantization
from onnxruntime.transformers.float16 import convert_float_to_float16

from costmodel import Graph, read
from costmodel.frontends.code import Network
from costmodel.frontends.onnx.wire import skeleton
from costmodel.frontends.onnx.write import write


def residual(n: int = 1) -> Graph:
    """A stem, a bottleneck with a shortcut, a pool and a classifier."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, 32, 32, n=n), 32, k=3, stride=2)
    y = net.conv_bn_relu(net.conv_bn_relu(x, 16), 16, k=3)
    y = net.conv_bn_relu(y, 32, relu=False)
    x = net.relu(net.add(x, y))
    return net.graph(net.fully_connected(net.flatten(net.global_average_pool(x)), 10))


def shuffled(n: int = 1) -> Graph:
    """A ShuffleNet V2 unit: split, 1x1, depthwise, 1x1, concat, shuffle."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, 32, 32, n=n), 32, k=3, stride=2)
    left, right = net.split(x, 16, 16)
    right = net.conv_bn_relu(right, 16)
    right = net.batch_norm(net.depthwise(right))
    right = net.conv_bn_relu(right, 16)
    x = net.shuffle(net.concat(left, right), 2)
    return net.graph(net.fully_connected(net.flatten(net.global_average_pool(x)), 10))


def fire(n: int = 1) -> Graph:
    """A fire module: squeeze, two expansions side by side, concat; biases and no batch norm."""
    net = Network()
    x = net.relu(net.conv(net.input(3, 32, 32, n=n), 16, k=3, stride=2, bias=True))
    s = net.relu(net.conv(x, 16, bias=True))
    x = net.concat(*(net.relu(net.conv(s, 16, k=k, bias=True)) for k in (1, 3)))
    return net.graph(net.global_average_pool(net.conv(x, 48, bias=True)))


# By hand, multiply-adds at 16x16 after the stem of stride 2 (k*k*c_in*c_out*h*w). Widths are
# multiples of 16, because ONNX Runtime's blocked layout pads the others, weights and all.
MADDS = {
    # 9*3*32*256 + 32*16*256 + 9*16*16*256 + 16*32*256 + 32*10
    residual: 221184 + 131072 + 589824 + 131072 + 320,
    # 9*3*32*256 + 16*16*256 + 9*16*256 + 16*16*256 + 32*10
    shuffled: 221184 + 65536 + 36864 + 65536 + 320,
    # 9*3*16*256 + 16*16*256 + 16*16*256 + 9*16*16*256 + 32*48*256
    fire: 110592 + 65536 + 65536 + 589824 + 393216,
}

NETWORKS = pytest.mark.parametrize("build", MADDS, ids=lambda b: b.__name__)


def proto(build: Callable[..., Graph], n: int = 1, *, weights: bool = True) -> onnx.ModelProto:
    return write(build(n), weights=weights)


class Readings(quantization.CalibrationDataReader):  # type: ignore[misc]
    """Two pictures to calibrate a quantiser on."""

    def __init__(self) -> None:
        self.left = [{"input": np.full((1, 3, 32, 32), v, np.float32)} for v in (0.0, 1.0)]

    def get_next(self) -> dict[str, np.ndarray] | None:
        return self.left.pop() if self.left else None


def optimised(model: onnx.ModelProto, folder: Path, level: str) -> onnx.ModelProto:
    """What ONNX Runtime makes of it at a level of optimisation."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = getattr(
        onnxruntime.GraphOptimizationLevel, f"ORT_ENABLE_{level}"
    )
    options.optimized_model_filepath = str(folder / "optimised.onnx")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return onnx.load(folder / "optimised.onnx")


def quantised(model: onnx.ModelProto, folder: Path, form: str) -> onnx.ModelProto:
    """Quantised by ONNX Runtime: QDQ, QOperator or dynamic."""
    onnx.save(model, folder / "float.onnx")
    files = (str(folder / "float.onnx"), str(folder / "int8.onnx"))
    if form == "dynamic":
        quantization.quantize_dynamic(*files)
    else:
        quantization.quantize_static(
            *files, Readings(), quant_format=quantization.QuantFormat[form]
        )
    return onnx.load(files[1])


def stripped(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every weight's data gone, its shape kept."""
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            tensor.ClearField("raw_data")
    return model


def reversed_nodes(model: onnx.ModelProto) -> onnx.ModelProto:
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def renamed(model: onnx.ModelProto) -> onnx.ModelProto:
    """Every node of one name, every tensor of a name that says nothing."""
    names: dict[str, str] = {"input": "input"}
    shuffle = random.Random(0)
    for holder in (*model.graph.initializer, *model.graph.output):
        holder.name = names.setdefault(holder.name, f"t{shuffle.getrandbits(48)}")
    for node in model.graph.node:
        node.name = "node"
        node.input[:] = [names.setdefault(i, f"t{shuffle.getrandbits(48)}") for i in node.input]
        node.output[:] = [names.setdefault(o, f"t{shuffle.getrandbits(48)}") for o in node.output]
    return model


WRITERS: dict[str, Callable[[onnx.ModelProto, Path], onnx.ModelProto]] = {
    "as written": lambda m, _: m,
    "onnxsim": lambda m, _: onnxsim.simplify(m)[0],
    "onnxslim": lambda m, _: onnxslim.slim(m),
    "ort basic": lambda m, f: optimised(m, f, "BASIC"),
    "ort extended": lambda m, f: optimised(m, f, "EXTENDED"),
    "ort all": lambda m, f: optimised(m, f, "ALL"),
    "QDQ": lambda m, f: quantised(m, f, "QDQ"),
    "QOperator": lambda m, f: quantised(m, f, "QOperator"),
    "dynamic int8": lambda m, f: quantised(m, f, "dynamic"),
    "fp16": lambda m, _: convert_float_to_float16(m),
    "stripped": lambda m, _: stripped(m),
    "reversed": lambda m, _: reversed_nodes(m),
    "renamed": lambda m, _: renamed(m),
}


@NETWORKS
@pytest.mark.parametrize("writer", WRITERS)
def test_the_same_madds_whoever_wrote_the_file(
    build: Callable[..., Graph], writer: str, tmp_path: Path
) -> None:
    graph = read(WRITERS[writer](proto(build), tmp_path))
    assert [(node.op_type, node.reason) for node in graph.unknown] == []
    assert graph.cost.madds == MADDS[build]


@NETWORKS
def test_the_same_madds_without_stored_weights(build: Callable[..., Graph]) -> None:
    assert read(proto(build, weights=False)).cost == read(proto(build)).cost


@NETWORKS
def test_four_times_the_madds_at_batch_4(build: Callable[..., Graph]) -> None:
    assert read(proto(build, 4)).cost.madds == 4 * MADDS[build]


@NETWORKS
def test_external_weights_are_never_opened(build: Callable[..., Graph], tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    onnx.save(
        proto(build), path, save_as_external_data=True, location="weights.bin", size_threshold=256
    )
    (tmp_path / "weights.bin").unlink()
    graph = read(path)
    assert graph.cost.madds == MADDS[build]
    assert graph.cost.params == read(proto(build)).cost.params


@NETWORKS
def test_the_graph_in_code_and_its_file_cost_the_same(build: Callable[..., Graph]) -> None:
    built = build()
    written = read(write(built))
    assert [(n.op_type, n.cost, n.bytes) for n in written.layers] == [
        (n.op_type, n.cost, n.bytes) for n in built.layers
    ]


@NETWORKS
def test_the_written_file_loads_in_onnx_runtime(build: Callable[..., Graph]) -> None:
    model = proto(build, weights=False)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    assert len(session.run(None, {"input": np.zeros((1, 3, 32, 32), np.float32)})) == 1


def test_the_skeleton_keeps_the_architecture_and_drops_the_weights() -> None:
    network = Network()
    y = network.fully_connected(network.input(4096, name="x"), 1024)
    data = write(network.graph(y), weights=True).SerializeToString()
    cut = skeleton(data)
    assert len(data) > 4 * 4096 * 1024 and len(cut) < 1000 + 4 * 1024
    assert read(cut).cost == read(data).cost
