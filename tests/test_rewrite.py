"""Free widths, and networks rewritten at other ones: costs by hand, files that run."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from costmodel import ModelError, networks, read
from costmodel.channels import channels
from costmodel.cost import Cost
from costmodel.frontends.code import Network
from costmodel.frontends.onnx.write import write
from costmodel.graph import Graph
from costmodel.operators import Conv
from costmodel.rewrite import cut, outside, replaced, resized


def run(graph: Graph) -> list[np.ndarray[Any, Any]]:
    """What ONNX Runtime makes of ones."""
    data = write(graph, weights=True).SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    ones = {name: np.ones(shape, np.float32) for name, shape in graph.inputs.items()}
    return session.run(None, ones)  # type: ignore[no-any-return]


def costs(graph: Graph) -> list[tuple[str, Cost, dict[str, int]]]:
    return [(node.name, node.cost, dict(node.bytes)) for node in graph.layers]


def convolutions(graph: Graph) -> list[tuple[int, int, int]]:
    """Widths and groups of each, in order of execution."""
    convs = [node.operator for node in graph.layers if isinstance(node.operator, Conv)]
    return [(conv.c_in, conv.c_out, conv.groups) for conv in convs]


# -- what is free, and what follows ------------------------------------------------------------


def test_a_residual_stage_has_one_width_and_one_for_each_branch() -> None:
    net = Network()
    x = net.conv_bn_relu(net.input(3, 8, 8), 16, k=3)
    for c in (4, 8):
        y = net.conv_bn_relu(net.conv_bn_relu(x, c), c, k=3)
        x = net.relu(net.add(net.conv(y, 16), x))
    graph = net.graph(net.conv(x, 10))
    found = channels(graph)
    # Of each block Conv_2 and Conv_3, Conv_5 and Conv_6 are inside; Conv_4 and Conv_7 add to
    # the stage's width, which Conv_1 makes first; Conv_8 makes what is returned.
    assert found.free == {"Conv_1": 16, "Conv_2": 4, "Conv_3": 4, "Conv_5": 8, "Conv_6": 8}
    assert found.width("Conv_7:0").terms == {"Conv_1": 1}
    assert found.held == {"Conv_8": "the network returns it"}


def test_what_adds_to_an_input_keeps_its_width() -> None:
    net = Network()
    x = net.input(16, 8, 8)
    y = net.add(x, net.conv(x, 16))
    found = channels(net.graph(net.global_average_pool(net.conv(y, 8))))
    assert found.held["Conv_1"] == "Add at Add_1 ties it"


def test_an_operator_that_is_not_understood_holds_what_it_reads() -> None:
    net = Network()
    x = net.conv(net.input(3, 8, 8), 16)
    y = net.add_operator("DepthToSpace", [x], [(1, 4, 16, 16)], blocksize=2)[0]
    found = channels(net.graph(net.conv(y, 8)))
    assert found.free == {}
    assert found.held["Conv_1"] == "DepthToSpace at DepthToSpace_1 reads it"


def test_a_split_takes_a_concat_apart_where_it_was_joined() -> None:
    net = Network()
    x = net.input(3, 8, 8)
    joined = net.concat(net.conv(x, 8), net.conv(x, 12), net.conv(x, 4))
    a, b = net.split(joined, 8, 16)
    graph = net.graph(net.global_average_pool(net.conv(a, 2)), net.conv(b, 2))
    found = channels(graph)
    assert found.width(a.name).terms == {"Conv_1": 1}
    assert found.width(b.name).terms == {"Conv_2": 1, "Conv_3": 1}


def test_a_split_elsewhere_gives_shares() -> None:
    net = Network()
    x = net.input(3, 8, 8)
    a, b = net.split(net.concat(net.conv(x, 8), net.conv(x, 16)), 12, 12)
    graph = net.graph(net.conv(a, 2), net.conv(b, 2))
    found = channels(graph)
    assert found.shape(b.name, {"Conv_1": 10, "Conv_2": 20}) == (1, 15, 8, 8)
    with pytest.raises(ModelError, match="expected whole channels in 'Split_1:0', found 31/2"):
        found.shape(a.name, {"Conv_1": 10, "Conv_2": 21})


def test_shuffled_halves_follow_the_units_width() -> None:
    net = Network()
    x = net.conv(net.input(3, 8, 8), 16)
    for _ in range(2):
        kept, y = net.split(x, 8, 8)
        x = net.shuffle(net.concat(kept, net.conv(net.depthwise(y), 8)), 2)
    graph = net.graph(net.conv(x, 10))
    after = resized(graph, {"Conv_1": 24, "Conv_3": 12, "Conv_5": 12})
    # stem 3→24; of each unit a filter on half of 24 and 12→12; a head 24→10
    unit = [(12, 12, 12), (12, 12, 1)]
    assert convolutions(after) == [(3, 24, 1), *unit, *unit, (24, 10, 1)]
    assert after.cost.madds == 64 * (3 * 24 + 2 * (12 * 9 + 12 * 12) + 24 * 10)
    assert run(after)[0].shape == (1, 10, 8, 8)


def test_a_gate_follows_what_it_multiplies() -> None:
    net = Network()
    x = net.conv(net.input(3, 8, 8), 32)
    gate = net.relu(net.conv(net.global_average_pool(x), 8, bias=True))
    x = net.mul(x, net.activation(net.conv(gate, 32, bias=True), "Sigmoid"))
    graph = net.graph(net.conv(x, 10))
    assert channels(graph).free == {"Conv_1": 32, "Conv_2": 8}
    after = resized(graph, {"Conv_1": 48})
    assert after.cost.madds == 64 * (3 * 48 + 48 * 10) + 2 * 48 * 8
    # kernels, and the gate's biases, of 8 and of 48
    assert after.cost.params == 3 * 48 + 48 * 10 + 2 * 48 * 8 + 8 + 48
    assert run(after)[0].shape == (1, 10, 8, 8)


def test_a_flattened_map_counts_its_extent() -> None:
    net = Network()
    x = net.relu(net.conv(net.input(3, 4, 4), 8))
    graph = net.graph(net.fully_connected(net.flatten(x), 10))
    after = resized(graph, {"Conv_1": 12})
    assert after.tensors["Flatten_1:0"].shape == (1, 12 * 16)
    assert after.cost.madds == 16 * 3 * 12 + 12 * 16 * 10
    assert run(after)[0].shape == (1, 10)


def test_groups_divide_widths_or_are_refused() -> None:
    net = Network()
    x = net.conv(net.conv(net.input(3, 8, 8), 32), 64, groups=4)
    graph = net.graph(net.conv(x, 10))
    after = resized(graph, {"Conv_1": 24, "Conv_2": 32}, groups={"Conv_2": 2})
    assert convolutions(after) == [(3, 24, 1), (24, 32, 2), (32, 10, 1)]
    assert after.cost.madds == 64 * (3 * 24 + 24 * 32 // 2 + 32 * 10)
    run(after)
    with pytest.raises(ModelError, match="widths that 4 groups divide, found 30 and 64"):
        resized(graph, {"Conv_1": 30})


def test_a_depthwise_convolution_has_as_many_groups_as_channels() -> None:
    net = Network()
    x = net.conv_bn_relu(net.input(24, 8, 8), 144)
    x = net.conv(net.conv_bn_relu(x, 144, k=3, groups=144), 24)
    after = resized(net.graph(x), {"Conv_1": 60})
    assert convolutions(after) == [(24, 60, 1), (60, 60, 60), (60, 24, 1)]
    assert after.cost.madds == 64 * (24 * 60 + 60 * 9 + 60 * 24)
    # batch normalisations of 60: a scale and a shift are learned
    assert after.cost.params == 24 * 60 + 60 * 9 + 60 * 24 + 2 * 2 * 60


# -- parts of networks -------------------------------------------------------------------------


def chain() -> Graph:
    net = Network()
    return net.graph(net.chain(net.input(8, 8, 8), *[lambda x: net.relu(net.conv(x, 8))] * 3))


def test_a_part_reads_what_others_make_and_returns_what_others_read() -> None:
    part = cut(chain(), ["Conv_2", "Relu_2"])
    assert part.inputs == {"Relu_1:0": (1, 8, 8, 8)}
    assert part.outputs == ("Relu_2:0",)
    assert part.cost.madds == 64 * 8 * 8
    assert run(part)[0].shape == (1, 8, 8, 8)


def test_a_part_can_return_a_map_that_it_reads_itself() -> None:
    net = Network()
    x = net.conv(net.input(8, 8, 8), 8)
    graph = net.graph(net.add(x, net.relu(net.conv(x, 8))))
    assert set(cut(graph, ["Conv_1", "Conv_2"]).outputs) == {"Conv_1:0", "Conv_2:0"}


def test_a_shape_that_is_anothers_is_told_in_numbers() -> None:
    net = Network()
    x = net.conv(net.input(16, 8, 8), 16)
    graph = net.graph(net.conv(net.shuffle(x, 4), 8))
    part = cut(graph, ["Reshape_1", "Transpose_1", "Reshape_2"])
    assert run(part)[0].shape == (1, 16, 8, 8)


def test_other_operators_take_the_place_of_some() -> None:
    graph = chain()
    net = Network()
    x = outside(net, graph, "Relu_1:0")
    part = net.graph(net.relu(net.conv(net.conv(x, 4), 8, k=3)))
    after = replaced(graph, ["Conv_2", "Relu_2"], part, {"Relu_2:0": part.outputs[0]})
    assert convolutions(after) == [(8, 8, 1), (8, 4, 1), (4, 8, 1), (8, 8, 1)]
    assert after.outputs == graph.outputs
    assert run(after)[0].shape == (1, 8, 8, 8)


def test_readers_of_what_is_left_read_what_came() -> None:
    graph = chain()
    net = Network()
    part = net.graph(net.batch_norm(outside(net, graph, "Conv_1:0")))
    after = replaced(graph, [], part, {"Conv_1:0": part.outputs[0]})
    assert [node.op_type for node in after.layers][:3] == ["Conv", "BatchNormalization", "Relu"]
    run(after)


def test_what_went_may_not_be_read() -> None:
    with pytest.raises(ModelError, match="expected nobody to read 'Conv_2:0', found Relu_2"):
        replaced(chain(), ["Conv_2"], Network().graph(), {})


# -- the networks of the literature ------------------------------------------------------------


@pytest.mark.parametrize("name", networks.__all__)
def test_the_identity_changes_no_cost(name: str) -> None:
    graph: Graph = getattr(networks, name)()
    expected = costs(graph)
    assert costs(resized(graph, {})) == expected
    assert costs(cut(graph, list(graph))) == expected


@pytest.mark.parametrize("name", networks.__all__)
def test_twice_the_width_is_four_times_the_work(name: str) -> None:
    """Of every convolution but those that read the image and of the last layer: twice."""
    graph: Graph = getattr(networks, name)()
    found = channels(graph)
    after = resized(graph, {each: 2 * width for each, width in found.free.items()}, known=found)
    for before, node in zip(graph.layers, after.layers, strict=True):
        if not before.cost.madds:
            continue
        narrow, wide = (g.tensors[n.inputs[0]].dims[1] for g, n in ((graph, before), (after, node)))
        ends = (wide == 2 * narrow) + (node.name not in found.held)
        depthwise = isinstance(before.operator, Conv) and before.operator.groups == narrow > 1
        assert node.cost.madds == before.cost.madds * (2 if depthwise else 2**ends), node.name


SMALL = {"mobilenet_v3_small": 64, "shufflenet_v1": 64, "squeezenet": 64, "densenet_121": 64}


@pytest.mark.parametrize("name", SMALL)
def test_rewritten_networks_run(name: str) -> None:
    graph: Graph = getattr(networks, name)(resolution=SMALL[name])
    found = channels(graph)
    after = resized(graph, {each: 2 * width for each, width in found.free.items()}, known=found)
    assert run(after)[0].size == 1000


def test_bounds_that_a_file_stores_leave_the_widths_free() -> None:
    """ReLU6 as exporters write it: Clip with two numbers of rank 0."""
    held = {"v": (16, 8, 1, 1), "w": (8, 16, 1, 1), "low": (), "high": ()}
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8, 8, 8])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8, 8, 8])
    nodes = [
        helper.make_node("Conv", ["x", "v"], ["a"]),
        helper.make_node("Clip", ["a", "low", "high"], ["b"]),
        helper.make_node("Conv", ["b", "w"], ["y"]),
    ]
    weights = [numpy_helper.from_array(np.ones(each, np.float32), n) for n, each in held.items()]
    model = helper.make_model(helper.make_graph(nodes, "six", [given], [made], weights))
    graph = read(model.SerializeToString())
    (name,) = channels(graph).free
    assert resized(graph, {name: 24}).cost.madds == 2 * 64 * 8 * 24
