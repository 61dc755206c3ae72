"""Pictures: the data in them, what can be read of them, their files, and the command that draws."""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
from click.testing import CliRunner, Result
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

import costmodel
from costmodel import Cost, ModelError, networks
from costmodel.bound import grouping, imbalance
from costmodel.device import Device, Rates, load, to_toml
from costmodel.device import names as devices
from costmodel.frontends.code import Network
from costmodel.frontends.onnx.write import write
from costmodel.graph import Graph
from costmodel.roofs import roofs
from costmodel.timing import predict
from guidelines import cli
from guidelines.pictures import (
    against_bound,
    channel_ratio,
    classes,
    compare,
    group_count,
    intensity,
    layers,
    rendered,
    roofline,
    times,
)
from guidelines.pictures.kernel_class import FILLS as KERNEL_FILLS
from guidelines.pictures.kernel_class import MARKERS
from guidelines.pictures.layer_costs import FILLS as COST_FILLS
from guidelines.pictures.least_access import FILLS as BOUND_FILLS
from guidelines.pictures.operator_class import FILLS as CLASS_FILLS
from guidelines.pictures.partition import MOST, partition
from guidelines.pictures.style import FORMS, Fill, Form
from guidelines.pictures.tables import GROUPS, RATIOS

ROOT = Path(__file__).parent.parent

HOSTILE = (
    "$x^2$ and $\\frac{1}{2$", "back\\slash_under_score\nnewline", "卷积.層.конволюция", "W" * 300,
    "a." * 3000, "<&>\"'", "\x1b[31mred", "$$", "e\u0301\U0001f600", "\u202eright-to-left", "",
)  # fmt: skip
"""Names that are formulas to matplotlib, markup to SVG, commands to a terminal, or too long."""


def small() -> Graph:
    """Conv 3→8 of 3×3 on 8×8, ReLU, Conv 8→16 of 1×1."""
    net = Network()
    x = net.relu(net.conv(net.input(3, 8, 8), 8, k=3))
    return net.graph(net.conv(x, 16))


# by hand, in elements: weights, reads, writes, and madds
SMALL = {
    "Conv_1": (3 * 8 * 9, 3 * 64, 8 * 64, 64 * 3 * 8 * 9),
    "Relu_1": (0, 8 * 64, 8 * 64, 0),
    "Conv_2": (8 * 16, 8 * 64, 16 * 64, 64 * 8 * 16),
}


def chain(length: int, name: Callable[[int], str] = lambda i: "") -> Graph:
    """Convolutions of many widths, one after the other, each in a module of that name."""
    net = Network()
    x = net.input(3, 16, 16)
    for i in range(length):
        scoped = name(i)
        if scoped:
            with net.scope(scoped):
                x = net.conv(x, 8 + i % 37, k=1 + 2 * (i % 2))
        else:
            x = net.conv(x, 8 + i % 37, k=1 + 2 * (i % 2))
    return net.graph(x)


def renamed(graph: Graph, **changes: Callable[[int], object]) -> Graph:
    """The graph with other fields in its nodes."""
    nodes = [
        dataclasses.replace(node, **{field: change(i) for field, change in changes.items()})
        for i, node in enumerate(graph.layers)
    ]
    return Graph.of(
        nodes, tensors=graph.tensors, outputs=graph.outputs, inputs=graph.inputs, path=graph.path
    )


def partly_unknown() -> Graph:
    """The small network whose ReLU is an operator that nobody knows."""
    graph = small()
    nodes = [
        dataclasses.replace(n, op_type="Hard$wish", operator=None, cost=Cost(), bytes={})
        if n.op_type == "Relu"
        else n
        for n in graph.layers
    ]
    return Graph.of(nodes, tensors=graph.tensors, outputs=graph.outputs, inputs=graph.inputs)


SECOND = 2e-6 + 8 * 64 * 3.2e5 * 1e-15
"""Of the small network's second convolution, on the device below: 8 channels loaded once."""

REORDER = 4 * 16 * 64 * 40e-12
"""Of the map that it writes, 10 + 30 microseconds a megabyte."""


def shipped() -> Device:
    return load(devices()[0])


def made_up(**changes: Mapping[str, float]) -> Device:
    """A device on which the small network takes 3, 2.2 and 0.2 microseconds."""
    rates = {
        "Conv nchwc/first": {"calls": 3.0},
        "Conv nchwc/pointwise": {"calls": 2.0, "gigamadds": 20_000.0, "gigaloads": 3.2e5},
        "ReorderOutput nchwc": {"read": 10.0, "written": 30.0},
        "other": {"calls": 1.0},
        "view": {"calls": 0.0},
    }
    return Device(
        name="made-up", block=8, cache=512 * 1024, spread=0.1,
        rates={
            kind: Rates(microseconds=changes.get(kind.partition(" ")[0], each), spread=0.1, count=9)
            for kind, each in rates.items()
        },
        baselines={"roofline": Rates(microseconds={"calls": 1.0}, spread=0.1, count=9)},
    )  # fmt: skip


def scattered(figure: Figure) -> list[tuple[float, float, float]]:
    """Where points are, and their areas."""
    (axes,) = figure.axes
    return [
        (*map(float, each.get_offsets()[0]), float(each.get_sizes()[0]))
        for each in axes.collections
        if isinstance(each, PathCollection)
    ]


def bars(axes: Axes) -> dict[str, list[float]]:
    """Lengths of the bars by the name in the key."""
    found = {
        str(each.get_label()): [float(bar.get_width()) for bar in each.patches]
        for each in axes.containers
        if isinstance(each, BarContainer)
    }
    for patch in axes.patches:
        if isinstance(patch, StepPatch):
            data = patch.get_data()
            found[str(patch.get_label())] = list(data.values - data.baseline)
    return found


def points(axes: Axes) -> dict[str, list[tuple[float, float]]]:
    """Points by the name in the key."""
    return {
        str(line.get_label()): list(zip(line.get_xdata(), line.get_ydata(), strict=True))
        for line in axes.lines
        if line.get_linestyle() == "None"
    }


def names(axes: Axes) -> list[str]:
    """What stands beside the rows."""
    return [label.get_text() for label in axes.get_yticklabels()]


def written(figure: Figure) -> list[Text]:
    """What is drawn: a tick beyond its axes has a label that is not."""
    drawn: list[Text] = []
    draw = Text.draw

    def recorded(text: Text, renderer: RendererBase) -> None:
        if text.get_visible() and text.get_text().strip():
            drawn.append(text)
        draw(text, renderer)

    with mock.patch.object(Text, "draw", recorded):
        figure.draw_without_rendering()
    return drawn


def texts(figure: Figure) -> str:
    """All that is written in a picture."""
    return "\n".join(each.get_text() for each in written(figure))


# -- the data ---------------------------------------------------------------------------------


def test_each_layer_has_its_cost() -> None:
    traffic, work = layers(small()).axes
    assert names(traffic) == list(SMALL)
    found = bars(traffic)
    assert list(found) == ["weights", "reads", "writes"]
    for row, (weights, reads, writes, madds) in enumerate(SMALL.values()):
        assert [found[part][row] for part in found] == [weights, reads, writes]
        assert bars(work)["madds"][row] == madds


@pytest.mark.parametrize("by", [None, "layer", "op", "scope"])
@pytest.mark.parametrize(
    "graph",
    [small(), networks.mobilenet_v2(), networks.densenet_121(), chain(1000)],
    ids=["3 layers", "MobileNet V2", "DenseNet-121", "1000 layers"],
)
def test_however_it_is_cut_the_bars_add_up_to_the_network(graph: Graph, by: str | None) -> None:
    traffic, work = layers(graph, by=by).axes
    cost = graph.cost
    assert [sum(lengths) for lengths in bars(traffic).values()] == [
        part for part in (cost.weight_reads, cost.reads, cost.writes) if part
    ]
    assert sum(bars(work)["madds"]) == cost.madds


@pytest.mark.parametrize(
    ("graph", "each", "rows", "note"),
    [
        (chain(MOST), "layer", MOST, ""),
        (chain(1000), "run", 63, "1,000 layers in 63 runs of up to 16"),
        (chain(200, lambda i: f"stage{i // 10}.{i}"), "module", 20, "200 layers in 20 modules"),
        (chain(200, lambda i: f"a.b.c.s{i // 4}.{i}"), "module", 50, "200 layers in 50 modules"),
        (chain(200, lambda i: f"all.{i}"), "run", 50, "200 layers in 50 runs of up to 4"),
        # before, 16 units and after; 4 + 16*10 + 4*2 + 3 layers
        (
            renamed(networks.resnet_50(), scope=lambda i: ""),
            "block",
            18,
            "175 layers in 18 blocks",
        ),
    ],
    ids=["few", "chain", "modules", "deep modules", "one module", "residual units"],
)
def test_layers_are_joined_where_there_is_no_room(
    graph: Graph, each: str, rows: int, note: str
) -> None:
    cut = partition(graph)
    assert (cut.each, len(cut.parts), cut.note) == (each, rows, note)
    assert [n.name for part in cut.parts for n in part.nodes] == list(graph)


def test_modules_stand_in_the_order_in_which_they_run_and_own_what_is_in_them() -> None:
    net = Network()
    x = net.relu(net.conv(net.input(3, 8, 8), 8))
    for module in ("b.1", "a", "b.2"):
        with net.scope(module):
            x = net.conv(x, 8)
    cut = partition(net.graph(net.relu(x)), "scope")
    assert [(part.name, len(part.nodes)) for part in cut.parts] == [
        ("Conv_1 … Relu_1", 2), ("b.1", 1), ("a", 1), ("b.2", 1), ("Relu_2", 1),
    ]  # fmt: skip


def test_operator_types_stand_dearest_first() -> None:
    # Conv: 216 + 192 + 512 + 128 + 512 + 1024 = 2584; Relu: 1024
    traffic, _ = layers(small(), by="op").axes
    assert names(traffic) == ["Conv", "Relu"]
    assert [sum(each) for each in zip(*bars(traffic).values(), strict=True)] == [2584, 1024]


def test_access_is_the_least_with_what_groups_and_widths_add() -> None:
    net = Network()
    x = net.conv(net.input(36, 56, 56), 432)  # table 1, the last row
    x = net.conv(x, 432, groups=432, k=3)
    access, factor = against_bound(net.graph(x)).axes
    parts = bars(access)
    # 2*56*56*sqrt(36*432) + 36*432 = 797,709; access 56*56*(36 + 432) + 36*432 = 1,483,200
    assert parts["the least for its madds"][0] == pytest.approx(6272 * 15552**0.5 + 15552)
    assert parts["+ for its groups"][0] == 0
    assert parts["+ for its widths"][0] == pytest.approx(1_483_200 - 6272 * 15552**0.5 - 15552)
    # depthwise, one filter a channel: the least has 432/sqrt(432) channels, and 9*432 weights
    least = 2 * 3136 * 432**0.5 + 9 * 432
    assert parts["the least for its madds"][1] == pytest.approx(least)
    assert parts["+ for its groups"][1] == pytest.approx(2 * 3136 * 432 + 9 * 432 - least)
    assert parts["+ for its widths"][1] == pytest.approx(0, abs=1e-6)
    groups, widths = points(factor).values()
    assert groups == [(pytest.approx((2 * 3136 * 432 + 9 * 432) / least), 1)]
    assert [x for x, _ in widths] == pytest.approx([1.859, 1], abs=1e-3)


@pytest.mark.parametrize("graph", [networks.mobilenet_v2(), networks.googlenet(), chain(300)])
def test_the_parts_of_each_convolution_are_its_memory_access(graph: Graph) -> None:
    access, _ = against_bound(graph).axes
    found = [sum(parts) for parts in zip(*bars(access).values(), strict=True)]
    assert found == pytest.approx(
        [node.cost.memory_access for node in graph.layers if node.op_type == "Conv"]
    )


def curve_of(axes: Axes, colour: str) -> tuple[np.ndarray, np.ndarray]:
    line = next(
        line for line in axes.lines if line.get_color() == colour and len(line.get_xdata()) > 10
    )
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


@pytest.mark.parametrize(
    ("draw", "table", "factor", "moved", "slower"),
    [
        # table 1: 56*56*(c1 + c2) + c1*c2; 1480/748, 723/392, 232/163; 76.2/57.6, 21.7/15.1, …
        (channel_ratio, RATIOS, imbalance, [819_200, 862_920, 1_157_728, 1_483_200],
         [1.979, 1.844, 1.423, 1.323, 1.437, 1.205]),
        # table 2: 56*56*2*c + c*c/g; 2451/634, 1289/445, 437/230; 40/27.8, 10.2/7.5, 2.3/1.8
        (group_count, GROUPS, grouping, [819_200, 1_145_160, 1_622_016, 2_274_120],
         [3.866, 2.897, 1.900, 1.439, 1.360, 1.278]),
    ],
    ids=["table 1", "table 2"],
)  # fmt: skip
def test_rows_of_the_tables_lie_on_the_curves_and_their_times_beside_them(
    draw: Callable[[], Figure],
    table: dict[str, tuple[object, ...]],
    factor: Callable[[object], float],
    moved: list[int],
    slower: list[float],
) -> None:
    assert [row.conv().cost.memory_access for row in table["GPU"]] == moved  # type: ignore[attr-defined]
    figure = draw()
    assert " / ".join(f"{each:,}" for each in moved) in texts(figure).replace("\n", " ")
    found = []
    for computed, measured, rows in zip(
        figure.axes[::2], figure.axes[1::2], table.values(), strict=True
    ):
        series = points(computed)
        assert len(series) == 3
        for line, scale in zip(
            [line for line in computed.lines if line.get_linestyle() == "None"],
            (1, 2, 4),
            strict=True,
        ):
            xs, ys = curve_of(computed, str(line.get_color()))
            exact = [factor(row.conv(scale)) for row in rows]  # type: ignore[attr-defined]
            assert list(line.get_ydata()) == exact
            assert exact == pytest.approx(np.interp(line.get_xdata(), xs, ys), rel=1e-3)
        found += [float(line.get_ydata()[-1]) for line in measured.lines]
        assert [float(line.get_ydata()[0]) for line in measured.lines] == [1, 1, 1]
    assert found == pytest.approx(slower, abs=1e-3)


def test_the_curve_of_equation_2_keeps_the_input() -> None:
    # c1 = 128, g = 8: hw*c1 + B*g/c1 + B/hw over 2*sqrt(hw*B) + B/hw, with B = 56*56*128*128
    b = 3136 * 128 * 128
    expected = (3136 * 128 + b * 8 / 128 + b / 3136) / (2 * (3136 * b) ** 0.5 + b / 3136)
    _, ys = curve_of(group_count().axes[0], "#000000")
    assert ys[-1] == pytest.approx(expected)
    assert ys[0] == pytest.approx(1)


def test_intensity_is_madds_for_each_byte() -> None:
    (axes,) = intensity(small()).axes
    # Conv_1: 64*216 madds, 4*(216 + 192 + 512) bytes; Conv_2: 64*128, 4*(128 + 512 + 1024)
    found = points(axes)
    assert found["conv k×k"] == [(pytest.approx(13824 / 3680), 0)]
    assert found["conv 1×1"] == [(pytest.approx(8192 / 6656), 1)]
    mean = next(line for line in axes.lines if line.get_linestyle() == "--")
    assert mean.get_xdata()[0] == pytest.approx((13824 + 8192) / (3680 + 4096 + 6656))
    # the ReLU moves 4*1024 of 14,432 bytes
    assert "1 of 3 nodes multiply nothing and are left out; they move 28.4%" in texts(
        intensity(small())
    )


def test_shares_are_of_madds_of_traffic_and_of_what_is_left_when_fused() -> None:
    (axes,) = classes(small()).axes
    found = bars(axes)
    assert names(axes) == ["madds", "memory access", "… when fused"]
    # 920 + 1024 + 1664 elements; fused, the ReLU goes into the first convolution: 920 + 1664
    assert found["conv k×k"] == pytest.approx([13824 / 22016, 920 / 3608, 920 / 2584])
    assert found["conv 1×1"] == pytest.approx([8192 / 22016, 1664 / 3608, 1664 / 2584])
    assert found["element-wise"] == pytest.approx([0, 1024 / 3608, 0])


@pytest.mark.parametrize("graph", [networks.shufflenet_v2(), networks.densenet_121()])
def test_shares_make_a_whole(graph: Graph) -> None:
    (axes,) = classes(graph).axes
    assert [sum(each) for each in zip(*bars(axes).values(), strict=True)] == pytest.approx([1] * 3)


def test_two_networks_stand_on_the_same_axes() -> None:
    one, other = networks.mobilenet_v2(), networks.shufflenet_v2()
    figure = compare(one, other, titles=("MobileNet V2", "ShuffleNet V2"))
    above, below = figure.axes[:3], figure.axes[3:]
    expected = ["112×112", "56×56", "28×28", "14×14", "7×7", "1×1", "no map"]
    assert names(below[0]) == expected
    for whole, axes, quantity in zip(
        above, below, ("memory_access", "madds", "params"), strict=True
    ):
        for index, graph in enumerate((one, other)):
            total = getattr(graph.cost, quantity)
            assert [bar.get_width() for bar in whole.containers[index].patches] == [total]
            lengths = [bar.get_width() for bar in axes.containers[index].patches]
            assert sum(lengths) == total
    # the classifiers: 1280 and 1024 in, 1000 out, with a bias
    last = [container.patches[-1].get_width() for container in below[2].containers]
    assert last == [1_281_000, 1_025_000]


def test_rows_that_both_networks_have_are_one() -> None:
    figure = compare(networks.vgg_16(), networks.googlenet(), by="op")
    # VGG-16's three Gemm have 123.6 M weights, both networks' convolutions move 43 M and 11 M
    assert names(figure.axes[3])[:3] == ["Gemm", "Conv", "Relu"]
    assert len(names(figure.axes[3])) == len(set(names(figure.axes[3])))
    with pytest.raises(ValueError, match="expected rows by op, scope or None, found 'layer'"):
        compare(small(), small(), by="layer")


def test_networks_of_one_name_are_told_apart() -> None:
    one, other = small(), small()
    assert "network (1) against network (2)" in texts(compare(one, other))
    one.graph["path"], other.graph["path"] = "old/m.onnx", "new/m.onnx"
    assert "old/m.onnx against new/m.onnx" in texts(compare(one, other))


# -- on a device -------------------------------------------------------------------------------


def test_each_layer_has_its_time() -> None:
    """The ReLU folds into the convolution; the map that the last one writes is put back."""
    taken, work = times(small(), made_up()).axes
    assert names(taken) == ["Conv_1", "Conv_2"]
    found = bars(taken)
    assert list(found) == ["conv k×k", "conv 1×1", "layout change"]
    assert found["conv k×k"] == pytest.approx([3e-6, 0])
    assert found["conv 1×1"] == pytest.approx([0, SECOND])
    assert found["layout change"] == pytest.approx([0, REORDER])
    assert bars(work)["madds"] == [13824, 8192]
    assert "1 of 3 layers run in another's kernel and have no row" in texts(taken.figure)


@pytest.mark.parametrize("by", [None, "layer", "op", "scope"])
@pytest.mark.parametrize(
    "graph", [networks.shufflenet_v2(), networks.mobilenet_v3_small(), chain(1000)],
    ids=["ShuffleNet V2", "MobileNet V3", "1000 layers"],
)  # fmt: skip
def test_however_it_is_cut_the_bars_add_up_to_the_time(graph: Graph, by: str | None) -> None:
    taken, work = times(graph, shipped(), by=by).axes
    assert sum(map(sum, bars(taken).values())) == pytest.approx(predict(graph, shipped()).seconds)
    assert sum(bars(work)["madds"]) == graph.cost.madds


def test_times_of_operator_types_stand_longest_first() -> None:
    taken, _ = times(networks.shufflenet_v2(), shipped(), by="op").axes
    sums = [sum(each) for each in zip(*bars(taken).values(), strict=True)]
    assert sums == sorted(sums, reverse=True)


def test_kernels_stand_under_the_roofs() -> None:
    figure = roofline(small(), made_up())
    # Conv_1 with the ReLU: 2*13824 + 8*64 flops, 4*(216 + 192 + 512) bytes; Conv_2 without one
    seconds = (3e-6, SECOND, REORDER)
    found = sorted(scattered(figure), key=lambda point: -point[0])
    assert [each[:2] for each in found] == [
        pytest.approx((28_160 / 3680, 28_160 / seconds[0]), rel=5e-3),
        pytest.approx((16_384 / 6656, 16_384 / seconds[1]), rel=5e-3),
    ]
    shares = [each / sum(seconds) for each in seconds]
    assert [each[2] for each in found] == pytest.approx([900, 900])  # the largest that there is
    told = texts(figure)
    assert f"1  Conv_1 Conv 3→8 3×3: {shares[0]:.1%} of the time" in told
    assert f"1 of 3 kernels, {shares[2]:.1%} of the time" in told
    # 20 of a madd and 10 of loads for 32 outputs: 33.3 G madds; 20 of a byte on average: 50 GB
    line = next(line for line in figure.axes[0].lines if len(line.get_xdata()) == 3)
    assert line.get_xdata()[1] == pytest.approx(2e12 / 30 / 50e9)
    assert line.get_ydata()[1:] == pytest.approx([2e12 / 30] * 2)
    assert "66.7 GFLOP/s: Conv nchwc/pointwise" in told
    assert "50.0 GB/s: ReorderOutput nchwc" in told
    network = points(figure.axes[0])["the network"]
    moved = 3680 + 6656 + 2 * 4096
    assert network == [pytest.approx((44_544 / moved, 44_544 / sum(seconds)))]


def test_equal_kernels_are_one_point() -> None:
    net = Network()
    x = net.conv(net.input(3, 16, 16), 64, k=3)
    for _ in range(20):
        x = net.conv(x, 64, k=3)
    figure = roofline(net.graph(x), shipped())
    assert len(scattered(figure)) == 2
    assert "1  Conv_2 Conv 64→64 3×3 and 19 more" in texts(figure)


@pytest.mark.parametrize("name", ["mobilenet_v2", "nasnet_a", "resnet_50", "shufflenet_v1"])
@pytest.mark.parametrize("device", devices())
def test_no_prediction_is_above_the_roofs(name: str, device: str) -> None:
    graph, on = getattr(networks, name)(), load(device)
    bounds = roofs(on)
    for timed in predict(graph, on).kernels:
        assert bounds.least(timed, graph) <= timed.seconds * 1.001


@pytest.mark.parametrize("graph", [networks.mobilenet_v3_small(), networks.shufflenet_v2()])
def test_the_points_flops_are_the_networks(graph: Graph) -> None:
    """Those of a HardSwish too, which runs as two kernels."""
    told = predict(graph, shipped())
    from guidelines.pictures.device_roofs import _flops

    assert sum(_flops(graph, told)) == pytest.approx(graph.cost.flops, rel=1e-6)


def test_a_profile_without_roofs_has_no_picture_of_them() -> None:
    flat = made_up(ReorderOutput={"calls": 1.0})
    with pytest.raises(ModelError, match="expected rates of convolutions and of copies in 'made-"):
        roofline(small(), flat)
    net = Network()
    idle = net.graph(net.shuffle(net.input(4, 8, 8), 2))
    with pytest.raises(ModelError, match="expected a kernel that computes, found none"):
        roofline(idle, made_up())


# -- what is unknown, and what cannot be drawn ------------------------------------------------


@pytest.mark.parametrize(
    "draw",
    [
        layers, against_bound, intensity, classes, lambda graph: compare(small(), graph),
        lambda graph: times(graph, shipped()), lambda graph: roofline(graph, shipped()),
    ],
    ids=["layers", "bound", "intensity", "classes", "compare", "time", "roofline"],
)  # fmt: skip
def test_what_is_unknown_is_named(draw: Callable[[Graph], Figure]) -> None:
    assert "1 of 3 nodes unknown: Hard$wish" in texts(draw(partly_unknown()))


def test_a_row_of_unknown_cost_is_marked_and_its_total_a_lower_bound() -> None:
    figure = layers(partly_unknown())
    for axes in figure.axes:
        marks = next(c for c in axes.containers if c.get_label() == "unknown, at least in part")
        assert [(bar.get_y() + 0.5, bar.get_width()) for bar in marks.patches] == [(1, 1)]
    assert "in all ≥ 2.58 k elements moved, ≥ 22.0 k madds" in texts(figure)  # 920 + 1664
    above = compare(small(), partly_unknown()).axes[:3]
    assert [text.get_text() for axes in above for text in axes.texts] == [
        "3.61 k", "≥ 2.58 k", "22.0 k", "≥ 22.0 k", "344", "344",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "draw",
    [
        layers, against_bound, intensity, classes,
        lambda graph: times(graph, shipped()), lambda graph: roofline(graph, shipped()),
    ],
    ids=["layers", "bound", "intensity", "classes", "time", "roofline"],
)  # fmt: skip
def test_what_cannot_be_drawn_is_an_error_in_a_line(draw: Callable[[Graph], Figure]) -> None:
    with pytest.raises(ModelError, match="expected a network with layers, found none"):
        draw(Graph.of((), tensors={}, outputs=()))
    nobody = renamed(small(), operator=lambda i: None, cost=lambda i: Cost())
    with pytest.raises(ModelError, match="known to move something, found none among 3"):
        draw(nobody)
    from sympy import Symbol

    net = Network()
    symbolic = net.graph(net.conv(net.input(3, Symbol("h"), 8), 4))
    with pytest.raises(ModelError, match=r"expected numbers to draw, found .*h.* madds at Conv_1"):
        draw(symbolic)


def test_a_network_without_what_a_picture_shows_is_an_error() -> None:
    net = Network()
    idle = net.graph(net.relu(net.input(3, 8, 8)))
    with pytest.raises(ModelError, match="expected a convolution of known size, found none"):
        against_bound(idle)
    with pytest.raises(ModelError, match="expected an operator that multiplies and adds"):
        intensity(idle)
    with pytest.raises(ValueError, match="expected parts by layer, op, scope or None, found 'x'"):
        layers(idle, by="x")
    with pytest.raises(ModelError, match="expected 1 to 64 networks in a picture, found 0"):
        classes()


# -- what can be read -------------------------------------------------------------------------


LONG = "backbone.a_stage_{}.a_bottleneck_{}.conv"


def hostile() -> Graph:
    return chain(2 * len(HOSTILE), lambda i: HOSTILE[i // 2])


def full() -> Graph:
    """As many layers as there is room for."""
    return chain(MOST, lambda i: f"features.denseblock{i // 8}.denselayer{i % 8}")


def thousand() -> Graph:
    return chain(1000, lambda i: LONG.format(i // 100, i))


PICTURES: dict[str, Callable[[], Figure]] = {
    "layers: one": lambda: layers(chain(1)),
    "layers: three, one of them unknown": lambda: layers(partly_unknown()),
    "layers: hostile names": lambda: layers(hostile()),
    "layers: as many as there is room for": lambda: layers(full()),
    "layers: a thousand in modules": lambda: layers(thousand()),
    "layers: each of a thousand": lambda: layers(thousand(), by="layer"),
    "bound: one": lambda: against_bound(chain(1)),
    "bound: hostile names": lambda: against_bound(hostile()),
    "bound: with groups": lambda: against_bound(networks.mobilenet_v2()),
    "bound: a thousand": lambda: against_bound(thousand()),
    "intensity: one": lambda: intensity(chain(1)),
    "intensity: of all kinds": lambda: intensity(networks.shufflenet_v1()),
    "intensity: a thousand": lambda: intensity(thousand()),
    "classes: one": lambda: classes(chain(1)),
    "classes: three networks": lambda: classes(
        networks.shufflenet_v1(), networks.densenet_121(), hostile()
    ),
    "compare: small networks": lambda: compare(small(), partly_unknown()),
    "compare: types": lambda: compare(networks.mobilenet_v2(), hostile(), by="op"),
    "compare: modules": lambda: compare(networks.mobilenet_v2(), thousand(), by="scope"),
    "time: one": lambda: times(chain(1), shipped()),
    "time: three, one of them unknown": lambda: times(partly_unknown(), shipped()),
    "time: hostile names": lambda: times(hostile(), shipped()),
    "time: of all kinds": lambda: times(networks.nasnet_a(), shipped()),
    "time: a thousand": lambda: times(thousand(), shipped()),
    "time: each of a thousand": lambda: times(thousand(), shipped(), by="layer"),
    "roofline: one": lambda: roofline(chain(1), shipped()),
    "roofline: hostile names": lambda: roofline(hostile(), shipped()),
    "roofline: of all kinds": lambda: roofline(networks.nasnet_a(), shipped()),
    "roofline: many that are dense": lambda: roofline(networks.densenet_121(), shipped()),
    "roofline: a thousand": lambda: roofline(thousand(), shipped()),
    "G1": channel_ratio,
    "G2": group_count,
}


class Drawn(NamedTuple):
    """A picture, and where its letters are, less a pixel that two may share."""

    figure: Figure
    boxes: list[tuple[Text, Bbox]]


@pytest.fixture(scope="module", params=PICTURES)
def drawn(request: pytest.FixtureRequest) -> Drawn:
    figure = PICTURES[request.param]()
    boxes = [(text, text.get_window_extent().padded(-1)) for text in written(figure)]
    return Drawn(figure, boxes)


def test_nothing_that_is_written_overlaps_or_is_cut_off(drawn: Drawn) -> None:
    whole = drawn.figure.bbox
    for (one, a), (other, b) in itertools.combinations(drawn.boxes, 2):
        assert not a.overlaps(b), f"{one.get_text()!r} overlaps {other.get_text()!r}"
    for text, box in drawn.boxes:
        assert whole.x0 <= box.x0 <= box.x1 <= whole.x1, f"{text.get_text()!r} is cut off"
        assert whole.y0 <= box.y0 <= box.y1 <= whole.y1, f"{text.get_text()!r} is cut off"


def test_type_is_of_8_points_and_the_picture_fits_a_page(drawn: Drawn) -> None:
    assert min(text.get_fontsize() for text, _ in drawn.boxes) >= 8
    width, height = drawn.figure.get_size_inches()
    assert width == 7
    assert height <= 9.7


def test_no_key_lies_over_the_data_which_have_most_of_the_width(drawn: Drawn) -> None:
    figure = drawn.figure
    for axes in figure.axes:
        key = axes.get_legend()
        if key is not None and len(figure.axes) != 4:  # in G1 and G2 it is above the curves
            assert key.get_window_extent().y0 >= axes.bbox.y1
    assert max(axes.bbox.x1 for axes in figure.axes) > 0.9 * figure.bbox.x1
    assert min(axes.bbox.x0 for axes in figure.axes) < 0.5 * figure.bbox.x1


def test_names_are_written_as_they_are() -> None:
    graph = chain(2, lambda i: ("$a_1$ $b$", "w.卷\n.conv")[i])
    traffic, _ = layers(graph).axes
    assert names(traffic) == ["$a_1$ $b$ Conv", "w.\\u5377\\n.conv Conv"]
    assert not any(text.get_parse_math() for text in traffic.get_yticklabels())
    assert b"$a_1$ $b$ Conv</text>" in rendered(layers(graph), "svg")


def test_of_a_thousand_layers_some_are_named_and_the_picture_says_how_many() -> None:
    figure = layers(chain(1000), by="layer")
    assert names(figure.axes[0])[:2] == ["Conv_1", "Conv_17"]
    assert "1,000 layers, one a row; one name in 16 is written" in texts(figure)


def grey(fill: Fill) -> float:
    """Lightness of a colour, 0 to 1 (CIE 1976 L*)."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(fill.colour)
    ]
    y = float(np.dot((0.2126, 0.7152, 0.0722), linear))
    return 1.16 * y ** (1 / 3) - 0.16 if y > 0.008856 else 9.033 * y


@pytest.mark.parametrize("fills", [COST_FILLS, BOUND_FILLS, CLASS_FILLS, KERNEL_FILLS])
def test_areas_of_one_picture_differ_in_grey_or_in_their_hatches(fills: dict[str, Fill]) -> None:
    stacked = {name: fill for name, fill in fills.items() if name != "madds"}  # in its own axes
    for (one, a), (other, b) in itertools.combinations(stacked.items(), 2):
        assert a.hatch != b.hatch or abs(grey(a) - grey(b)) > 0.15, f"{one} and {other}"


def test_points_of_one_picture_differ_in_their_shapes() -> None:
    assert MARKERS.keys() == KERNEL_FILLS.keys()
    assert len(set(MARKERS.values())) == len(MARKERS)


# -- files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_files_repeat_byte_for_byte(form: Form, begins: bytes) -> None:
    picture = layers(small())
    first = rendered(picture, form)
    assert first.startswith(begins)
    assert rendered(picture, form) == first  # drawing does not move it
    assert b"dc:date" not in first
    assert b"CreationDate" not in first


def test_files_are_the_same_from_another_process_and_under_other_settings() -> None:
    program = (
        "import sys; from matplotlib import rcParams; rcParams['font.size'] = 20\n"
        "rcParams['svg.fonttype'] = 'path'; rcParams['axes.facecolor'] = 'pink'\n"
        "from guidelines.pictures import channel_ratio, rendered\n"
        "sys.stdout.buffer.write(rendered(channel_ratio(), 'svg'))\n"
        "assert (rcParams['font.size'], rcParams['svg.fonttype']) == (20, 'path')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = run(program, PYTHONHASHSEED="1")
    assert done.stderr == b""
    assert done.stdout == rendered(channel_ratio(), "svg")


def run(program: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        timeout=120,
    )


def test_matplotlib_is_imported_when_a_picture_is_drawn() -> None:
    program = (
        "import sys, guidelines.pictures, guidelines.cli.commands.plot\n"
        "assert dir(guidelines.pictures)\n"
        "assert 'matplotlib' not in sys.modules\n"
    )
    assert run(program).stderr == b""


def test_pictures_of_the_documentation_are_those_that_are_drawn_now() -> None:
    """Their words and figures: where matplotlib puts them may change from version to version."""
    place = ROOT / "docs" / "pictures" / "draw.py"
    spec = importlib.util.spec_from_file_location("generate_pictures", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / "docs" / "pictures.md").read_text(encoding="utf-8")
    shipped = {path.stem: path.read_text(encoding="utf-8") for path in place.parent.glob("*.svg")}
    assert shipped.keys() == module.PICTURES.keys()
    for name, draw in module.PICTURES.items():
        assert f"(pictures/{name}.svg)" in page
        assert len(shipped[name]) < 100_000
        told = sorted(re.findall(r"<text[^>]*>([^<]*)</text>", shipped[name]))
        assert told == sorted(
            re.findall(r"<text[^>]*>([^<]*)</text>", rendered(draw(), "svg").decode())
        )


# -- the command ------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two models."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(to_toml(made_up()))
    for name, graph in (("small", small()), ("chain", chain(100))):
        (tmp_path / f"{name}.onnx").write_bytes(write(graph).SerializeToString())
    return tmp_path


def plot(*arguments: str) -> Result:
    return CliRunner().invoke(cli.guidelint, ["plot", *arguments])


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()} - {
        ".git", "small.onnx", "chain.onnx", "mine.toml",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        (["small.onnx"], ["small.layers.png"]),
        (["small.onnx", "--kind", "bound", "--format", "pdf"], ["small.bound.pdf"]),
        (["small.onnx", "-o", "x.SVG"], ["x.SVG"]),
        (["small.onnx", "chain.onnx"], ["small.layers.png", "chain.layers.png"]),
        (["small.onnx", "chain.onnx", "--kind", "classes"], ["small.chain.classes.png"]),
        (["small.onnx", "--compare", "chain.onnx", "--by", "op"], ["small.chain.compare.png"]),
        (["--kind", "group-count"], ["group-count.png"]),
        (["small.onnx", "--kind", "all", "--format", "svg"],
         ["small.layers.svg", "small.bound.svg", "small.intensity.svg", "small.classes.svg"]),
        (["small.onnx", "--device", devices()[0]], ["small.time.png"]),
        (["small.onnx", "--device", "mine.toml", "--kind", "roofline"], ["small.roofline.png"]),
        (["small.onnx", "--device", "mine.toml", "--kind", "all"],
         [f"small.{kind}.png" for kind in
          ("layers", "bound", "intensity", "classes", "time", "roofline")]),
    ],
)  # fmt: skip
def test_pictures_are_written_and_named(here: Path, arguments: list[str], made: list[str]) -> None:
    result = plot(*arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == made
    assert files(here) == set(made)
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    for name in made:
        assert (here / name).read_bytes().startswith(begins[name.lower()[-3:]])


def test_a_folder_is_filled_and_a_file_replaced(here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "small.layers.png").write_text("old")
    result = plot("small.onnx", "-o", "out", "-q")
    assert (result.exit_code, result.output) == (0, "")
    assert (here / "out" / "small.layers.png").read_bytes() == rendered(
        layers(costmodel.read("small.onnx")), "png"
    )
    assert files(here / "out") == {"small.layers.png"}


def test_models_of_one_name_get_files_of_their_own(here: Path) -> None:
    (here / "more").mkdir()
    (here / "more" / "small.onnx").write_bytes((here / "small.onnx").read_bytes())
    result = plot("small.onnx", "more/small.onnx")
    assert result.stdout.splitlines() == ["small.layers.png", "small-2.layers.png"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "expected a model to draw, or --kind channel-ratio or group-count"),
        (["--kind", "bound"], "expected a model to draw"),
        (["small.onnx", "--kind", "group-count"], "drawn from a formula, and takes no model"),
        (["small.onnx", "--kind", "nothing"], "'nothing' is not one of"),
        (["small.onnx", "-o", "x.jpg"], "ends in .png, .svg or .pdf, found 'x.jpg'"),
        (["small.onnx", "-o", "none/x.png"], "expected a folder for 'none/x.png', found none"),
        (["small.onnx", "-o", "x.png", "--format", "svg"], "found .png and --format svg"),
        (["small.onnx", "chain.onnx", "-o", "x.png"], "expected one picture for 'x.png', found 2"),
        (["small.onnx", "--kind", "all", "-o", "x.png"], "one picture for 'x.png', found 4"),
        (["small.onnx", "--kind", "bound", "--by", "op"], "--kind bound has no --by"),
        (["small.onnx", "--compare", "chain.onnx", "--by", "layer"], "expected --by op or scope"),
        (["small.onnx", "--compare", "small.onnx"], "expected two models, found 1"),
        (["small.onnx", "--compare", "chain.onnx", "--kind", "bound"], "leave --compare out"),
        (["small.onnx", "--compare", "none.onnx"], "none.onnx: expected a file"),
        (["small.onnx", "--kind", "roofline"], "--kind roofline is drawn of times; expected --dev"),
        (
            ["small.onnx", "--device", "mine.toml", "--kind", "bound"],
            "--kind bound has no --device",
        ),
        (["--kind", "group-count", "--device", "mine.toml"], "group-count has no --device"),
        (["small.onnx", "--compare", "chain.onnx", "--device", "mine.toml"], "has no --device"),
        (["small.onnx", "--device", "gpu"], "expected a device ("),
        (["none.onnx"], "none.onnx: expected a file"),
    ],
)
def test_an_error_is_a_line_and_2(here: Path, arguments: list[str], says: str) -> None:
    result = plot(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert says in result.stderr
    assert files(here) == set()


def test_a_picture_that_cannot_be_drawn_does_not_stop_the_others(here: Path) -> None:
    net = Network()
    idle = net.graph(net.relu(net.input(3, 8, 8)))
    (here / "chain.onnx").write_bytes(write(idle).SerializeToString())
    result = plot("chain.onnx", "small.onnx", "--kind", "bound")
    assert result.exit_code == 2
    assert (
        result.stderr == "guidelint: chain.onnx: expected a convolution of known size, found none\n"
    )
    assert result.stdout == "small.bound.png\n"


def test_a_file_that_cannot_be_written_is_an_error(here: Path) -> None:
    (here / "small.layers.png").mkdir()
    result = plot("small.onnx")
    assert result.exit_code == 2
    assert "cannot write 'small.layers.png'" in result.stderr


def test_the_formats_of_the_command_are_those_of_the_pictures() -> None:
    from guidelines.cli.commands.plot import FORMS as OFFERED

    assert OFFERED == FORMS
