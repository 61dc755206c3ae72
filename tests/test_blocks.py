"""Blocks: where they begin and end, how they nest, and that dominators agree."""

from __future__ import annotations

import random

import networkx as nx
import pytest

from costmodel.blocks import blocks
from costmodel.frontends.code import Network, Value
from costmodel.graph import Graph, Node
from costmodel.tensor import Tensor


def pairs(graph: Graph) -> list[tuple[str, str]]:
    """Entry and exit of each block."""
    return [(block.entry, block.exit) for block in blocks(graph)]


def stem() -> tuple[Network, Value]:
    """A convolution of 8 channels at 8x8: the node Conv_1."""
    net = Network()
    return net, net.conv(net.input(3, 8, 8), 8)


def test_a_chain_has_no_blocks() -> None:
    net, x = stem()
    assert blocks(net.graph(net.conv_bn_relu(net.relu(x), 8))) == ()


def test_a_gate_stands_inside_a_residual_block() -> None:
    net, x = stem()
    y = net.conv(x, 8)
    y = net.mul(y, net.activation(net.conv(net.global_average_pool(y), 8), "Sigmoid"))
    gate, residual = blocks(net.graph(net.add(x, net.relu(y))))
    assert (gate.entry, gate.exit) == ("Conv_2", "Mul_1")
    assert gate.own == ("GlobalAveragePool_1", "Conv_3", "Sigmoid_1")
    assert (residual.entry, residual.exit) == ("Conv_1", "Add_1")
    assert residual.inner == (gate,)
    assert residual.own == ("Conv_2", "Mul_1", "Relu_1")
    assert set(residual.nodes) == {*gate.own, *residual.own}


def test_blocks_in_a_row_share_a_node() -> None:
    net, x = stem()
    for _ in range(3):
        x = net.add(x, net.conv(x, 8))
    assert pairs(net.graph(x)) == [("Conv_1", "Add_1"), ("Add_1", "Add_2"), ("Add_2", "Add_3")]


def test_a_network_that_parts_at_its_input_is_a_block() -> None:
    net = Network()
    x = net.input(3, 8, 8)
    graph = net.graph(net.concat(net.conv(x, 8), net.conv(x, 8), net.conv(x, 8)))
    (block,) = blocks(graph)
    assert (block.entry, block.exit, len(block.nodes)) == ("", "Concat_1", 3)


def test_towers_of_different_inputs_are_none() -> None:
    net = Network()
    inputs = [net.input(3, 8, 8, name=name) for name in "abc"]
    graph = net.graph(net.concat(*(net.conv(x, 8) for x in inputs)))
    assert blocks(graph) == ()


def test_heads_of_several_outputs_are_none() -> None:
    net, x = stem()
    assert blocks(net.graph(net.conv(x, 4), net.conv(x, 4), net.conv(x, 4))) == ()


def test_shape_arithmetic_is_no_path() -> None:
    """A size taken at the stem and used at the end would span the whole network."""
    net, x = stem()
    size = net.add_operator("Shape", [x], [(4,)])[0]
    y = net.add(net.relu(x), net.conv(net.relu(x), 8))
    y = net.add_operator("Reshape", [net.relu(y), size], [y.shape])[0]
    assert pairs(net.graph(y)) == [("Conv_1", "Add_1")]


def test_a_flat_densenet_block_is_one() -> None:
    net, x = stem()
    parts = [x]
    for _ in range(4):
        parts.append(net.conv(net.concat(*parts), 4))
    assert pairs(net.graph(net.concat(*parts))) == [("Conv_1", "Concat_5")]


def random_graph(seed: int) -> Graph:
    """A DAG of 40 nodes, each of which reads one to three of the eight before it."""
    chance = random.Random(seed)
    nodes = []
    for i in range(40):
        before = range(max(0, i - 8), i)
        read = chance.sample(before, min(len(before), chance.randint(1, 3)))
        inputs = tuple(f"t{j}" for j in read) or ("x",)
        nodes.append(
            Node(name=f"n{i}", op_type="Sum", operator=None, inputs=inputs, outputs=(f"t{i}",))
        )
    tensors = {"x": Tensor((1,)), **{f"t{i}": Tensor((1,)) for i in range(40)}}
    return Graph.of(nodes, tensors=tensors, outputs=("t39",), inputs={"x": (1,)})


@pytest.mark.parametrize("seed", range(50))
def test_entries_dominate_and_exits_postdominate(seed: int) -> None:
    """Against networkx's dominators, on the graph with a source and a sink added."""
    graph = random_graph(seed)
    plain = nx.DiGraph(graph.edges)
    plain.add_edges_from(("source", n) for n in graph if not graph.pred[n])
    plain.add_edges_from((n, "sink") for n in graph if not graph.succ[n])
    before = nx.immediate_dominators(plain, "source")
    after = nx.immediate_dominators(plain.reverse(), "sink")
    expected = {
        (node, after[node])
        for node in graph
        if graph.out_degree(node) > 1 and after[node] != "sink" and before[after[node]] == node
    }
    found = {(b.entry, b.exit) for b in blocks(graph) if b.entry}
    assert found == expected
    for block in blocks(graph):
        if block.entry:
            inside = nx.descendants(plain, block.entry) & nx.ancestors(plain, block.exit)
            assert set(block.nodes) == inside


def nested(depth: int) -> Graph:
    """Skips around skips, as in a U-Net."""
    net, x = stem()
    held = []
    for _ in range(depth):
        held.append(x)
        x = net.relu(x)
    while held:
        x = net.relu(net.add(x, held.pop()))
    return net.graph(x)


def test_blocks_nest_thousands_deep() -> None:
    """No pass over them recurses."""
    found = blocks(nested(3333))
    assert len(found) == 3333
    # inside the outermost: 3333 ReLUs on the way in, 3332 sums with their ReLUs on the way out
    assert len(found[-1].nodes) == 3333 + 2 * 3332
