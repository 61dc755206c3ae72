"""Comparing networks: which layer is which, what is told of it, and what fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import onnx
import onnxsim
import onnxslim
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from repositories import ENVIRONMENT, commit, git, repository
from test_chapters import BLOCK, _done
from test_invariance import fire, renamed, residual, reversed_nodes, shuffled

from costmodel import Graph, networks, read
from costmodel.device import load
from costmodel.frontends.code import Network, Value
from costmodel.frontends.onnx.write import write
from guidelines.analysis import analyse
from guidelines.cli import guidelint
from guidelines.comparing.changes import changes
from guidelines.comparing.comparison import Compared, Comparison, compare
from guidelines.comparing.findings import Status, judged
from guidelines.comparing.limits import limits
from guidelines.comparing.matching import Matching, match
from guidelines.comparing.sequence import common
from guidelines.finding import Breach, Finding, Level
from guidelines.merge import merged
from guidelines.report.comparison import full, markdown
from guidelines.report.comparison import json as as_json
from guidelines.report.layer_rows import rows
from guidelines.report.registry import names, renderer
from guidelines.report.view import View

ROOT = Path(__file__).parents[1]
HOSTILE = "a\x1b[31m\n::error::<b>|`\u202e\x7f-->@x"


@pytest.fixture(autouse=True)
def _no_configuration_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, told in ENVIRONMENT.items():
        monkeypatch.setenv(name, told)
    (tmp_path / "guidelint.toml").write_text("")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(guidelint, ["diff", *arguments])


# Sequences


@given(st.text("abcd", max_size=12), st.text("abcd", max_size=12))
def test_the_longest_common_subsequence(one: str, other: str) -> None:
    longest = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            longest[i + 1][j + 1] = (
                longest[i][j] + 1 if a == b else max(longest[i][j + 1], longest[i + 1][j])
            )
    pairs = common(one, other)
    assert len(pairs) == longest[-1][-1]
    assert all(one[i] == other[j] for i, j in pairs)
    assert all(i < k and j < m for (i, j), (k, m) in pairwise(pairs))


def test_sequences_too_long_for_one_table_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guidelines.comparing.sequence.MOST", 100)
    one, other = "x" + "abc" * 20 + "y", "z" + "abc" * 20 + "w"
    assert len(common(one, other)) >= 40


# Matching


def samples() -> Iterator[tuple[str, Graph]]:
    for build in (residual, shuffled, fire):
        yield build.__name__, build()
    for name in ("googlenet", "mobilenet_v2", "shufflenet_v2"):
        yield name, read(ROOT / f"examples/models/{name}.onnx")


EACH = pytest.mark.parametrize(
    "graph", [graph for _, graph in samples()], ids=[name for name, _ in samples()]
)
WRITERS: dict[str, Callable[[onnx.ModelProto], onnx.ModelProto]] = {
    "as written": lambda model: model,
    "renamed": renamed,
    "reversed": reversed_nodes,
    "renamed and reversed": lambda model: reversed_nodes(renamed(model)),
}


def untouched(matching: Matching) -> bool:
    return not (matching.added or matching.removed or changes(matching))


@EACH
@pytest.mark.parametrize("writer", WRITERS)
def test_a_network_written_otherwise_has_not_changed(graph: Graph, writer: str) -> None:
    other = read(WRITERS[writer](write(graph)))
    matching = match(graph, other)
    assert untouched(matching)
    assert compare(analyse(graph), analyse(other)).same
    assert (matching.renamed > 0) == ("renamed" in writer)


@pytest.mark.parametrize("simplify", [lambda m: onnxsim.simplify(m)[0], onnxslim.slim])
@pytest.mark.parametrize("build", [shuffled, fire])
def test_a_simplified_network_has_not_changed(
    build: Callable[[], Graph], simplify: Callable[[onnx.ModelProto], onnx.ModelProto]
) -> None:
    model = write(build(), weights=True)
    once = read(simplify(model))
    assert untouched(match(once, read(simplify(renamed(model)))))


def exported(module: Any, dynamo: bool) -> Graph:
    import io

    import torch

    file = io.BytesIO()
    x = torch.zeros(1, 3, 32, 32)
    if dynamo:
        torch.onnx.export(module, (x,), dynamo=True, verbose=False).save(file)
    else:
        torch.onnx.export(module, (x,), file, dynamo=False, opset_version=17)
    return read(file.getvalue())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_both_exporters_of_torch_give_one_network() -> None:
    """Convolutions that took in their normalisation, Slices and Split, pooling and ReduceMean."""
    import torch
    from torch import nn

    class Unit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.branch = nn.Sequential(
                nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(),
                nn.Conv2d(8, 8, 3, 1, 1, groups=8, bias=False), nn.BatchNorm2d(8),
            )  # fmt: skip

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            left, right = x.chunk(2, 1)
            return torch.cat((left, right + self.branch(right)), 1)

    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), Unit(), Unit(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(16, 10),
    )  # fmt: skip
    torch.manual_seed(0)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.bias)
    net.eval()
    script, dynamo = exported(net, dynamo=False), exported(net, dynamo=True)
    assert [node.op_type for node in script.layers] != [node.op_type for node in dynamo.layers]
    matching = match(script, dynamo)
    assert untouched(matching)
    assert [(len(left), len(right)) for left, right in matching.rewritten] == [(2, 1), (2, 1)]


def block(
    net: Network, x: Value, name: str, width: int = 16, k: int = 3, *, relu: bool = True
) -> Value:
    with net.scope(name):
        y = net.conv(x, width)
        y = net.relu(y) if relu else y
        y = net.relu(net.conv(y, width, k=k))
        return net.relu(net.add(x, net.conv(y, x.c)))


def stack(*blocks: dict[str, Any], stem: int = 32, called: str = "layer", size: int = 16) -> Graph:
    net = Network()
    with net.scope("stem"):
        x = net.relu(net.conv(net.input(3, size, size), stem, k=3))
    for number, told in enumerate(blocks):
        x = block(net, x, f"{called}.{number}", **told)
    return net.graph(net.fully_connected(net.flatten(net.global_average_pool(x)), 10))


def told(base: Graph, head: Graph) -> dict[str, tuple[str, ...]]:
    """What is said of each layer that was changed of itself, by its label and type."""
    return {
        f"{change.head.node.label} {change.head.node.op_type}": change.words
        for change in changes(match(base, head))
        if change.own
    }


def labels(matching: Matching) -> tuple[list[str], list[str]]:
    """The modules of what was removed, and of what was added."""
    removed = {matching.base[i].node.label: None for i in matching.removed}
    return [*removed], [*{matching.head[j].node.label: None for j in matching.added}]


def test_a_wider_layer_is_told_and_what_follows_it_is_not() -> None:
    base, head = stack({}, {}, {}), stack({}, {"width": 24}, {})
    assert told(base, head) == {
        "layer.1 Conv": ("16→24 channels", "reads 16→24 channels"),
    }
    matching = match(base, head)
    assert not matching.added and not matching.removed
    follow = [change.words for change in changes(matching) if not change.own]
    assert follow == [("16→24 channels",), ("16→24 channels",), ("reads 16→24 channels",)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"k": 5}, ("3×3→5×5 kernel",)),
        ({"k": 1}, ("3×3→1×1 kernel",)),
    ],
)
def test_another_kernel_is_told(change: dict[str, Any], words: tuple[str, ...]) -> None:
    assert told(stack({}, {}), stack({}, change)) == {"layer.1 Conv": words}


def variant(make: Callable[[Network, Value], Value]) -> Graph:
    net = Network()
    x = net.conv(net.input(3, 16, 16), 32, k=3)
    with net.scope("here"):
        y = make(net, x)
    return net.graph(net.conv(y, 8))


PLAIN = variant(lambda net, x: net.relu(net.conv(x, 32, k=3)))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda net, x: net.relu(net.conv(x, 32, k=3, groups=32)), {"here Conv": "1→32 groups"}),
        (lambda net, x: net.relu(net.conv(x, 32, k=3, bias=True)), {"here Conv": "gains a bias"}),
        (lambda net, x: net.activation(net.conv(x, 32, k=3), "HardSwish"),
         {"here HardSwish": "Relu→HardSwish"}),
        (lambda net, x: net.relu(net.conv(x, 32, k=3, stride=2)),
         {"here Conv": "stride 1→2; 16×16→8×8 maps; reads 16×16→16×16 maps"}),
    ],
    ids=["groups", "bias", "operator", "stride"],
)  # fmt: skip
def test_what_was_written_otherwise_is_told(
    make: Callable[[Network, Value], Value], words: dict[str, str]
) -> None:
    found = {where: "; ".join(each) for where, each in told(PLAIN, variant(make)).items()}
    assert {k: v.removesuffix("; reads 16×16→16×16 maps") for k, v in words.items()} == {
        k: re.sub("; reads .*", "", v) for k, v in found.items()
    }


def test_another_dilation_is_told_though_it_costs_nothing() -> None:
    def net(dilation: int) -> Graph:
        x = onnx.helper.make_tensor_value_info("x", 1, [1, 8, 16, 16])
        node = onnx.helper.make_node(
            "Conv", ["x", "w"], ["y"], name="c", dilations=[dilation] * 2, pads=[dilation] * 4
        )
        weight = onnx.TensorProto(name="w", data_type=1, dims=[8, 8, 3, 3])
        out = onnx.ValueInfoProto(name="y")
        return read(
            onnx.helper.make_model(onnx.helper.make_graph([node], "g", [x], [out], [weight]))
        )

    assert net(1).cost == net(2).cost
    assert told(net(1), net(2)) == {"c Conv": ("dilation 1→2",)}


def test_another_element_type_is_told() -> None:
    from onnxruntime.transformers.float16 import convert_float_to_float16

    model = write(residual(), weights=True)
    half = convert_float_to_float16(onnx.ModelProto.FromString(model.SerializeToString()))
    found = told(read(model), read(half))
    assert set(found.values()) == {("float32→float16",)}


def test_a_layer_that_reads_another_is_told() -> None:
    def net(shortcut: int) -> Graph:
        net = Network()
        made = [net.input(8, 8, 8)]
        for number in range(3):
            with net.scope(f"layer.{number}"):
                made.append(net.conv(made[-1], 8))
        with net.scope("sum"):
            return net.graph(net.add(made[3], made[shortcut]))

    assert told(net(1), net(2)) == {"sum Add": ("reads layer.1 in place of layer.0",)}
    assert told(net(1), net(0)) == {"sum Add": ("reads input 1 in place of layer.0",)}


def test_an_inserted_block_is_told_as_one_block_wherever_names_count_on() -> None:
    base, head = stack({}, {}, {"width": 8}), stack({}, {}, {}, {"width": 8})
    matching = match(base, head)
    assert labels(matching) == ([], ["layer.2"])
    assert not changes(matching) and matching.renamed == 7
    assert labels(match(head, base)) == (["layer.2"], [])


def test_a_block_that_kept_its_name_is_the_same_block() -> None:
    """Three blocks alike: their names say which of them went."""
    base = stack({}, {}, {})
    net = Network()
    with net.scope("stem"):
        x = net.relu(net.conv(net.input(3, 16, 16), 32, k=3))
    for number in (0, 2):
        x = block(net, x, f"layer.{number}")
    less = net.graph(net.fully_connected(net.flatten(net.global_average_pool(x)), 10))
    assert labels(match(base, less)) == (["layer.1"], [])
    assert match(base, less).renamed == 0


def test_a_wider_network_with_a_block_more_is_matched_layer_by_layer() -> None:
    base = stack(*[{}] * 40)
    head = stack(*[{"width": 24}] * 41)
    matching = match(base, head)
    assert len(matching.added) == 7 and not matching.removed


def test_at_another_resolution_every_layer_follows() -> None:
    base, head = stack({}, {}), stack({}, {}, size=32)
    matching = match(base, head)
    found = changes(matching)
    assert len(found) == len(matching.pairs) - 1  # the classifier reads as much as before
    assert not any(change.own for change in found)


def test_operands_of_a_sum_have_no_order() -> None:
    def net(swapped: bool) -> Graph:
        net = Network()
        x = net.input(8, 8, 8)
        short, long = net.conv(x, 8, k=5), net.conv(net.relu(net.conv(x, 8, k=3)), 8)
        return net.graph(net.conv(net.add(long, short) if swapped else net.add(short, long), 8))

    assert untouched(match(net(False), read(renamed(write(net(True))))))


def test_inputs_are_known_by_their_names() -> None:
    def net(first: str, second: str) -> Graph:
        net = Network()
        values = {name: net.input(8, 8, 8, name=name) for name in (first, second)}
        return net.graph(net.add(net.conv(values["a"], 8), net.conv(values["b"], 8, k=3)))

    assert untouched(match(net("a", "b"), net("b", "a")))


def test_weights_that_come_to_be_shared_are_told() -> None:
    def net(shared: bool) -> Graph:
        x = onnx.helper.make_tensor_value_info("x", 1, [1, 8, 16, 16])
        nodes = [
            onnx.helper.make_node("Conv", ["x", "w"], ["y"], name="one"),
            onnx.helper.make_node("Conv", ["y", "w" if shared else "v"], ["z"], name="two"),
        ]
        held = [onnx.TensorProto(name=n, data_type=1, dims=[8, 8, 1, 1]) for n in "wv"]
        out = onnx.ValueInfoProto(name="z")
        return read(onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [x], [out], held)))

    assert told(net(False), net(True)) == {"two Conv": ("shares its weights",)}
    assert told(net(True), net(False)) == {"two Conv": ("has weights of its own",)}


def test_nothing_against_a_network_is_all_of_it() -> None:
    graph = stack({})
    assert len(match(None, graph).added) == len(match(graph, None).removed) > 0
    assert match(None, None).pairs == ()


# Blocks and totals


def comparison(base: Graph | None, head: Graph | None, **more: Any) -> Comparison:
    models = [None if graph is None else analyse(graph) for graph in (base, head)]
    return compare(models[0], models[1], **more)


@EACH
def test_the_blocks_add_up_to_the_totals(graph: Graph) -> None:
    made = comparison(stack({}), graph)
    for key in ("params", "madds", "memory-access", "fused-memory-access"):
        for side in ("base", "head"):
            parts = sum((getattr(b, side) or {}).get(key, 0) for b in made.blocks)
            assert parts == getattr(made.totals[key], side)


def test_what_is_gone_counts_in_the_block_that_it_was_in() -> None:
    made = comparison(
        stack({}, {}, {"width": 8}), stack({}, {"width": 8}), limits=limits(["madds:0"])
    )
    touched = {each.name: each for each in made.blocks if each.touched}
    assert list(touched) == ["layer.1"]
    assert touched["layer.1"].touched == 7
    # 2*32*16 + 9*16*16 on 16x16
    gone = touched["layer.1"].base["madds"] - touched["layer.1"].head["madds"]  # type: ignore[index]
    assert gone == (2 * 32 * 16 + 9 * 16 * 16) * 256
    assert not made.exceeded


def test_what_is_gone_from_a_block_with_another_number_counts_there() -> None:
    after = [{"width": 12}, {"width": 20}]
    base = stack({}, {}, {"width": 8}, *after)
    head = stack({}, {}, {}, {"width": 8, "relu": False}, *after)
    touched = {each.name: each.touched for each in comparison(base, head).blocks if each.touched}
    assert touched == {"layer.2": 7, "layer.3": 1}


def test_times_are_compared_on_a_device() -> None:
    device = load("amd-epyc-zen3")
    made = comparison(stack({}), stack({}, {}), device=device, limits=limits(["time:1%"]))
    assert [total.quantity.key for total in made.exceeded] == ["time"]
    total = made.totals["time"]
    assert total.base is not None and total.head is not None and total.head > total.base > 0
    times = [(each.head or {}).get("time", 0) for each in made.blocks]
    assert sum(times) == pytest.approx(total.head)
    assert "time" not in comparison(stack({}), stack({}, {})).totals


@pytest.mark.parametrize(
    ("limit", "broken"),
    [
        ("madds:0", True), ("madds:1%", True), ("madds:60%", False), ("madds:900k", True),
        ("madds:2M", False), ("memory_access:1MB", False), ("memory_access_bytes:0", True),
        ("memory-access:0.1 kB", True), ("peak_activation:0", False), ("weights:1%", True),
    ],
)  # fmt: skip
def test_a_limit_on_growth(limit: str, broken: bool) -> None:
    """One block more: 851,968 madds and what it moves, at the same peak."""
    made = comparison(stack({}, {}), stack({}, {}, {}), limits=limits([limit]))
    assert made.totals["madds"].change == (2 * 32 * 16 + 9 * 16 * 16) * 256 == 851968
    if limit == "madds:900k":
        broken = False
    assert bool(made.exceeded) == made.fails == broken


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mads:5%", "unknown quantity 'mads'; did you mean 'madds'?"),
        ("zzz:5%", "unknown quantity 'zzz'; expected one of flops, fused_memory_access,"),
        ("madds", "expected madds:5% or an amount, found 'madds'"),
        ("madds:", "expected madds:5% or an amount, found 'madds:'"),
        ("madds:-5%", 'madds: expected a share such as 5%, or multiply-adds such as "300 MMAdd", '
         "found '-5%'"),
        ("memory_access:2M", 'memory_access: expected a share such as 5%, or a size such as "14 '
         "MB\", found '2M'"),
        ("madds:1%,madds:2%", "expected one limit for madds, found two"),
    ],
)  # fmt: skip
def test_a_limit_that_means_nothing(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        limits([text])


def test_what_is_new_has_nothing_to_have_grown_from() -> None:
    made = comparison(None, stack({}), limits=limits(["madds:0,params:0"]))
    assert not made.exceeded and not made.same


# Findings


def found(code: str, *places: tuple[str, float], kind: str = "", level: str = "warning") -> Finding:
    breaches = [
        Breach(
            nodes=(name,), kind=kind, value=value, bound=1.0, message=f"{name} is at {value}",
            remedy="less", excess_bytes=100, label=name,
        )
        for name, value in places
    ]  # fmt: skip
    return merged(code, "a-rule", Level(level), breaches, moved=10_000)


SAME = {name: name for name in "abcdef"}


@pytest.mark.parametrize(
    ("base", "head", "status"),
    [
        ((("a", 2.0),), (("a", 2.0),), Status.UNCHANGED),
        ((("a", 2.0),), (("a", 2.019),), Status.UNCHANGED),
        ((("a", 2.0),), (("a", 2.03),), Status.WORSENED),
        ((("a", 2.0),), (("a", 1.9),), Status.IMPROVED),
        ((("a", 2.0), ("b", 1.5)), (("a", 2.0), ("b", 1.6)), Status.WORSENED),
        ((("a", 2.0),), (("a", 2.0), ("b", 1.5)), Status.WORSENED),
        ((("a", 2.0), ("b", 1.5)), (("a", 2.0),), Status.IMPROVED),
        ((("a", 2.0), ("b", 1.5)), (("b", 1.5), ("c", 1.1)), Status.WORSENED),
        ((("a", 2.0),), (("b", 2.0),), Status.NEW),
    ],
)
def test_what_became_of_a_finding(
    base: tuple[tuple[str, float], ...], head: tuple[tuple[str, float], ...], status: Status
) -> None:
    first = judged([found("G101", *base)], [found("G101", *head)], SAME)[0]
    assert first.status is status


def test_a_finding_follows_its_layers_to_their_new_names() -> None:
    [one] = judged([found("G101", ("a", 2.0))], [found("G101", ("x", 2.0))], {"a": "x"})
    assert one.status is Status.UNCHANGED
    gone = judged([found("G101", ("a", 2.0))], [found("G101", ("x", 2.0))], {})
    assert [each.status for each in gone] == [Status.NEW, Status.FIXED]


def test_findings_of_another_rule_or_kind_are_other_findings() -> None:
    two = judged([found("G101", ("a", 2.0))], [found("G201", ("a", 2.0))], SAME)
    assert [each.status for each in two] == [Status.NEW, Status.FIXED]
    base = [found("G401", ("a", 2.0), kind="sum"), found("G401", ("a", 3.0), kind="copy")]
    head = [found("G401", ("a", 2.0), kind="copy"), found("G401", ("a", 3.0), kind="sum")]
    assert [each.status for each in judged(base, head, SAME)] == [Status.WORSENED, Status.IMPROVED]


def test_of_a_worse_finding_the_place_speaks_that_got_worse() -> None:
    [one] = judged(
        [found("G101", ("a", 9.0))], [found("G101", ("a", 9.0), ("b", 2.0), ("c", 3.0))], SAME
    )
    assert (one.message, one.remedy) == ("c is at 3.0", "less")


def test_a_finding_without_layers_is_known_by_its_place() -> None:
    def budget(value: float) -> Finding:
        breach = Breach(
            nodes=(), kind="", value=value, bound=1.0, message="over", remedy="", excess_bytes=0
        )
        return merged("B003", "madds-over-budget", Level.ERROR, [breach])

    assert judged([budget(2.0)], [budget(2.0)], {})[0].status is Status.UNCHANGED
    assert judged([budget(2.0)], [budget(3.0)], {})[0].status is Status.WORSENED
    assert judged([], [budget(3.0)], {})[0].status is Status.NEW


def test_a_finding_that_was_too_small_to_show_is_not_new() -> None:
    one, other = found("G101", ("a", 2.0)), found("G101", ("a", 2.0))
    [same] = judged([], [other], SAME, quiet=([one], [other]))
    assert same.status is Status.UNCHANGED
    assert judged([], [], SAME, quiet=([one], [other])) == ()
    [less] = judged([one], [], SAME, quiet=([one], [found("G101", ("a", 1.5))]))
    assert less.status is Status.IMPROVED


def test_new_and_worse_findings_fail_at_their_level() -> None:
    base, head = analyse(stack({})), analyse(stack({}))
    cases = {
        Level.ERROR: ("note", "warning"), Level.WARNING: ("note",), None: ("note", "error"),
    }  # fmt: skip
    for least, passing in cases.items():
        for level in Level:
            worse = replace(head, findings=(found("G101", ("stem", 2.0), level=level),))
            made = compare(replace(base, findings=()), worse, failing=least)
            expected = least is not None and level not in passing
            assert made.fails == expected, (least, level)
            old = compare(worse, worse, failing=least)
            assert not old.fails and old.same


# The command


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """On main one model; in the working tree it has a block more."""
    folder = repository(tmp_path / "repo")
    (folder / "models").mkdir()
    save(stack(THIN, THIN), folder / "models" / "net.onnx")
    save(fire(), folder / "models" / "fire.onnx")
    commit(folder)
    save(stack(THIN, THIN, THIN), folder / "models" / "net.onnx")
    monkeypatch.chdir(folder)
    return folder


def save(graph: Graph, path: Path) -> None:
    onnx.save(write(graph), path)


THIN = {"width": 6}
BOTH = ("git:main:models/net.onnx", "models/net.onnx")


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ((), 1),
        (("--select", "G402"), 0),
        (("--fail-on", "error"), 0),
        (("--fail-on", "never", "--fail-on-increase", "madds:1%"), 1),
        (("--fail-on", "never", "--fail-on-increase", "madds:1%", "--exit-zero"), 0),
        (("--fail-on", "never", "--fail-on-increase", "madds:90%"), 0),
        (("--fail-on-increase", "mads:1%"), 2),
        (("--fail-on-increase", "time:1%"), 2),
        (("--output", "nonsense"), 2),
        (("--plot", "net.gif"), 2),
    ],
)
def test_the_exit_status(repo: Path, more: tuple[str, ...], status: int) -> None:
    result = run(*BOTH, *more)
    assert result.exit_code == status, result.output
    assert (result.stdout == "") == (status == 2)
    assert ("fails: " in result.stdout) == (status == 1 or "--exit-zero" in more)


def test_no_change_is_a_calm_line(repo: Path) -> None:
    onnx.save(renamed(write(stack(THIN, THIN))), "renamed.onnx")
    result = run("git:main:models/net.onnx", "renamed.onnx", "--fail-on-increase", "params:0")
    assert (result.exit_code, result.stdout) == (
        0,
        "git:main:models/net.onnx → renamed.onnx: no change: 18 layers, 18 of them renamed\n",
    )


def test_folders_are_compared_model_by_model(repo: Path) -> None:
    save(residual(), repo / "models" / "new.onnx")
    (repo / "models" / "deep").mkdir()
    save(residual(), repo / "models" / "deep" / "old.onnx")
    commit(repo, "another")
    (repo / "models" / "deep" / "old.onnx").unlink()
    save(stack({}), repo / "models" / "net.onnx")
    result = run("git:HEAD~1:models", "models", "--fail-on", "never")
    heads = re.findall(r"^(\S+ → [^\s:]+)", result.stdout, re.M)
    assert heads == [
        "git:HEAD~1:models/fire.onnx → models/fire.onnx",
        "git:HEAD~1:models/net.onnx → models/net.onnx",
        "none → models/new.onnx",
    ]
    assert result.stdout.endswith("3 models, 1 unchanged\n")
    gone = run("git:HEAD:models/", "models/", "--fail-on", "never").stdout
    assert "git:HEAD:models/deep/old.onnx → none" in gone
    assert "passes: the model is gone" in gone


def test_one_bad_model_does_not_hide_the_others(repo: Path) -> None:
    (repo / "models" / "fire.onnx").write_bytes(b"no model")
    result = run("git:main:models", "models", "--output", "json")
    assert result.exit_code == 2
    written = json.loads(result.stdout)
    assert [each["head"]["path"] for each in written["comparisons"]] == ["models/net.onnx"]
    assert [each["path"] for each in written["errors"]] == ["models/fire.onnx"]


def test_a_model_that_is_new_and_one_that_was_mistyped(repo: Path) -> None:
    save(residual(), repo / "models" / "new.onnx")
    new = run("git:main:models/new.onnx", "models/new.onnx", "--fail-on", "never")
    assert new.exit_code == 0 and "passes: a new model" in new.stdout
    mistyped = run("git:main:models/nets.onnx", "models/net.onnx")
    assert mistyped.exit_code == 2
    assert "no 'models/nets.onnx' at main; did you mean 'models/net.onnx'?" in mistyped.stderr
    assert run("/dev/null", "models/new.onnx", "--exit-zero").exit_code == 0
    assert "none → models/new.onnx" in run("/dev/null", "models/new.onnx").stdout


def test_a_new_folder_is_all_new(repo: Path) -> None:
    (repo / "more").mkdir()
    save(fire(), repo / "more" / "fire.onnx")
    assert "none → more/fire.onnx" in run("git:main:more", "more").stdout


def test_a_model_and_a_folder_are_not_compared(repo: Path) -> None:
    result = run("git:main:models/net.onnx", "models")
    assert result.exit_code == 2
    assert "expected two models or two folders, found one of each" in result.stderr
    both = run("models/*.onnx", "models/net.onnx")
    assert "expected a model or a folder, found 2 models for 'models/*.onnx'" in both.stderr


def test_both_sides_are_read_as_the_head_is_configured(repo: Path) -> None:
    (repo / "old").mkdir()
    save(stack(THIN), repo / "old" / "net.onnx")
    (repo / "models" / "guidelint.toml").write_text('select = ["G402"]\n')
    there = json.loads(run("old/net.onnx", "models/net.onnx", "--output", "json").stdout)
    assert there["comparisons"][0]["findings"] == []
    back = json.loads(run("models/net.onnx", "old/net.onnx", "--output", "json").stdout)
    assert [each["code"] for each in back["comparisons"][0]["findings"]] == ["G101"] * 2


def test_a_budget_that_was_exceeded_before_does_not_fail(repo: Path) -> None:
    (repo / "guidelint.toml").write_text('ignore = ["G"]\n[budget]\nmadds = "500 k"\n')
    result = run(*BOTH)
    assert result.exit_code == 1 and "worsened   B003" in result.stdout
    assert run("models/net.onnx", "models/net.onnx").exit_code == 0
    assert "fixed      B003" in run("models/net.onnx", "/dev/null").stdout


def test_unknown_costs_fail_if_they_are_to(repo: Path) -> None:
    net = Network()
    x = net.add_operator("NoSuchOperator", [net.conv(net.input(3, 8, 8), 4)], [(1, 4, 8, 8)])[0]
    save(net.graph(x), repo / "open.onnx")
    assert run("open.onnx", "open.onnx").exit_code == 0
    strict = run("open.onnx", "open.onnx", "--strict")
    assert strict.exit_code == 1
    assert strict.stderr == "guidelint: open.onnx: strict: the cost of 1 node is unknown\n"
    assert "≥" in run("open.onnx", "models/fire.onnx", "--exit-zero").stdout


def test_modules_of_two_checkouts_are_each_their_own(repo: Path) -> None:
    for side, width in (("before", 8), ("after", 12)):
        (repo / side).mkdir()
        (repo / side / "widths.py").write_text(f"WIDTH = {width}\n")
        (repo / side / "net.py").write_text(
            "from torch import nn\nfrom widths import WIDTH\n"
            "def make():\n    return nn.Sequential(nn.Conv2d(3, WIDTH, 3), nn.ReLU())\n"
        )
    paths, modules = list(sys.path), set(sys.modules)
    result = run("before/net.py:make", "after/net.py:make", "--shape", "1,3,8,8", "--exit-zero")
    assert "8→12 channels" in result.stdout
    assert sys.path == paths and "widths" not in set(sys.modules) - modules


def test_a_shape_without_a_name_is_the_module_s(repo: Path) -> None:
    (repo / "net.py").write_text(
        "from torch import nn\ndef make():\n    return nn.Conv2d(8, 4, 1, bias=False)\n"
    )
    net = Network()
    save(net.graph(net.conv(net.input(8, 4, 4), 4)), repo / "net.onnx")
    result = run("net.py:make", "net.onnx", "--shape", "1,8,4,4")
    assert "no change: 1 layer" in result.stdout


def test_the_picture_shows_both(repo: Path) -> None:
    assert run(*BOTH, "--exit-zero", "--plot", "both.svg").exit_code == 0
    assert "git:main:models/net.onnx" in Path("both.svg").read_text()
    two = run("git:main:models", "models", "--plot", "both.png")
    assert two.exit_code == 2
    assert "--plot: expected two networks to draw, found 2 pairs" in two.stderr
    assert not Path("both.png").exists()


def test_the_same_bytes_whatever_the_hash_seed(repo: Path) -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-m", "guidelines", "diff", *BOTH, "--output", form, "-v"],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True, check=False,
        ).stdout
        for seed in ("0", "1")
        for form in ("json",)
    }  # fmt: skip
    assert len(printed) == 1 and len(printed.pop()) > 1000


# The formats


def compared(*made: Comparison) -> Compared:
    return Compared(comparisons=made, about="models/")


def busy() -> Comparison:
    """Layers, blocks and findings of all sorts."""
    base, head = stack({}, {}, {"width": 8}), stack({"width": 8}, {}, {}, {"k": 5})
    base.graph["path"], head.graph["path"] = "base.onnx", "models/head.onnx"
    return comparison(base, head, limits=limits(["madds:1%,params:90%"]), failing=Level.WARNING)


def hostile() -> Comparison:
    base = stack({}, called=HOSTILE)
    head = stack({"width": 24}, {}, called=HOSTILE)
    base.graph["path"] = head.graph["path"] = HOSTILE
    head.graph["inputs"] = {HOSTILE: (1, 3)}
    models = [analyse(graph) for graph in (base, head)]
    poisoned = tuple(replace(f, message=HOSTILE, remedy=HOSTILE, breaches=()) for f in (
        *(models[1].findings or ()), found("G101", (HOSTILE, 2.0)),
    ))  # fmt: skip
    return compare(models[0], replace(models[1], findings=poisoned), failing=Level.WARNING)


@pytest.mark.parametrize("form", ["full", "json", "markdown"])
@pytest.mark.parametrize("verbosity", [-1, 0, 1])
def test_names_command_nothing(form: str, verbosity: int) -> None:
    text = renderer("comparison", form)(compared(hostile()), View(verbosity=verbosity))
    assert {c for c in text if not c.isprintable()} <= {"\n", "\x7f"}
    assert not any(line.lstrip().startswith("::") for line in text.splitlines())
    assert "\x1b" not in text and "\u202e" not in text
    if form == "markdown":
        assert "<b>" not in text
        assert text.splitlines()[0].count("-->") == 1
        assert "@x" not in re.sub(r"<code>.*?</code>", "", text)


def test_the_json_is_as_its_schema_says() -> None:
    schema = json.loads((ROOT / "guidelines/report/comparison/schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    pairs = (busy(), hostile(), comparison(None, stack({})), comparison(stack({}), None))
    written = json.loads(as_json.render(compared(*pairs), View()))
    jsonschema.validate(written, schema)
    first = written["comparisons"][0]
    assert first["fails"] and not first["same"]
    assert first["totals"]["madds"]["limit"] == "1%" and first["totals"]["madds"]["exceeded"]
    assert {each["status"] for each in first["findings"]} <= set(Status)
    assert len(first["added"]) == first["counts"]["added"] == 7
    assert written["comparisons"][2]["base"] is None


def test_the_markdown_begins_with_the_verdict_and_folds_the_rest() -> None:
    text = markdown.render(compared(busy()), View())
    marker, verdict, *rest = text.splitlines()
    assert marker == "<!-- guidelint:models/head.onnx -->"
    assert verdict.startswith("**guidelint: fails: madds +")
    shown, folded = "\n".join(rest).split("<details>", 1)
    assert "| **madds** |" in shown and "| limit |" in shown
    assert "16→8 channels" in folded and "16→8 channels" not in shown
    assert folded.count("</details>") == text.count("<details>")
    several = markdown.render(compared(busy(), comparison(stack({}), stack({}))), View())
    assert several.splitlines()[0] == "<!-- guidelint:models/ -->"
    assert "1 of 2 models fail, 1 unchanged" in several.splitlines()[1]


class Balanced(HTMLParser):
    """Whether the tags that open also close."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_comment_keeps_within_the_limit_and_says_what_is_cut() -> None:
    sides = []
    for step in (1, 2):
        net = Network()
        x = net.input(8, 8, 8)
        for number in range(600):
            with net.scope(f"{'deep.' * 20}{number}"):
                x = net.conv(x, 8 + step * number)
        sides.append(net.graph(x))
    made = comparison(*sides)
    alone = markdown.render(compared(made), View())
    assert 60_000 < len(alone) <= 65_536 and 100 < alone.count("channels;") < 599
    text = markdown.render(compared(*[made] * 30), View())
    assert len(text) <= 65_536
    assert re.search(r"\d+ lines are left out: comments have a limit\.", text)
    page = Balanced()
    page.feed(text)
    assert page.open == []


def test_rows_of_one_kind_are_one_row() -> None:
    made = comparison(stack({}, {}, {}), stack({"k": 5}, {"k": 5}, {"k": 5}))
    [row] = rows(made)
    assert (row.sign, row.where, row.what, row.words) == (
        "~", "×3: layer.0 … layer.2", "Conv 16→16 5×5", "3×3→5×5 kernel",
    )  # fmt: skip
    assert row.madds == 3 * 16 * 16 * (25 - 9) * 256
    assert len(rows(made, whole=True)) == 3


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_screen_keeps_to_its_width(width: int) -> None:
    text = full.render(compared(busy()), View(width=width))
    tables = [line for line in text.splitlines() if line.startswith(("  ~", "  +", "  params"))]
    assert tables and all(len(line) <= width for line in tables if width > 60)
    plain = full.render(compared(busy()), View(width=width, ascii=True))
    assert plain.isascii()


def test_every_format_takes_every_comparison() -> None:
    pairs = compared(busy(), comparison(None, stack({})), comparison(stack({}), stack({})))
    for form in names("comparison"):
        for verbosity in (-1, 0, 1):
            assert renderer("comparison", form)(pairs, View(verbosity=verbosity)).endswith("\n")
    assert full.render(Compared(), View()) == ""


# The chapter


def test_the_chapter_shows_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GUIDELINT_GOLDEN=1 writes what is printed into it; its last part runs in a shallow clone."""
    folder = repository(tmp_path / "repo")
    (folder / "models").mkdir()
    save(networks.mobilenet_v2(), folder / "models" / "net.onnx")
    commit(folder)
    git(folder, "checkout", "--quiet", "-b", "wider")
    table = sys.modules["costmodel.networks.mobilenet_v2"]
    monkeypatch.setattr(table, "ROWS", [*table.ROWS])
    table.ROWS[2:4] = [(6, 32, 4, 2), (6, 80, 4, 2)]
    wider = write(networks.mobilenet_v2())
    onnx.save(wider, folder / "models" / "net.onnx")
    commit(folder)
    git(tmp_path, "clone", "--quiet", "--depth", "1", "--branch", "wider", f"file://{folder}", "ci")
    onnx.save(renamed(wider), folder / "exported_again.onnx")
    monkeypatch.setenv("COLUMNS", "92")
    page = ROOT / "docs" / "diff.md"
    text = page.read_text(encoding="utf-8")
    assert len(BLOCK.findall(text)) == 4
    parts = text.partition("## In a pipeline")
    shown = ""
    for part, where in zip(parts, (folder, folder, tmp_path / "ci"), strict=True):
        monkeypatch.chdir(where)
        shown += BLOCK.sub(_done, part)
    if os.environ.get("GUIDELINT_GOLDEN"):
        page.write_text(shown, encoding="utf-8")
    assert shown == text
