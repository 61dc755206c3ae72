"""What we count against what fvcore and torch count, layer by layer and network by network."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from torch import nn
from torch_cases import CONVOLUTIONS, Case, Grid, case, grid, mobilenet_v2, resnet_50, shufflenet_v2

from costmodel import networks
from costmodel.cost import Cost
from costmodel.frontends.torch import export
from costmodel.graph import Graph
from costmodel.operators import Conv, Gemm, MatMul
from guidelines.witness import verify
from guidelines.witness.conventions import CONVENTIONS, WITNESSES, Call, activations, convention
from guidelines.witness.counters import Fvcore, by_fvcore, calls

EQUAL = ("conv", "linear", "addmm", "mm", "bmm")
"""Operators that fvcore counts as we do, whatever their shapes."""


OPERATIONS = {
    "batch_norm": 2, "batch_norm_plain": 2, "layer_norm": 7, "layer_norm_plain": 7,
    "group_norm": 9, "instance_norm": 7, "bilinear_up": 8, "grid_sample": 8,
}  # fmt: skip
"""Operations an element that the table says we count."""


def counted(cases: Sequence[Case]) -> tuple[Graph, list[Call], Fvcore]:
    """The layers side by side, by us and torch, and by fvcore."""
    network = Grid(list(cases))
    exported = export(network, network.inputs)
    graph = exported.graph()
    return graph, list(calls(exported, graph)), by_fvcore(network, network.inputs)


def disagreements(
    cases: Sequence[Case], graph: Graph, made: Sequence[Call], seen: Fvcore
) -> list[str]:
    """Where a counter's number is not the one that the conventions predict, layer by layer."""
    found = []
    for each in cases:
        mine = [call for call in made if inside(call.scope, each.name)]
        flops = total(own for path, own in seen.flops.items() if inside(path, each.name))
        written = total(own for path, own in seen.activations.items() if inside(path, each.name))
        said = {"fvcore": flops, "torch": by_operator(mine, lambda call: call.torch)}
        for witness in WITNESSES:
            expected = by_operator(mine, lambda c, w=witness: convention(w, c)[1])
            if expected != said[witness]:
                found.append(f"{each.name}: {witness} {said[witness]}, expected {expected}")
        if sum(map(activations, mine)) != written.total():
            found.append(
                f"{each.name}: {written} activations, expected {sum(map(activations, mine))}"
            )
        for name in EQUAL:
            ours = sum(call.executed for call in mine if call.operator == name)
            if ours != flops[name]:
                found.append(f"{each.name}: {name} {ours}, by fvcore {flops[name]}")
        params = sum(node.cost.params for node in graph.layers if inside(node.scope, each.name))
        idle = sum(p.numel() for p in getattr(each.module, "idle", nn.Module()).parameters())
        if params + idle != sum(p.numel() for p in each.module.parameters()):
            found.append(f"{each.name}: {params} parameters")
    if any(call.operator == "?" for call in made):
        found.append("a node without a call")
    return found


def inside(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")


def total(counts: Iterable[Counter[str]]) -> Counter[str]:
    return sum(counts, Counter())


def by_operator(made: Iterable[Call], number: Any) -> Counter[str]:
    counts: Counter[str] = Counter()
    for call in made:
        counts[call.operator] += number(call)
    return +counts


# -- a layer of every kind ------------------------------------------------------------------------


def test_a_layer_of_every_kind_counts_as_fvcore_and_torch_count_it() -> None:
    cases = grid()
    graph, made, seen = counted(cases)
    assert disagreements(cases, graph, made, seen) == []
    used = {id(convention(witness, call)[0]) for call in made for witness in WITNESSES}
    assert [each for each in CONVENTIONS if id(each) not in used] == []
    for name, operations in OPERATIONS.items():
        [call] = [call for call in made if call.scope == name and call.ops]
        assert call.ops == operations * math.prod(call.result), name


# -- layers at random -----------------------------------------------------------------------------


@st.composite
def convolution(draw: st.DrawFn) -> tuple[nn.Module, tuple[int, ...]]:
    transposed, axes = draw(st.sampled_from(sorted(CONVOLUTIONS)))
    groups = draw(st.integers(1, 3))
    c_in, c_out = (groups * draw(st.integers(1, 3)) for _ in range(2))
    kernel, stride, padding, dilation = (
        [draw(st.integers(low, high)) for _ in range(axes)]
        for low, high in ((1, 3), (1, 3), (0, 1), (1, 2))
    )
    layer = CONVOLUTIONS[transposed, axes](
        c_in, c_out, kernel, stride, padding, groups=groups, dilation=dilation,
        bias=draw(st.booleans()),
    )  # fmt: skip
    extent = [draw(st.integers(5, 8)) for _ in range(axes)]
    return layer, (draw(st.integers(1, 2)), c_in, *extent)


@st.composite
def product(draw: st.DrawFn) -> tuple[Any, ...]:
    a, b, c, d = (draw(st.integers(1, 9)) for _ in range(4))
    return draw(
        st.sampled_from([
            (nn.Linear(a, b, bias=draw(st.booleans())), (c, a)),
            (nn.Linear(a, b, bias=draw(st.booleans())), (c, d, a)),
            (torch.bmm, (a, b, c), (a, c, d)),
            (torch.matmul, (a, 1, b, c), (d, c, a)),
            (torch.matmul, (b, c), (d, c, a)),
            (torch.addmm, (a, b), (a, c), (c, b)),
            (lambda x, y: torch.einsum("ab,cb->ac", x, y), (a, b), (c, b)),
        ])
    )  # fmt: skip


@st.composite
def normalisation(draw: st.DrawFn) -> tuple[nn.Module, tuple[int, ...]]:
    groups, each, h = (draw(st.integers(1, 3)) for _ in range(3))
    c, plain = groups * each, {"affine": draw(st.booleans())}
    layer = draw(
        st.sampled_from([
            nn.BatchNorm2d(c, **plain), nn.GroupNorm(groups, c, **plain),
            nn.InstanceNorm2d(c, **plain),
            nn.LayerNorm(h + 1, elementwise_affine=plain["affine"]),
        ])
    )  # fmt: skip
    return layer, (2, c, h + 1, h + 1)


@st.composite
def recurrent(draw: st.DrawFn) -> tuple[Any, ...]:
    features, hidden, layers = (draw(st.integers(1, 5)) for _ in range(3))
    cell = draw(st.sampled_from([nn.LSTM, nn.GRU]))(
        features,
        hidden,
        min(layers, 2),
        bias=draw(st.booleans()),
        bidirectional=draw(st.booleans()),
    )
    return cell, (draw(st.integers(1, 4)), 2, features)


LAYERS = st.one_of(convolution(), convolution(), product(), normalisation(), recurrent())


@settings(
    max_examples=2, derandomize=True, database=None, deadline=None,
    phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(layers=st.lists(LAYERS, min_size=24, max_size=24))
def test_layers_at_random_count_as_fvcore_and_torch_count_them(layers: list[Any]) -> None:
    cases = [case(f"layer_{i}", *layer) for i, layer in enumerate(layers)]
    assert disagreements(cases, *counted(cases)) == []


# -- networks -------------------------------------------------------------------------------------


def test_networks_of_the_literature_count_as_fvcore_torch_and_our_own_builders_do() -> None:
    image = (1, 3, 224, 224)
    cases = [case(f.__name__, f(), image) for f in (resnet_50, mobilenet_v2, shufflenet_v2)]
    graph, made, seen = counted(cases)
    for each in cases:
        mine = [call for call in made if inside(call.scope, each.name)]
        flops = total(own for path, own in seen.flops.items() if inside(path, each.name))
        ours = sum(
            (node.cost for node in graph.layers if inside(node.scope, each.name)), start=Cost()
        )
        built = getattr(networks, each.name)().cost
        assert ours.madds == built.madds == flops["conv"] + flops["linear"]
        assert ours.madds == sum(call.torch for call in mine)
        assert (ours.params, ours.buffers) == (built.params, built.buffers)
        assert (ours.reads, ours.writes) == (built.reads, built.writes)
    published = {"resnet_50": 25_557_032, "mobilenet_v2": 3_504_872}
    for name, params in published.items():
        module = next(each.module for each in cases if each.name == name)
        assert sum(p.numel() for p in module.parameters()) == params


# -- what it is worth -----------------------------------------------------------------------------


class Small(nn.Module):
    """One of each that counts most."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(4, 6, 3, groups=2)
        self.up = nn.ConvTranspose2d(6, 2, 2)
        self.classifier = nn.Linear(2, 10)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.up(self.features(x))
        return self.classifier(x.mean((2, 3))), x @ x.transpose(2, 3)


@pytest.mark.parametrize(
    ("formula", "operator", "place"),
    [(Conv, "conv", "features"), (Gemm, "linear", "classifier"), (MatMul, "matmul", "itself")],
)
def test_a_wrong_formula_is_found_and_located(
    formula: type, operator: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = formula.cost.fget
    wrong = property(lambda self: right(self) + Cost(madds=1))
    monkeypatch.setattr(formula, "cost", wrong)
    verdict = verify(Small(), (1, 4, 8, 8))
    assert not verdict.explained
    [row] = [row for row in verdict.madds if not row.explained]
    assert row.name == operator
    assert "unexplained: fvcore counts" in row.why[0]
    assert place in row.why[0]
