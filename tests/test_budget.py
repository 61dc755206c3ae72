"""Budgets: how amounts are written, what exceeds them, what leaves them open, what is recorded."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from reported import HOSTILE

import guidelines
from costmodel import networks
from costmodel.device import load
from costmodel.frontends.code import Network
from costmodel.frontends.onnx.write import write
from costmodel.graph import Graph
from costmodel.timing import predict
from guidelines import Settings
from guidelines.budget import BudgetError, applying, budgets, over
from guidelines.budget.amounts import BYTES, ELEMENTS, FLOPS, MADDS, SECONDS, Kind
from guidelines.budget.figures import block, figure, heaviest
from guidelines.budget.limits import Subject
from guidelines.budget.quantities import QUANTITIES
from guidelines.budget.write import Recorded, written
from guidelines.cli import guidelint
from guidelines.finding import Finding, Level
from guidelines.report.totals import Totals
from guidelines.rule import RULES

ROOT = Path(__file__).parent.parent
MOBILENET = ROOT / "examples/models/mobilenet_v2.onnx"
DEVICE = "amd-epyc-zen3"


def blocks(channels: int = 8) -> Graph:
    """Two blocks of one 1×1 convolution on 4×4, 8→8 and 8→16: 16*64 and 16*128 madds."""
    net = Network()
    x = net.input(channels, 4, 4)
    with net.scope("body.0"):
        x = net.conv(x, 8)
    with net.scope("body.1.deep"):
        x = net.conv(x, 16)
    return net.graph(x)


def holed() -> Graph:
    """The same, then an operator that nobody knows and a convolution after it."""
    net = Network()
    x = net.conv(net.input(8, 4, 4), 8)
    with net.scope("odd"):
        x = net.add_operator("NoSuchOperator", [x], [x.shape])[0]
    return net.graph(net.conv(x, 8))


def found(graph: Graph, **table: Any) -> list[Finding]:
    return list(over(graph, budgets({key.replace("_", "-"): each for key, each in table.items()})))


# -- amounts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "text", "amount"),
    [
        (MADDS, "300 MMAdd", 300_000_000),
        (MADDS, "300MMAdds", 300_000_000),
        (MADDS, "300 M", 300_000_000),
        (MADDS, "0.3 G", 300_000_000),
        (MADDS, "0.3GMACs", 300_000_000),
        (MADDS, "300.774272 M", 300_774_272),
        (MADDS, 300_774_272, 300_774_272),
        (MADDS, "300_774_272", 300_774_272),
        (MADDS, "300 MAdd", 300),
        (FLOPS, "600 MFLOPs", 600_000_000),
        (FLOPS, "0.6 G", 600_000_000),
        (ELEMENTS, "3.5 M", 3_500_000),
        (ELEMENTS, "3.5M params", 3_500_000),
        (ELEMENTS, "12k", 12_000),
        (BYTES, "14 MB", 14_000_000),
        (BYTES, "14MiB", 14 * 1024 * 1024),
        (BYTES, "512 kB", 512_000),
        (BYTES, "12 B", 12),
        (SECONDS, "8 ms", 0.008),
        (SECONDS, "800 µs", 0.0008),
        (SECONDS, "800us", 0.0008),
        (SECONDS, "1.5 s", 1.5),
    ],
)
def test_amounts_are_read_as_people_write_them(kind: Kind, text: object, amount: float) -> None:
    read = kind.read(text)
    assert read == amount
    assert isinstance(read, float if kind is SECONDS else int)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (MADDS, "600 MFLOPs"),
        (MADDS, "300 MB"),
        (MADDS, "300 m"),
        (MADDS, "-1"),
        (MADDS, "3,5 M"),
        (MADDS, ""),
        (MADDS, "M"),
        (MADDS, True),
        (MADDS, None),
        (MADDS, [1]),
        (MADDS, float("nan")),
        (MADDS, "9" * 100),
        (FLOPS, "300 MMAdd"),
        (ELEMENTS, "14 MB"),
        (BYTES, "14 M"),
        (BYTES, "14"),
        (BYTES, 14_000_000),
        (BYTES, "14 Mb"),
        (SECONDS, "8"),
        (SECONDS, 8),
        (SECONDS, "8 h"),
    ],
)
def test_amounts_of_something_else_are_refused(kind: Kind, text: object) -> None:
    with pytest.raises(ValueError, match="such as"):
        kind.read(text)


@pytest.mark.parametrize(
    ("kind", "amount", "text"),
    [
        (MADDS, 315_812_986, "315.9 MMAdd"),
        (MADDS, 300_000_000, "300 MMAdd"),
        (MADDS, 999_960, "1000 kMAdd"),
        (MADDS, 7, "7 MAdd"),
        (MADDS, 0, "0 MAdd"),
        (ELEMENTS, 3_504_872, "3.505 M"),
        (ELEMENTS, 12, "12"),
        (FLOPS, 627_396_456, "627.4 MFLOPs"),
        (BYTES, 9_633_792, "9.634 MB"),
        (SECONDS, 0.008, "8 ms"),
        (SECONDS, 0.01076, "10.76 ms"),
        (SECONDS, 1.5, "1.5 s"),
        (SECONDS, 0.0000042, "4.2 us"),
    ],
)
def test_what_is_written_can_be_read_and_is_no_less(kind: Kind, amount: float, text: str) -> None:
    assert kind.written(amount) == text
    assert kind.read(text) >= amount


# -- figures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("build", [networks.mobilenet_v2, networks.googlenet, blocks])
def test_figures_of_the_whole_network_are_the_reports(build: Any) -> None:
    graph = build()
    totals, device = Totals.of(graph), load(DEVICE)
    told = {
        key: figure(graph, Subject(quantity=quantity, device=device)).amount
        for key, quantity in QUANTITIES.items()
    }
    assert told == {
        "params": totals.params,
        "weights": totals.weight_bytes,
        "madds": totals.madds,
        "flops": totals.flops,
        "memory-access": totals.memory_access_bytes,
        "fused-memory-access": totals.fused_memory_access_bytes,
        "peak-activation": totals.peak_activation_bytes,
        "time": pytest.approx(predict(graph, device).seconds),
    }


@pytest.mark.parametrize(
    ("glob", "madds"),
    [
        ("", 16 * (64 + 128)),
        ("body.0", 16 * 64),
        ("body.1", 16 * 128),  # a module that holds it
        ("body.1.deep", 16 * 128),
        ("body", 16 * (64 + 128)),
        ("body.*", 16 * (64 + 128)),
        ("op:Conv", 16 * (64 + 128)),
        ("*Conv_2", 16 * 128),
        ("op:Gemm", 0),
    ],
)
def test_a_glob_sums_what_it_matches(glob: str, madds: int) -> None:
    subject = Subject(quantity=QUANTITIES["madds"], glob=glob)
    assert figure(blocks(), subject).amount == madds


def test_the_heaviest_blocks_are_named() -> None:
    graph = networks.mobilenet_v2()
    madds = figure(graph, Subject(quantity=QUANTITIES["madds"]))
    # 16*96 at 112², 3*3*96 at 56², 96*24 at 56²
    assert heaviest(graph, madds)[0] == ("features.2", 112**2 * 16 * 96 + 56**2 * (864 + 2304))
    inside = figure(graph, Subject(quantity=QUANTITIES["madds"], glob="features.2"))
    assert len({name for name, _ in heaviest(graph, inside)}) == 3  # of one block its nodes
    assert block(next(node for node in graph.layers if node.scope == "features.2")) == "features.2"


# -- findings ----------------------------------------------------------------------------------


def test_what_is_over_says_how_far_and_what_weighs_most() -> None:
    (one,) = found(blocks(), madds="3 k", params="1 M")
    assert (one.code, one.name, one.level) == ("B003", "madds-over-budget", Level.ERROR)
    assert (one.value, one.bound) == (3072, 3000)
    assert (one.nodes, one.places, one.excess_bytes) == ((), (), 0)
    assert one.message == "3.07 k multiply-adds, 72 (2.4%) over the budget of 3 k"
    assert one.remedy == "heaviest: body.1 2.05 k (66.7%), body.0 1.02 k (33.3%)"
    assert found(blocks(), madds=3072) == []
    assert [each.value for each in found(blocks(), madds=3071)] == [3072]


def test_every_quantity_has_its_code() -> None:
    tables: dict[str, Any] = {
        key: {DEVICE: "0.001 us"} if quantity.on_device else "0 B" if quantity.kind is BYTES else 0
        for key, quantity in QUANTITIES.items()
    }
    codes = [each.code for each in over(blocks(), budgets(tables))]
    assert codes == [quantity.code for quantity in QUANTITIES.values()]
    assert codes == [f"B00{n}" for n in range(1, 9)]
    assert all(RULES[code].level is Level.ERROR for code in codes)


def test_a_time_names_its_device_and_how_sure_it_is() -> None:
    (one,) = over(blocks(), budgets({"time": {DEVICE: "1 us"}}))
    assert one.places == (f"on {DEVICE}",)
    assert f"predicted on {DEVICE}, " in one.message
    assert "over the budget of 1 us; 9 in 10 lie between" in one.message


def test_findings_of_different_budgets_are_told_apart() -> None:
    table = {"madds": 1, "body.0": {"madds": 1, "params": 1}, "body.*": {"madds": 1}}
    prints = [each.fingerprint for each in over(blocks(), budgets(table))]
    assert len(set(prints)) == len(prints) == 4


def test_what_cannot_be_counted_leaves_a_budget_open() -> None:
    (one,) = found(holed(), madds="1 M", memory_access="1 MB", params="1 M", weights="1 MB")
    assert (one.code, one.level) == ("B009", Level.WARNING)
    assert one.message == (
        "cannot be held to its budget of madds, memory access: "
        "the cost of 1 node is unknown (NoSuchOperator)"
    )
    assert [holed().node(name).op_type for name in one.nodes] == ["NoSuchOperator"]


def test_a_lower_bound_that_is_over_is_over() -> None:
    (one,) = found(holed(), madds=2047)  # 2*16*64
    assert one.code == "B003"
    assert one.message.startswith("at least 2.05 k multiply-adds, 1 (")


def test_a_part_without_the_unknown_node_is_not_open() -> None:
    table = {"op:Conv": {"madds": "1 M"}, "odd": {"madds": "1 M"}}
    assert [each.places for each in over(holed(), budgets(table))] == [("odd",)]


def test_the_peak_is_open_only_if_a_map_has_no_size() -> None:
    assert found(holed(), peak_activation="1 MB") == []
    unknown = holed()
    name = next(node.outputs[0] for node in unknown.layers if node.scope == "odd")
    unknown.graph["tensors"] = {
        key: replace(tensor, shape=None) if key == name else tensor
        for key, tensor in unknown.tensors.items()
    }
    assert [each.code for each in found(unknown, peak_activation="1 MB")] == ["B009"]


def test_layers_that_are_not_there_leave_a_budget_open() -> None:
    (one,) = over(blocks(), budgets({"bdy.0": {"madds": "1 M"}}))
    assert (one.code, one.places) == ("B009", ("bdy.0",))
    assert "no layer is called 'bdy.0'; did you mean 'body.0'?" in one.message


def test_budgets_are_rules_like_others() -> None:
    told = budgets({"madds": 1, "params": 1})

    def codes(**settings: Any) -> list[tuple[str, str]]:
        report = guidelines.lint(blocks(), Settings(budgets=told, **settings))
        return [(each.code, str(each.level)) for each in report.findings if each.code[0] == "B"]

    assert codes() == [("B003", "error"), ("B001", "error")]
    assert codes(select=("B001",)) == [("B001", "error")]
    assert codes(select=("params-over-budget",)) == [("B001", "error")]
    assert codes(ignore=("B",)) == []
    assert codes(levels={"B003": Level.NOTE})[0] == ("B003", "note")


# -- tables ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"mads": 1}, "budget.mads: unknown quantity; did you mean 'madds'?"),
        ({"madds": "1 MB"}, 'budget.madds: expected multiply-adds such as "300 MMAdd", found "1'),
        ({"madds": "1 MFLOPs"}, "for FLOPs the key is flops"),
        ({"flops": "1 MMAdd"}, "for multiply-adds the key is madds"),
        ({"params": "1 MB"}, "for bytes the key is weights"),
        ({"madds": True}, "found true"),
        ({"a": {"madds": "1 MB"}}, "budget.a.madds: expected"),
        ({"a": {"b": {"madds": 1}}}, "budget.a.b: unknown quantity"),
        ({"a": {"weights": "1 MB"}}, "expected for the whole network only"),
        ({"time": "8 ms"}, "expected a time on a device such as"),
        ({"time": {"amd-epic-zen3": "8 ms"}}, "unknown device; did you mean 'amd-epyc-zen3'?"),
        ({"time": {"nowhere.toml": "8 ms"}}, "expected a device"),
        ({"time": {DEVICE: 8}}, 'expected a time such as "8 ms", found 8'),
        ({"a": {"file:b": {"madds": 1}}}, "budget.a.file:b: unknown quantity"),
    ],
)
def test_tables_that_mean_nothing_are_refused(table: dict[str, Any], says: str) -> None:
    with pytest.raises(BudgetError) as caught:
        budgets(table)
    assert says in str(caught.value)


def test_keys_are_written_with_either_stroke() -> None:
    assert [b.subject.quantity.key for b in budgets({"memory_access": "1 MB"})] == ["memory-access"]


def test_a_budget_for_a_file_stands_in_place_of_the_one_for_all() -> None:
    told = budgets(
        {
            "file:small*": {"madds": 1, "a": {"madds": 2}},
            "madds": 3,
            "params": 4,
            "file:small/x*": {"madds": 5},
        }
    )

    def limits(*globs: str) -> dict[tuple[str, str], float]:
        left = applying(told, lambda glob: glob in globs)
        return {(each.subject.quantity.key, each.subject.glob): each.limit for each in left}

    assert limits() == {("madds", ""): 3, ("params", ""): 4}
    assert limits("small*") == {("madds", ""): 1, ("params", ""): 4, ("madds", "a"): 2}
    assert limits("small*", "small/x*")["madds", ""] == 5  # the later of two


# -- recording ---------------------------------------------------------------------------------


def test_comments_and_order_survive() -> None:
    text = (
        "# top\nselect = ['ALL']  # mine\n\n[budget]  # limits\nmadds = '1 M'  # the paper's\n"
        "memory_access = '1 MB'\n\n[dims]\nN = 1\n"
    )
    told = [Recorded(("madds",), "2 M"), Recorded(("memory-access",), "2 MB")]
    assert written(text, (), told) == text.replace("'1 M'", '"2 M"').replace("'1 MB'", '"2 MB"')


def test_new_tables_are_found_again() -> None:
    told = [
        Recorded(("madds",), "2 M"),
        Recorded(("time", DEVICE), "8 ms"),
        Recorded(("features.*", "params"), "1 M"),
        Recorded(("file:a b.onnx", "params"), "1 M"),
    ]
    text = written("[project]\nname = 'a'\n", ("tool", "guidelint"), told)
    assert text.startswith("[project]\nname = 'a'\n")
    import tomllib

    assert tomllib.loads(text)["tool"]["guidelint"]["budget"] == {
        "madds": "2 M",
        "time": {DEVICE: "8 ms"},
        "features.*": {"params": "1 M"},
        "file:a b.onnx": {"params": "1 M"},
    }


# -- the command -------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two models."""
    (tmp_path / ".git").mkdir()
    shutil.copy(MOBILENET, tmp_path / "mobile.onnx")
    (tmp_path / "small.onnx").write_bytes(write(blocks()).SerializeToString())
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(guidelint, list(arguments))


def test_a_broken_budget_fails_the_check(here: Path) -> None:
    (here / "guidelint.toml").write_text("[budget]\nmadds = '300 M'\n")
    result = run("mobile.onnx", "--fail-on", "error", "-o", "concise")
    assert result.exit_code == 1
    assert result.stdout.startswith(
        "mobile.onnx:network: B003 error: 300.8 M multiply-adds, 774.3 k (0.3%) over the budget of "
        "300 M [madds-over-budget]\n"
    )
    (here / "guidelint.toml").write_text("[budget]\nmadds = '301 M'\n")
    assert run("mobile.onnx", "--fail-on", "error", "-o", "concise").exit_code == 0


def test_a_file_that_selects_without_its_budgets_is_an_error(here: Path) -> None:
    (here / "guidelint.toml").write_text("select = ['G1']\n[budget]\nmadds = '300 M'\n")
    result = run("mobile.onnx")
    assert result.exit_code == 2
    assert result.stderr == (
        "guidelint: guidelint.toml:2: budget: expected B003 to be selected, found that select "
        'leaves it out; add extend-select = ["B"], or ignore = ["B"] to put budgets aside\n'
    )
    for line in ('extend-select = ["B"]', 'ignore = ["B"]'):
        (here / "guidelint.toml").write_text(f"select = ['G1']\n{line}\n[budget]\nmadds = 300\n")
        assert run("mobile.onnx", "--exit-zero").exit_code == 0


def test_figures_stand_beside_budgets(here: Path) -> None:
    (here / "guidelint.toml").write_text(
        "[budget]\nmadds = '300 M'\nparams = '4 M'\n[budget.'no.such']\nmadds = 1\n"
    )
    result = run("budget", "mobile.onnx")
    assert result.exit_code == 1
    rows = {tuple(line.split()[:2]): line for line in result.stdout.splitlines()[2:]}
    assert "300.8 M   300 M  100.3%  over by 774.3 k" in rows["madds", "the"]
    assert rows["params", "the"].split()[-3:] == ["4", "M", "87.6%"]
    assert rows["madds", "no.such"].endswith("open: no such layer")
    assert run("budget", "small.onnx", "--isolated").exit_code == 0
    (here / "guidelint.toml").write_text("[budget]\nparams = '4 M'\n")
    assert run("budget", "mobile.onnx").exit_code == 0


def test_figures_as_json(here: Path) -> None:
    (here / "guidelint.toml").write_text("[budget]\nmadds = '300 M'\n")
    told = json.loads(run("budget", "mobile.onnx", "-o", "json", "--device", DEVICE).stdout)
    (model,) = told["models"]
    by_key = {each["quantity"]: each for each in model["figures"]}
    assert list(by_key) == list(QUANTITIES)
    assert by_key["madds"] == {
        "quantity": "madds", "layer": "", "device": None, "amount": 300_774_272, "unknown": 0,
        "limit": 300_000_000, "budget": "300 M", "state": "over",
    }  # fmt: skip
    assert (by_key["params"]["limit"], by_key["params"]["state"]) == (None, "none")
    assert by_key["time"]["device"] == DEVICE


def test_one_model_is_recorded_for_all(here: Path) -> None:
    result = run("budget", "small.onnx", "--write", "--device", DEVICE)
    assert result.exit_code == 0
    text = (here / "guidelint.toml").read_text()
    assert text.startswith('[budget]\nparams = "202"\nmadds = "3.226 kMAdd"\n')  # 192, 3072; +5 %
    assert f"time = {{{DEVICE} = " in text
    assert run("small.onnx", "--select", "B").exit_code == 0


def test_several_models_are_recorded_each(here: Path) -> None:
    assert run("budget", ".", "--write", "--headroom", "0%").exit_code == 0
    text = (here / "guidelint.toml").read_text()
    assert '[budget."file:mobile.onnx"]' in text and '[budget."file:small.onnx"]' in text
    assert run(".", "--select", "B").exit_code == 0


def test_what_stands_there_is_updated_in_its_place(here: Path) -> None:
    before = (
        "[tool.guidelint.budget]\nmadds = 1  # one\n\n"
        "[tool.guidelint.budget.'file:small*'.'body.0']\nparams = 1\n"
    )
    (here / "pyproject.toml").write_text(before)
    assert run("budget", ".", "--write", "--headroom", "0%").exit_code == 0
    assert (here / "pyproject.toml").read_text() == before.replace(
        "madds = 1 ", 'madds = "300.8 MMAdd" '
    ).replace("params = 1\n", 'params = "64"\n')  # the larger of the two networks; 8*8


def test_nothing_is_written_that_could_not_be_followed(here: Path) -> None:
    (here / "guidelint.toml").write_text("select = ['G1']\n")
    result = run("budget", "small.onnx", "--write")
    assert result.exit_code == 2
    assert "expected B001 to be selected" in result.stderr
    assert (here / "guidelint.toml").read_text() == "select = ['G1']\n"
    (here / "guidelint.toml").write_text("")
    (here / "bad.onnx").write_bytes(b"no model")
    result = run("budget", ".", "--write")
    assert result.exit_code == 2
    assert "nothing was written" in result.stderr
    assert (here / "guidelint.toml").read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--headroom", "5"], "--headroom: expected a share such as 5%, found '5'"),
        (["--headroom", "-5%"], "--headroom"),
        (["--headroom", "5%"], "--headroom: expected with --write only"),
    ],
)
def test_wrong_options_are_told(here: Path, arguments: list[str], says: str) -> None:
    result = run("budget", "small.onnx", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_strict_wants_every_cost_to_be_known(here: Path) -> None:
    (here / "odd.onnx").write_bytes(write(holed()).SerializeToString())
    assert run("budget", "odd.onnx").exit_code == 0
    assert run("budget", "odd.onnx", "--strict").exit_code == 1
    (here / "guidelint.toml").write_text("[budget]\nmadds = '1 M'\n")
    assert "open: 2 nodes unknown" in run("budget", "odd.onnx").stdout


def test_names_can_do_no_harm(here: Path) -> None:
    net = Network()
    with net.scope(HOSTILE):
        x = net.conv(net.input(8, 4, 4), 8)
    made = net.conv(x, 8)
    graph = net.graph(made)
    (one,) = over(graph, budgets({"madds": 1}))
    shown = str(guidelines.lint(graph, Settings(budgets=budgets({"madds": 1}))))
    assert HOSTILE in one.remedy
    assert "\x1b" not in shown and "\n::error" not in shown


def test_proving_and_rules_know_no_budget(here: Path) -> None:
    from guidelines.config import Config, settings

    told = settings(Config(budgets=budgets({"madds": 1})))
    assert told.budgets == () and told.audit
