"""Values of small constants: read from a file, kept on the graph, written back, and run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from costmodel import Graph, ModelError, networks, read
from costmodel.channels import channels
from costmodel.frontends.onnx.write import write
from costmodel.fusion import fused_memory_access_bytes
from costmodel.rewrite import resized
from costmodel.tensor import Tensor
from guidelines.measuring.bench import counted
from guidelines.measuring.proof import unfit

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"

node = helper.make_node


def value(name: str, *shape: int, dtype: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, list(shape))


def held(name: str, values: Any, dtype: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(values, dtype), name)


def model(
    nodes: list[onnx.NodeProto], x: onnx.ValueInfoProto, *constants: onnx.TensorProto
) -> onnx.ModelProto:
    """One input, and as output what the last node gives first."""
    y = onnx.ValueInfoProto(name=nodes[-1].output[0])
    graph = helper.make_graph(nodes, "g", [x], [y], list(constants))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(made: onnx.ModelProto, **inputs: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    session = onnxruntime.InferenceSession(
        made.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    result: np.ndarray[Any, Any] = session.run(None, inputs)[0]
    return result


def costs(graph: Graph) -> list[tuple[Any, ...]]:
    return [(n.name, n.op_type, n.scope, n.cost, dict(n.bytes)) for n in graph.layers]


ARGUMENTS = {
    "Reshape": (
        [node("Reshape", ["x", "s"], ["y"])], [held("s", [0, 2, -1], np.int64)], "s",
        Tensor((3,), "int64", constant=True, value=(0, 2, -1)),
    ),
    "Slice": (
        [node("Slice", ["x", "a", "b", "axes", "steps"], ["y"])],
        [held("a", [1], np.int32), held("b", [2**31 - 1], np.int32), held("axes", [3], np.int32),
         held("steps", [2], np.int32)], "b",
        Tensor((1,), "int32", constant=True, value=(2**31 - 1,)),
    ),
    "Resize by scales": (
        [node("Resize", ["x", "", "k"], ["y"], mode="nearest")],
        [held("k", [1, 1, 2, 2.5], np.float32)], "k",
        Tensor((4,), "float32", constant=True, value=(1.0, 1.0, 2.0, 2.5)),
    ),
    "Resize by sizes": (
        [node("Resize", ["x", "", "", "k"], ["y"], mode="nearest")],
        [held("k", [1, 4, 5, 7], np.int64)], "k",
        Tensor((4,), "int64", constant=True, value=(1, 4, 5, 7)),
    ),
    "Pad": (
        [node("Pad", ["x", "p", "v"], ["y"])],
        [held("p", [0, 0, 1, 2, 0, 0, 3, 4], np.int64), held("v", -1.5, np.float32)], "v",
        Tensor((), "float32", constant=True, value=(-1.5,)),
    ),
    "Clip": (
        [node("Clip", ["x", "low", "high"], ["y"])],
        [held("low", 0.25, np.float32), held("high", 0.5, np.float32)], "high",
        Tensor((), "float32", constant=True, value=(0.5,)),
    ),
    "Where": (
        [node("Where", ["m", "x", "z"], ["y"])],
        [held("m", [[True], [False], [True], [False]], np.bool_), held("z", 7, np.float32)], "m",
        Tensor((4, 1), "bool", constant=True, value=(True, False, True, False)),
    ),
    "a Constant": (
        [node("Constant", [], ["s"], value_ints=[4, -1]), node("Reshape", ["x", "s"], ["y"])],
        [], "s", Tensor((2,), "int64", constant=True, value=(4, -1)),
    ),
    "computed": (
        [node("Shape", ["x"], ["a"]), node("Gather", ["a", "i"], ["b"]),
         node("Concat", ["b", "r"], ["s"], axis=0), node("Reshape", ["x", "s"], ["y"])],
        [held("i", [1], np.int64), held("r", [-1], np.int64)], "s",
        Tensor((2,), "int64", constant=True, value=(4, -1)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ARGUMENTS)
def test_what_tells_an_operator_what_to_do_is_kept_and_written_back(what: str) -> None:
    nodes, constants, name, expected = ARGUMENTS[what]
    given = model(nodes, value("x", 1, 4, 4, 6), *constants)
    graph = read(given)
    assert graph.tensors[name] == expected
    x = np.random.default_rng(0).random((1, 4, 4, 6), np.float32)
    for weights in (True, False):
        made = write(graph, weights=weights)
        onnx.checker.check_model(made, full_check=True)
        assert costs(read(made)) == costs(graph)
        np.testing.assert_array_equal(run(made, x=x), run(given, x=x))


def test_weights_are_not_kept() -> None:
    weight = held("w", np.ones((5, 4, 2, 2)), np.float32)
    table = held("i", np.arange(65) % 4, np.int64)
    graph = read(
        model(
            [node("Conv", ["x", "w"], ["h"]), node("Gather", ["h", "i"], ["y"], axis=1)],
            value("x", 1, 4, 4, 4), weight, table,
        )
    )  # fmt: skip
    assert graph.tensors["w"] == Tensor((5, 4, 2, 2), constant=True)
    assert graph.tensors["i"] == Tensor((65,), "int64", constant=True)


def test_activations_have_no_value() -> None:
    graph = read(model([node("Relu", ["x"], ["y"])], value("x", 1, 4)))
    assert [tensor.value for tensor in graph.tensors.values()] == [None, None]


@pytest.mark.parametrize("path", sorted(LIGHT.glob("*.onnx")), ids=lambda path: path.stem)
def test_the_light_models_are_fit_to_run(path: Path) -> None:
    graph = read(path)
    assert unfit(graph) == ""
    made = write(graph)
    onnx.checker.check_model(made)
    again = read(made)
    assert costs(again) == costs(graph)
    assert fused_memory_access_bytes(again) == fused_memory_access_bytes(graph)


def test_a_file_runs_once_written_back() -> None:
    graph = read(LIGHT / "light_shufflenet.onnx")
    made = write(graph, weights=True)
    x = np.ones((1, 3, 224, 224), np.float32)
    assert run(made, **dict.fromkeys(graph.inputs, x)).shape == (1, 1000)


def test_an_input_that_nothing_reads_is_written() -> None:
    given = model([node("Relu", ["x"], ["y"])], value("x", 1, 4))
    given.graph.input.append(value("spare", 2, 3))
    graph = read(given)
    assert read(write(graph)).inputs == graph.inputs == {"x": (1, 4), "spare": (2, 3)}


def test_an_output_that_is_a_constant_is_left_out() -> None:
    given = model([node("Relu", ["x"], ["y"])], value("x", 1, 4), held("c", [1], np.int64))
    given.graph.output.append(onnx.ValueInfoProto(name="c"))
    assert [o.name for o in write(read(given)).graph.output] == ["y"]


def test_operators_that_hold_graphs_are_refused() -> None:
    body = helper.make_graph([node("Relu", ["x"], ["z"])], "b", [], [onnx.ValueInfoProto(name="z")])
    given = model(
        [node("ReduceSum", ["x"], ["s"], keepdims=0), node("Cast", ["s"], ["c"], to=9),
         node("If", ["c"], ["y"], then_branch=body, else_branch=body)],
        value("x", 1, 4),
    )  # fmt: skip
    with pytest.raises(ModelError, match=r"expected operators that run once.* found If"):
        write(read(given))


def test_scopes_of_either_exporter_survive() -> None:
    nodes = [
        node("Relu", ["x"], ["a"], "/stage/stage.1/Relu"),
        node("Relu", ["a"], ["b"], "relu_2"),
        node("Relu", ["b"], ["y"], "plain"),
    ]
    scopes = "['', 'layers.0', 'relu_2']"
    nodes[1].metadata_props.add(key="pkg.torch.onnx.name_scopes", value=scopes)
    graph = read(model(nodes, value("x", 1, 4)))
    assert [n.scope for n in graph.layers] == ["stage.1", "layers.0", ""]
    again = read(write(graph))
    assert [(n.name, n.scope) for n in again.layers] == [(n.name, n.scope) for n in graph.layers]


def test_element_types_survive() -> None:
    nodes = [node("Cast", ["x"], ["h"], to=10), node("Mul", ["h", "w"], ["y"])]
    weight = held("w", np.ones((65, 4)), np.float16)
    graph = read(model(nodes, value("x", 65, 4), weight))
    for weights in (True, False):
        made = write(graph, weights=weights)
        assert costs(read(made)) == costs(graph)
        assert run(made, x=np.ones((65, 4), np.float32)).dtype == np.float16


def test_operators_of_other_domains_keep_them() -> None:
    gelu = node("Gelu", ["x"], ["y"], domain="com.microsoft")
    given = model([gelu], value("x", 1, 4))
    given.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    made = write(read(given))
    assert run(made, x=np.zeros((1, 4), np.float32)).tolist() == [[0.0] * 4]


def test_other_widths_have_other_values() -> None:
    """A resize to a given size follows its channels; values of four channels are not those of 8."""
    scaled = model(
        [node("Conv", ["x", "w"], ["a"]), node("BatchNormalization", ["a", "s", "s", "s", "s"],
         ["b"]), node("Resize", ["b", "", "", "k"], ["c"]), node("Conv", ["c", "v"], ["y"])],
        value("x", 1, 3, 8, 8), held("w", np.ones((4, 3, 1, 1)), np.float32),
        held("s", np.ones(4), np.float32), held("k", [1, 4, 16, 16], np.int64),
        held("v", np.ones((2, 4, 1, 1)), np.float32),
    )  # fmt: skip
    graph = read(scaled)
    (width,) = channels(graph).free
    wide = resized(graph, {width: 8})
    assert wide.tensors["k"].value == (1, 8, 16, 16)
    assert wide.tensors["s"] == Tensor((8,), constant=True)
    x = np.ones((1, 3, 8, 8), np.float32)
    assert run(write(wide, weights=True), x=x).shape == (1, 2, 16, 16)


def test_what_torch_runs_otherwise_is_not_counted_there() -> None:
    """Windows that a file pads with "SAME", and a matrix stored the other way round."""
    pool: dict[str, Any] = {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER"}
    with pytest.raises(ModelError, match="SAME_UPPER"):
        counted(read(model([node("MaxPool", ["x"], ["y"], **pool)], value("x", 1, 3, 8, 8))))
    weight = held("w", np.ones((4, 9)), np.float32)
    with pytest.raises(ModelError, match="expected a network that torch runs"):
        counted(read(model([node("Gemm", ["x", "w"], ["y"])], value("x", 1, 4), weight)))


@pytest.mark.parametrize("name", ["shufflenet_v2", "densenet_121"])
def test_a_network_and_its_file_are_fused_alike(name: str) -> None:
    graph = getattr(networks, name)()
    assert fused_memory_access_bytes(read(write(graph))) == fused_memory_access_bytes(graph)
