"""Formats for machines and comments: their schemas, where findings point, what names cannot do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import jsonschema
import onnx
import pytest
import reported
import xmlschema
from hostile import model as onnx_bytes
from hostile import value, weight
from onnx import helper

import costmodel
import guidelines
from costmodel.graph import SourceLine
from guidelines.budget import budgets
from guidelines.finding import Finding, Level
from guidelines.report import Failure, Model, Report
from guidelines.report.formats.markdown import LIMIT
from guidelines.report.locations import Location, Repository, located, location
from guidelines.report.registry import names, renderer
from guidelines.report.view import View
from guidelines.suppress.stage import Suppressed
from guidelines.suppress.suppression import INSIDE, Suppression

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / "tests/data/golden"
SCHEMAS = ROOT / "tests/data/schemas"
SARIF = jsonschema.Draft4Validator(json.loads((SCHEMAS / "sarif-2.1.0-rtm.5.json").read_text()))
JUNIT = xmlschema.XMLSchema(str(SCHEMAS / "junit-10.xsd"))
JSON = json.loads((ROOT / "guidelines/report/schema.json").read_text())

FILES = {
    "sarif": "report.sarif", "junit": "report.junit.xml", "gitlab": "report.gitlab.json",
    "github": "report.github.txt", "markdown": "report.md", "jsonl": "report.jsonl",
}  # fmt: skip
OURS = tuple(FILES)


def shown(form: str, report: Report, **view: Any) -> str:
    return renderer("formats", form)(report, View(**view))


def rule(code: str, name: str, sentence: str = "") -> Any:
    """A rule whose words do not change."""
    summary = sentence or f"What {name} is."
    told = (
        f"{summary}\n\n**Fix**\n\nSet {{x}}; see [more](more.md) and [here](https://example.org)."
    )
    return SimpleNamespace(
        code=code, name=name, level=Level.WARNING, summary=summary, explanation=told,
        sentence=sentence,
    )  # fmt: skip


RAN = (
    rule("B003", "madds-over-budget", "The budget of madds is exceeded."),
    rule("G101", "unequal-channel-width"),
    rule("G201", "excessive-grouping"),
    rule("G402", "depthwise-on-thick-maps"),
)


def ran(report: Report) -> Report:
    """The report as a run gives it: with its rules, and one line of Python."""
    models = [
        replace(model, rules=RAN, file=model.graph.path, lines=_lines(model.findings))
        for model in report.models
    ]
    return replace(report, models=tuple(models))


def _lines(findings: tuple[Finding, ...] | None) -> dict[str, Location]:
    return {(findings or ())[-1].nodes[0]: Location("nets/block.py", 14)} if findings else {}


def many(number: int, level: Level = Level.WARNING, message: str = "too wide") -> Report:
    """One network with many findings, the last of which is the dearest."""
    model = reported.model()
    first = (model.findings or ())[0]
    found = tuple(
        replace(
            first, places=(f"layer{at}",), share=(at + 1) / 1000, level=level,
            message=f"{message} {at}",
        )
        for at in range(number)
    )  # fmt: skip
    return Report(models=(replace(model, findings=found),))


REPORTS: dict[str, Callable[[], Report]] = {
    "report": lambda: ran(reported.report()),
    "not located": reported.report,
    "hostile": lambda: ran(reported.hostile()),
    "nothing": Report,
    "only errors": lambda: replace(reported.report(), models=()),
    "without places": lambda: bare(),
    "many": lambda: many(300),
    "alike": lambda: alike(),
}


def alike() -> Report:
    """Three findings of one rule at the same places."""
    model = many(3).models[0]
    same = tuple(replace(found, places=("here",)) for found in model.findings or ())
    return Report(models=(replace(model, findings=same),))


def bare() -> Report:
    """A finding about the whole network, of a rule that the report does not have."""
    model = reported.model()
    budget = replace(
        (model.findings or ())[0], code="B003", name="madds-over-budget", nodes=(), places=(),
        share=0.0, excess_bytes=0,
    )  # fmt: skip
    return Report(models=(replace(model, findings=(budget,)),))


# -- what each format says --------------------------------------------------------------------


@pytest.mark.parametrize("form", OURS)
def test_screen(form: str) -> None:
    """GUIDELINT_GOLDEN=1 writes the files anew; read the difference before committing it."""
    text = shown(form, ran(reported.report())).replace(
        f'"semanticVersion": "{guidelines.__version__}"', '"semanticVersion": "VERSION"'
    )
    path = GOLDEN / FILES[form]
    if os.environ.get("GUIDELINT_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_bytes().decode()


@pytest.mark.parametrize("name", REPORTS)
def test_sarif_follows_its_schema(name: str) -> None:
    document = json.loads(shown("sarif", REPORTS[name]()))
    assert not list(SARIF.iter_errors(document))
    run = document["runs"][0]
    for result in run["results"]:
        rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
        assert rule["id"] == result["ruleId"] and len(rule["shortDescription"]["text"]) <= 1024
        assert rule["help"]["markdown"]
        for place in result["locations"][0]["logicalLocations"]:
            told = run["logicalLocations"][place["index"]]
            assert told["fullyQualifiedName"] == place["fullyQualifiedName"]
    for number, place in enumerate(run["logicalLocations"]):
        assert place.get("parentIndex", -1) < number
    assert "file:///" not in json.dumps(run["originalUriBaseIds"])


def test_the_schema_of_sarif_refuses_what_it_should() -> None:
    document = json.loads(shown("sarif", reported.report()))
    document["runs"][0]["results"][0]["level"] = "fatal"
    assert [error.validator for error in SARIF.iter_errors(document)] == ["enum"]


@pytest.mark.parametrize("name", REPORTS)
def test_junit_follows_the_schema_that_pytest_uses(name: str) -> None:
    text = shown("junit", REPORTS[name]())
    JUNIT.validate(text)
    root = ElementTree.fromstring(text)
    assert int(root.get("tests", "")) == len(root.findall("testsuite/testcase"))
    assert int(root.get("failures", "")) == len(root.findall("testsuite/testcase/failure"))


@pytest.mark.parametrize("name", REPORTS)
def test_gitlab_gets_what_it_needs(name: str) -> None:
    text = shown("gitlab", REPORTS[name]())
    issues = json.loads(text)
    assert text.startswith("[")  # no byte order mark
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical"}
        assert issue["location"]["lines"]["begin"] >= 1


@pytest.mark.parametrize("name", REPORTS)
def test_lines_of_json_have_the_fields_of_json(name: str) -> None:
    report = REPORTS[name]()
    lines = [json.loads(line) for line in shown("jsonl", report).splitlines()]
    document = report.to_dict()
    expected = [
        {"path": model["path"], **found}
        for model in document["models"]
        for found in model["findings"]
    ]
    assert lines == expected + document["errors"]
    jsonschema.validate(json.loads(json.dumps(document)), JSON)


def test_junit_has_a_case_for_every_rule_that_ran() -> None:
    root = ElementTree.fromstring(shown("junit", ran(reported.report())))
    cases = {
        suite.get("name"): {
            str(case.get("name"))[:4]: [child.tag for child in case]
            for case in suite.iter("testcase")
        }
        for suite in root
    }
    assert cases == {
        "models/layer1.onnx": {"G101": ["failure"], "G201": [], "G402": ["failure"]},
        "models/clean.onnx": {"G101": [], "G201": [], "G402": []},
        "models/none.onnx": {"anal": ["error"]},
    }


def test_a_failed_model_is_in_every_format() -> None:
    report = ran(reported.report())
    run = json.loads(shown("sarif", report))["runs"][0]
    told = run["invocations"][0]
    assert told["executionSuccessful"] is False
    assert "empty file" in told["toolExecutionNotifications"][0]["message"]["text"]
    clean = json.loads(shown("sarif", replace(report, errors=())))["runs"][0]
    assert clean["invocations"][0]["executionSuccessful"] is True
    for form in OURS:
        assert "found an empty file" in shown(form, report), form


def test_findings_of_the_same_places_are_told_apart() -> None:
    results = json.loads(shown("sarif", alike()))["runs"][0]["results"]
    hashes = [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]
    assert len({each[:16] for each in hashes}) == 1
    assert [each[16:] for each in hashes] == [":1", ":2", ":3"]


def test_fingerprints_hold_no_values() -> None:
    def fingerprints(report: Report) -> list[str]:
        return [issue["fingerprint"] for issue in json.loads(shown("gitlab", report))]

    report = ran(reported.report())
    model = report.models[0]
    worse = tuple(
        replace(found, value=9.0, message="else", share=0.5) for found in model.findings or ()
    )
    moved = replace(model, findings=worse, lines={})
    assert fingerprints(replace(report, models=(moved,)))[:3] == fingerprints(report)[:3]


# -- within the limits ------------------------------------------------------------------------


def test_github_gets_the_worst_ten_of_each_level_and_is_told_of_the_rest() -> None:
    lines = shown("github", many(25)).splitlines()
    assert len(lines) == 11
    assert "layer24%3A" not in lines[0] and "too wide 24" in lines[0] and "too wide 15" in lines[9]
    assert lines[10] == "::notice title=guidelint::15 more in the summary"
    notes = shown("github", many(25, Level.NOTE)).splitlines()
    assert len(notes) == 10 and notes[9].endswith("::16 more in the summary")
    assert len(shown("github", many(10, Level.NOTE)).splitlines()) == 10


def held() -> Report:
    """Of three findings one is left, one suppressed, and one known to the baseline."""
    model = ran(reported.report()).models[0]
    left, known, quiet = model.findings or ()
    by = Suppression(rules=("G402",), reason="[x](y) it is the stem", origin=INSIDE)
    known = replace(known, code="G201")
    return Report(
        models=(
            replace(model, findings=(left,), known=(known,), suppressed=(Suppressed(quiet, by),)),
        )
    )


def test_markdown_folds_models_without_findings() -> None:
    text = shown("markdown", reported.report())
    before, _, folded = text.partition("<details><summary>1 model without findings</summary>\n\n")
    assert "`models/layer1.onnx`" in before and "clean" not in before
    assert "| `models/clean.onnx` | 3.63 k |" in folded
    assert text.startswith("<!-- guidelint:models -->\n")
    alone = Report(models=reported.report().models[1:])
    assert "<details>" not in shown("markdown", alone)
    assert shown("markdown", alone).startswith("<!-- guidelint:models/clean.onnx -->\n")


def test_what_is_held_back_stays_out_of_what_knows_no_such_thing() -> None:
    for form in ("gitlab", "github", "jsonl", "sarif"):
        text = shown(form, held())
        assert "G101" in text
        told = json.loads(text)["runs"][0]["results"] if form == "sarif" else text
        assert "G402" not in str(told) and "G201" not in str(told)
    assert "Held back: 1 suppressed, 1 in the baseline." in shown("markdown", held())


def test_sarif_tells_of_what_is_held_back_when_asked() -> None:
    document = json.loads(shown("sarif", held(), verbosity=1))
    assert not list(SARIF.iter_errors(document))
    results = document["runs"][0]["results"]
    assert [(r["ruleId"], r["baselineState"], r.get("suppressions")) for r in results] == [
        ("G101", "new", None),
        ("G402", "new", [{"kind": "inSource", "justification": "\\[x](y) it is the stem"}]),
        ("G201", "unchanged", None),
    ]
    alone = replace(held().models[0], known=())
    results = json.loads(shown("sarif", Report(models=(alone,)), verbosity=1))["runs"][0]["results"]
    assert not any("baselineState" in result for result in results)


def test_junit_skips_what_is_held_back() -> None:
    root = ElementTree.fromstring(shown("junit", held()))
    JUNIT.validate(shown("junit", held()))
    skipped = {
        str(case.get("name"))[:4]: [each.get("message") for each in case.iter("skipped")]
        for case in root.iter("testcase")
    }
    assert skipped == {
        "G101": [], "G201": ["in the baseline"], "G402": ["suppressed: [x](y) it is the stem"],
    }  # fmt: skip


def test_markdown_shows_budgets_below_what_they_limit() -> None:
    model = reported.model()
    table = {"madds": "300 k", "weights": "20 MB", "features.*": {"params": "1 k"}}
    lines = shown("markdown", Report(models=(replace(model, budgets=budgets(table)),))).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("|  |"))
    assert [cell.strip() for cell in lines[at].split("|")[2:5]] == ["params", "weights", "madds"]
    assert [cell.strip() for cell in lines[at + 2].split("|")[1:5]] == [
        "now", "3.63 k", "15.5 kB", "**≥ 778.6 k**",
    ]  # fmt: skip
    assert [cell.strip() for cell in lines[at + 3].split("|")[1:6]] == [
        "budget", "", "20 MB", "300 k", "",
    ]  # fmt: skip


def test_what_could_not_be_analysed_comes_first() -> None:
    failed = tuple(Failure(path=f"{at}.onnx", message="no model") for at in range(3))
    lines = shown("github", replace(many(20, Level.ERROR), errors=failed)).splitlines()
    assert [line.startswith(f"::error file={at}.onnx") for at, line in enumerate(lines[:3])]
    assert len(lines) == 11 and lines[-1].endswith("13 more in the summary")


def test_a_broken_budget_comes_before_findings_about_layers() -> None:
    budget = (bare().models[0].findings or ())[0]
    report = many(20, Level.ERROR)
    model = report.models[0]
    report = Report(models=(replace(model, findings=(*(model.findings or ()), budget)),))
    assert "B003" in shown("github", report).splitlines()[0]


@pytest.mark.parametrize(
    "report",
    [
        many(3000),
        many(400, message="@|<b>`*_" * 100),
        Report(models=many(30).models * 300),
        Report(models=(replace(reported.model(), findings=()),) * 2000),
        Report(errors=(Failure(path="|" * 4000, message="`" * 4000),) * 50),
        replace(many(500), errors=(Failure(path="|" * 4000, message="`" * 4000),) * 50),
    ],
    ids=["findings", "long", "models", "clean", "errors", "both"],
)
def test_markdown_fits_into_a_comment(report: Report) -> None:
    text = shown("markdown", report)
    assert len(text.encode()) <= LIMIT == 65_536
    assert "left out" in text or "could not be analysed" in text
    assert text.count("<details>") == text.count("</details>")


def test_markdown_folds_what_comes_after_ten_findings() -> None:
    text = shown("markdown", many(12))
    before, _, folded = text.partition("<details><summary>2 more findings</summary>\n\n")
    assert before.count("**G101") == 10 and folded.count("**G101") == 2
    assert "left out" not in text


# -- what names cannot do ---------------------------------------------------------------------


@pytest.mark.parametrize("form", names("formats"))
@pytest.mark.parametrize("verbosity", [0, 1])
@pytest.mark.parametrize("name", ["##[error]x", "a ##[add-mask]b", "\x7f\u2028::error::x", "\r::x"])
def test_no_name_commands_a_ci_log(form: str, verbosity: int, name: str) -> None:
    model = reported.model(name)
    found = tuple(replace(f, message=name, remedy=name) for f in model.findings or ())
    failure = Failure(path=name, message=name)
    text = shown(
        form, Report(models=(replace(model, findings=found),), errors=(failure,)),
        verbosity=verbosity, statistics=True,
    )  # fmt: skip
    assert "##[" not in text
    assert not {c for c in text if not c.isprintable()} - {"\n"}
    for line in text.splitlines():
        ours = re.match(r"::(error|warning|notice) (file=[^,:]*,line=\d+,)?title=[^:,]*::", line)
        assert ours if form == "github" else not line.lstrip().startswith("::")


def test_a_hostile_name_is_a_hostile_name_to_whom_reads_the_format() -> None:
    """Escaped for the format, and then given back."""
    told = "a\\x1b[31m\\n::error::<b>|`\\u202e\\x7f"
    report = ran(reported.hostile())
    message = json.loads(shown("sarif", report))["runs"][0]["results"][0]["message"]["text"]
    assert told in message
    failure = ElementTree.fromstring(shown("junit", report)).find("testsuite/testcase/failure")
    assert failure is not None and told in str(failure.get("message"))
    assert told in json.loads(shown("gitlab", report))[0]["description"]
    assert f"::{told}" in shown("github", report).splitlines()[0].replace("%3A", ":")
    assert told in unescape(shown("markdown", report))


def test_markdown_holds_no_markup_of_names() -> None:
    for hostile in (reported.HOSTILE, "</code></details>| x |<img src=x>", "[a](http://b)", "$x$"):
        model = reported.model(hostile)
        found = tuple(replace(f, message=hostile, remedy=hostile) for f in model.findings or ())
        text = shown("markdown", Report(models=(replace(model, findings=found),)))
        tags: list[str] = []

        class Reader(HTMLParser):
            def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
                tags.append(tag)  # noqa: B023
                assert not attrs

        Reader().feed(text)
        assert set(tags) <= {"br", "code", "sub", "details", "summary"}
        for line in text.splitlines():
            if line.startswith("| ") and "**G" in line:
                assert len(line.split("|")) == 4
        left = re.sub(r"`[^`|<>&$\\\n]+`", "", text)
        assert not [sign for sign in ("](", "$", "`") if sign in left]
        assert text.splitlines()[0].count("-->") == 1


@pytest.mark.parametrize(
    ("word", "calls"),
    [("@octocat", True), ("#12", True), ("https://a.org", True), ("www.a.org", True), ("a", False)],
)
def test_markdown_calls_nobody_and_links_to_nothing(word: str, calls: bool) -> None:
    text = shown("markdown", many(1, message=f"see {word} now"))
    assert (f" `{word}` " in text) is calls


def test_links_and_arguments_in_names_are_text_in_sarif() -> None:
    report = many(1, message="[click](https://example.org) {0}")
    text = json.loads(shown("sarif", report))["runs"][0]["results"][0]["message"]["text"]
    assert "\\[click](https://example.org) {{0}}" in text


# -- where findings point ---------------------------------------------------------------------

TEXT = """import torch


class Net(torch.nn.Module):
    def forward(self, x):
        y = self.stem(x)
        return self.head(y)
"""


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with one module of networks, and an installed one inside it."""
    (tmp_path / ".git").mkdir()
    for name in ("nets/net.py", "top.py", "env/lib/site-packages/torch/conv.py", ".hidden/net.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(TEXT)
    return Repository.around(tmp_path / "nets")


STEM = "y = self.stem(x)"


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        (SourceLine("{root}/nets/net.py", 6, STEM), "nets/net.py:6"),
        (SourceLine("/home/else/where/nets/net.py", 6, STEM), "nets/net.py:6"),
        (SourceLine("C:\\build\\nets\\net.py", 6, STEM), "nets/net.py:6"),
        (SourceLine("nets/net.py", 6, STEM), "nets/net.py:6"),
        (SourceLine("{root}/nets/net.py", 4, STEM), "nets/net.py:6"),  # moved since
        (SourceLine("{root}/nets/net.py", 6, "y = self.other(x)"), None),  # gone since
        (SourceLine("{root}/nets/net.py", 6), "nets/net.py:6"),
        (SourceLine("{root}/nets/net.py", 60), None),
        (SourceLine("{root}/nets/none.py", 6, STEM), None),
        (SourceLine("{root}/env/lib/site-packages/torch/conv.py", 6, STEM), None),
        (SourceLine("/usr/lib/site-packages/torch/nets/net.py", 6, STEM), None),
        (SourceLine("{root}/.hidden/net.py", 6, STEM), None),
        (SourceLine("{root}/nets/../../nets/net.py", 6, STEM), None),
        (SourceLine("<eval_with_key>.0", 6, STEM), None),
        (SourceLine("/home/nets/net.py\0", 6, STEM), None),
        (SourceLine("/" + "x" * 5000, 6, STEM), None),
    ],
)
def test_a_recorded_line(
    repository: Repository, recorded: SourceLine, expected: str | None
) -> None:
    recorded = recorded._replace(file=recorded.file.replace("{root}", str(repository.root)))
    found = repository.line([recorded])
    assert (None if found is None else str(found)) == expected


def test_of_lines_alike_the_nearest(repository: Repository) -> None:
    (repository.root / "twice.py").write_text("a = 1\nb = 2\nc = 3\nd = 4\na = 1\n")
    lines = [repository.line([SourceLine("twice.py", at, "a = 1")]) for at in (1, 2, 3, 4, 9)]
    assert [line.line for line in lines if line] == [1, 1, 1, 5, 5]


def test_a_link_does_not_lead_out_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_text("password = 1\n")
    (tmp_path / "repo/.git").mkdir(parents=True)
    (tmp_path / "repo/net.py").symlink_to(tmp_path / "secret.py")
    repository = Repository.around(tmp_path / "repo")
    assert repository.line([SourceLine("net.py", 1, "password = 1")]) is None


def test_the_first_line_that_the_repository_has(repository: Repository) -> None:
    sources = [
        SourceLine("/usr/lib/python3/torch/conv.py", 3, "return conv2d(x)"),
        SourceLine("/ci/nets/net.py", 7, "return self.head(y)"),
        SourceLine("/ci/nets/net.py", 6, STEM),
    ]
    assert str(repository.line(sources)) == "nets/net.py:7"


def test_paths_are_named_from_the_root(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository.root / "nets")
    assert repository.name("../m.onnx") == "m.onnx"
    assert repository.name("m.onnx") == "nets/m.onnx"
    assert repository.name("/elsewhere/m.onnx") == "/elsewhere/m.onnx"
    assert repository.name("../../m.onnx") == "../../m.onnx"
    assert repository.name(str(repository.root / "m.onnx")) == "m.onnx"


def test_without_git_the_folder_is_the_root(tmp_path: Path) -> None:
    if any((each / ".git").exists() for each in tmp_path.parents):
        pytest.skip("the temporary folder lies in a repository")
    assert Repository.around(tmp_path).root == tmp_path.resolve()


def test_a_finding_points_at_its_worst_place() -> None:
    model = reported.model()
    found = (model.findings or ())[1]
    first, last = found.nodes
    lines = {first: Location("a.py", 1), last: Location("b.py", 2)}
    model = replace(model, file="m.onnx", lines=lines)
    parts = [
        guidelines.finding.Breach(
            nodes=(node,), kind="", value=at, bound=1, message="", remedy="", excess_bytes=1
        )
        for at, node in enumerate(found.nodes)
    ]
    assert location(model, replace(found, breaches=tuple(parts))) == Location("b.py", 2)
    assert location(model, found) == Location("a.py", 1)
    assert location(replace(model, lines={}), found) == Location("m.onnx", 1)
    built = replace(model, file="nets/net.py:Net", lines={})
    assert location(built, found) == Location("nets/net.py", 1)


# -- from the command line --------------------------------------------------------------------


def trace(*frames: tuple[str, int, str, str]) -> str:
    return "\n".join(f'File "{f}", line {at}, in {where}\n    {t}' for f, at, where, t in frames)


def wide(name: str = "stem") -> onnx.ModelProto:
    """1×1 convolutions of which one widens 16 to 256 channels, exported on another machine."""
    torch = ("/venv/site-packages/torch/nn/conv.py", 5, "forward", "return F.conv2d(x, w)")
    script = ("/ci/proj/export.py", 1, "<module>", "main()")
    outer = ("/ci/proj/nets/net.py", 6, "forward", STEM)
    nodes = [helper.make_node("Conv", ["x", "w0"], ["a"], name="first")]
    nodes += [helper.make_node("Conv", ["a", "w1"], ["b"], name=name)]
    nodes += [helper.make_node("Conv", ["b", "w2"], ["y"], name="last")]
    for node in nodes:
        node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value=trace(script, outer, torch))
    weights = [weight("w0", 16, 3, 1, 1), weight("w1", 256, 16, 1, 1), weight("w2", 16, 256, 1, 1)]
    data = onnx_bytes(nodes, [value("x", 1, 3, 64, 64)], initializer=weights)
    return onnx.ModelProto.FromString(data)


def guidelint(*arguments: str, cwd: Path, **how: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **how.pop("env", {})}
    command = [sys.executable, "-m", "guidelines", *arguments]
    how = {"capture_output": True, **how}
    return subprocess.run(command, cwd=cwd, env=environment, timeout=60, **how)


@pytest.fixture
def checkout(repository: Repository) -> Path:
    """A repository with a model that breaks G1."""
    (repository.root / "models").mkdir()
    onnx.save(wide(), repository.root / "models/m.onnx")
    return repository.root


def test_several_formats_in_one_run(checkout: Path) -> None:
    flags = [f"--output={form}:out.{form}" for form in OURS]
    result = guidelint("models", *flags, "-o", "github", cwd=checkout)
    assert result.returncode == 1 and result.stderr == b""
    assert result.stdout == (checkout / "out.github").read_bytes()
    assert b"::warning file=nets/net.py,line=6,title=guidelint G101%3A" in result.stdout
    document = json.loads((checkout / "out.sarif").read_text())
    assert not list(SARIF.iter_errors(document))
    physical = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "nets/net.py", "uriBaseId": "%SRCROOT%"}
    assert physical["region"] == {"startLine": 6}
    JUNIT.validate(str(checkout / "out.junit"))
    assert json.loads((checkout / "out.gitlab").read_text())[0]["location"] == {
        "path": "nets/net.py", "lines": {"begin": 6},
    }  # fmt: skip
    first = json.loads((checkout / "out.jsonl").read_text().splitlines()[0])
    assert first["path"] == "models/m.onnx" and first["source"]["line"] == 6
    assert "`nets/net.py:6`" in (checkout / "out.markdown").read_text()


def test_from_another_folder_the_same(checkout: Path) -> None:
    below = guidelint("../models/m.onnx", "-o", "sarif", cwd=checkout / "nets").stdout
    assert below == guidelint("models/m.onnx", "-o", "sarif", cwd=checkout).stdout


def test_without_the_source_findings_point_at_the_model(checkout: Path) -> None:
    (checkout / "nets/net.py").unlink()
    told = guidelint("models/m.onnx", "-o", "github", cwd=checkout).stdout
    assert told.startswith(b"::warning file=models/m.onnx,line=1,title=")


@pytest.mark.parametrize("form", OURS)
def test_a_closed_pipe_is_silent(checkout: Path, form: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    result = guidelint(
        "models/m.onnx", "-o", form, cwd=checkout, capture_output=False, stdout=writer,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    os.close(writer)
    assert result.stderr == b"" and result.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("file", ["", ":/dev/full"])
def test_a_full_disk_is_one_line(checkout: Path, file: str) -> None:
    with Path("/dev/full").open("wb") as full:
        result = guidelint(
            "models/m.onnx", "-o", f"sarif{file}", cwd=checkout, capture_output=False,
            stdout=full, stderr=subprocess.PIPE,
        )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr.startswith(b"guidelint: cannot write") and result.stderr.count(b"\n") == 1


def test_a_place_that_cannot_be_written_is_one_line(checkout: Path) -> None:
    result = guidelint("models/m.onnx", "-o", "sarif:/proc/x.sarif", cwd=checkout)
    assert result.returncode == 2
    assert result.stderr.startswith(b"guidelint: cannot write '/proc/x.sarif'")
    assert result.stderr.count(b"\n") == 1 and b"Traceback" not in result.stderr


def test_hostile_files_do_not_command_the_log(checkout: Path) -> None:
    onnx.save(wide("a\n::error::b##[error]c"), checkout / "models/m.onnx")
    folder = checkout / "x\n::error::##[y]"
    folder.mkdir()
    (folder / "bad.onnx").write_bytes(b"")
    onnx.save(wide(), folder / "m.onnx")
    for form in OURS:
        result = guidelint(".", "-o", form, cwd=checkout)
        text = result.stdout.decode()
        assert result.returncode == 2 and "##[" not in text, form
        assert not [line for line in text.splitlines() if line.lstrip().startswith("::error::")]


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    code = (
        "import sys, test_formats as t\n"
        "for form in t.OURS:\n"
        "    sys.stdout.write(t.shown(form, t.ran(t.reported.report())))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=Path(__file__).parent, check=True,
            capture_output=True, env={
                **os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8",
                "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            },
        ).stdout
        for seed in ("0", "4711")
    }  # fmt: skip
    assert len(outputs) == 1


# -- from torch -------------------------------------------------------------------------------


def test_torch_says_which_line_built_a_layer() -> None:
    import torch

    class Block(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 1), torch.nn.ReLU())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.conv(x)  # this line
            return shuffled(y)  # that line

    graph = costmodel.read(Block().eval(), (1, 3, 8, 8))
    text = Path(__file__).read_text().splitlines()
    repository = Repository.around(Path(__file__).parent)
    lines = {node.op_type: repository.line(node.sources) for node in graph.layers}
    for op_type, comment in (("Conv", "# this line"), ("Transpose", "# that line")):
        line = lines[op_type]
        assert line is not None and text[line.line - 1].endswith(comment)


def shuffled(x: Any) -> Any:
    n, c, h, w = x.shape
    return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def test_located_reports_name_files_and_lines(repository: Repository) -> None:
    model = Model.costed(costmodel.read(wide(), path=str(repository.root / "models/m.onnx")))
    found = replace((reported.model().findings or ())[0], nodes=("stem",), places=("stem",))
    failure = Failure(path=str(repository.root / "bad.onnx"), message="no model")
    report = Report(models=(replace(model, findings=(found,)),), errors=(failure,))
    told = located(report, repository)
    assert told.models[0].file == "models/m.onnx" and told.errors[0].file == "bad.onnx"
    assert told.models[0].lines == {"stem": Location("nets/net.py", 6)}
    assert told.models[0].path == model.path  # as given


def test_every_format_is_documented() -> None:
    page = (ROOT / "docs/reports.md").read_text()
    assert {name for name in names("formats") if f"| `{name}` |" not in page} == set()
