"""The runner: which rules run, with which options, and how breaches become findings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from costmodel.frontends.code import Network
from costmodel.fusion import fused_memory_access_bytes
from costmodel.graph import Graph
from guidelines.finding import Level
from guidelines.rule import RULES
from guidelines.runner import Settings, SettingsError, find, selected


def bottlenecks(n: int = 3) -> Graph:
    """Blocks 64→16→64 at 56x56: each narrows and widens 4:1, 1.245 times the bound."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, 112, 112), 64, k=3, stride=2)
    for i in range(n):
        with net.scope(f"block.{i}"):
            y = net.conv_bn_relu(x, 16)
            x = net.relu(net.add(x, net.conv_bn_relu(y, 64, relu=False)))
    return net.graph(net.conv(x, 64))


def codes(**settings: Any) -> list[str]:
    return [found.code for found in find(bottlenecks(), Settings(**settings))]


# -- selection, as in ruff ---------------------------------------------------------------------

GUIDELINES = ["G101", "G201", "G301", "G401", "G402"]
ALL = [
    *(f"B00{n}" for n in range(1, 10)),
    *(f"D10{n}" for n in range(1, 6)),
    *GUIDELINES,
    *(f"S00{n}" for n in range(1, 6)),
]


@pytest.mark.parametrize(
    ("select", "ignore", "left"),
    [
        (["ALL"], [], ALL),
        ([], [], []),
        (["G4"], [], ["G401", "G402"]),
        (["G"], ["G4"], ["G101", "G201", "G301"]),
        (["G4"], ["G401"], ["G402"]),
        (["G", "G401"], ["G4"], ["G101", "G201", "G301", "G401"]),  # the longer selector wins
        (["G401"], ["G401"], []),  # of two of one length the one that ignores
        (["ALL"], ["ALL"], []),
        (["unequal-channel-width"], [], ["G101"]),
        (["G1"], ["unequal-channel-width"], []),
        (["ALL"], ["excessive-grouping"], [code for code in ALL if code != "G201"]),
    ],
)
def test_the_longest_selector_decides(
    select: list[str], ignore: list[str], left: list[str]
) -> None:
    assert [rule.code for rule in selected(select, ignore)] == left


@pytest.mark.parametrize(
    "settings", [{"select": ("G9",)}, {"ignore": ("unequal",)}, {"select": ("",)}]
)
def test_an_unknown_selector_is_an_error(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match="unknown rule"):
        codes(**settings)


def test_the_nearest_name_is_proposed() -> None:
    with pytest.raises(SettingsError, match="did you mean 'unequal-channel-width'"):
        codes(select=("unequal-chanel-width",))


# -- options and levels ------------------------------------------------------------------------


def test_options_go_to_the_rule() -> None:
    assert codes() == ["G101", "G101"]
    assert codes(options={"G101": {"max_excess": 1.3}}) == []
    assert codes(options={"unequal-channel-width": {"max_excess": 2}}) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"G101": {"max_exces": 1.3}}, "G101 has no option 'max_exces'; did you mean 'max_excess'"),
        ({"G101": {"max_excess": "1.3"}}, "G101.max_excess: expected a number, found '1.3'"),
        ({"G101": {"max_excess": True}}, "expected a number, found True"),
        (
            {"G301": {"max_fragments": 4.5}},
            "G301.max_fragments: expected a whole number, found 4.5",
        ),
        ({"G301": {"max_fragments": True}}, "expected a whole number, found True"),
        ({"G9": {"max_excess": 1.3}}, "unknown rule 'G9'"),
        ({"G1": {"max_excess": 1.3}}, "unknown rule 'G1'"),  # options belong to one rule
    ],
)
def test_wrong_options_are_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        codes(options=options)


def test_levels_replace_the_rules_own() -> None:
    assert {f.level for f in find(bottlenecks())} == {Level.WARNING}
    assert {f.level for f in find(bottlenecks(), Settings(levels={"G101": Level.ERROR}))} == {
        Level.ERROR
    }


# -- layers to leave alone ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("glob", "selectors", "places"),
    [
        ("block.1", ("G101",), [2, 2]),  # by scope
        ("block.*", ("unequal-channel-width",), []),
        ("block.*", ("G2",), [3, 3]),  # another rule's
        ("block.0/Conv_*", ("ALL",), [2, 2]),  # by name
        ("op:Conv", ("G1",), []),
        ("op:Gemm", ("G1",), [3, 3]),
    ],
)
def test_layers_are_ignored_by_glob(
    glob: str, selectors: tuple[str, ...], places: list[int]
) -> None:
    found = find(bottlenecks(), Settings(layer_ignores={glob: selectors}))
    assert [len(f.places) for f in found] == places


def test_an_unknown_rule_for_a_layer_is_an_error() -> None:
    with pytest.raises(SettingsError, match="unknown rule 'G7'"):
        codes(layer_ignores={"*": ("G7",)})


# -- findings ----------------------------------------------------------------------------------


def test_breaches_of_a_kind_are_one_finding() -> None:
    """Excess a convolution: 3136*80 + 1024 - (2*3136*32 + 1024) = 50 176 elements."""
    graph = bottlenecks()
    for found in find(graph):
        assert found.where == "×3: block.0 … block.2"
        assert len(found.nodes) == 3
        assert found.excess_bytes == 3 * 4 * 50_176
        assert found.share == found.excess_bytes / fused_memory_access_bytes(graph)
        assert found.bound == 1.2
        assert " over the " not in found.message  # all three are alike


def test_the_worst_speaks_and_the_spread_is_told() -> None:
    net = Network()
    x = net.conv(net.input(3, 56, 56), 16)
    x = net.conv(net.conv(net.conv(x, 96), 16), 64)
    widening = find(net.graph(net.conv(x, 8)))[0]
    # 16→96: (3136*112 + 1536)/(2*3136*sqrt(1536) + 1536) = 1.426; 16→64: 1.248
    assert widening.message.startswith("1×1 Conv 16→96 at 56×56 moves 1.43×")
    assert widening.message.endswith("; 1.25 to 1.43 over the 2")


def test_dearest_first_and_the_same_every_time() -> None:
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 24, k=3)
    y = net.conv_bn_relu(net.conv_bn_relu(x, 144), 144, k=3, groups=144)
    graph = net.graph(net.conv(net.add(x, net.conv(y, 24)), 8))
    found = find(graph)
    prices = [f.excess_bytes for f in found]
    assert prices == sorted(prices, reverse=True)
    assert found == find(graph)


def test_small_shares_stay_quiet() -> None:
    shares = [f.share for f in find(bottlenecks(), Settings(min_share=0))]
    assert codes(min_share=max(shares)) != []
    assert codes(min_share=max(shares) + 1e-9) == []


def test_a_network_without_traffic_has_no_findings() -> None:
    net = Network()
    assert find(net.graph(net.reshape(net.input(3, 4, 4), 1, 48))) == ()


def test_symbols_have_no_findings() -> None:
    import sympy

    c = sympy.Symbol("c", integer=True, positive=True)
    net = Network()
    x = net.conv(net.input(3, 8, 8), c)
    assert find(net.graph(net.conv(net.relu(net.conv(x, 6 * c)), c))) == ()


# -- rules are found ---------------------------------------------------------------------------

STRANGER = '''"""A network has a layer.

**Why**

It does.
"""

from guidelines.finding import Breach
from guidelines.rule import Case, rule


@rule("G901", "has-a-layer", widest={})
def check(graph):
    for node in graph.layers:
        words = {"kind": "", "message": "", "remedy": ""}
        yield Breach(nodes=(node.name,), value=1, bound=0, excess_bytes=1, **words)


def cases():
    yield from ()
'''


def test_a_file_among_the_rules_is_a_rule(tmp_path: Path) -> None:
    """A stranger's module needs no entry anywhere."""
    (tmp_path / "g901_has_a_layer.py").write_text(STRANGER)
    program = (
        "import importlib.util as u, sys\n"
        "spec = u.find_spec('guidelines.rules')\n"
        f"spec.submodule_search_locations.append({str(tmp_path)!r})\n"
        "module = sys.modules[spec.name] = u.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "from guidelines.runner import selected\n"
        "print([rule.code for rule in selected(['ALL'])])\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == str(sorted([*ALL, "G901"]))


def test_codes_and_names_are_unlike() -> None:
    assert [rule.code for rule in RULES.values()] == ALL
    assert len({rule.name for rule in RULES.values()}) == len(ALL)
