"""Baselines: what they hold back, what they let through, and their bytes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from reported import HOSTILE

from costmodel.frontends.code import Network
from costmodel.graph import Graph
from guidelines.baseline.entry import Entry, entries
from guidelines.baseline.file import Baseline, called, read
from guidelines.baseline.stage import Known, compare, stale
from guidelines.cli import guidelint
from guidelines.config.place import ConfigError
from guidelines.finding import Finding
from guidelines.runner import Settings, find

ROOT = Path(__file__).parent.parent
RAN = {"G101", "G402"}


def network(widths: tuple[int, ...] = (96, 96), prefix: str = "block") -> Graph:
    """Blocks that narrow 64 channels to each width: 64→96 is balanced, 64→6 is not."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
    for at, width in enumerate(widths):
        with net.scope(f"{prefix}.{at}"):
            x = net.conv(net.conv(x, width), 64)
    return net.graph(net.conv(x, 64))


def findings(graph: Graph) -> tuple[Finding, ...]:
    return find(graph, Settings(select=("G101",), min_share=0))


def known(graph: Graph, tolerance: float = 0.01) -> Known:
    return Known(entries=entries(graph, findings(graph), "m"), model="m", tolerance=tolerance)


def left(graph: Graph, before: Known) -> list[tuple[str, ...]]:
    """Places that are reported."""
    return [each.places for each in compare(graph, findings(graph), before, RAN).left]


# -- what is held back -------------------------------------------------------------------------


def test_what_is_known_is_held_back() -> None:
    graph = network((8, 6))
    assert [each.places for each in findings(graph)] == [("block.0", "block.1")] * 2
    told = compare(graph, findings(graph), known(graph), RAN)
    assert (told.left, told.stale) == ((), ())
    assert told.known == findings(graph)


def test_only_what_is_new_is_reported() -> None:
    before, after = network((8, 96)), network((8, 6))
    assert left(after, known(before)) == [("block.1",), ("block.1",)]
    (new, _) = compare(after, findings(after), known(before), RAN).left
    whole = findings(after)[0]
    assert new.nodes == whole.breaches[1].nodes
    assert new.excess_bytes == whole.breaches[1].excess_bytes
    assert new.share == pytest.approx(whole.share * new.excess_bytes / whole.excess_bytes)
    assert " over the " not in new.message  # it speaks for itself alone


def test_what_got_worse_is_reported_with_how_much() -> None:
    before, after = network((8,)), network((6,))
    told = compare(after, findings(after), known(before), RAN)
    was, now = findings(before)[0].value, findings(after)[0].value
    assert now > was * 1.01
    assert told.left[0].message.endswith(f"; {now / was - 1:.1%} more than in the baseline")
    assert told.stale == ()  # the entries have been answered


def test_what_got_better_is_held_back() -> None:
    assert left(network((8,)), known(network((6,)))) == []


@pytest.mark.parametrize(
    ("factor", "tolerance", "reported"),
    [(1.009, 0.01, False), (1.011, 0.01, True), (1.0, 0.0, False), (1.2, 0.25, False)],
)
def test_a_value_may_grow_by_the_tolerance(factor: float, tolerance: float, reported: bool) -> None:
    graph = network((8,))
    before = known(graph, tolerance)
    told = tuple(replace(each, value=each.value / factor) for each in before.entries)
    assert bool(left(graph, replace(before, entries=told))) is reported


def test_of_several_places_of_a_name_the_new_one_is_reported() -> None:
    """One layer more in the same module, worse than both that are known."""

    def one(widths: tuple[int, ...]) -> Graph:
        net = Network()
        x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
        with net.scope("all"):
            for width in widths:
                x = net.conv(net.conv(x, width), 64)
        return net.graph(net.conv(x, 64))

    before, after = one((12, 8)), one((12, 6, 8))
    told = compare(after, findings(after), known(before), RAN)
    shown = [breach.message for each in told.left for breach in each.parts]
    assert len(shown) == 2 and all("64→6 " in text or "6→64 " in text for text in shown)
    assert compare(one((8,)), findings(one((8,))), known(before), RAN).left == ()


def test_the_worst_place_takes_the_worst_entry() -> None:
    """Two places of 1.59, of which the baseline has one of 9 and one of 1.2 by that name."""
    graph = network((8,))
    told = (
        Entry(model="m", rule="G101", layer="block.0", what=what, value=value)
        for what, value in (("a", 1.2), ("b", 9.0))
    )
    assert left(graph, Known(entries=tuple(told), model="m")) == [("block.0",)]


def test_new_names_report_nothing() -> None:
    before, after = network((8, 6), "features"), network((8, 6), "backbone")
    told = compare(after, findings(after), known(before), RAN)
    assert (told.left, told.stale) == ((), ())


def test_a_name_counts_more_than_the_dimensions() -> None:
    """Block 0 is fixed, block 1 gets what block 0 had: worse there, not the other's entry."""
    before, after = network((6, 8)), network((96, 6))
    told = compare(after, findings(after), known(before), RAN)
    assert {each.places for each in told.left} == {("block.1",)}
    assert all("more than in the baseline" in each.message for each in told.left)
    assert {each.layer for each in told.stale} == {"block.0"}


def test_what_is_gone_is_stale_if_its_rule_was_run() -> None:
    before = known(network((8, 96)))
    told = compare(network((96,)), findings(network((96,))), before, RAN)
    assert told.stale == before.entries
    assert compare(network((96,)), (), before, {"G402"}).stale == ()
    (note,) = stale(told.stale)
    assert (note.code, note.level, len(note.places)) == ("S005", "note", 2)
    assert stale(()) == ()


def test_a_finding_that_was_not_merged_is_one_place() -> None:
    graph = network((8,))
    bare = tuple(replace(each, breaches=()) for each in findings(graph))
    before = Known(entries=entries(graph, bare, "m"), model="m")
    assert compare(graph, bare, before, RAN).left == ()


# -- the file ----------------------------------------------------------------------------------


def test_the_bytes_are_the_same_whatever_the_order() -> None:
    graph = network((8, 6))
    told = entries(graph, findings(graph), "m")
    one = Baseline().renewed("m", told, {"madds": 1}, RAN).renewed("a", (), {"madds": 2}, RAN)
    other = (
        Baseline().renewed("a", (), {"madds": 2}, RAN).renewed("m", told[::-1], {"madds": 1}, RAN)
    )
    assert one.text() == other.text()
    lines = one.text().splitlines()
    assert lines[0] == "{" and lines[1] == '"schema_version": 1,'
    held = [json.loads(line.rstrip(",")) for line in lines if line.startswith('{"model"')]
    assert held == sorted(held, key=lambda e: (e["model"], e["rule"], e["layer"], e["what"]))
    assert len(held) == len(told) == 4


def test_a_file_reads_back(tmp_path: Path) -> None:
    graph = network((8,))
    told = entries(graph, findings(graph), f"{HOSTILE}\udcff")
    hostile = tuple(replace(each, layer=HOSTILE) for each in told)
    baseline = Baseline().renewed(HOSTILE, hostile, {"madds": 1}, RAN)
    file = tmp_path / "b.json"
    file.write_text(baseline.text())
    assert file.read_text().isascii() and "\x1b" not in file.read_text()
    assert read(file) == baseline
    assert json.loads(file.read_text())["totals"] == {HOSTILE: {"madds": 1}}


def test_what_was_not_looked_at_stays() -> None:
    def entry(model: str, rule: str) -> Entry:
        return Entry(model=model, rule=rule, layer="a", what="", value=2.0)

    before = Baseline(tuple(sorted(entry(m, r) for m in "ab" for r in ("D101", "G101"))))
    after = before.renewed("a", [entry("a", "G402")], {}, {"G101", "G402"})
    assert [(e.model, e.rule) for e in after.entries] == [
        ("a", "D101"), ("a", "G402"), ("b", "D101"), ("b", "G101"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected a baseline as JSON, found none"),
        ("[1]", "expected a baseline of schema_version 1, found null"),
        ('{"schema_version": 2}', "expected a baseline of schema_version 1, found 2"),
        ('{"schema_version": 1}', "expected findings with model, rule, layer, what, value"),
        ('{"schema_version": 1, "totals": {}, "findings": [{"model": 1}]}', "'model'"),
        ('{"schema_version": 1, "totals": [], "findings": []}', "expected findings"),
        ("[" * 100_000, "expected a baseline as JSON, found none"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / "b.json")
    assert says in str(caught.value) and "\n" not in str(caught.value)


def test_models_are_called_by_their_way_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "store").mkdir()
    (tmp_path / "store/0fa3").write_bytes(b"")
    (tmp_path / "models/m.onnx").symlink_to(tmp_path / "store/0fa3")
    file = tmp_path / "b.json"
    assert called(str(tmp_path / "models/m.onnx"), file) == "models/m.onnx"
    assert called(str(tmp_path / "models/../models/m.onnx"), file) == "models/m.onnx"
    assert called(str(tmp_path / "m.onnx"), tmp_path / "models/b.json") == "../m.onnx"
    assert called("-", file) == "-"
    assert called("package.module:factory", file) == "package.module:factory"


# -- the command line --------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two models, one of which has findings."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "models").mkdir()
    for name in ("mobilenet_v2", "shufflenet_v2"):
        shutil.copy(ROOT / f"examples/models/{name}.onnx", tmp_path / "models")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(guidelint, list(arguments))


FILE = "guidelint-baseline.json"


def test_writing_once_makes_the_check_pass(here: Path) -> None:
    assert run("models", "-o", "concise").exit_code == 1
    result = run("models", "--write-baseline")
    assert result.exit_code == 0
    assert result.stderr == f"guidelint: {FILE} holds 39 findings now\n"
    assert result.stdout.endswith("2 models; no findings\n3 findings in the baseline\n")
    before = (here / FILE).read_bytes()
    result = run("models")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("2 models; no findings\n3 findings in the baseline\n")
    assert run("models", "--write-baseline", "-q").stderr == ""
    assert (here / FILE).read_bytes() == before
    assert run("models", "--no-baseline").exit_code == 1
    document = json.loads(run("models", "-o", "json").stdout)
    assert [model["counts"]["in_baseline"] for model in document["models"]] == [3, 0]
    assert document["models"][0]["findings"] == []


def test_the_bytes_do_not_depend_on_the_hash_seed(here: Path) -> None:
    def written(seed: str) -> bytes:
        (here / FILE).unlink(missing_ok=True)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": seed}
        command = [sys.executable, "-m", "guidelines", "models", "--write-baseline", "-q"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return (here / FILE).read_bytes()

    assert written("1") == written("2")


def test_a_word_after_the_option_is_a_model(here: Path) -> None:
    """``--write-baseline m.onnx`` must not write over the model."""
    model = here / "models/mobilenet_v2.onnx"
    before = model.read_bytes()
    assert run("--write-baseline", "models/mobilenet_v2.onnx").exit_code == 0
    assert model.read_bytes() == before and (here / FILE).exists()
    assert run("--write-baseline=known.json", "models").exit_code == 0
    assert (here / "known.json").read_bytes() != b""
    result = run("--write-baseline=models/mobilenet_v2.onnx", "models")
    assert result.exit_code == 2 and "expected a baseline as JSON" in result.stderr
    assert model.read_bytes() == before


def test_a_baseline_that_was_asked_for_must_be_there(here: Path) -> None:
    result = run("models", "--baseline", "none.json")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "guidelint: none.json: expected a baseline, found: No such file"
    )
    (here / "guidelint.toml").write_text("baseline = 'none.json'\n")
    assert run("models").exit_code == 2
    assert run("models", "--write-baseline").exit_code == 0
    assert run("models").exit_code == 0
    result = run("models", "--no-baseline", "--baseline", "none.json")
    assert result.exit_code == 2 and "--no-baseline: expected without" in result.stderr


def test_the_file_stands_beside_the_configuration(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "guidelint.toml").write_text("baseline-tolerance = 0.5\n")
    monkeypatch.chdir(here / "models")
    assert run("mobilenet_v2.onnx", "--write-baseline").stderr.startswith(f"guidelint: ../{FILE} ")
    assert (
        json.loads((here / FILE).read_text())["findings"][0]["model"] == "models/mobilenet_v2.onnx"
    )
    monkeypatch.chdir(here)
    assert run("models").exit_code == 0
    text = (here / FILE).read_text().replace('"value": 6', '"value": 4.1')
    (here / FILE).write_text(text)
    assert run("models").exit_code == 0  # by half, at most
    (here / "guidelint.toml").write_text("")
    assert run("models").exit_code == 1


def test_stale_entries_are_a_note_and_can_be_pruned(here: Path) -> None:
    assert run("models", "--write-baseline").exit_code == 0
    text = (here / FILE).read_text()
    (here / FILE).write_text(
        text.replace('"layer": "features.9", "what": "Conv(', '"layer": "x", "what": "Y(')
    )
    gone = '{"model": "gone.onnx", "rule": "G101", "layer": "a", "what": "", "value": 2},\n'
    (here / FILE).write_text((here / FILE).read_text().replace('{"model"', gone + '{"model"', 1))
    result = run("models", "-o", "concise")
    assert (
        "G101 x: S005 note: 3 entries of the baseline stand for what is no longer found"
        in result.stdout
    )
    assert result.exit_code == 1  # what stood there is new again
    assert run("models/shufflenet_v2.onnx").exit_code == 0  # of another model
    assert "S005" not in run("models", "--select", "G4", "-o", "concise").stdout
    result = run("baseline", "prune")
    assert result.exit_code == 0
    assert result.stdout == (
        "gone.onnx: G101 a\nmodels/mobilenet_v2.onnx: G101 x\nmodels/mobilenet_v2.onnx: G101 x\n"
        f"models/mobilenet_v2.onnx: G402 x\n4 taken out of {FILE}; 36 left\n"
    )
    before = (here / FILE).read_bytes()
    assert run("baseline", "prune").stdout == f"nothing taken out of {FILE}; 36 left\n"
    assert (here / FILE).read_bytes() == before


def test_pruning_runs_nobodys_code(here: Path) -> None:
    (here / "evil.py").write_text("open('ran', 'w').close()\n")
    entry = Entry(model="evil:factory", rule="G101", layer="a", what="", value=2.0)
    (here / FILE).write_text(Baseline((entry,)).text())
    assert run("baseline", "prune").stdout == f"nothing taken out of {FILE}; 1 left\n"
    assert not (here / "ran").exists()


def test_a_baseline_is_shown(here: Path) -> None:
    assert run("models", "--write-baseline", "--select", "G402").exit_code == 0
    lines = run("baseline", "show").stdout.splitlines()
    assert lines[0].split() == ["model", "rule", "layer", "value", "what"]
    assert lines[1].split()[:4] == ["models/mobilenet_v2.onnx", "G402", "features.10", "6"]
    assert lines[-1] == "16 findings"
    assert run("baseline", "show", "--baseline", "none").exit_code == 2


def test_a_file_that_cannot_be_written_is_said(here: Path) -> None:
    result = run("models", "--write-baseline=none/b.json")
    assert result.exit_code == 2
    assert result.stderr.startswith("guidelint: cannot write 'none/b.json': No such file")


def test_a_budget_in_the_baseline_may_not_get_worse(here: Path) -> None:
    (here / "guidelint.toml").write_text('select = ["B"]\n[budget]\nmadds = "100 M"\n')
    assert run("models", "--write-baseline").exit_code == 0
    assert run("models").exit_code == 0
    text = (here / FILE).read_text()
    (here / FILE).write_text(text.replace("300774272", "290000000"))
    result = run("models", "-o", "concise")
    assert result.exit_code == 1
    assert "3.7% more than in the baseline" in result.stdout
