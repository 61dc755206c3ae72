"""The pytest plugin, and the Python API that it stands on."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from scratch import BAD, GOOD, ROOT, put

import costmodel
import guidelines
from costmodel.errors import ModelError
from guidelines.baseline.file import NAME
from guidelines.config import ConfigError
from guidelines.runner import SettingsError

pytest_plugins = ["pytester"]


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with both models, and with nothing in it but our plugin."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\naddopts = -p guidelines.pytest_plugin\n")
    (pytester.path / ".git").mkdir()
    put(pytester.path / "bad.onnx", BAD)
    put(pytester.path / "good.onnx", GOOD)
    return pytester.path


def test_a_model_within_its_budget_passes(folder: Path, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        def test_budget(guidelint):
            assert guidelint.check("good.onnx", budget={"madds": "150 MMAdd", "params": "2.3 M"})
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*madds*")


def test_a_failure_says_what_was_found(folder: Path, pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        def test_budget(guidelint):
            assert guidelint.check("bad.onnx", budget={"madds": "300 MMAdd"})
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        ">*assert guidelint.check(*",
        "E * <bad.onnx: B003 300.8 M multiply-adds, 774.3 k (0.3%) over the budget of 300 MMAdd; "
        "3 more>",
        "* Captured guidelint call *",
        "*bad.onnx · opset 17",
        "*+0.3%  B003 madds-over-budget  error",
        "*24.4%  G402 depthwise-on-thick-maps  warning",
    ])  # fmt: skip


def test_what_cannot_be_judged_is_a_line_in_the_test(
    folder: Path, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile("""
        def test_model(guidelint):
            guidelint.check("none.onnx")
        def test_budget(guidelint):
            guidelint.check("good.onnx", budget={"mads": 1})
    """)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines([
        "E * none.onnx: expected a readable file, found: No such file or directory",
        "E * budget.mads: unknown quantity; did you mean 'madds'[?]",
    ])  # fmt: skip
    result.stdout.no_fnmatch_line("*guidelines/*.py*")


def test_paths_are_found_from_the_root_too(folder: Path, pytester: pytest.Pytester) -> None:
    inside = folder / "tests"
    inside.mkdir()
    (inside / "test_it.py").write_text(
        "def test_it(guidelint):\n    assert guidelint.check('good.onnx')\n"
    )
    os.chdir(inside)
    pytester.runpytest_subprocess(inside).assert_outcomes(passed=1)


def test_pytest_starts_without_the_model_reader() -> None:
    code = "import sys, pytest; before = set(sys.modules); import guidelines.pytest_plugin\n"
    code += "print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout.split() == ["guidelines", "guidelines.pytest_plugin"]


def test_the_plugin_is_announced() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [(name, module)] = project["entry-points"]["pytest11"].items()
    assert name == "guidelint" and callable(import_module(module).guidelint)


# -- the API ----------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    put(tmp_path / "bad.onnx", BAD)
    put(tmp_path / "good.onnx", GOOD)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_verdict_is_true_if_nothing_fails(here: Path) -> None:
    good, bad = guidelines.check("good.onnx"), guidelines.check(here / "bad.onnx")
    assert good and not bad
    assert good.findings == good.failing == ()
    assert [found.code for found in bad.failing] == ["G402", "G101", "G101"]
    assert repr(good) == "<good.onnx: nothing fails>"
    assert repr(bad).endswith("; 2 more>") and "\n" not in repr(bad)
    assert str(bad) == str(bad.report) and "<table" in bad._repr_html_()


def test_the_level_is_the_configuration_s_unless_told(here: Path) -> None:
    assert guidelines.check("bad.onnx", fail_on="error")
    assert guidelines.check("bad.onnx", fail_on="never", budget={"madds": 1})
    put(here / "guidelint.toml", 'fail-on = "error"\n')
    assert guidelines.check("bad.onnx")
    assert not guidelines.check("bad.onnx", fail_on="warning")
    assert not guidelines.check("bad.onnx", isolated=True)
    put(here / "other.toml", 'select = ["G2"]\n')
    assert guidelines.check("bad.onnx", config="other.toml", fail_on="note").findings == ()


def test_rules_are_chosen_as_on_the_command_line(here: Path) -> None:
    def codes(**how: object) -> list[str]:
        return [found.code for found in guidelines.check("bad.onnx", **how).findings]  # type: ignore[arg-type]

    assert codes(select="G4,G2") == codes(select=["G402"]) == ["G402"]
    assert codes(ignore="G1") == ["G402"]
    assert codes(select="G2", budget={"madds": 1}) == ["B003"]
    put(here / "guidelint.toml", 'ignore = ["B", "G"]\n[budget]\nmadds = 1\nparams = 1\n')
    assert codes() == []
    assert codes(budget={"madds": "1 G"}) == ["B001"]  # in place of the file's madds alone
    with pytest.raises(SettingsError, match="G9"):
        codes(select="G9")


def test_a_baseline_holds_back_what_it_knows(here: Path) -> None:
    from click.testing import CliRunner

    from guidelines.cli import guidelint

    assert CliRunner().invoke(guidelint, ["bad.onnx", "--write-baseline"]).exit_code == 0
    assert guidelines.check("bad.onnx")
    Path(NAME).rename("known.json")
    assert not guidelines.check("bad.onnx")
    assert guidelines.check("bad.onnx", baseline="known.json")
    with pytest.raises(ConfigError, match=r"gone\.json: expected a baseline"):
        guidelines.check("bad.onnx", baseline="gone.json")


def test_a_graph_and_a_module_are_judged_too(here: Path) -> None:
    import torch

    assert not guidelines.check(costmodel.read("bad.onnx"))
    wide = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 1), torch.nn.Conv2d(8, 256, 1))
    verdict = guidelines.check(wide, (1, 3, 32, 32), budget={"params": "1 k"}, select="B")
    assert [found.code for found in verdict.failing] == ["B001"]


def test_times_are_predicted_on_a_device(here: Path) -> None:
    budget = {"time": {"amd-epyc-zen3": "1 ms"}}
    verdict = guidelines.check("bad.onnx", device="amd-epyc-zen3", budget=budget)
    assert verdict.failing[0].code == "B008"
    assert verdict.report.models[0].prediction is not None


def test_nodes_of_unknown_cost_fail_where_that_is_asked_for(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reported import graph

    told = graph()
    assert guidelines.check(told, select="G2")
    put(here / "guidelint.toml", "strict = true\n")
    monkeypatch.setitem(told.graph, "path", "m.onnx")
    verdict = guidelines.check(told, select="G2")
    assert not verdict and repr(verdict) == "<m.onnx: the cost of 2 nodes is unknown>"
    assert guidelines.check(told, select="G2", fail_on="never")


def test_sizes_of_a_configuration_may_be_for_others(here: Path) -> None:
    put(here / "guidelint.toml", "[dims]\nheight = 224\n")
    assert guidelines.check("good.onnx")
    with pytest.raises(ModelError, match="height"):
        guidelines.check("good.onnx", isolated=True, dims={"height": 224})
