"""Ordinary and odd ONNX files: each reads, and its numbers are worked out by hand."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from costmodel import Graph, ModelError, read

DATA = Path(__file__).parent / "data"
F = TensorProto.FLOAT
I64 = TensorProto.INT64


def value(name: str, *shape: int | str | None, dtype: int = F) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, dtype, list(shape))


def weight(name: str, *shape: int) -> TensorProto:
    return TensorProto(name=name, data_type=F, dims=shape)


def ints(name: str, *values: int) -> TensorProto:
    return numpy_helper.from_array(np.array(values, np.int64), name)


def model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[str],
    *tensors: TensorProto,
    opset: int = 17,
    **more: object,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes, "g", inputs, [onnx.ValueInfoProto(name=o) for o in outputs], list(tensors)
    )
    imports = [helper.make_opsetid("", opset), helper.make_opsetid("local", 1)]
    return helper.make_model(graph, opset_imports=imports, **more)


node = helper.make_node


def function(
    name: str, inputs: list[str], outputs: list[str], body: list[onnx.NodeProto]
) -> onnx.FunctionProto:
    opset = [helper.make_opsetid("", 17)]
    return helper.make_function("local", name, inputs, outputs, body, opset)


def types(graph: Graph) -> list[str]:
    return [n.op_type for n in graph.layers]


# -- real exports ---------------------------------------------------------------------------


def test_shufflenet_v2_from_torchscript_is_resolved_in_full() -> None:
    """onnx's own inference leaves 39 of its 57 contractions open; 144,907,992 is the count
    that torchvision's layout has (paper's Table 5 with both branches of the down unit c/2)."""
    graph = read(gzip.decompress((DATA / "shufflenet_v2.torchscript.onnx.gz").read_bytes()))
    assert graph.unknown == ()
    assert graph.cost.madds == 144_907_992
    assert types(graph).count("Conv") == 56


def test_swin_from_torchscript_is_resolved_in_full() -> None:
    """The dynamo export of the same module, with every shape in the file, counts the same."""
    graph = read(gzip.decompress((DATA / "swin.torchscript.onnx.gz").read_bytes()))
    assert graph.unknown == ()
    assert graph.cost.madds == 4_490_566_656


def test_module_scopes_are_kept() -> None:
    graph = read(gzip.decompress((DATA / "shufflenet_v2.torchscript.onnx.gz").read_bytes()))
    assert "stage2.1.branch2.0" in {n.scope for n in graph.layers}


# -- sizes ----------------------------------------------------------------------------------


def conv_of(*shape: int | str | None) -> onnx.ModelProto:
    return model(
        [node("Conv", ["x", "w"], ["y"])], [value("x", *shape)], ["y"], weight("w", 4, 3, 1, 1)
    )


def test_a_free_leading_dimension_is_1_and_said_so() -> None:
    graph = read(conv_of("batch", 3, 8, 8))
    assert graph.inputs == {"x": (1, 3, 8, 8)}
    assert graph.assumed == {"batch": 1}
    assert read(conv_of(None, 3, 8, 8)).assumed == {"x[0]": 1}


def test_other_free_dimensions_are_asked_for_by_name() -> None:
    with pytest.raises(ModelError, match="give --dim height=SIZE, --dim width=SIZE"):
        read(conv_of("batch", 3, "height", "width"))
    with pytest.raises(ModelError, match=r"--shape x=1,3,\?,8"):
        read(conv_of(1, 3, None, 8))


def test_dimensions_are_given_by_name_or_as_a_shape() -> None:
    by_name = read(conv_of("n", 3, "h", "w"), dims={"h": 6, "w": 5, "n": 2})
    assert by_name.cost.madds == 2 * 6 * 5 * 3 * 4
    assert by_name.assumed == {}
    by_shape = read(conv_of("n", 3, "h", "w"), shapes={"x": (2, 3, 6, 5)})
    assert by_shape.cost == by_name.cost


@pytest.mark.parametrize(
    ("dims", "shapes", "says"),
    [
        ({"depth": 3}, {}, "'depth'"),
        ({"h": 0}, {}, "at least 1"),
        ({}, {"z": (1,)}, "'z'"),
        ({}, {"x": (1, 3, 6)}, "4 sizes"),
        ({"h": 7}, {"x": (1, 3, 6, 5)}, "one size for dimension 'h'"),
    ],
)
def test_sizes_that_do_not_fit_are_errors(
    dims: dict[str, int], shapes: dict[str, tuple[int, ...]], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        read(conv_of("n", 3, "h", "w"), dims=dims, shapes=shapes)


def test_dimensions_that_are_expressions() -> None:
    graph = read(conv_of("n", 3, "2*s", "Min(512, s + 1)"), dims={"s": 4})
    assert graph.inputs["x"] == (1, 3, 8, 5)


def test_what_the_file_says_of_an_operator_nobody_knows_is_believed() -> None:
    m = model(
        [node("Mystery", ["x"], ["h"], domain="local"), node("Relu", ["h"], ["y"])],
        [value("x", "n", 3)],
        ["y"],
    )
    m.graph.value_info.append(value("h", "n", "2*n + 5"))
    graph = read(m)
    assert [(n.op_type, n.reason) for n in graph.unknown] == [
        ("local::Mystery", "no formula for this operator")
    ]
    assert graph.cost.ops == 1 * 7  # the Relu


# -- shape arithmetic -----------------------------------------------------------------------


def test_shapes_are_carried_through_their_arithmetic() -> None:
    """x is (2, 3, 4, 4) -> Reshape to (batch, -1) by Shape, Gather, Unsqueeze, Concat."""
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Unsqueeze", ["n", "axis"], ["n1"]),
        node("Concat", ["n1", "minus"], ["target"], axis=0),
        node("Reshape", ["x", "target"], ["flat"]),
        node("MatMul", ["flat", "w"], ["y"]),
    ]
    zero = numpy_helper.from_array(np.array(0, np.int64), "zero")
    graph = read(
        model(
            nodes,
            [value("x", 2, 3, 4, 4)],
            ["y"],
            zero,
            ints("axis", 0),
            ints("minus", -1),
            weight("w", 48, 10),
        )
    )
    assert types(graph) == ["Reshape", "MatMul"]
    assert graph.folded == 4
    assert graph.cost.madds == 2 * 48 * 10


def test_operators_outside_the_fast_table_are_computed_by_the_reference() -> None:
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("ReduceProd", ["s"], ["all"], keepdims=1),
        node("Mod", ["all", "seven"], ["rest"]),
        node("CumSum", ["rest", "axis"], ["sum"]),
        node("Expand", ["x1", "sum"], ["e"]),
        node("Relu", ["e"], ["y"]),
    ]
    axis = numpy_helper.from_array(np.array(0, np.int64), "axis")
    graph = read(model(nodes, [value("x", 2, 5), value("x1", 1)], ["y"], ints("seven", 7), axis))
    assert graph.cost.ops == 10 % 7


# -- constants ------------------------------------------------------------------------------


def test_a_weight_used_twice_counts_once_and_is_read_twice() -> None:
    nodes = [node("MatMul", ["x", "w"], ["h"]), node("MatMul", ["h", "w"], ["y"])]
    cost = read(model(nodes, [value("x", 1, 8)], ["y"], weight("w", 8, 8))).cost
    assert (cost.params, cost.weight_reads) == (64, 128)


def test_batch_norm_statistics_are_buffers() -> None:
    nodes = [node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y"])]
    tensors = [weight(n, 6) for n in "sbmv"]
    cost = read(model(nodes, [value("x", 1, 6, 4, 4)], ["y"], *tensors)).cost
    assert (cost.params, cost.buffers) == (12, 12)


@pytest.mark.parametrize("form", ["initializer", "input too", "constant", "of shape", "transposed"])
def test_parameters_are_found_wherever_they_hide(form: str) -> None:
    w = helper.make_tensor("w", F, [8, 4], np.zeros(32, np.float32))
    gemm = node("MatMul", ["x", "w"], ["y"])
    inputs, tensors, nodes = [value("x", 1, 8)], [], [gemm]
    if form in {"initializer", "input too"}:
        tensors = [w]
        inputs += [value("w", 8, 4)] if form == "input too" else []
    elif form == "constant":
        nodes = [node("Constant", [], ["w"], value=w), gemm]
    elif form == "of shape":
        nodes, tensors = [node("ConstantOfShape", ["s"], ["w"]), gemm], [ints("s", 8, 4)]
    else:
        nodes, tensors = [node("Transpose", ["t"], ["w"]), gemm], [weight("t", 4, 8)]
    graph = read(model(nodes, inputs, ["y"], *tensors))
    assert (graph.cost.params, graph.cost.buffers) == (32, 0)
    assert graph.inputs == {"x": (1, 8)}
    assert types(graph) == ["MatMul"]


def test_integers_beside_a_scale_are_parameters() -> None:
    nodes = [
        node("DequantizeLinear", ["q", "scale", "zero"], ["w"]),
        node("MatMul", ["x", "w"], ["y"]),
    ]
    q = TensorProto(name="q", data_type=TensorProto.INT8, dims=[8, 4])
    zero = helper.make_tensor("zero", TensorProto.INT8, [], [0])
    scale = helper.make_tensor("scale", F, [], [0.1])
    graph = read(model(nodes, [value("x", 1, 8)], ["y"], q, scale, zero))
    assert graph.cost.params == 32
    (layer,) = graph.layers
    assert layer.bytes == {"int8": 32, "float32": 4 * (8 + 4)}  # weights as stored; x and y


def test_a_weight_beside_its_own_norm_is_a_parameter() -> None:
    """Weight normalisation: g * v / |v|, whose v is read by a reduction too."""
    nodes = [
        node("ReduceL2", ["v"], ["norm"], axes=[1, 2, 3], keepdims=1),
        node("Div", ["v", "norm"], ["unit"]),
        node("Mul", ["unit", "g"], ["w"]),
        node("Conv", ["x", "w"], ["y"]),
    ]
    tensors = [weight("v", 4, 3, 3, 3), weight("g", 4, 1, 1, 1)]
    graph = read(model(nodes, [value("x", 1, 3, 8, 8)], ["y"], *tensors))
    assert (graph.cost.params, graph.cost.buffers) == (4 * 27 + 4, 0)
    assert types(graph) == ["Conv"]


def test_arguments_are_neither_parameters_nor_buffers() -> None:
    nodes = [node("Mul", ["x", "two"], ["h"]), node("Reshape", ["h", "shape"], ["y"])]
    two = helper.make_tensor("two", F, [], [2.0])
    cost = read(model(nodes, [value("x", 2, 8)], ["y"], two, ints("shape", 16))).cost
    assert (cost.params, cost.buffers) == (0, 0)


def test_a_sparse_weight_has_the_shape_that_it_stands_for() -> None:
    m = model([node("MatMul", ["x", "w"], ["y"])], [value("x", 1, 8)], ["y"])
    values = helper.make_tensor("w", F, [2], [1.0, 2.0])
    indices = helper.make_tensor("i", I64, [2], [0, 5])
    m.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [8, 4]))
    assert read(m).cost.madds == 32


# -- graphs as people write them ------------------------------------------------------------


def test_dead_branches_do_not_run() -> None:
    nodes = [node("Relu", ["x"], ["y"]), node("Conv", ["x", "w"], ["dead"])]
    graph = read(model(nodes, [value("x", 1, 3, 8, 8)], ["y"], weight("w", 4, 3, 1, 1)))
    assert types(graph) == ["Relu"] and graph.cost.params == 0


def test_nodes_of_one_name_stay_apart() -> None:
    nodes = [node("Relu", ["x"], ["h"], name="n"), node("Relu", ["h"], ["y"], name="n")]
    assert [n.name for n in read(model(nodes, [value("x", 4)], ["y"])).layers] == ["n", "n#2"]


def test_nodes_in_any_order() -> None:
    nodes = [node("Relu", ["h"], ["y"]), node("Sigmoid", ["x"], ["h"])]
    assert types(read(model(nodes, [value("x", 4)], ["y"]))) == ["Sigmoid", "Relu"]


def test_no_opset_import_and_ir_version_1() -> None:
    m = model(
        [node("Conv", ["x", "w"], ["y"])], [value("x", 1, 3, 8, 8)], ["y"], weight("w", 4, 3, 1, 1)
    )
    del m.opset_import[:]
    m.ir_version = 1
    assert read(m).cost.madds == 64 * 12


def test_opset_1_operators() -> None:
    """Reshape by attribute, Add with a legacy axis, Dropout with is_test, Gemm with broadcast."""
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        node("Add", ["c", "b"], ["a"], broadcast=1, axis=1),
        node("Dropout", ["a"], ["d"], is_test=1),
        node("Reshape", ["d"], ["r"], shape=[1, 256]),
        node("Gemm", ["r", "g", "h"], ["y"], broadcast=1, transB=1),
    ]
    tensors = [weight("w", 4, 3, 1, 1), weight("b", 4), weight("g", 10, 256), weight("h", 10)]
    graph = read(model(nodes, [value("x", 1, 3, 8, 8)], ["y"], *tensors, opset=1))
    assert graph.unknown == ()
    assert graph.cost.madds == 64 * 12 + 2560
    assert graph.cost.params == 12 + 4 + 2560 + 10


def test_functions_are_inlined_with_their_attributes() -> None:
    inner = node("LeakyRelu", ["h"], ["o"])
    inner.attribute.append(
        onnx.AttributeProto(name="alpha", ref_attr_name="a", type=onnx.AttributeProto.FLOAT)
    )
    body = [node("Conv", ["i", "k"], ["h"]), inner]
    block = helper.make_function(
        "local", "Block", ["i", "k"], ["o"], body, [helper.make_opsetid("", 17)], ["a"]
    )
    nodes = [
        node("Block", ["x", "w"], ["h"], domain="local", name="one", a=0.1),
        node("Block", ["h", "w"], ["y"], domain="local", name="two", a=0.2),
    ]
    graph = read(
        model(nodes, [value("x", 1, 3, 8, 8)], ["y"], weight("w", 3, 3, 1, 1), functions=[block])
    )
    assert types(graph) == ["Conv", "LeakyRelu"] * 2
    assert graph.cost.madds == 2 * 64 * 9 and graph.cost.params == 9
    assert [n.scope for n in graph.layers] == ["one", "one", "two", "two"]


def branches(cheap: int, dear: int, condition: TensorProto | None) -> onnx.ModelProto:
    """An If whose branches multiply by a (8, n) and a (8, m) matrix, back to 8."""

    def body(name: str, width: int) -> onnx.GraphProto:
        nodes = [
            node("MatMul", ["x", f"{name}a"], [f"{name}h"]),
            node("MatMul", [f"{name}h", f"{name}b"], [f"{name}o"]),
        ]
        weights = [weight(f"{name}a", 8, width), weight(f"{name}b", width, 8)]
        return helper.make_graph(nodes, name, [], [value(f"{name}o", 1, 8)], weights)

    choice = node("If", ["c"], ["y"], then_branch=body("t", cheap), else_branch=body("e", dear))
    inputs = [value("x", 1, 8)] + (
        [value("c", dtype=TensorProto.BOOL)] if condition is None else []
    )
    return model([choice], inputs, ["y"], *([condition] if condition is not None else []))


def test_an_if_whose_condition_is_known_runs_that_branch_alone() -> None:
    true = helper.make_tensor("c", TensorProto.BOOL, [], [True])
    cost = read(branches(2, 5, true)).cost
    assert (cost.madds, cost.params) == (2 * 8 * 2, 2 * 8 * 2)


def test_an_if_whose_condition_is_open_costs_its_dearer_branch_and_owns_both() -> None:
    cost = read(branches(2, 5, None)).cost
    assert (cost.madds, cost.params) == (2 * 8 * 5, 2 * 8 * 2 + 2 * 8 * 5)


def loop(trips: int | None) -> onnx.ModelProto:
    """A Loop that multiplies its state by an (8, 8) matrix and collects it."""
    body = helper.make_graph(
        [
            node("MatMul", ["state", "w"], ["next"]),
            node("Identity", ["go"], ["on"]),
            node("Identity", ["next"], ["kept"]),
        ],
        "body",
        [value("i", dtype=I64), value("go", dtype=TensorProto.BOOL), value("state", 1, 8)],
        [value("on", dtype=TensorProto.BOOL), value("next", 1, 8), value("kept", 1, 8)],
    )
    nodes = [
        node("Loop", ["m", "", "x"], ["last", "all"], body=body, name="loop"),
        node("Relu", ["all"], ["y"]),
    ]
    count = [] if trips is None else [numpy_helper.from_array(np.array(trips, np.int64), "m")]
    inputs = [value("x", 1, 8)] + ([value("m", dtype=I64)] if trips is None else [])
    return model(nodes, inputs, ["last", "y"], weight("w", 8, 8), *count)


def test_a_loop_runs_its_body_as_often_as_it_says() -> None:
    graph = read(loop(5))
    assert graph.cost.madds == 5 * 64
    assert graph.cost.params == 64
    assert graph.tensors["all"].shape == (5, 1, 8)


def test_a_loop_of_unknown_length_is_assumed_to_run_once() -> None:
    graph = read(loop(None))
    assert graph.assumed == {"iterations of loop": 1}
    assert graph.cost.madds == 64


def test_a_scan_runs_once_for_each_item() -> None:
    body = helper.make_graph(
        [
            node("MatMul", ["item", "w"], ["h"]),
            node("Add", ["state", "h"], ["next"]),
            node("Identity", ["next"], ["o"]),
        ],
        "body",
        [value("state", 1, 4), value("item", 1, 8)],
        [value("next", 1, 4), value("o", 1, 4)],
    )
    nodes = [node("Scan", ["s", "x"], ["last", "y"], body=body, num_scan_inputs=1)]
    graph = read(model(nodes, [value("s", 1, 4), value("x", 6, 1, 8)], ["y"], weight("w", 8, 4)))
    assert graph.cost.madds == 6 * 32
    assert graph.assumed == {}


def test_sequences_and_optionals_are_ordinary() -> None:
    nodes = [
        node("SplitToSequence", ["x", "two"], ["s"], axis=1),
        node("SequenceAt", ["s", "one"], ["item"]),
        node("Optional", ["item"], ["o"]),
        node("OptionalGetElement", ["o"], ["e"]),
        node("MatMul", ["e", "w"], ["y"]),
    ]
    two, one = (
        numpy_helper.from_array(np.array(v, np.int64), n) for v, n in ((2, "two"), (1, "one"))
    )
    graph = read(model(nodes, [value("x", 3, 8)], ["y"], two, one, weight("w", 2, 4)))
    assert graph.unknown == ()
    assert graph.cost.madds == 3 * 2 * 4


@pytest.mark.parametrize("form", [".onnxtxt", ".textproto", ".json"])
def test_models_as_text(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{form}"
    if form == ".onnxtxt":
        path.write_text(
            '<ir_version: 8, opset_import: ["" : 17]>\n'
            "g (float[1, 3, 8, 8] x, float[4, 3, 1, 1] w) => (float[1, 4, 8, 8] y) "
            "{ y = Conv(x, w) }"
        )
    else:
        m = model(
            [node("Conv", ["x", "w"], ["y"])],
            [value("x", 1, 3, 8, 8), value("w", 4, 3, 1, 1)],
            ["y"],
        )
        onnx.save(m, path, {".textproto": "textproto", ".json": "json"}[form])
    assert read(path).cost.madds == 64 * 12


def test_text_without_a_name_is_known_by_its_beginning() -> None:
    text = (
        '<ir_version: 8, opset_import: ["" : 17]>\n'
        "g (float[1, 3, 8, 8] x, float[4, 3, 1, 1] w) => (float[1, 4, 8, 8] y) { y = Conv(x, w) }"
    )
    assert read(text.encode()).cost.madds == 64 * 12


def test_text_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "model.onnxtxt"
    path.write_text("this is no model")
    with pytest.raises(ModelError, match="expected a model as onnxtxt"):
        read(path)


def test_a_model_of_3_gb_is_no_special_case(tmp_path: Path) -> None:
    """A Gemm whose weight's raw_data (field 9) are 3 GB of nothing: a file with a hole."""

    def varint(value: int) -> bytes:
        return bytes([value & 127 | 128]) + varint(value >> 7) if value > 127 else bytes([value])

    rows, size = 3 * 2**18, 3 * 2**30  # (786432, 1024) of float32
    small = model([node("MatMul", ["x", "w"], ["y"])], [value("x", 1, rows)], ["y"])
    tensor = weight("w", rows, 1024).SerializeToString() + b"\x4a" + varint(size)
    graph = b"\x2a" + varint(len(tensor) + size) + tensor
    rest = small.graph.SerializeToString()
    small.ClearField("graph")
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.write(small.SerializeToString())
        file.write(b"\x3a" + varint(len(rest) + len(graph) + size) + rest + graph)
        file.truncate(file.tell() + size)
    cost = read(path).cost
    assert (cost.params, cost.madds) == (rows * 1024, rows * 1024)


# -- what looks like something else --------------------------------------------------------


def test_a_name_inside_a_function_is_not_the_same_name_outside() -> None:
    """The call ``n`` makes an inner value ``n/t``; the model has an initializer of that name."""
    body = [node("MatMul", ["i", "k"], ["t"]), node("Relu", ["t"], ["o"])]
    block = helper.make_function(
        "local", "Block", ["i", "k"], ["o"], body, [helper.make_opsetid("", 17)]
    )
    nodes = [
        node("Block", ["x", "w"], ["h"], domain="local", name="n"),
        node("MatMul", ["h", "n/t"], ["y"]),
    ]
    tensors = [weight("w", 8, 8), weight("n/t", 8, 4)]
    graph = read(model(nodes, [value("x", 1, 8)], ["y"], *tensors, functions=[block]))
    assert types(graph) == ["MatMul", "Relu", "MatMul"]
    assert graph.cost.madds == 64 + 32


def test_a_function_may_give_one_value_twice() -> None:
    block = helper.make_function(
        "local",
        "Twice",
        ["i"],
        ["o", "o"],
        [node("Relu", ["i"], ["o"])],
        [helper.make_opsetid("", 17)],
    )
    nodes = [
        node("Twice", ["x"], ["a", "b"], domain="local"),
        node("Sigmoid", ["a"], ["y"]),
        node("Tanh", ["b"], ["z"]),
    ]
    graph = read(model(nodes, [value("x", 4)], ["y", "z"], functions=[block]))
    assert graph.unknown == ()
    assert graph.cost.writes == 3 * 4


def test_an_operator_without_inputs_is_no_constant() -> None:
    nodes = [node("Camera", [], ["x"], domain="local"), node("Conv", ["x", "w"], ["y"])]
    graph = read(model(nodes, [], ["y"], weight("w", 4, 3, 1, 1)))
    assert [n.op_type for n in graph.unknown] == ["local::Camera", "Conv"]


def test_a_loop_that_ends_by_its_condition_is_assumed_to_run_once() -> None:
    """Exporters write a ``while`` as a Loop of 2**63 - 1 iterations."""
    graph = read(loop(2**63 - 1))
    assert graph.assumed == {"iterations of loop": 1}
    assert graph.cost.madds == 64


@pytest.mark.parametrize("known", [True, False])
def test_a_weight_that_an_if_chooses_is_a_parameter(known: bool) -> None:
    def branch(name: str) -> onnx.GraphProto:
        held = [weight(name, 64, 64, 3, 3)]
        copy = node("Identity", [name], [f"{name}o"])
        return helper.make_graph([copy], name, [], [value(f"{name}o", 64, 64, 3, 3)], held)

    nodes = [
        node("If", ["c"], ["w"], then_branch=branch("t"), else_branch=branch("e")),
        node("Conv", ["x", "w"], ["y"]),
    ]
    condition = [helper.make_tensor("c", TensorProto.BOOL, [], [True])] if known else []
    inputs = [value("x", 1, 64, 8, 8)] + ([] if known else [value("c", dtype=TensorProto.BOOL)])
    graph = read(model(nodes, inputs, ["y"], *condition))
    assert (graph.cost.params, graph.cost.buffers) == (64 * 64 * 9 * (1 if known else 2), 0)
    assert graph.cost.madds == 36 * 64 * 64 * 9


def test_a_long_list_in_a_constant_is_left_out_and_its_user_named() -> None:
    nodes = [
        node("Constant", [], ["w"], value_floats=[1.0] * 20_000),
        node("Add", ["x", "w"], ["y"]),
    ]
    graph = read(model(nodes, [value("x", 20_000)], ["y"]).SerializeToString())
    assert {n.op_type for n in graph.unknown} == {"Constant", "Add"}


def test_the_value_of_a_constant_of_shape_may_not_stand_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of that name beside the model is not opened."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.bin").write_bytes(bytes(8))
    fill = TensorProto(name="v", data_type=I64, dims=[1], data_location=TensorProto.EXTERNAL)
    fill.external_data.add(key="location", value="secret.bin")
    nodes = [
        node("ConstantOfShape", ["s"], ["shape"], value=fill),
        node("Expand", ["x", "shape"], ["y"]),
    ]
    graph = read(model(nodes, [value("x", 1)], ["y"], ints("s", 2)))
    assert [n.op_type for n in graph.unknown] == ["Expand"]


# -- memory ---------------------------------------------------------------------------------


def test_peak_activation_memory() -> None:
    """x (3 KB) -> a, b (4 KB each): while b is written x, a and b are alive; then a + b -> y."""
    nodes = [
        node("Conv", ["x", "w"], ["a"]),
        node("Conv", ["x", "w"], ["b"]),
        node("Add", ["a", "b"], ["y"]),
    ]
    graph = read(model(nodes, [value("x", 1, 3, 16, 16)], ["y"], weight("w", 4, 3, 1, 1)))
    assert graph.peak_activation_bytes == 4 * 256 * (4 + 4 + 4)  # a, b and y; x is gone by then


def test_a_view_takes_no_memory() -> None:
    nodes = [
        node("Relu", ["x"], ["h"]),
        node("Reshape", ["h", "s"], ["r"]),
        node("Relu", ["r"], ["y"]),
    ]
    graph = read(model(nodes, [value("x", 1, 100)], ["y"], ints("s", 100, 1)))
    assert graph.peak_activation_bytes == 4 * (100 + 100)
