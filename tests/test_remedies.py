"""Remedies: what they build, by hand; equal multiply-adds; networks that run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import onnxruntime
import pytest

import guidelines.remedies  # noqa: F401  every module in it registers a remedy
from costmodel import networks
from costmodel.device import load
from costmodel.frontends.code import Network, Value
from costmodel.frontends.onnx.write import write
from costmodel.graph import Graph
from costmodel.operators import Conv
from guidelines.finding import Finding
from guidelines.measuring.bench import counted
from guidelines.remedies.budget import MOST
from guidelines.remedies.halves import halves
from guidelines.remedies.shuffles import shuffles
from guidelines.remedies.sites import Surroundings
from guidelines.remedy import REMEDIES, NotBuilt, Remedy, sites
from guidelines.rule import RULES, Case
from guidelines.runner import Settings, find


def findings(graph: Graph, code: str, **options: float) -> tuple[Finding, ...]:
    settings = Settings(select=(code,), min_share=0, options={code: options})
    return find(graph, settings, load("amd-epyc-zen3"))


def built(graph: Graph, code: str, number: int = 0) -> list[Remedy]:
    """All that answers a finding, alternatives and all, in the order of the search."""
    found = REMEDIES[code](graph, findings(graph, code)[number])
    return [each for each in found if isinstance(each, Remedy)]


def convolutions(graph: Graph) -> list[tuple[int, int, int, int]]:
    """Kernel, widths and groups of each, in order of execution."""
    convs = [node.operator for node in graph.layers if isinstance(node.operator, Conv)]
    return [(conv.k_h, conv.c_in, conv.c_out, conv.groups) for conv in convs]


def kinds(graph: Graph) -> list[str]:
    return [node.op_type for node in graph.layers]


def runs(graph: Graph) -> None:
    data = write(graph, weights=True).SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    ones = {name: np.ones(shape, np.float32) for name, shape in graph.inputs.items()}
    for made, name in zip(session.run(None, ones), graph.outputs, strict=True):
        assert made.shape == graph.tensors[name].dims


def fair(remedy: Remedy, *, run: bool = True, more: bool = False) -> None:
    """As much work as before, or more if that is what a device asks for; ends as large.

    It runs, and fvcore counts as many madds.
    """
    before, after = remedy.before, remedy.after
    for part in (before, after) if run else ():
        runs(part)
        assert counted(part) == part.cost.madds
    assert remedy.work >= 1 - MOST and (more or remedy.work <= 1 + MOST)
    assert after.inputs == before.inputs
    shapes = [[graph.tensors[name].dims for name in graph.outputs] for graph in (before, after)]
    assert sorted(shapes[0]) == sorted(shapes[1])


# -- widths ------------------------------------------------------------------------------------


def inverted(c: int = 16, wide: int = 96, extent: int = 8) -> Graph:
    """A stem, an inverted residual block, a head of 3×3."""
    net = Network()
    x = net.conv(net.input(3, extent, extent), c, k=3)
    y = net.depthwise(net.relu(net.conv(x, wide)))
    return net.graph(net.conv(net.add(x, net.conv(y, c)), 10, k=3))


def test_an_inverted_bottleneck_becomes_even() -> None:
    first = built(inverted(), "G101")[0]
    fair(first)
    (_, _, c, _), (_, _, wide, _), *_ = convolutions(first.after)
    # By hand, for a pixel: 3·9·c of the stem, c·w, 9·w of the filter, w·c, and c·9·10 of the
    # head. With 16 and 96 it is 5808; even widths with as much have 2c² + 126c = 5808, so 30.9.
    assert 3 * 9 * 16 + 16 * 96 + 9 * 96 + 96 * 16 + 16 * 90 == 5808
    assert first.before.cost.madds == 64 * 5808
    assert first.after.cost.madds == 64 * (27 * c + 2 * c * wide + 9 * wide + 90 * c)
    assert (c, wide) == (32, 28)
    assert convolutions(first.after) == [
        (3, 3, 32, 1), (1, 32, 28, 1), (3, 28, 28, 28), (1, 28, 32, 1), (3, 32, 10, 1),
    ]  # fmt: skip
    assert first.text == "widths 16→32, 96→28"


def test_alternatives_go_part_of_the_way() -> None:
    ratios = []
    for remedy in built(inverted(), "G101"):
        (_, _, c, _), (_, _, wide, _), *_ = convolutions(remedy.after)
        ratios.append(wide / c)
    assert ratios == sorted(ratios) and ratios[0] < 1.5 < ratios[-1] < 6


def test_widths_are_multiples_of_a_block_where_madds_allow() -> None:
    first = built(inverted(64, 384, 28), "G101")[0]
    assert all(c % 16 == 0 for _, _, c, _ in convolutions(first.after)[:-1])


def test_widths_beside_groups_are_multiples_of_them() -> None:
    net = Network()
    x = net.conv(net.input(3, 8, 8), 24, k=3)
    x = net.conv(net.conv(x, 288), 48, groups=3)
    graph = net.graph(net.conv(x, 10))
    for remedy in built(graph, "G101"):
        fair(remedy)
        [(_, c_in, c_out, _)] = [each for each in convolutions(remedy.after) if each[3] == 3]
        assert c_in % 12 == c_out % 12 == 0


def test_only_what_a_width_touches_is_changed() -> None:
    net = Network()
    x = net.conv_bn_relu(net.input(3, 8, 8), 32, k=3)
    x = net.conv_bn_relu(x, 32, k=3)
    for _ in range(2):
        y = net.depthwise(net.relu(net.conv(x, 192)))
        x = net.relu(net.conv(y, 32))
    graph = net.graph(net.conv(net.relu(net.conv(x, 32, k=3)), 10))
    remedy = built(graph, "G101")[0]
    fair(remedy)
    # The first block's widths are made by Conv_2, with what follows it, and Conv_3; the filter
    # and Conv_5 read them. The stem and the second block, from Conv_6, have no part in it.
    assert {"Conv_2", "BatchNormalization_2", "Relu_2", "Conv_3", "Conv_5"} <= set(remedy.before)
    assert {"Conv_1", "Conv_6"}.isdisjoint(remedy.before)


def test_widths_that_nobody_may_change_are_told() -> None:
    net = Network()
    x = net.input(8, 8, 8, name="map")
    x = net.add(x, net.conv(net.relu(net.conv(net.relu(net.conv(x, 8)), 96)), 8))
    graph = net.graph(x, net.conv(x, 4))
    [finding, *_] = findings(graph, "G101")
    site = next(sites(graph, finding))
    assert isinstance(site, Remedy)  # the inner width is free
    assert "Conv_3" not in site.text


def test_fewer_groups_on_narrower_maps() -> None:
    net = Network()
    x = net.conv(net.input(3, 8, 8), 360)
    for _ in range(3):
        x = net.conv(x, 360, groups=8)
    remedies = built(net.graph(net.conv(x, 4)), "G201")
    for remedy in remedies:
        fair(remedy)
    # One group, for a pixel: 3c + 3c² + 4c = 3·360 + 3·360²/8 + 4·360 = 51120 has c = 129.4;
    # multiples of 8 beside it that come to within half a percent are 128 and, once, 136.
    (_, _, a, _), (_, _, b, _), (_, _, c, _), (_, _, d, _), _ = convolutions(remedies[0].after)
    assert sorted((a, b, c, d)) == [128, 128, 128, 136]
    assert remedies[0].after.cost.madds == 64 * (3 * a + a * b + b * c + c * d + 4 * d)
    assert [text.text.partition(",")[0] for text in remedies] == [
        "8→1 group", "8→2 groups", "8→4 groups",
    ]  # fmt: skip
    groups = [[g for _, _, _, g in convolutions(each.after)] for each in remedies]
    assert groups == [[1, g, g, g, 1] for g in (1, 2, 4)]


def test_one_group_needs_no_shuffle() -> None:
    net = Network()
    x = net.conv(net.input(3, 8, 8), 96)
    for _ in range(2):
        x = net.shuffle(net.conv(x, 96, groups=4), 4)
    graph = net.graph(net.conv(x, 4))
    one, two, *_ = built(graph, "G201")
    assert kinds(one.after) == ["Conv"] * 4
    assert kinds(two.after).count("Transpose") == 2
    fair(two)


# -- other operators ---------------------------------------------------------------------------


def module(net: Network, x: Value) -> Value:
    return net.concat(
        net.relu(net.conv(x, 32)),
        net.relu(net.conv(net.relu(net.conv(x, 32)), 48, k=3)),
        net.relu(net.conv(net.relu(net.conv(x, 8)), 16, k=5)),
        net.relu(net.conv(net.pool(x, stride=1), 16)),
    )


def test_a_module_becomes_a_chain() -> None:
    net = Network()
    x = net.relu(net.conv(net.input(3, 14, 14), 96, k=3))
    graph = net.graph(net.conv(module(net, x), 10))
    remedies = built(graph, "G301")
    for remedy in remedies:
        fair(remedy)
        assert set(kinds(remedy.after)) == {"Conv", "Relu"}
    # The module's madds, for a pixel: 96·32, 96·32 + 9·32·48, 96·8 + 25·8·16, 96·16.
    assert remedies[0].before.cost.madds == 196 * (3072 + 3072 + 13824 + 768 + 3200 + 1536)
    # 1×1 to u, 3×3 to v, 1×1 to 112: 96u + 9uv + 112v = 25472 has u = v = 42.9.
    bottleneck = next(r for r in remedies if [k for k, *_ in convolutions(r.after)] == [1, 3, 1])
    (_, _, u, _), (_, _, v, _), _ = convolutions(bottleneck.after)
    assert convolutions(bottleneck.after) == [(1, 96, u, 1), (3, u, v, 1), (1, v, 112, 1)]
    assert 36 <= min(u, v) <= max(u, v) <= 48
    assert bottleneck.after.cost.madds == 196 * (96 * u + 9 * u * v + 112 * v)
    assert bottleneck.text == f"a chain of 1×1 96→{u}, 3×3 {u}→{v}, 1×1 {v}→112"


def test_a_filter_goes_before_what_widens() -> None:
    graph = inverted(24, 144)
    first = built(graph, "G402")[0]
    fair(first)
    wide = next(c_out for k, c_in, c_out, _ in convolutions(first.after) if (k, c_in) == (1, 24))
    # 9·24 of the filter and 2·24·w in place of 9·144 and 2·24·144: w = 166.5
    assert 9 * 144 + 2 * 24 * 144 == 8208 and (8208 - 216) / 48 == 166.5
    assert wide == 168
    assert convolutions(first.after) == [(3, 24, 24, 24), (1, 24, 168, 1), (1, 168, 24, 1)]
    assert first.text == "filtered before widening, widths 144→168"
    assert sorted(kinds(first.after)) == sorted(kinds(first.before))


def test_what_a_strided_filter_leaves_is_widened_more() -> None:
    net = Network()
    x = net.conv(net.input(3, 8, 8), 24, k=3)
    y = net.relu(net.depthwise(net.relu(net.conv(x, 96)), stride=2))
    graph = net.graph(net.conv(net.conv(y, 24), 10, k=3))
    first = built(graph, "G402")[0]
    fair(first)
    # Before, 64·24·96 + 16·(9·96 + 96·24); after, 16·(9·24 + 2·24·w), where w = 253.5.
    wide = next(c_out for k, c_in, c_out, _ in convolutions(first.after) if (k, c_in) == (1, 24))
    assert wide in (252, 256)


def test_a_function_goes_behind_the_sum_that_all_read() -> None:
    net = Network()
    x = net.conv(net.input(3, 14, 14), 32, k=3)
    for _ in range(2):
        x = net.add(net.conv(net.relu(net.conv(net.depthwise(net.relu(x)), 32)), 32), x)
    graph = net.graph(net.conv(x, 10))
    remedies = built(graph, "G401")
    assert [each.text for each in remedies] == [
        "Relu left out, Relu straight behind what makes the map"
    ] * 2
    second = remedies[1].after
    relu = next(node for node in second.layers if node.op_type == "Relu")
    assert second.pred[relu.name] == {} or "Add" in next(iter(second.pred[relu.name]))
    assert remedies[1].work == 1
    runs(second)


def test_batch_normalisation_goes_behind_the_convolutions() -> None:
    net = Network()
    x = net.conv(net.input(3, 14, 14), 16, k=3)
    for _ in range(3):
        x = net.concat(x, net.conv(net.relu(net.batch_norm(x)), 16, k=3))
    graph = net.graph(net.conv(net.relu(net.batch_norm(x)), 10))
    [remedy] = built(graph, "G401")
    # Conv_1 to Conv_4 feed the concats and are normalised once each.
    assert kinds(remedy.after).count("BatchNormalization") == 4
    for node in remedy.after.layers:
        if node.op_type == "BatchNormalization":
            assert [remedy.after.node(n).op_type for n in remedy.after.pred[node.name]] == ["Conv"]
    fair(remedy)


def test_response_normalisation_becomes_batch_normalisation() -> None:
    net = Network()
    x = net.relu(net.conv(net.input(3, 28, 28), 16, k=3, bias=True))
    x = net.local_response_norm(net.pool(net.relu(net.conv(x, 16, k=3, bias=True))))
    graph = net.graph(net.conv(x, 10))
    [remedy] = built(graph, "G401")
    assert kinds(remedy.after) == ["Conv", "BatchNormalization", "Relu", "MaxPool", "Conv"]


def test_layers_read_the_one_before_and_the_last_concat_all() -> None:
    net = Network()
    x = net.conv(net.input(3, 14, 14), 64, k=3)
    for _ in range(4):
        x = net.concat(x, net.conv(net.relu(net.conv(x, 32)), 16, k=3))
    graph = net.graph(net.conv(x, 10))
    finding = next(f for f in findings(graph, "G401", max_ratio=0.1) if "Concat_1" in f.nodes)
    [remedy] = [r for r in REMEDIES["G401"](graph, finding) if isinstance(r, Remedy)]
    fair(remedy)
    assert kinds(remedy.after).count("Concat") == 1
    concat = next(node for node in remedy.after.layers if node.op_type == "Concat")
    assert len(concat.inputs) == 5
    runs(remedy.after)


def test_a_gate_goes_behind_what_narrows() -> None:
    net = Network()
    x = net.relu(net.conv(net.input(3, 14, 14), 16, k=3))
    for _ in range(2):
        y = net.relu(net.depthwise(net.relu(net.conv(x, 96))))
        gate = net.relu(net.conv(net.global_average_pool(y), 24, bias=True))
        y = net.mul(y, net.activation(net.conv(gate, 96, bias=True), "HardSigmoid"))
        x = net.batch_norm(net.conv(y, 16))
    graph = net.graph(net.conv(x, 10))
    finding = next(f for f in findings(graph, "G401", max_ratio=0.1) if "Mul_1" in f.nodes)
    first = next(r for r in REMEDIES["G401"](graph, finding) if isinstance(r, Remedy))
    fair(first)
    # 96→24→96 beside 16 channels of 14×14: 196·96·16 + 2·96·24 = 196·16·96 + 2·16·s, s = 144
    assert kinds(first.after) == [
        "Conv", "BatchNormalization", "GlobalAveragePool", "Conv", "Relu", "Conv", "HardSigmoid",
        "Mul",
    ]  # fmt: skip
    assert [(c_in, c_out) for _, c_in, c_out, _ in convolutions(first.after)] == [
        (96, 16), (16, 144), (144, 16),
    ]  # fmt: skip


def test_halves_put_together_are_the_same_channels_in_another_order() -> None:
    """Concat, shuffle of two groups and split of two maps of 8 channels, against the remedy."""
    net = Network()
    a, b = net.input(8, 4, 4, name="a"), net.input(8, 4, 4, name="b")
    first, second = net.split(net.shuffle(net.concat(a, b), 2), 8, 8)
    graph = net.graph(net.relu(first), net.relu(second))
    around = Surroundings.of(graph)
    (shuffle,) = shuffles(graph)
    remedy = halves(around, shuffle)
    assert isinstance(remedy, Remedy)
    assert "Transpose" not in kinds(remedy.after)
    given = {name: np.random.default_rng(0).random((1, 8, 4, 4), np.float32) for name in ("a",)}
    given["b"] = given["a"] + 1
    made = []
    for part in (remedy.before, remedy.after):
        session = onnxruntime.InferenceSession(write(part).SerializeToString())
        made.append(dict(zip(part.outputs, session.run(list(part.outputs), given), strict=True)))
    assert made[0].keys() == made[1].keys()
    for name, before in made[0].items():
        channels = [sorted(map(bytes, each[0])) for each in (before, made[1][name])]
        assert channels[0] == channels[1]


# -- all of them -------------------------------------------------------------------------------


MOST_RUNS = 6
"""Remedies of one network that are run; those of a rule are much alike."""


def cases() -> Iterator[tuple[str, Case]]:
    for code in REMEDIES:
        yield from ((code, case) for case in RULES[code].cases if case.breaches)


@pytest.mark.parametrize(
    ("code", "case"), [*cases()], ids=lambda value: getattr(value, "name", value)
)
def test_the_flagged_cases_of_every_rule(code: str, case: Case) -> None:
    """Each site has a remedy that is fair and runs, or says why not."""
    ran = 0
    for finding in findings(case.graph, code):
        for site in REMEDIES[code](case.graph, finding):
            assert set(site.nodes) <= set(finding.nodes)
            if isinstance(site, NotBuilt):
                assert site.reason
            else:
                fair(site, run=ran < MOST_RUNS, more=RULES[code].on_device)
                ran += 1


SOME: dict[str, Callable[[], Graph]] = {
    "MobileNet V2": lambda: networks.mobilenet_v2(resolution=96),
    "MobileNet V3": lambda: networks.mobilenet_v3_small(resolution=96),
    "ShuffleNet V1": lambda: networks.shufflenet_v1(resolution=96),
    "GoogLeNet": lambda: networks.googlenet(resolution=96),
    "ResNeXt": lambda: networks.resnext_50(resolution=64),
}


@pytest.mark.parametrize("name", SOME)
def test_what_a_price_chooses_in_networks(name: str) -> None:
    graph = SOME[name]()
    ran = 0
    for finding in find(graph):
        for site in sites(graph, finding):
            if isinstance(site, Remedy):
                fair(site, run=ran < MOST_RUNS)
                ran += 1
    assert ran


def test_a_price_that_nothing_lowers_builds_nothing() -> None:
    graph = inverted()
    [*found] = sites(graph, findings(graph, "G101")[0], lambda part: -1.0)
    assert [site.reason for site in found if isinstance(site, NotBuilt)] == [
        "at equal madds, neighbours included, nothing that was tried costs less"
    ]


def test_the_alternative_that_saves_most_is_chosen() -> None:
    graph = inverted()
    alternatives = built(graph, "G101")
    for wanted in alternatives:
        # a price that asks for the expansion of one of them and nothing else
        def price(part: Graph, wanted: Remedy = wanted) -> float:
            sizes = [each.tensors["Conv_2:0"].dims[1] for each in (part, wanted.after)]
            return float(abs(sizes[0] - sizes[1]))

        [site] = sites(graph, findings(graph, "G101")[0], price)
        assert isinstance(site, Remedy) and site.text == wanted.text
