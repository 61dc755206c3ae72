"""The command line: exit statuses, outputs, where things go, and what is not imported."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import jsonschema
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper

import guidelines
from costmodel.graph import Graph
from guidelines import analysis, cli
from guidelines.cli.commands.cost import SORTS
from guidelines.cli.destination import ascii_only, in_colour
from guidelines.finding import Finding, Level
from guidelines.rule import Rule
from guidelines.selector import codes

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "guidelines/report/schema.json").read_text())
RULES = {
    code: Rule(code, name, lambda graph: iter(()), {"max_excess": 1.2}, Level.WARNING, __name__, {})
    for code, name in (("G101", "unequal-channel-width"), ("G201", "excessive-grouping"))
}


def network(*, name: str = "conv", op_type: str = "Relu", batch: int | str = 1) -> onnx.ModelProto:
    """A 1×1 convolution of 4→8 channels on 2×2, then one operator."""
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[8, 4, 1, 1])
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name=name),
        helper.make_node(
            op_type, ["c"], ["y"], name="last", domain="" if op_type == "Relu" else "nobody"
        ),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 4, 2, 2])
    y = onnx.ValueInfoProto(name="y")
    graph = helper.make_graph(nodes, "g", [x], [y], [weights])
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("nobody", 1)]
    return helper.make_model(graph, opset_imports=imports)


def saved(path: Path, **how: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(network(**how).SerializeToString())  # type: ignore[arg-type]
    return path


def finding(graph: Graph, settings: guidelines.Settings) -> Iterator[Finding]:
    """A rule for tests: every convolution, unless deselected, is a warning."""
    chosen = {code for word in settings.select for code in codes(word, RULES)}
    if "G101" not in chosen.difference(*(codes(word, RULES) for word in settings.ignore)):
        return
    for node in graph.layers:
        if node.op_type == "Conv":
            excess = settings.options.get("G101", {}).get("max_excess", 1.2)
            yield Finding(
                code="G101",
                name="unequal-channel-width",
                level=settings.levels.get("G101", Level.WARNING),
                nodes=(node.name,),
                places=(node.label,),
                value=1.4,
                bound=float(excess),
                message=f"more than {excess}",
                remedy="6→6 channels",
                excess_bytes=64,
                share=0.1,
            )


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository to stand in, rules that do not change, no say from outside on colours."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        analysis, "find", lambda graph, settings, device: tuple(finding(graph, settings))
    )
    monkeypatch.setattr(cli.reading, "known_rules", lambda: RULES)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def guidelint(*arguments: str | Path, input: bytes | None = None) -> Result:
    """Run in this process."""
    return CliRunner().invoke(cli.guidelint, [str(a) for a in arguments], input=input)


def process(*arguments: str | Path, **how: object) -> subprocess.CompletedProcess[bytes]:
    """Run as a process of its own, with the rules as they are."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **how.pop("env", {})}  # type: ignore[dict-item]
    command = [sys.executable, "-m", "guidelines", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, env=environment, timeout=60, **how)  # type: ignore[call-overload,no-any-return]


# -- exit status ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        ([], 1),
        (["--fail-on", "note"], 1),
        (["--fail-on", "warning"], 1),
        (["--fail-on", "error"], 0),
        (["--fail-on", "never"], 0),
        (["--exit-zero"], 0),
        (["--select", "G201"], 0),
        (["--ignore", "ALL"], 0),
        (["-x", "G101.level=note"], 0),
        (["-x", "G101.level=note", "--fail-on", "note"], 1),
        (["-x", "unequal-channel-width.level=error", "--fail-on", "error"], 1),
    ],
)
def test_findings_at_the_fail_on_level_exit_with_1(
    here: Path, flags: list[str], status: int
) -> None:
    result = guidelint(saved(here / "m.onnx"), *flags)
    assert result.exit_code == status
    assert result.stderr == ""


def test_check_need_not_be_named(here: Path) -> None:
    path = saved(here / "m.onnx")
    assert guidelint("check", path).output == guidelint(path).output
    assert guidelint("-o", "concise", path).output == guidelint(path, "-o", "concise").output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.onnx"], "none.onnx: expected a file, a folder or a glob, found nothing"),
        (["none*.onnx"], "none*.onnx: expected files, found none that match"),
        (["chekc"], "did you mean 'check'?"),
        (["m.onnx", "--selct", "G1"], "--select"),
        (["m.onnx", "--select", "G7"], "--select: unknown rule 'G7'"),
        (
            ["m.onnx", "--ignore", "G101,unequal-chanel-width"],
            "did you mean 'unequal-channel-width'?",
        ),
        (["m.onnx", "--extend-select", "X"], "--extend-select: unknown rule 'X'"),
        (
            ["m.onnx", "-x", "G101.max_exces=2"],
            "G101 has no option 'max_exces'; did you mean 'max_excess'?",
        ),
        (["m.onnx", "-x", "G101.max_excess=a"], "expected a number, found 'G101.max_excess=a'"),
        (["m.onnx", "-x", "max_excess"], "expected RULE.NAME=VALUE, found 'max_excess'"),
        (["m.onnx", "-x", "G7.a=1"], "unknown rule 'G7'"),
        (["m.onnx", "-x", "G101.level=bad"], "expected a level of note, warning, error"),
        (["m.onnx", "-o", "jsn"], "--output: unknown format 'jsn'; did you mean 'json'?"),
        (
            ["m.onnx", "-o", "full", "-o", "json"],
            "expected one format for standard output, found two",
        ),
        (["m.onnx", "-o", "json:none/a.json"], "expected a folder for 'none/a.json', found none"),
        (["m.onnx", "--dim", "n"], "expected NAME=SIZE"),
        (["m.onnx", "--dim", "n=0"], "expected NAME=SIZE"),
        (["m.onnx", "--dim", "n=" + "9" * 5000], "expected NAME=SIZE"),
        (["m.onnx", "--dim", "n=2"], "found 'n'"),
        (["m.onnx", "--shape", "x=1,a"], "expected INPUT=1,3,224,224"),
        (["m.onnx", "--min-share", "2"], "0<=x<=1"),
        (["m.onnx", "--fail-on", "all"], "'all' is not one of"),
        (["m.onnx", "--config", "none.toml"], "none.toml: expected a configuration file"),
        (["bad.onnx"], "bad.onnx: expected an ONNX model, found a Git LFS pointer"),
        (["cost", "m.onnx", "--by", "row"], "'row' is not one of"),
        (["cost", "m.onnx", "-o", "concise"], "unknown format 'concise'"),
        (["rule", "G7"], "unknown rule 'G7'"),
        (["check"], "Missing argument"),
    ],
)
def test_what_cannot_run_is_one_line_and_exits_with_2(
    here: Path, arguments: list[str], says: str
) -> None:
    saved(here / "m.onnx")
    (here / "bad.onnx").write_text("version https://git-lfs.github.com/spec/v1\n")
    before = sorted(here.iterdir())
    result = guidelint(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("guidelint: ") and result.stderr.count("\n") == 1
    assert says in result.stderr
    assert result.stdout == ""
    assert sorted(here.iterdir()) == before


def test_nothing_asked_shows_the_help_and_exits_with_2() -> None:
    result = guidelint()
    assert result.exit_code == 2
    assert "Usage: guidelint" in result.stderr


def test_help_and_version() -> None:
    assert guidelint("--version").output == f"guidelint {guidelines.__version__}\n"
    for arguments in (["--help"], ["-h"], ["check", "--help"], ["cost", "-h"], ["rule", "-h"]):
        result = guidelint(*arguments)
        assert result.exit_code == 0 and "Usage: guidelint" in result.output


def test_the_unexpected_is_one_line_unless_asked(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(graph: Graph, settings: object, device: object) -> tuple[Finding, ...]:
        raise KeyError("first\nsecond")

    monkeypatch.setattr(analysis, "find", broken)
    path = saved(here / "m.onnx")
    result = guidelint(path)
    assert result.exit_code == 2
    assert (
        result.stderr
        == f"guidelint: {path}: unexpected KeyError: 'first\\nsecond'; -vv shows where\n"
    )
    assert "Traceback" in guidelint(path, "-vv").stderr
    assert "Traceback" not in guidelint(path, "-v").stderr


def test_an_unexpected_error_outside_the_models(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("lost")

    monkeypatch.setattr(cli.reading, "known_rules", broken)
    result = guidelint(saved(here / "m.onnx"))
    assert (result.exit_code, result.stderr) == (
        2,
        "guidelint: unexpected RuntimeError: lost; -vv shows where\n",
    )
    assert "Traceback" in guidelint("m.onnx", "-vv").stderr


def test_an_interrupt_is_said(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(graph: Graph, settings: object, device: object) -> tuple[Finding, ...]:
        raise KeyboardInterrupt

    monkeypatch.setattr(analysis, "find", interrupted)
    result = guidelint(saved(here / "m.onnx"), "-o", "json:a.json")
    assert result.exit_code == 130 and "guidelint: interrupted" in result.stderr
    assert not (here / "a.json").exists()


def test_strict_fails_on_what_is_unknown(here: Path) -> None:
    path = saved(here / "m.onnx", op_type="Strange")
    assert guidelint(path, "--select", "G201").exit_code == 0
    result = guidelint(path, "--select", "G201", "--strict")
    assert result.exit_code == 1
    assert "strict: the cost of 1 node is unknown" in result.stderr
    assert "unknown: nobody::Strange" in result.stdout
    assert guidelint("cost", path, "--strict").exit_code == 1
    assert guidelint(path, "--strict", "--exit-zero").exit_code == 0


# -- what is read -----------------------------------------------------------------------------


def paths(result: Result) -> list[str]:
    return [model["path"] for model in json.loads(result.stdout)["models"]]


def test_folders_globs_and_files_each_once(here: Path) -> None:
    for name in ("b/2.onnx", "b/10.onnx", "b/c/a.ONNX", "b/.hidden/x.onnx", "b/notes.txt", "a.bin"):
        saved(here / name)
    expected = ["b/10.onnx", "b/2.onnx", "b/c/a.ONNX"]
    assert paths(guidelint("b", "-o", "json")) == expected
    assert paths(guidelint("b/*.onnx", "b", "./b/2.onnx", "-o", "json")) == expected
    assert paths(guidelint("b/**/*.ONNX", "a.bin", "-o", "json")) == ["b/c/a.ONNX", "a.bin"]


def test_an_empty_folder_is_no_error_but_said(here: Path) -> None:
    (here / "empty").mkdir()
    result = guidelint("empty")
    assert (result.exit_code, result.stdout) == (0, "no models\n")
    assert result.stderr == "guidelint: no models found in empty\n"


def test_text_models_are_found_in_folders(here: Path) -> None:
    (here / "t").mkdir()
    (here / "t/m.textproto").write_text(str(network()))
    (here / "t/m.onnxtxt").write_text(onnx.printer.to_text(network()))
    assert paths(guidelint("t", "-o", "json")) == ["t/m.onnxtxt", "t/m.textproto"]


def test_standard_input(here: Path) -> None:
    result = guidelint("-", "-o", "json", input=network().SerializeToString())
    assert result.exit_code == 1
    assert paths(result) == ["-"]
    assert guidelint("-", input=b"").stderr.startswith("guidelint: -: expected an ONNX model")


def test_one_bad_file_does_not_stop_the_others(here: Path) -> None:
    saved(here / "a.onnx")
    (here / "b.onnx").write_bytes(b"\x00\x01")
    saved(here / "c.onnx")
    result = guidelint(".", "-o", "json")
    assert result.exit_code == 2
    document = json.loads(result.stdout)
    assert paths(result) == ["a.onnx", "c.onnx"]
    assert [error["path"] for error in document["errors"]] == ["b.onnx"]
    assert result.stderr == f"guidelint: b.onnx: {document['errors'][0]['message']}\n"


def test_sizes_for_what_a_model_leaves_free(here: Path) -> None:
    path = saved(here / "m.onnx", batch="batch")
    assert "assumed  batch = 1" in guidelint(path).output
    result = guidelint(path, "--dim", "batch=3")
    assert "assumed" not in result.output and "3×4×2×2" in result.output
    assert "5×4×2×2" in guidelint(path, "--shape", "x=5,4,2,2").output
    assert guidelint(path, "--dim", "bach=3").exit_code == 2
    # Among several models, or from a file that serves many, a name may be another model's.
    saved(here / "n.onnx")
    assert guidelint(path, "n.onnx", "--dim", "batch=3").exit_code == 1
    (here / "guidelint.toml").write_text("[dims]\nbatch = 3\n")
    assert guidelint("n.onnx").exit_code == 1


# -- configuration ----------------------------------------------------------------------------


def test_the_configuration_nearest_to_each_model(here: Path) -> None:
    saved(here / "a/m.onnx")
    saved(here / "b/m.onnx")
    (here / "a/guidelint.toml").write_text('[rules.G101]\nlevel = "note"\n')
    result = guidelint("a", "b", "-o", "concise")
    assert "a/m.onnx:conv: G101 note" in result.output
    assert "b/m.onnx:conv: G101 warning" in result.output
    assert result.exit_code == 1
    assert guidelint("a").exit_code == 0
    assert guidelint("a", "--isolated").exit_code == 1
    assert guidelint("a", "b", "--config", "a/guidelint.toml").exit_code == 0


def test_the_command_line_outweighs_it(here: Path) -> None:
    saved(here / "m.onnx")
    (here / ".guidelint.toml").write_text('ignore = ["G1"]\n[rules.G101]\nmax-excess = 3\n')
    assert guidelint("m.onnx").exit_code == 0
    assert "more than 3" in guidelint("m.onnx", "--select", "G101").output
    assert (
        "more than 2.5"
        in guidelint("m.onnx", "--select", "G101", "--option", "G101.max-excess=2.5").output
    )


def test_excluded_files_are_checked_when_named(here: Path) -> None:
    for name in ("old/a.onnx", "new/a.onnx"):
        saved(here / name)
    (here / "guidelint.toml").write_text('exclude = ["old"]\n')
    assert paths(guidelint(".", "-o", "json")) == ["new/a.onnx"]
    assert paths(guidelint("old/a.onnx", "-o", "json")) == ["old/a.onnx"]


def test_an_unknown_key_stops_the_run(here: Path) -> None:
    saved(here / "m.onnx")
    (here / "guidelint.toml").write_text('\nselct = ["G1"]\n')
    result = guidelint("m.onnx", "-o", "json:a.json")
    assert result.exit_code == 2
    assert (
        result.stderr == "guidelint: guidelint.toml:2: selct: unknown key; did you mean 'select'?\n"
    )
    assert not (here / "a.json").exists()


# -- where reports go -------------------------------------------------------------------------


def test_several_outputs_at_once(here: Path) -> None:
    saved(here / "m.onnx")
    result = guidelint("m.onnx", "-o", "concise", "-o", "json:a.json", "-o", "full:a.txt")
    assert result.stdout == "m.onnx:conv: G101 warning: more than 1.2 [unequal-channel-width]\n"
    jsonschema.validate(json.loads((here / "a.json").read_text()), SCHEMA)
    assert (here / "a.txt").read_text(encoding="utf-8").startswith("m.onnx · opset 17\n")
    assert sorted(p.name for p in here.iterdir()) == [".git", "a.json", "a.txt", "m.onnx"]


def test_a_file_is_replaced_whole_and_keeps_its_mode(here: Path) -> None:
    saved(here / "m.onnx")
    (here / "real.json").write_text("old")
    (here / "real.json").chmod(0o640)
    (here / "a.json").symlink_to("real.json")
    assert guidelint("m.onnx", "-o", "json:a.json").stdout == ""
    assert (here / "a.json").is_symlink()
    assert (here / "real.json").stat().st_mode & 0o777 == 0o640
    assert json.loads((here / "real.json").read_text())["schema_version"] == 1


def test_a_file_that_cannot_be_written_leaves_the_others_as_they_were(here: Path) -> None:
    saved(here / "m.onnx")
    (here / "folder").mkdir()
    (here / "a.json").write_text("old")
    result = guidelint("m.onnx", "-o", "json:a.json", "-o", "full:folder")
    assert result.exit_code == 2
    assert result.stderr == "guidelint: cannot write 'folder': Is a directory\n"
    assert (here / "a.json").read_text() == "old"
    assert sorted(p.name for p in here.iterdir()) == [".git", "a.json", "folder", "m.onnx"]


def test_quiet_and_verbose(here: Path) -> None:
    saved(here / "m.onnx")
    quiet = guidelint("m.onnx", "-q").output
    assert "madds" not in quiet and "G101" in quiet
    assert guidelint("m.onnx", "-q", "--select", "G201").output == ""
    document = json.loads(guidelint("m.onnx", "-v", "-o", "json").output)
    assert [node["op_type"] for node in document["models"][0]["nodes"]] == ["Conv", "Relu"]
    assert "nodes" not in json.loads(guidelint("m.onnx", "-o", "json").output)["models"][0]


def test_statistics(here: Path) -> None:
    saved(here / "m.onnx")
    saved(here / "n.onnx")
    lines = guidelint("m.onnx", "n.onnx", "--statistics").output.splitlines()
    assert "G101  unequal-channel-width         2       2   128 B" in lines  # twice 64 bytes


@pytest.mark.parametrize(
    ("flag", "environment", "terminal", "expected"),
    [
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "", "NO_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"NO_COLOR": "0"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"TERM": "xterm"}, True, True),
        ("auto", {}, True, True),
        ("auto", {}, False, False),
    ],
)
def test_who_decides_on_colour(
    flag: str, environment: dict[str, str], terminal: bool, expected: bool
) -> None:
    assert in_colour(flag, environment, terminal) is expected


def test_colour_reaches_the_screen_but_no_file(here: Path) -> None:
    saved(here / "m.onnx")
    result = guidelint("m.onnx", "--color", "always", "-o", "full", "-o", "concise:a.txt")
    assert "\x1b[" in click.unstyle(result.output) or "\x1b[" in result.output
    assert "\x1b[" not in (here / "a.txt").read_text(encoding="utf-8")
    assert "\x1b[" not in guidelint("m.onnx").output


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", False), ("ascii", True), ("latin-1", True), ("cp932", True)],
)
def test_which_encodings_get_ascii(encoding: str, expected: bool) -> None:
    assert ascii_only(io.TextIOWrapper(io.BytesIO(), encoding=encoding)) is expected


# -- cost and rule ----------------------------------------------------------------------------


def test_cost_of_each_layer(here: Path) -> None:
    saved(here / "m.onnx")
    result = guidelint("cost", "m.onnx", "-o", "csv")
    assert result.exit_code == 0
    header, conv, relu = (line.split(",") for line in result.output.splitlines())
    row = dict(zip(header, conv, strict=True))
    assert row["dims"] == "4→8 1×1"
    assert row["madds"] == "128"  # 2*2 positions, 4*8 weights
    assert (
        row["memory_access_bytes"] == "320"
    )  # 4 bytes of 4*8 weights, 4*2*2 in, 8*2*2 out: 32 + 16 + 32
    assert dict(zip(header, relu, strict=True))["memory_access"] == "64"  # 8*2*2 in and out
    table = guidelint("cost", "m.onnx").output
    assert "layer  operator  dimensions  output   params  madds" in table
    assert table.splitlines()[-1].split() == [
        "total",
        "32",
        "128",
        "576",
        "B",
        "0.2",
    ]  # 320 + 256; 128/576


def test_cost_sorted_cut_and_grouped(here: Path) -> None:
    saved(here / "m.onnx")
    document = json.loads(
        guidelint("cost", "m.onnx", "--sort", "name", "--top", "1", "-o", "json").output
    )
    jsonschema.validate(document, SCHEMA)
    assert [node["name"] for node in document["models"][0]["nodes"]] == ["conv"]
    document = json.loads(guidelint("cost", "m.onnx", "--by", "op", "-o", "json").output)
    jsonschema.validate(document, SCHEMA)
    rows = document["models"][0]["groups"]["rows"]
    assert [(row["name"], row["memory_access_bytes"]) for row in rows] == [
        ("Conv", 320),
        ("Relu", 256),
    ]
    assert "the first 1 of 2 rows" in guidelint("cost", "m.onnx", "--top", "1").output


def test_rules_are_listed_and_explained() -> None:
    listing = guidelint("rule").output
    assert "G101  unequal-channel-width" in listing and "G201" in listing
    for arguments in (["rule", "G101"], ["rule", "unequal-channel-width"], ["rule", "G1"]):
        text = guidelint(*arguments).output
        assert text.startswith("# G101 unequal-channel-width\n")
        assert "- `max_excess` = 1.2" in text and "G201" not in text
    assert guidelint("rule", "--all").output.count("\n# ") == 1
    document = json.loads(guidelint("rule", "G101", "--output", "json").output)
    assert document["rules"][0]["options"] == {"max_excess": 1.2}


# -- as a process -----------------------------------------------------------------------------


def imported(code: str) -> set[str]:
    script = (
        f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return set(result.stderr.split())


def test_help_imports_nothing_heavy() -> None:
    loaded = imported("sys.argv = ['guidelint', '--help']; from guidelines.cli import main; main()")
    assert "click" in loaded
    assert not loaded & {"onnx", "networkx", "numpy", "sympy", "tomllib", "json"}


def test_a_check_imports_what_it_needs(here: Path) -> None:
    saved(here / "m.onnx")
    loaded = imported("sys.argv = ['guidelint', 'm.onnx']; from guidelines.cli import main; main()")
    assert {"onnx", "networkx"} <= loaded
    assert not loaded & {
        "sympy",
        "torch",
        "onnxruntime",
        "matplotlib",
        "tomllib",
        "jsonschema",
        "guidelines.report.notebook",
    }


def test_the_library_is_lazy() -> None:
    loaded = imported("import guidelines; guidelines.__version__; guidelines.Finding")
    assert not loaded & {"onnx", "networkx", "numpy", "click"}


def test_the_public_names() -> None:
    from guidelines.finding import Finding as finding_class

    assert guidelines.Finding is finding_class
    assert set(dir(guidelines)) == {
        "Finding", "Report", "Settings", "Verdict", "__version__", "check", "lint",
    }  # fmt: skip
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        guidelines.nothing  # noqa: B018


def test_lint_one_network_or_several(here: Path) -> None:
    import costmodel

    graph = costmodel.read(saved(here / "m.onnx"))
    report = guidelines.lint(graph)
    assert [found.code for found in report.findings] == ["G101"]
    assert len(guidelines.lint([graph, graph], guidelines.Settings(select=())).models) == 2
    assert callable(guidelines.lint)  # whatever else has been imported since


def test_it_runs_as_a_module(here: Path) -> None:
    saved(here / "m.onnx")
    result = process("m.onnx", "-o", "json", "--exit-zero")
    assert (result.returncode, result.stderr) == (0, b"")
    jsonschema.validate(json.loads(result.stdout), SCHEMA)


def test_commands_that_run_no_rule_know_them_all(here: Path) -> None:
    listing = process("rule").stdout.decode()
    listed = [line[:4] for line in listing.splitlines()[1:]]
    assert [code for code in listed if code[0] == "G"] == ["G101", "G201", "G301", "G401", "G402"]
    assert {code[0] for code in listed} == set("BDGS")
    saved(here / "m.onnx")
    (here / "guidelint.toml").write_text('select = ["G1"]\n')
    assert process("cost", "m.onnx").returncode == 0


def test_the_same_bytes_whatever_the_hash_seed(here: Path) -> None:
    saved(here / "m.onnx")
    outputs = {
        process("m.onnx", "-v", "-o", form, "--statistics", env={"PYTHONHASHSEED": seed}).stdout
        for form in ("json",)
        for seed in ("0", "7")
    }
    assert len(outputs) == 1


def test_a_closed_pipe_is_silent(here: Path) -> None:
    saved(here / "m.onnx")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "guidelines", "m.onnx", "-o", "json", "-v"]
    result = subprocess.run(
        command, stdout=writer, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    os.close(writer)
    assert result.stderr == b""


def test_an_ascii_terminal_gets_ascii(here: Path) -> None:
    saved(here / "m.onnx", name="größe")
    result = process("m.onnx", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    text = result.stdout.decode("ascii")
    assert "m.onnx - opset 17" in text and "1x4x2x2" in text
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    assert b"4->8 1x1" in process("cost", "m.onnx", "-o", "csv", env=ascii_only).stdout
    assert process("rule", "--all", env=ascii_only).returncode == 0  # whose text has signs


def test_hostile_names_from_a_file(here: Path) -> None:
    folder = here / "::error::\x1b[2J"
    path = saved(folder / "m\n.onnx", name="\x1b]0;owned\x07\n::error::x")
    for form in ("full", "concise", "json"):
        result = guidelint(path.relative_to(here), "-o", form, "-v")
        assert not {c for c in result.output if ord(c) < 32} - {"\n"}
        assert not any(line.lstrip().startswith("::") for line in result.output.splitlines())
    missing = guidelint("none\x1b]0;\n.onnx")
    assert (
        missing.stderr
        == "guidelint: none\\x1b]0;\\n.onnx: expected a file, a folder or a glob, found nothing\n"
    )


def test_the_columns_to_sort_by_are_those_of_the_report() -> None:
    from guidelines.report import layers

    assert tuple(layers.SORTS) == SORTS
