"""Suppressions: in the configuration and in the model, what they hold back, and what is found of
themselves."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner, Result
from reported import HOSTILE

import guidelines
from costmodel import read
from costmodel.errors import ModelError
from costmodel.frontends.code import Network
from costmodel.frontends.onnx.metadata import annotate, read_metadata
from costmodel.graph import Graph
from guidelines import Settings
from guidelines.analysis import accounted, analyse
from guidelines.budget import budgets
from guidelines.cli import guidelint, reading
from guidelines.report.report import Model
from guidelines.suppress import Suppression, in_force, of_metadata, suppress
from guidelines.suppress.suppression import KEY, to_metadata

ROOT = Path(__file__).parent.parent
MOBILENET = ROOT / "examples/models/mobilenet_v2.onnx"
TODAY = date(2026, 11, 1)


def network(metadata: str = "") -> Graph:
    """Three blocks that narrow 64 channels to 8 and widen them again."""
    net = Network()
    x = net.conv_bn_relu(net.input(3, 56, 56), 64, k=3)
    for at in range(3):
        with net.scope(f"block.{at}"):
            x = net.conv(net.conv(x, 8), 64)
    graph = net.graph(net.conv(x, 64))
    graph.graph["metadata"] = {KEY: metadata} if metadata else {}
    return graph


def entry(
    rules: str = "G101", layer: str = "*", reason: str = "so be it", **more: object
) -> Suppression:
    return Suppression(rules=tuple(rules.split(",")), layer=layer, reason=reason, **more)  # type: ignore[arg-type]


def checked(*told: Suppression, metadata: str = "", **settings: object) -> Model:
    """The network under suppressions, with what is found of these."""
    under = Settings(
        **({"select": ("G101", "S"), "suppressions": told, "today": TODAY} | settings)  # type: ignore[arg-type]
    )
    (model,) = accounted([(under, analyse(network(metadata), under))])
    return model


def found(model: Model) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.code, each.places) for each in model.findings or ()]


# -- what is held back -------------------------------------------------------------------------

ALL = ("block.0", "block.1", "block.2")


@pytest.mark.parametrize(
    ("layer", "left"),
    [
        ("block.1", ("block.0", "block.2")),
        ("block.[01]", ("block.2",)),
        ("block.*", ()),
        ("op:Conv", ()),
        ("*", ()),
        ("block.1/Conv_*", ("block.0", "block.2")),
    ],
)
def test_places_are_held_back_by_glob(layer: str, left: tuple[str, ...]) -> None:
    model = checked(entry(layer=layer))
    assert found(model) == ([("G101", left)] * 2 if left else [])
    held = {place for each in model.suppressed for place in each.finding.places}
    assert held == set(ALL).difference(left)
    assert {each.by.reason for each in model.suppressed} == {"so be it"}


@pytest.mark.parametrize("rules", ["G101", "G1", "G", "ALL", "unequal-channel-width", "G4,G1"])
def test_rules_are_meant_as_everywhere(rules: str) -> None:
    assert found(checked(entry(rules))) == []


def test_what_is_left_speaks_for_itself() -> None:
    whole = checked().findings or ()
    left = checked(entry(layer="block.0")).findings or ()
    assert left[0].excess_bytes == whole[0].excess_bytes * 2 // 3
    assert left[0].share == pytest.approx(whole[0].share * 2 / 3)
    assert set(left[0].nodes) < set(whole[0].nodes)


def test_of_two_the_first_counts() -> None:
    model = checked(entry(layer="block.*", reason="one"), entry(layer="block.0", reason="two"))
    assert {each.by.reason for each in model.suppressed} == {"one"}
    assert found(model) == [("S001", ("G101:block.0",))]


def test_a_whole_network_is_held_back_as_a_whole_only() -> None:
    told = budgets({"madds": 1, "block.*": {"madds": 1}})
    model = checked(entry("ALL", "block.*"), budgets=told, select=("B",))
    assert found(model) == [("B003", ())]
    assert found(checked(entry("ALL"), budgets=told, select=("B",))) == []


def test_auditing_reports_all() -> None:
    model = checked(entry(), metadata="G101 -- because", audit=True)
    assert found(model) == [("G101", ALL)] * 2
    assert model.suppressed == ()


def test_suppressions_go_before_the_baseline() -> None:
    from guidelines.baseline.entry import entries
    from guidelines.baseline.stage import Known

    graph, under = network(), Settings(select=("G101", "S"), suppressions=(entry(layer="block.0"),))
    known = Known(entries=entries(graph, checked().findings or (), "m"), model="m")
    model = analyse(graph, under, known=known)
    assert found(model) == [("S005", ("G101 block.0", "G101 block.0"))]
    assert {each.places for each in model.known} == {("block.1", "block.2")}
    assert len(model.suppressed) == 2


# -- in the model ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("G101", [("G101", "*", "", None)]),
        ("G1:a*; G4 -- stem", [("G1", "a*", "stem", None), ("G4", "*", "stem", None)]),
        ("G1:op:Conv -- a:b -- c", [("G1", "op:Conv", "a:b -- c", None)]),
        ("G1 -- a\nG2 -- b", [("G1", "*", "a", None), ("G2", "*", "b", None)]),
        ("G1 -- a (until 2027-01-31)", [("G1", "*", "a", date(2027, 1, 31))]),
        ("G1 -- (until 2027-01-31)", [("G1", "*", "", date(2027, 1, 31))]),
        ("G1 -- a (until 2027-02-31)", [("G1", "*", "a", date.min)]),
        ("", []),
        (" ;; \n -- why", []),
    ],
)  # fmt: skip
def test_the_text_of_a_model(text: str, read_as: list[tuple[object, ...]]) -> None:
    told = of_metadata(text)
    assert [(e.rules[0], e.layer, e.reason, e.expires) for e in told] == read_as
    assert of_metadata(to_metadata(told)) == told or date.min in {e.expires for e in told}


def test_a_model_speaks_for_itself() -> None:
    model = checked(metadata="G101:block.0; G101:block.1 -- because")
    assert found(model) == [("G101", ("block.2",))] * 2
    assert {each.by.origin for each in model.suppressed} == {"the model's metadata"}


# -- what is found of suppressions -------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "code", "says"),
    [
        (
            entry(layer="no.such", origin="a.toml:3"),
            "S001",
            "suppression (a.toml:3) holds nothing back",
        ),
        (entry(reason=""), "S003", "the suppression gives no reason"),
        (entry(expires=date(2026, 10, 31)), "S004", "expired on 2026-10-31: so be it"),
    ],
)
def test_what_is_wrong_with_one_is_a_finding(told: Suppression, code: str, says: str) -> None:
    model = checked(told)
    (one,) = [each for each in model.findings or () if each.code[0] == "S"]
    assert (one.code, one.level, one.places, one.nodes) == (code, "warning", (told.label,), ())
    assert says in one.message


def test_what_is_wrong_inside_a_model() -> None:
    model = checked(metadata="G999:a -- no rule; G101:none")
    assert [(each.code, each.places[0]) for each in model.findings or ()] == [
        ("G101", "block.0"),
        ("G101", "block.0"),
        ("S002", "G999:a"),
    ]
    (unknown,) = [each for each in model.findings or () if each.code == "S002"]
    assert unknown.message == (
        "the suppression (the model's metadata) names an unknown rule 'G999'; "
        "guidelint rule lists them all"
    )
    (unused,) = [f for f in checked(metadata="G101:none -- a").findings or () if f.code == "S001"]
    assert unused.remedy == "guidelint suppress MODEL G101 --layer 'none' --remove"


@pytest.mark.parametrize(
    ("expires", "held"),
    [(None, True), (date(2026, 11, 1), True), (date(2026, 10, 31), False)],
)
def test_the_last_day_counts(expires: date | None, held: bool) -> None:
    told = entry(expires=expires)
    assert bool(in_force([told], TODAY)) is held
    assert in_force([told], None) == (told,)
    codes = [code for code, _ in found(checked(told))]
    assert codes == ([] if held else ["G101", "G101", "S004"])


def test_what_was_not_run_is_not_unused() -> None:
    assert "S001" not in dict(found(checked(entry("G402"), select=("G101", "S"))))
    assert found(checked(entry("G402"), select=("G", "S")))[-1] == ("S001", ("G402",))
    assert found(checked(entry("D101"), select=("D", "S"))) == []  # no device


def test_findings_of_suppressions_are_rules_like_others() -> None:
    told = entry(layer="no.such", reason="")
    assert [code for code, _ in found(checked(told, select=("S",)))] == ["S003"]
    assert found(checked(told, select=("G101",)))[0][0] == "G101"
    assert not [c for c, _ in found(checked(told, ignore=("S",))) if c[0] == "S"]
    model = checked(told, levels={"S003": guidelines.finding.Level.NOTE})
    assert {str(each.level) for each in model.findings or () if each.code == "S003"} == {"note"}


def test_one_that_some_model_needs_is_not_unused() -> None:
    clean = Network()
    other = clean.graph(clean.conv(clean.input(8, 8, 8), 8))
    under = Settings(select=("G101", "S"), suppressions=(entry(),))
    done = [(under, analyse(other, under)), (under, analyse(network(), under))]
    assert [model.findings for model in accounted(done)] == [(), ()]
    alone = accounted(done[:1])
    assert [each.code for each in alone[0].findings or ()] == ["S001"]
    report = guidelines.lint([other, other], under)
    assert [len(model.findings or ()) for model in report.models] == [1, 0]  # said once


TEXT = '<ir_version: 8, opset_import: ["" : 17]> g (float[1] x) => (float[1] y) { y = Relu(x) }'


# -- the wire ----------------------------------------------------------------------------------


def test_a_model_is_changed_in_its_metadata_alone(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    model = onnx.load(MOBILENET)
    model.metadata_props.add(key="author", value="somebody")
    onnx.save(model, path)
    before = path.read_bytes()
    path.chmod(0o640)
    annotate(path, KEY, lambda text: text + "G1 -- a")
    after = path.read_bytes()
    assert after.startswith(before)  # what was there is there, byte for byte
    assert read_metadata(path) == {"author": "somebody", KEY: "G1 -- a"}
    assert read(path).metadata[KEY] == "G1 -- a"
    assert path.stat().st_mode & 0o777 == 0o640
    onnx.checker.check_model(path)
    annotate(path, KEY, lambda text: text + "\nG2 -- b")
    assert read_metadata(path)[KEY] == "G1 -- a\nG2 -- b"
    annotate(path, KEY, lambda text: "")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_does_not_change_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    shutil.copy(MOBILENET, path)
    path.chmod(0o444)
    os.utime(path, (1, 1))
    annotate(path, KEY, lambda text: text)
    assert path.stat().st_mtime == 1


def test_a_link_stays_one_and_files_beside_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    weights = onnx.numpy_helper.from_array(__import__("numpy").ones((8, 8, 1, 1), "float32"), "w")
    node = onnx.helper.make_node("Conv", ["x", "w"], ["y"])
    x, y = (onnx.helper.make_tensor_value_info(n, 1, [1, 8, 4, 4]) for n in "xy")
    graph = onnx.helper.make_graph([node], "g", [x], [y], [weights])
    target = tmp_path / "store/m.onnx"
    onnx.save(
        onnx.helper.make_model(graph), target, save_as_external_data=True, location="m.data",
        size_threshold=0,
    )  # fmt: skip
    (tmp_path / "store/m.data").chmod(0o000)
    (tmp_path / "m.onnx").symlink_to(target)
    annotate(tmp_path / "m.onnx", KEY, lambda text: "G1 -- a")
    assert (tmp_path / "m.onnx").is_symlink()
    assert read_metadata(target) == {KEY: "G1 -- a"}


def test_the_weights_are_not_read_into_memory(tmp_path: Path) -> None:
    """64 MB of weights, sparse on the disk; less than 32 MB more at the peak."""
    import tracemalloc

    from costmodel.frontends.onnx.wire import encode

    path = tmp_path / "m.onnx"
    size = 64 * 1024 * 1024
    raw = encode(9 << 3 | 2) + encode(size)
    dims = encode(1 << 3) + encode(size)
    tensor = dims + encode(2 << 3) + encode(2) + encode(8 << 3 | 2) + encode(1) + b"w"
    inside = encode(5 << 3 | 2) + encode(len(tensor) + len(raw) + size) + tensor + raw
    with path.open("wb") as file:
        file.write(encode(7 << 3 | 2) + encode(len(inside) + size) + inside)
        file.truncate(file.tell() + size)
    tracemalloc.start()
    annotate(path, KEY, lambda text: "G1 -- a")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size // 2
    assert read_metadata(path) == {KEY: "G1 -- a"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"", "an empty file"),
        (b"\x3a\x05", "truncated"),
        (TEXT.encode(), "binary"),
    ],
)  # fmt: skip
def test_other_files_are_left_alone(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=says):
        annotate(path, KEY, lambda text: "G1 -- a")
    assert path.read_bytes() == data and list(tmp_path.iterdir()) == [path]


def test_metadata_that_is_no_text_harms_nobody(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    model = onnx.load(MOBILENET)
    model.metadata_props.add(key="k", value="v")
    path.write_bytes(model.SerializeToString().replace(b"\n\x01k\x12\x01v", b"\n\x01k\x12\x01\xff"))
    assert read(path).metadata == {"k": "\ufffd"}


# -- the command line --------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    shutil.copy(MOBILENET, tmp_path / "m.onnx")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reading, "today", lambda: TODAY)
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(guidelint, list(arguments))


def test_writing_listing_and_taking_out(here: Path) -> None:
    before = (here / "m.onnx").read_bytes()
    assert run("suppress", "m.onnx").stdout == ""
    given = ("suppress", "m.onnx", "G402,unequal-channel-width", "--layer", "features.*")
    assert run(*given, "--reason", "inverted", "--expires", "2027-01-31").exit_code == 0
    assert run("suppress", "m.onnx").stdout == (
        "G402:features.*; unequal-channel-width:features.* -- inverted (until 2027-01-31)\n"
    )
    result = run("m.onnx")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.endswith("no findings\n3 findings suppressed\n")
    assert "  G402 ×16: " in run("m.onnx", "-v").stdout
    assert json.loads(run("m.onnx", "-o", "json").stdout)["models"][0]["counts"]["suppressed"] == 3
    assert run("m.onnx", "--no-suppress").exit_code == 1
    assert run(*given, "--reason", "again").exit_code == 0  # in place of the old reason
    assert run("suppress", "m.onnx").stdout.endswith(" -- again\n")
    result = run("suppress", "m.onnx", "G402", "--remove")
    assert result.exit_code == 2
    assert "expected 'G402' in m.onnx, found none of it" in result.stderr
    assert run(*given, "--remove").exit_code == 0
    assert (here / "m.onnx").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["G101"], "--reason: expected why, found nothing"),
        (["G101", "--reason", "  "], "--reason: expected why"),
        (["G102", "--reason", "a"], "RULES: unknown rule 'G102'; did you mean 'G"),
        (["G101", "--reason", "a", "--layer", "a;b"], "--layer: expected text without ';'"),
        (["G101", "--reason", "a\nG4"], "--reason: expected text without"),
        (["G101", "--reason", "a", "--expires", "soon"], "--expires"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(
    here: Path, arguments: list[str], says: str
) -> None:
    before = (here / "m.onnx").read_bytes()
    result = run("suppress", "m.onnx", *arguments)
    assert result.exit_code == 2 and says in result.stderr
    assert (here / "m.onnx").read_bytes() == before


def test_a_file_that_is_no_model_is_named(here: Path) -> None:
    (here / "bad.onnx").write_bytes(b"\xff\xff")
    result = run("suppress", "bad.onnx", "G1", "--reason", "a")
    assert result.exit_code == 2 and result.stderr.startswith("guidelint: bad.onnx: expected")


CONFIGURED = """
[[suppress]]
layer = "features.2"
rules = ["G101"]
reason = "the stem"
expires = {expires}
model = "{model}"

[[suppress]]
rules = ["G4"]
layer = "none.*"
reason = "nothing"
"""


@pytest.mark.parametrize(
    ("expires", "model", "codes"),
    [
        ("2027-01-31", "", ["G101", "S001"]),
        ('"2027-01-31"', "*.onnx", ["G101", "S001"]),
        ("2026-01-31", "", ["G101", "S004", "S001"]),
        ("2027-01-31", "other.onnx", ["G101", "S001"]),
    ],
)
def test_the_configuration_suppresses(
    here: Path, expires: str, model: str, codes: list[str]
) -> None:
    (here / "guidelint.toml").write_text(CONFIGURED.format(expires=expires, model=model))
    result = run("m.onnx", "--ignore", "G402", "-x", "G101.max_excess=1.425", "-o", "json")
    (told,) = json.loads(result.stdout)["models"]
    shown = [each["code"] for each in told["findings"]]
    held = expires != "2026-01-31" and model != "other.onnx"
    assert shown == (["S001"] if held else codes)
    assert told["counts"]["suppressed"] == int(held)
    unused = told["findings"][-1]["message"]
    assert unused == "the suppression (guidelint.toml:9) holds nothing back"


def test_hostile_metadata_can_do_no_harm(here: Path) -> None:
    annotate(here / "m.onnx", KEY, lambda text: f"{HOSTILE}:{HOSTILE} -- {HOSTILE}")
    for form in ("full", "concise", "json"):
        result = run("m.onnx", "-o", form, "-v")
        assert "\x1b" not in result.stdout and "\n::error" not in result.stdout
    assert "\x1b" not in run("suppress", "m.onnx").stdout


def test_findings_may_have_no_places() -> None:
    """A suppression of the whole network against findings that were made by hand."""
    graph = network()
    bare = tuple(replace(each, breaches=()) for each in checked().findings or ())
    left, gone = suppress(graph, bare, [entry(layer="block.0")])
    assert (left, gone) == (bare, ())  # not all of its nodes are there
    left, gone = suppress(graph, bare, [entry()])
    assert left == () and len(gone) == 2
