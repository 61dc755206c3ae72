"""The action and the examples for CI: they follow their schemas, and their steps run here, with
bash and the environment that a runner gives."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from scratch import (
    ACTION,
    BAD,
    GOOD,
    OFFLINE,
    ROOT,
    Job,
    commit,
    environment,
    executable,
    put,
    repository,
)  # fmt: skip
from scratch import run as run_in

CI = ROOT / "examples" / "ci"


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("github-actions", "action.yml"),
        ("github-workflows", "examples/ci/github.yml"),
        ("gitlab-ci", "examples/ci/gitlab.yml"),
    ],
)
def test_a_file_follows_its_schema(schema: str, file: str, tmp_path: Path) -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    if schema == "gitlab-ci":
        check += ["--data-transform", "gitlab-ci"]
    done = run_in(*check, ROOT / file, cwd=ROOT)
    assert done.returncode == 0, done.stdout
    text = (ROOT / file).read_text()
    wrong = tmp_path / Path(file).name
    wrong.write_text(
        re.sub(r"^(runs|jobs|guidelint):.*", r"\1: 3", text, count=1, flags=re.M | re.S)
    )
    assert run_in(*check, wrong, cwd=ROOT).returncode == 1


def test_nothing_of_a_pull_request_is_put_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
    env = ACTION["runs"]["steps"][-1]["env"]
    told = {re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", value)[1] for value in env.values()}  # type: ignore[index]
    assert told == set(ACTION["inputs"]) - {"python-version"}


def test_the_workflow_asks_for_what_the_action_takes_and_gives() -> None:
    text = (CI / "github.yml").read_text()
    steps = yaml.safe_load(text)["jobs"]["review"]["steps"]
    ours = next(step for step in steps if "guidelint" in step.get("uses", ""))
    assert set(ours["with"]) <= set(ACTION["inputs"])
    used = set(re.findall(r"steps\.guidelint\.outputs\.([a-z-]+)", text))
    assert used and used <= set(ACTION["outputs"])


# -- the steps --------------------------------------------------------------------------------


@pytest.fixture
def job(tmp_path: Path) -> Job:
    temporary = tmp_path / "temp"
    executable(temporary / "guidelint" / "bin")
    return Job(repository(tmp_path / "work", **{"models/net.onnx": GOOD}), temporary)


def test_a_pull_request_that_makes_it_worse(job: Job) -> None:
    base = commit(job.workspace)
    put(job.workspace / "models/net.onnx", BAD)
    commit(job.workspace)
    ran = job.review(base=base, fail_on_increase="madds:5%", formats="sarif junit html")
    assert ran.status == 1 and ran.outputs["exit-code"] == "1"
    assert "::warning file=models/net.onnx,line=1,title=guidelint G402" in ran.log
    assert "fails: " in ran.log and "madds" in ran.log
    assert ran.summary.index("**guidelint: fails") < ran.summary.index("**guidelint · 3 findings")
    reports = Path(ran.outputs["reports"])
    assert sorted(file.name for file in reports.iterdir()) == [
        "diff-0.html", "diff-0.md", "guidelint.html", "guidelint.junit.xml", "guidelint.md",
        "guidelint.sarif",
    ]  # fmt: skip
    results = json.loads(Path(ran.outputs["sarif"]).read_text())["runs"][0]["results"]
    assert {each["ruleId"] for each in results} == {"G101", "G402"}
    ElementTree.parse(reports / "guidelint.junit.xml")
    assert ran.errors == ""


def test_a_pull_request_that_changes_nothing(job: Job) -> None:
    base = commit(job.workspace)
    put(job.workspace / "notes.txt", "notes\n")
    commit(job.workspace)
    ran = job.review(base=base)
    assert (ran.status, ran.outputs["exit-code"], ran.errors) == (0, "0", "")
    assert "no change" in ran.log and "::" not in ran.log
    assert "no findings" in ran.summary


def test_a_push_has_no_base(job: Job) -> None:
    ran = job.review(paths="models/net.onnx", formats="")
    assert ran.status == 0 and "sarif" not in ran.outputs
    assert ran.summary.count("guidelint:") == 1


def test_a_level_and_options_are_passed_on(job: Job) -> None:
    put(job.workspace / "models/my net.onnx", BAD)
    assert job.review(paths="models/my net.onnx\nmodels/net.onnx\n").status == 1
    assert job.review(paths="models/my net.onnx", fail_on="error").status == 0
    assert job.review(args="--select G2 --min-share 0.5").status == 0
    put(job.workspace / "other.toml", 'select = ["G2"]\n')
    assert job.review(config="other.toml").status == 0
    timed = job.review(device="amd-epyc-zen3", fail_on="never")
    assert timed.status == 0 and "amd-epyc-zen3" in timed.summary


def test_inputs_are_words_and_never_commands(job: Job) -> None:
    trap = job.temporary / "trapped"
    ran = job.review(paths=f"$(touch {trap}); `touch {trap}`", args=f"; touch {trap}")
    assert ran.status == 2 and not trap.exists()


def test_what_cannot_run_is_said_and_counts(job: Job) -> None:
    put(job.workspace / "models/none.onnx", "")
    ran = job.review()
    assert ran.status == 2 and ran.outputs["exit-code"] == "2"
    assert "::error file=models/none.onnx" in ran.log


def test_a_shallow_checkout_fetches_the_base(job: Job, tmp_path: Path) -> None:
    base = commit(job.workspace)
    put(job.workspace / "models/net.onnx", BAD)
    commit(job.workspace)
    run_in("git", "clone", "-q", "--depth=1", job.workspace.as_uri(), "shallow", cwd=tmp_path)
    shallow = Job(tmp_path / "shallow", job.temporary)
    ran = shallow.review(base=base)
    assert ran.status == 1 and "**guidelint: fails" in ran.summary
    ran = shallow.review(base="0" * 40)
    assert ran.status == 2 and "in a shallow clone: `git fetch" in ran.errors
    assert "::warning file=models/net.onnx" in ran.log


def test_it_installs_what_it_was_checked_out_with(tmp_path: Path) -> None:
    temporary = tmp_path / "temp"
    temporary.mkdir()
    step = {**ACTION["runs"]["steps"][1], "test": {**OFFLINE, "PIP_QUIET": "1"}}
    ran = Job(tmp_path, temporary).run(step)
    assert ran.status == 0, ran.errors
    program = next((temporary / "guidelint").glob("*/guidelint*"))
    done = run_in(program, "--version", cwd=tmp_path, **OFFLINE)
    assert done.stdout.startswith("guidelint ")


# -- GitLab -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "status"), [(BAD, 1), (GOOD, 0)])
def test_the_job_of_gitlab(job: Job, model: Path, status: int) -> None:
    base = commit(job.workspace)
    put(job.workspace / "models/net.onnx", model)
    commit(job.workspace)
    told = yaml.safe_load((CI / "gitlab.yml").read_text())["guidelint"]
    variables = {**told["variables"], "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    program = executable(job.temporary / "bin")
    path = f"{program}:{environment()['PATH']}"
    done = run_in(
        "bash", "-eo", "pipefail", "-c", "\n".join(told["script"]), cwd=job.workspace,
        **{**variables, "PATH": path},
    )  # fmt: skip
    assert done.returncode == status, done.stderr
    assert ("fails:" in done.stdout) is bool(status)
    kept = told["artifacts"]["reports"]
    found = json.loads((job.workspace / kept["codequality"]).read_text())
    assert bool(found) is bool(status)
    assert ElementTree.parse(job.workspace / kept["junit"]).getroot().tag == "testsuites"
